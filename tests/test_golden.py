"""What is said, word for word: tests/golden/diagnoses.txt, and nowhere else in the tests.

Read them aloud after a change, then `make golden`. A program of tests/cases is there by its flag "golden".
"""

import pathlib
import sys
from functools import cache
from html import escape

import pytest
from judge import SEED, cases, diagnosis_of, run

from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.causes import CAUSES, Cause
from helpers.trial import came_of

GOLDEN = pathlib.Path(__file__).with_name("golden") / "diagnoses.txt"
SHOWN = {case.name: case for case in cases() if "golden" in case.flags}


@cache
def said_of(name: str) -> Diagnosis:
    """Run a program and say what is wrong with it."""
    case = SHOWN[name]
    space, error = run(case)
    diagnosis = came_of(lambda: diagnosis_of(case, space, error), SEED).value
    assert diagnosis is not None, f"nothing is said of {name}"
    return diagnosis


def golden() -> dict[str, str]:
    """Read the file: name -> text."""
    parts = ("\n" + GOLDEN.read_text(encoding="utf-8")).split("\n== ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].rstrip("\n") for part in parts}


def write() -> None:
    """Make the file again, in the order of the programs."""
    parts = [f"== {name}\n{said_of(name)}\n" for name in SHOWN]
    GOLDEN.write_text("\n".join(parts), encoding="utf-8")


def test_every_cause_is_shown() -> None:
    assert {said_of(name).cause for name in SHOWN} >= set(CAUSES)
    assert list(golden()) == list(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_diagnosis_reads_as_before(name: str) -> None:
    assert str(said_of(name)) == golden()[name]


@pytest.mark.parametrize("name", SHOWN)
def test_the_html_has_every_row_of_the_text(name: str) -> None:
    diagnosis = said_of(name)
    html = diagnosis._repr_html_()
    names = [row for row, _ in diagnosis.rows]
    assert {row: html.count(f">{row}</th>") for row in names} == {row: names.count(row) for row in names}
    assert html.count("</th>") == len(names)
    assert all(f"<pre>{escape(fix.shown)}</pre>" in html for fix in diagnosis.fixes)
    assert ("Why this happens" in html) == (diagnosis.cause is not None)
    assert 'role="status"' in html


def test_every_kind_of_row_is_shown() -> None:
    shown = {row for name in SHOWN for row, _ in said_of(name).rows}
    assert shown == {"at", "cause", "got", "needs", "or", "trap", "try"}


@pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))
def test_a_cause_says_sentence_as_the_lab_does(cause: Cause) -> None:
    words = f"{cause.title} {cause.rule} {cause.why}".replace("sequence classification", "")
    assert "sequence" not in words


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    write()
