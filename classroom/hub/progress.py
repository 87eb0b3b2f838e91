"""`make hub-progress`: which exercise stops people, as one page that only root reads.

The files are the learners' own, and so are the folders above them: anything may lie there. So each is read
with its owner's rights, and nothing of it reaches the page but counts and the ids of the kit's own exercises.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from room import DEFAULT_STATE, TEACHER, Room

from helpers.practice.cases import cases
from helpers.practice.progress import FILE, Lesson, done_in, progress, visits_in
from helpers.table import Html, row, table, tag

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LARGEST = 1 << 20  # bytes of a file; a real one has a few thousand
FEWEST = 3  # learners: among fewer, a count would tell who
NO_FILE, UNREADABLE = "no progress file", "a file that can't be read"
STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0 }
td, th { padding: .15rem 1rem .15rem 0 }
tbody th, td:nth-child(4) { white-space: nowrap }
td:last-child { width: 35% }
caption { text-align: left }
.bar { height: 1rem; background: #56B4E9; border-right: 2px solid }
.most .bar { background: #D55E00; outline: 2px dashed; outline-offset: 1px }
.most { font-weight: bold }
"""


class Seen(NamedTuple):
    """What a learner's file says: which of the kit's exercises are done, and how many patients are mended."""

    done: frozenset[str]
    mended: int


class Drop(NamedTuple):
    """An exercise that fewer have done than the one before it in its lesson, and how many have done each."""

    exercise: str
    done: int
    before: str
    done_before: int


@contextmanager
def rights_of(uid: int) -> Iterator[None]:
    """Have a learner's rights to files, and no other, until the end; who isn't root has no more anyway."""
    if os.geteuid():
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def content(file: Path, uid: int) -> bytes | None:
    """Return what an account reads in a file of its own; None where there is none.

    Raises:
        OSError: It isn't a plain file, it is too large, or its owner may not read it.
    """
    with rights_of(uid):
        try:
            # A link is not followed, and nobody waits for a pipe's other end or until a lock is given back.
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(handle, "rb") as opened:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(f"got something else than a file as {FILE}")
            read = opened.read(LARGEST + 1)
    if len(read) > LARGEST:
        raise OSError(f"got more than {LARGEST} bytes in {FILE}")
    return read


def seen(home: Path, uid: int, exercises: frozenset[str]) -> Seen | str:
    """Return what a learner's file says, or why it says nothing."""
    try:
        read = content(home / "notebooks" / FILE, uid)
    except OSError:
        return UNREADABLE
    if read is None:
        return NO_FILE
    with tempfile.TemporaryDirectory() as copy:
        Path(copy, FILE).write_bytes(read)
        done, (seed, visits) = done_in(copy), visits_in(copy)
    if not done and seed is None:
        return UNREADABLE
    mended = sum(bool(visit.named and visit.mended) for visit in visits.values())
    return Seen(done & exercises, min(mended, len(cases())))


def largest_drop(lessons: Sequence[Lesson], solved: Mapping[str, int]) -> Drop | None:
    """Return where most stop in the middle of a lesson; None where nobody does."""
    drops = (
        Drop(each, solved[each], before, solved[before])
        for lesson in lessons
        for before, each in pairwise(lesson.exercises)
    )
    most = max(drops, key=lambda drop: drop.done_before - drop.done, default=None)
    return most if most and most.done < most.done_before else None


