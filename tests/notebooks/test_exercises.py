"""Every exercise takes the right answers, and tells at least six wrong ones apart.

A file of tests/exercises holds a lesson's: per exercise the code that its answers may use, indented, then an
answer per line, as it is handed to `check` after the number. After the bar stands what must be said of it, by
the second failing try.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from notebook_tools import ROOT, code_cells, committed_lessons, read_notebook
from torch import nn

from helpers import check
from helpers.practice.progress import MARK

MANY = 6


class Answer(NamedTuple):
    """An answer to an exercise: the code before it, whether it is right, itself, and what must be said."""

    exercise: str
    setup: str
    right: bool
    code: str
    says: str


def answers() -> Iterator[Answer]:
    for path in sorted((ROOT / "tests" / "exercises").glob("lesson_*.txt")):
        for part in re.split(r"^= ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            exercise, *lines = part.splitlines()
            setup = "\n".join(line.removeprefix("  ") for line in lines if line.startswith("  "))
            for line in filter(None, lines):
                if line[0] in "✓✗":
                    code, _, says = line[1:].rpartition(" | ") if line[0] == "✗" else (line[1:], "", "✓")
                    yield Answer(exercise, setup, line[0] == "✓", code.strip(), says)


ANSWERS = list(answers())


@cache
def made_by(setup: str) -> dict[str, Any]:
    """Run the code before an exercise's answers, once for all: it may load a model, or train a head."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "np": np, "Path": Path}
    torch.manual_seed(0)
    exec(setup, names)
    return names


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.exercise}: {answer.code}")
def test_an_answer_is_told(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "notebooks")  # where a lesson's files are
    monkeypatch.setattr("helpers.practice.checks.remember", lambda exercise: None)
    names = made_by(answer.setup) | {"check": check}
    monkeypatch.setattr("helpers.practice.checks._tried", Counter())
    tries = [
        eval(f"check({answer.exercise!r}, {answer.code})", names) for _ in range(1 if answer.right else 2)
    ]
    assert {told.passed for told in tries} == {answer.right}, tries
    assert answer.says in str(tries[-1])


@pytest.mark.parametrize("path", committed_lessons(), ids=lambda path: path.stem)
def test_every_exercise_has_a_right_answer_and_six_wrong_ones(path: Path) -> None:
    source = "\n".join(cell.source for cell in code_cells(read_notebook(path)))
    for exercise in {found["exercise"] for found in MARK.finditer(source)}:
        own = [answer.right for answer in ANSWERS if answer.exercise == exercise]
        assert own.count(True) >= 1, exercise
        assert own.count(False) >= MANY, exercise
