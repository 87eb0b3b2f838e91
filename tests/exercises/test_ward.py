"""The ward: each patient fails as its file says, the solution passes, what hides the mistake is refused."""

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.diagnosis.said.causes import CAUSES
from helpers.practice.cases import NOTHING, Case, cases, changed, judge, run, said_of
from helpers.practice.progress import FILE
from helpers.practice.ward import LETTERS, Score, Ward

CASES = cases()
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number:02}")


def test_there_are_eight_patients_on_each_level() -> None:
    assert [case.number for case in CASES] == list(range(1, 25))
    assert [sum(case.level == level for case in CASES) for level in (1, 2, 3)] == [8, 8, 8]


def test_every_patient_says_what_is_needed_and_no_two_are_one_thread() -> None:
    assert len({case.url for case in CASES}) == len(CASES)
    for case in CASES:
        assert {*case.causes, *case.near} <= set(CAUSES)
        assert not set(case.causes) & set(case.near)
        assert (case.raises == NOTHING) == bool(case.asks)
        lines = case.program.splitlines()
        assert 25 <= len(lines) <= 46, case.number
        assert max(map(len, lines)) <= 88, case.number


@each_case
def test_it_fails_as_its_file_says_and_the_kit_names_the_cause(case: Case) -> None:
    ran = run(case.program, f"<patient {case.number}>")
    kind, _, message = case.raises.partition(" ")
    assert (type(ran.error).__name__ if ran.error else NOTHING) == kind
    assert message in str(ran.error)
    said = said_of(case, ran)
    assert said is not None
    assert said.cause in case.causes


@each_case
def test_each_solution_passes_and_what_hides_the_mistake_is_refused(case: Case) -> None:
    assert judge(case, case.solution).passed, judge(case, case.solution)
    assert not judge(case, case.program).passed
    for other in case.others:
        assert judge(case, changed(case.program, *other.split(" && "))).passed, other
    for around in case.arounds:
        result = judge(case, changed(case.program, *around.split(" && ")))
        assert not result.passed, around
        assert all("needs 'runs'" not in failure.told for failure in result.failures), around


def test_an_error_that_is_swallowed_is_refused() -> None:
    body = "\n".join(f"    {line}" for line in CASES[0].program.splitlines())
    result = judge(CASES[0], f"try:\n{body}\nexcept RuntimeError:\n    pass")
    assert "swallow an error: got 1, needs 0. Try: a mistake that is caught" in str(result)


def test_a_program_that_cannot_be_read_is_told() -> None:
    assert "SyntaxError" in str(judge(CASES[0], "for"))


def dealt(ward: Ward) -> list[str]:
    return [str(ward.next()).splitlines()[0] for _ in ward.score().visits]


def test_neighbours_get_other_orders_and_each_learner_the_same_again(tmp_path: Path) -> None:
    one, other = (dealt(Ward(seed, level=1, folder=tmp_path)) for seed in (1, 2))
    assert one != other
    assert sorted(one) == sorted(other) == sorted(set(one))
    drawn = Ward(folder=tmp_path / "none").seed, Ward(folder=tmp_path).seed
    assert drawn[1] == 2, "the one that was kept"
    levels = [line.partition("level ")[2][0] for line in dealt(Ward(1, folder=tmp_path))]
    assert levels == sorted(levels)


def letter_of(ward: Ward, right: bool) -> str:
    case = ward._here()
    return next(a for a, cause in ward._choices(case).items() if (cause in case.causes) is right)


def test_a_round(tmp_path: Path) -> None:
    ward = Ward(5, level=1, folder=tmp_path)
    first = str(ward.next())
    case = ward._here()
    assert case.says in first
    assert sorted(ward._choices(case)) == list(LETTERS)
    told = str(ward.judge(letter_of(ward, right=False), case.program))
    assert "the cause: not “" in told
    assert "the program is as it was" in told
    told = str(ward.judge(letter_of(ward, right=True), case.program))
    assert f"✓ the cause: {CAUSES[case.causes[0]].title}" in told
    assert "not “" not in told
    assert getattr(ward.diagnosis(case.program), "cause", None) in case.causes
    told = str(ward.judge(program=case.solution))
    assert case.url in told
    assert "\n+ " in told
    ward.next()
    assert case.url not in str(ward.solution())
    score = Ward(folder=tmp_path, level=1).score()
    assert str(score).startswith(f"1 of {len(score.visits)} mended, 0 at once. Your number is 5.")
    assert [row[2:6] for row in score.rows] == [
        ("✓ mended", "1", "0", "1"),
        ("solution shown", "0", "0", "0"),
    ]
    assert CAUSES[case.causes[0]].notebook in score.lessons
    assert "<a href=" in score._repr_html_()


def test_when_all_are_mended_the_score_is_shown(tmp_path: Path) -> None:
    ward = Ward(5, level=2, folder=tmp_path)
    for _ in ward.score().visits:
        ward.next()
        ward.solution()
    assert isinstance(ward.next(), Score)


def test_what_was_run_last_is_judged_and_nothing_else(tmp_path: Path) -> None:
    shell = InteractiveShell.instance()
    ward = shell.user_ns["ward"] = Ward(5, level=1, folder=tmp_path)
    shell.run_cell("_ = ward.next()", store_history=True)
    case = ward._here()
    right = letter_of(ward, right=True)

    shell.run_cell(f"_ = ward.judge({right!r})", store_history=True)
    assert "the program is as it was" in str(shell.user_ns["_"])
    shell.run_cell(f"{case.solution}\nNone", store_history=True)
    shell.run_cell("model = None", store_history=True)
    shell.run_cell(f"_ = ward.judge({right!r})", store_history=True)
    assert str(shell.user_ns["_"]).startswith("✓ all")
    shell.user_ns["In"].append(f"{case.mark}\n1 / 0")
    shell.run_cell(f"_ = ward.judge({right!r})", store_history=True)
    assert "ZeroDivisionError" in str(shell.user_ns["_"])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda folder: Ward(level=4, folder=folder), "got level=4.*Try"),
        (lambda folder: Ward(1, 1, folder).judge("a"), r"got no patient.*Try ward\.next"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, says: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, RuntimeError), match=says):
        call(tmp_path)  # type: ignore[operator]


def test_a_cause_that_does_not_exist_is_refused_and_a_broken_file_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[")
    ward = Ward(1, folder=tmp_path)
    ward.next()
    with pytest.raises(ValueError, match="got cause 'z'"):
        ward.judge("z")