def title(lesson: Lesson) -> str:
    """Return a lesson's title, as its first cell says it."""
    cells = json.loads((NOTEBOOKS / f"{lesson.name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ")


def by_exercise(lessons: Sequence[Lesson], learners: Sequence[Seen]) -> Html:
    """Return where most stop, as a sentence, and the table with a bar per exercise: it is the plot, too."""
    ids = [each for lesson in lessons for each in lesson.exercises]
    solved = {each: sum(each in one.done for one in learners) for each in ids}
    drop = largest_drop(lessons, solved)
    rows = []
    for lesson in lessons:
        begun = sum(not one.done.isdisjoint(lesson.exercises) for one in learners)
        for each in lesson.exercises:
            most = bool(drop) and drop.exercise == each
            bar = tag("div", class_="bar", style=f"width:{100 * solved[each] / len(learners):.0f}%")
            counted = (
                f"{solved[each]} of {begun}" if begun else "nobody has",
                f"{solved[each]} of {len(learners)}",
            )
            cells = f"{'▼ ' if most else ''}{each}", title(lesson), *counted, bar
            rows.append(row(cells, class_="most" if most else ""))
    said = "Nobody stopped in the middle of a lesson."
    if drop:
        said = f"Most stop at {drop.exercise}: {drop.done_before} have done {drop.before}, "
        said += f"{drop.done} have done {drop.exercise}. Its bar has a dashed outline."
    mended = f"{statistics.median(one.mended for one in learners):g} of {len(cases())}"
    head = "exercise", "lesson", "solved, of those who have begun the lesson", "of all", "how many of all"
    return Html(
        tag("p", said) + table(rows, head) + tag("p", f"Patients mended in the ward: {mended} (the median).")
    )


def by_name(found: Mapping[str, Seen | str], exercises: frozenset[str]) -> Html:
    """Return a table of the learners."""
    rows = (
        (name, one, "", "")
        if isinstance(one, str)
        else (name, f"{len(one.done)} of {len(exercises)}", ", ".join(sorted(one.done)), str(one.mended))
        for name, one in found.items()
    )
    return table(rows, ("learner", "solved", "which", "patients mended"), caption=tag("caption", "By name"))


def page(found: Mapping[str, Seen | str], lessons: Sequence[Lesson], names: bool) -> str:
    """Return the page; without names, nothing on it depends on the learners' order."""
    learners = [one for one in found.values() if isinstance(one, Seen)]
    states = Counter(one for one in found.values() if isinstance(one, str))
    told = [f"{len(learners)} of {len(found)} learners have a progress file."]
    told += [f"{state.capitalize()}: {states[state]}." for state in (NO_FILE, UNREADABLE)]
    parts = [tag("h1", "Which exercise stops people"), tag("p", " ".join(told))]
    if len(learners) >= (1 if names else FEWEST):
        parts.append(by_exercise(lessons, learners))
    else:
        parts.append(tag("p", f"No table: among fewer than {FEWEST} learners, a count would tell who."))
    if names:
        parts.append(by_name(found, frozenset(each for lesson in lessons for each in lesson.exercises)))
    style = tag("style", Html(STYLE))
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Progress</title>{style}'
    return f"{head}<main>{''.join(parts)}</main></html>"


def write(room: Room, names: bool) -> Path:
    """Write the page for a room whose learners are told that it is made, and return its file.

    Raises:
        ValueError: They aren't told.
    """
    if not room.progress:
        raise ValueError(
            "got a room that was started without --progress. It needs that, because the login page then "
            'tells the learners what you see. Try make hub HUB_ARGS="--progress".'
        )
    lessons = progress(NOTEBOOKS).lessons
    exercises = frozenset(each for lesson in lessons for each in lesson.exercises)
    found = {
        name: seen(room.homes / name, account.uid, exercises)
        for name, account in room.accounts.items()
        if name != TEACHER
    }
    written = room.private / "progress.html"
    written.write_text(page(found, lessons, names), encoding="utf-8")
    return written


def main(arguments: Sequence[str]) -> None:
    """Write the page, and say where it is."""
    parser = argparse.ArgumentParser(prog="make hub-progress", description="Which exercise stops people.")
    parser.add_argument("--names", action="store_true", help="and a second table, learner by learner")
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help=f"as for make hub ({DEFAULT_STATE})"
    )
    given = parser.parse_args(arguments)
    try:
        print(write(Room.read(given.state / "private" / "room.json"), given.names))
    except FileNotFoundError:
        sys.exit(f"got no room in {given.state}. It needs one that make hub has started. Try --state FOLDER.")
    except PermissionError:
        sys.exit(f"got account {os.geteuid()}. It needs root, as make hub does. Try sudo make hub-progress.")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
