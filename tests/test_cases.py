"""Our own rebuilt cases: each cause is named, every fix works, and neither hangs on the wording."""

from pathlib import Path

import pytest
from cases import LEGAL, MISTAKES, NOT_OURS, Case
from cases.judge import ask, judge, run
from score_cases import from_file

from helpers.diagnosis.said.result import MOST_LINES, Diagnosis

# What is still wrong, and why; a case that comes right has to leave this list.
STILL_WRONG: dict[str, str] = {}


def params(cases: list[Case]) -> list[object]:
    marks = {name: pytest.mark.xfail(reason=why, strict=True) for name, why in STILL_WRONG.items()}
    return [pytest.param(case, id=case.name, marks=marks.get(case.name, ())) for case in cases]


def is_readable(diagnosis: Diagnosis) -> bool:
    words = str(diagnosis)
    return len(words.splitlines()) <= MOST_LINES and "\x1b" not in words


# Written without knowledge of the rules, in the style of public bug reports; 188 were right at first sight.
REPORTS = Path(__file__).with_name("cases") / "reports.jsonl"
REPORTS_NAMED = 195


def test_reports_written_without_knowing_the_rules() -> None:
    verdicts = [judge(case) for case in from_file(REPORTS)]
    assert len(verdicts) == 200
    assert sum(verdict.word == "right" for verdict in verdicts) >= REPORTS_NAMED
    assert not [verdict for verdict in verdicts if verdict.word == "crashed"]


def test_there_are_many_and_no_two_have_a_name() -> None:
    names = [case.name for case in (*MISTAKES, *LEGAL, *NOT_OURS)]
    assert len(set(names)) == len(names)
    assert len(MISTAKES) >= 120
    assert set(STILL_WRONG) <= set(names)


@pytest.mark.parametrize("case", params(MISTAKES))
def test_a_mistake_is_named_and_its_fixes_work(case: Case) -> None:
    verdict = judge(case)
    assert (verdict.error is None) == case.silent, "the case does not do what it says"
    assert verdict.word == "right", verdict.detail
    assert verdict.failing == ()
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.got
    assert verdict.diagnosis.needs
    assert is_readable(verdict.diagnosis)


@pytest.mark.parametrize("case", params([case for case in MISTAKES if not case.silent and not case.worded]))
def test_the_cause_does_not_hang_on_the_message(case: Case) -> None:
    space, error = run(case.code)
    as_it_is = ask(case, space, error)
    again = run(case.code)[1]
    link = again
    while link is not None:
        link.args = ("x",)
        link = link.__cause__
    reworded = ask(case, space, again)
    assert as_it_is is not None and reworded is not None
    assert reworded.cause == as_it_is.cause


@pytest.mark.parametrize("case", params(LEGAL))
def test_a_right_use_is_left_alone(case: Case) -> None:
    verdict = judge(case)
    assert verdict.error is None
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.outcome == "ok", str(verdict.diagnosis)


@pytest.mark.parametrize("case", params(NOT_OURS))
def test_another_error_is_left_alone(case: Case) -> None:
    verdict = judge(case)
    assert verdict.error is not None
    assert verdict.diagnosis is None, str(verdict.diagnosis)
