"""Which exercises are done, and how the ward went: kept in one file beside the notebooks, sent nowhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from helpers.table import table, tag

FILE, LOCK = "shape_clinic_progress.json", ".shape_clinic_progress.lock"  # JupyterLab shows no dot files
EXERCISE = re.compile(r"\d\d\.[1-9]\d?", re.ASCII)
MARK = re.compile(rf"\bcheck\(\s*([\"'])(?P<exercise>{EXERCISE.pattern})\1", re.ASCII)
_NEXT = re.compile(r"^\*\*Next:\*\* \[(\d+\. [^]]+)\]", re.MULTILINE)  # at a lesson's end
_PATIENTS = len([*Path(__file__).with_name("cases").glob("*.txt")])
_PATIENCE = 1.0  # seconds


class Lesson(NamedTuple):
    """A lesson's name, the ids of its exercises, those of them that are done, and the lesson after it."""

    name: str
    exercises: tuple[str, ...]
    done: tuple[str, ...]
    following: str = ""

    @property
    def sign(self) -> str:
        """A tick where all is done."""
        return "✓ " if self.done == self.exercises else ""

    @property
    def words(self) -> str:
        """How many are done, and which."""
        counted = f"{len(self.done)} of {len(self.exercises)}"
        return f"{counted}: {', '.join(self.done)}" if self.done else counted


