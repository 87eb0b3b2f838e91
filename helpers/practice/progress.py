"""Which exercises and lessons are done: kept in one small file beside the notebooks, and sent nowhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from helpers.table import table, tag

FILE, LOCK = "shape_clinic_progress.json", ".shape_clinic_progress.lock"  # JupyterLab shows no dot files
EXERCISE = re.compile(r"\d\d\.[1-9]\d?", re.ASCII)
MARK = re.compile(rf"\bcheck\(\s*([\"'])(?P<exercise>{EXERCISE.pattern})\1", re.ASCII)
_NEXT = re.compile(r"^\*\*Next:\*\* \[(\d+\. [^]]+)\]", re.MULTILINE)  # at a lesson's end
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
    """Per lesson, what there is and what is done."""

    lessons: tuple[Lesson, ...]
    folder: str

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
            f"This is kept in {FILE}, beside the notebooks, and goes nowhere else. "
            "To start over, delete that file.",
        ]


def progress(folder: str | os.PathLike[str] = ".") -> Progress:
    """Say which exercises are done, lesson by lesson.

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
    return Progress(tuple(found), os.fspath(folder))


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
    """Keep that an exercise is done, and return whether that is kept now.

    Nothing is raised: a folder that can't be written to must not spoil a right answer.
    """
    if exercise in done_in(folder):
        return True
    file = Path(folder, FILE)
    new = file.with_name(f"{FILE}.new")
    try:
        with FileLock(file.with_name(LOCK), timeout=_PATIENCE, poll_interval=0.01):
            done = done_in(folder) | {exercise}  # another kernel may just have added one
            try:
                new.write_text(json.dumps({"done": _in_order(done)}, indent=1), encoding="utf-8")
                os.replace(new, file)  # so that nobody ever reads half of it
            finally:
                new.unlink(missing_ok=True)
    except OSError:  # another kernel keeps the lock, the disk is full, or a folder has the file's name
        return False
    return True


def done_in(folder: str | os.PathLike[str] = ".") -> frozenset[str]:
    """Return the ids that are kept; none where there is no file, or something else under its name."""
    try:
        kept = json.loads(Path(folder, FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # RecursionError: [[[[…
        return frozenset()
    ids = kept.get("done") if isinstance(kept, dict) else None
    if not isinstance(ids, list):
        return frozenset()
    return frozenset(each for each in ids if isinstance(each, str) and EXERCISE.fullmatch(each))


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
