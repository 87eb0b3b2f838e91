"""Every program of tests/cases: its cause is named, and not from the error's words; its fixes work."""

import pytest
from judge import FLAGS, PARTS, Case, cases, judge, reports

from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import MOST_LINES

# Written without knowledge of the rules: 200 in the style of public bug reports, of which 188 were right at
# first sight, and 70 (f1, f2) rebuilt from public threads.
REPORTS_NAMED = 265


def test_the_programs_are_many_and_say_what_they_are() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names) >= 705
    for case in cases():
        assert set(case.accept) <= CAUSES.keys() or case.accept in (("ok",), ("nothing",)), case.name
        assert case.accept and case.flags <= {*FLAGS, *PARTS}, case.name


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_program_gets_the_right_answer(case: Case) -> None:
    verdict = judge(case)
    assert (verdict.error is None) == case.runs, "the program does not do what it says"
    assert verdict.word == "right", verdict.detail
    said = verdict.diagnosis
    if said is None:
        return
    assert verdict.failing == ()
    assert len(str(said).splitlines()) <= MOST_LINES
    assert "\x1b" not in str(said)
    if case.accept == ("ok",):
        assert (said.outcome, said.cause, said.fixes, said.needs) == ("ok", None, (), "")
        return
    assert said.got and said.needs
    assert all(fix.result or fix.when for fix in said.fixes)
    if verdict.error is not None and "worded" not in case.flags:
        assert said.where
        assert verdict.wordless == said.cause


def test_reports_written_without_knowing_the_rules() -> None:
    verdicts = [judge(case) for case in reports()]
    assert len(verdicts) == 270
    assert sum(verdict.word == "right" for verdict in verdicts) >= REPORTS_NAMED
    assert not [verdict.detail for verdict in verdicts if verdict.word == "crashed"]