@dataclass(frozen=True)
class Progress:
    """Per lesson, what there is and what is done; and how many of the ward's patients are mended."""

    lessons: tuple[Lesson, ...]
    folder: str
    mended: int = 0

    def __str__(self) -> str:
        width = max((len(lesson.name) for lesson in self.lessons), default=0)
        rows = (f"{each.sign:2}{each.name:{width}}  {each.words}" for each in self.lessons)
        return "\n".join([*rows, *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(lesson.name, lesson.sign + lesson.words) for lesson in self.lessons]
        shown = table(rows, ("lesson", "exercises done")) if rows else ""
        return shown + "".join(tag("p", note) for note in self._notes())

    def _notes(self) -> list[str]:
        if not self.lessons:
            return [
                f"got no exercise in {self.folder!r}. progress needs the folder of the lessons. "
                "Try progress() in a notebook that lies beside them."
            ]
        exist, done = (sum(len(each[part]) for each in self.lessons) for part in (1, 2))
        return [
            f"{done} of {exist} exercises done.",
            f"{self.mended} of {_PATIENTS} patients of the ward mended.",
            f"This is kept in {FILE}, beside the notebooks, and goes nowhere else. "
            "To start over, delete that file.",
        ]


def progress(folder: str | os.PathLike[str] = ".") -> Progress:
    """Say which exercises are done, lesson by lesson, and how many patients of the ward are mended.

    An exercise is a code cell of the lesson 01_... whose `check` has an id such as 01.1. It is done once all
    its needs were met, and stays so.

    Args:
        folder: Where the notebooks and the file are; by default where this notebook runs.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cell = {"cell_type": "code", "source": 'check("01.1", num_labels)'}
    ...     _ = Path(folder, "01_heads.ipynb").write_text(json.dumps({"cells": [cell]}))
    ...     _ = remember("01.1", folder)
    ...     print(str(progress(folder)).splitlines()[0])
    ✓ 01_heads  1 of 1: 01.1
    """
    done, lessons = done_in(folder), dict[str, tuple[str, set[str], str]]()
    # By the name without its ending, so that a lesson comes before its copy, whose exercises are the same.
    for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"), key=lambda path: path.stem):
        number, (exercises, following) = path.stem[:2], _read(path)
        if own := {exercise for exercise in exercises if exercise.startswith(number)}:
            lessons.setdefault(number, (path.stem, set(), following))[1].update(own)
    found = (
        Lesson(name, _in_order(ids), _in_order(ids & done), then) for name, ids, then in lessons.values()
    )
    mended = sum(visit.mended and visit.named for visit in visits_in(folder)[1].values())
    return Progress(tuple(found), os.fspath(folder), mended)


def after(exercise: str, folder: str | os.PathLike[str] = ".") -> str:
    """Say how much of a lesson is done with an exercise, and what comes next; nothing where none has it."""
    for lesson in progress(folder).lessons:
        if exercise in lesson.exercises:
            many = len(lesson.exercises)
            if left := [each for each in lesson.exercises if each not in (*lesson.done, exercise)]:
                return f"{many - len(left)} of {many} done, next: exercise {left[0]}"
            done = f"{many} of {many} done: that is all of this lesson"
            return f"{done}. Next lesson: {lesson.following}" if lesson.following else done
    return ""


def remember(exercise: str, folder: str | os.PathLike[str] = ".") -> bool:
    """Keep that an exercise is done, and return whether that is kept now."""
    if exercise in done_in(folder):
        return True
    return _keep(folder, lambda kept: {"done": _in_order(_done(kept) | {exercise})})


def done_in(folder: str | os.PathLike[str] = ".") -> frozenset[str]:
    """Return the ids that are kept; none where there is no file, or something else under its name."""
    return _done(_kept(folder))


def _done(kept: dict[str, Any]) -> frozenset[str]:
    ids = kept.get("done")
    if not isinstance(ids, list):
        return frozenset()
    return frozenset(each for each in ids if isinstance(each, str) and EXERCISE.fullmatch(each))


@dataclass
class Visit:
    """How it went with one patient of the ward: wrong causes, wrong mends, diagnoses, time, what is right."""

    guesses: int = 0
    tries: int = 0
    hints: int = 0
    seconds: float = 0
    named: bool = False
    mended: bool = False
    shown: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.shown or (self.named and self.mended)

    @property
    def unsure(self) -> int:
        """How much speaks for reading the lesson again."""
        return self.guesses + self.hints + 2 * self.shown

    @property
    def words(self) -> tuple[str, ...]:
        """The row of a table."""
        state = "solution shown" if self.shown else "✓ mended" if self.over else "open"
        minutes, seconds = divmod(round(self.seconds), 60)
        return state, str(self.guesses), str(self.tries), str(self.hints), f"{minutes}:{seconds:02}"


def remember_visits(seed: int, visits: dict[int, Visit], folder: str | os.PathLike[str] = ".") -> bool:
    """Keep how it went in the ward, and return whether that is kept now."""
    told = {number: vars(visit) for number, visit in visits.items()}
    return _keep(folder, lambda kept: {"ward": {"seed": seed, "visits": told}})


def visits_in(folder: str | os.PathLike[str] = ".") -> tuple[int | None, dict[int, Visit]]:
    """Return the ward's seed and the visits that are kept; none of what is not the ward's."""
    try:
        ward = _kept(folder)["ward"]
        seed, visits = int(ward["seed"]), {int(key): Visit(**told) for key, told in ward["visits"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):  # OverflowError: Infinity
        return None, {}
    numbers = all(isinstance(value, int | float) for each in visits.values() for value in vars(each).values())
    return (seed, visits) if numbers else (None, {})


def _keep(folder: str | os.PathLike[str], change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Keep what a change makes of what is kept, beside all the rest, and return whether that worked.

    Nothing is raised: a folder that can't be written to must not spoil a right answer.
    """
    file = Path(folder, FILE)
    new = file.with_name(f"{FILE}.new")
    try:
        with FileLock(file.with_name(LOCK), timeout=_PATIENCE, poll_interval=0.01):
            kept = _kept(folder)  # another kernel may just have added something
            try:
                new.write_text(json.dumps({**kept, **change(kept)}, indent=1), encoding="utf-8")
                os.replace(new, file)  # so that nobody ever reads half of it
            finally:
                new.unlink(missing_ok=True)
    except OSError:  # another kernel keeps the lock, the disk is full, or a folder has the file's name
        return False
    return True


def _kept(folder: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        kept = json.loads(Path(folder, FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # RecursionError: [[[[…
        return {}
    return kept if isinstance(kept, dict) else {}


def _read(path: Path) -> tuple[set[str], str]:
    """Return the ids that a notebook's code cells name, and the lesson that it names as the next one.

    There is neither in a file that is no notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code, text = (
            "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == kind)
            for kind in ("code", "markdown")
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set(), ""
    following = _NEXT.search(text)
    return {found["exercise"] for found in MARK.finditer(code)}, following[1] if following else ""


def _in_order(exercises: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(exercises, key=lambda exercise: tuple(map(int, exercise.split(".")))))
