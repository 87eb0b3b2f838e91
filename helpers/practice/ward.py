"""The ward: patients to be diagnosed and mended. `Ward()` deals them, judges them, and keeps the score.

A patient is a program of somebody else's that fails, or is silently wrong. A learner says what the cause is
and mends the program; both are judged, the program by running it afresh, from the text of its cell.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import ndiff
from typing import NamedTuple

from IPython.core.getipython import get_ipython
from IPython.utils.capture import capture_output

from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import Diagnosis
from helpers.drawing.svg import BAD
from helpers.practice.cases import Case, cases, judge, run, said_of
from helpers.practice.checks import RIGHT, Checked, Failure
from helpers.practice.progress import Visit, remember_visits, visits_in
from helpers.table import LINES, Html, folded, table, tag

LEVELS = {
    1: "one thing is wrong, and the message helps",
    2: "the message stands elsewhere, or misleads",
    3: "it is silent, or only the last batch or the evaluation shows it",
}
LETTERS = "abcdef"
UNTOUCHED = Checked((Failure("the program is as it was", "mend it, run its cell, and ask again"),), 1)
_BLUE = "#56B4E9"
_ROW = f"{LINES};margin:3px 0"


class Link(NamedTuple):
    """Words that lead to an address."""

    words: str
    address: str

    def __str__(self) -> str:
        return f"{self.words}: {self.address}"

    def as_html(self) -> Html:
        """Return it as a link."""
        return tag("a", self.words, href=self.address)


@dataclass(frozen=True)
class Sheet:
    """What the ward shows: rows, the first in bold, and code, which is folded where it has a title."""

    rows: tuple[str | Link, ...]
    code: str = ""
    title: str = ""
    edge: str = _BLUE

    def __str__(self) -> str:
        return "\n".join([*map(str, self.rows), *filter(None, [self.title, self.code])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        first, *rest = (row.as_html() if isinstance(row, Link) else row for row in self.rows)
        code = tag("pre", self.code, style=LINES) if self.code else Html()
        parts = [tag("b", first), *rest, folded(self.title, code) if self.title else code]
        style = f"border-left:6px solid {self.edge};padding-left:12px"
        return tag("div", *(tag("div", part, style=_ROW) for part in parts), role="status", style=style)


class Ward:
    """Deals patients, judges what is said of them, and keeps the score beside the notebook.

    Args:
        seed: Decides the order and the letters, so that neighbours have different ones. Without it, the
            number that was drawn the first time.
        level: 1, 2 or 3 (see `LEVELS`); all three, one after the other, where it is not given.
        folder: Where the score is kept.

    Raises:
        ValueError: There is no such level.

    >>> import tempfile
    >>> ward = Ward(seed=7, level=1, folder=tempfile.mkdtemp())
    >>> print(str(ward.next()).splitlines()[0].partition(",")[2])
     level 1: one thing is wrong, and the message helps
    """

    def __init__(
        self, seed: int | None = None, level: int | None = None, folder: str | os.PathLike[str] = "."
    ) -> None:
        if level not in (None, *LEVELS):
            raise ValueError(f"got level={level!r}. The ward has 1, 2 and 3. Try level=1, or none for all.")
        self._folder = folder
        kept, self._visits = visits_in(folder)
        given = seed if seed is not None else kept
        self.seed = given if given is not None else secrets.randbelow(10_000)
        dealt = [case for case in cases() if level in (None, case.level)]
        random.Random(self.seed).shuffle(dealt)
        self._cases = sorted(dealt, key=lambda case: case.level)
        self._case: Case | None = None
        self._since = time.monotonic()

    def next(self) -> Sheet | Score:
        """Bring the next patient, the program into the next cell. One who is left unmended comes back."""
        self._stop_the_clock()
        open_ = [case for case in self._cases if not self._visit(case).over]
        if not open_:
            self._case = None
            return self.score()
        after = open_.index(self._case) + 1 if self._case in open_ else 0
        case = self._case = open_[after % len(open_)]
        _put_into_next_cell(case.program)
        asks = (f"  {letter}  {CAUSES[cause].title}" for letter, cause in self._choices(case).items())
        rows = (
            f"Patient {case.number}, level {case.level}: {LEVELS[case.level]}",
            f"“{case.says}”",
            "Run the program in its new cell, find the cause, mend it there and run it again. Keep its first"
            " line, its names and its data. Then ward.judge(…) with one letter:",
            *asks,
            "ward.diagnosis() shows what the kit says, ward.solution() all. Both are counted, not punished.",
        )
        return Sheet(rows, case.program, "The program")

    @property
    def program(self) -> str:
        """The program of the patient who is here, as it was brought."""
        return self._here().program

    def judge(self, cause: str = "", program: str | None = None) -> Sheet:
        """Judge the cause, and the mended program by running it afresh.

        Args:
            cause: A letter, or the cause's title or name. It may be left out once it was right.
            program: The mended program; that of its cell, as it was run last, where it is not given.

        Raises:
            ValueError: There is no such cause.
            RuntimeError: No patient is here.
        """
        case = self._here()
        visit, now = self._visit(case), program if program is not None else _last_run(case.mark)
        wrong = self._wrong_cause(case, visit, cause)
        visit.guesses += bool(wrong and cause)
        with capture_output():  # the Trainer draws a bar
            checked = UNTOUCHED if now.strip() in ("", case.program.strip()) else judge(case, now)
        visit.mended = checked.passed
        visit.tries += not checked.passed and checked is not UNTOUCHED
        if cause or checked is not UNTOUCHED:
            self._stop_the_clock()
        title = CAUSES[case.causes[0]].title
        failures = (*wrong, *checked.failures)
        both = str(replace(checked, failures=failures, count=checked.count + 1, why="")).splitlines()
        if failures:
            return Sheet((*both, *([] if wrong else [f"✓ the cause: {title}"])), edge=BAD)
        return Sheet((*both, *self._farewell(case)), _lines_changed(case), "One solution", RIGHT)

    def diagnosis(self, program: str | None = None) -> Diagnosis | Sheet:
        """Return what the kit says of the program as it was run last. It is counted, not punished."""
        case = self._here()
        self._visit(case).hints += 1
        self._stop_the_clock()
        now = program if program is not None else _last_run(case.mark) or case.program
        ran = run(now, f"<patient {case.number}>")
        return said_of(case, ran) or Sheet(("The kit finds nothing to say here.",))

    def solution(self) -> Sheet:
        """Show the cause and the lines to change, and count the patient as shown."""
        case = self._here()
        self._visit(case).shown = True
        self._stop_the_clock()
        return Sheet((*self._farewell(case),), _lines_changed(case))

    def score(self) -> Score:
        """Return how it went so far, and what to read again."""
        return Score(tuple((case, self._visit(case)) for case in self._cases), self.seed)

    def _here(self) -> Case:
        if self._case is None:
            raise RuntimeError("got no patient. The ward needs one who is here. Try ward.next().")
        return self._case

    def _visit(self, case: Case) -> Visit:
        return self._visits.setdefault(case.number, Visit())

    def _choices(self, case: Case) -> dict[str, str]:
        """Return six causes by their letters: the true one, those near to it, and others."""
        deal = random.Random(f"{self.seed} {case.number}")
        others = [cause for cause in CAUSES if cause not in (*case.causes, *case.near)]
        chosen = [case.causes[0], *case.near, *deal.sample(others, len(LETTERS))][: len(LETTERS)]
        return dict(zip(LETTERS, deal.sample(chosen, len(chosen)), strict=True))

    def _wrong_cause(self, case: Case, visit: Visit, cause: str) -> tuple[Failure, ...]:
        """Say what is wrong with a cause, where something is."""
        if not cause:
            hint = "ward.judge(…) with the letter of a cause"
            return () if visit.named else (Failure("the cause: none was named", hint),)
        titles = {known.title: name for name, known in CAUSES.items()}
        name = self._choices(case).get(cause.strip().lower(), titles.get(cause, cause))
        if name not in CAUSES:
            raise ValueError(f"got cause {cause!r}. The ward needs a letter from a to f. Try 'a'.")
        visit.named = visit.named or name in case.causes
        if name in case.causes:
            return ()
        known = CAUSES[name]
        said = case.near.get(name, f"look for the place where its rule is broken: {known.rule}")
        return (Failure(f"the cause: not “{known.title}”", said),)

    def _farewell(self, case: Case) -> Iterator[str | Link]:
        title, notebook = CAUSES[case.causes[0]].title, CAUSES[case.causes[0]].notebook
        yield f"{title[0].upper()}{title[1:]}. {case.why}"
        yield Link("The thread it is made from", case.url)
        yield Link(f"The lesson: {notebook}", f"{notebook}.ipynb")
        yield "ward.next() brings the next one, ward.score() shows how it went."

    def _stop_the_clock(self) -> None:
        """Count the time since the last call for the patient who is here, and keep the score."""
        now = time.monotonic()
        if self._case is not None:
            self._visit(self._case).seconds += now - self._since
            remember_visits(self.seed, self._visits, self._folder)
        self._since = now


@dataclass(frozen=True)
class Score:
    """How it went with each patient, and the lessons to read again."""

    visits: tuple[tuple[Case, Visit], ...]
    seed: int

    @property
    def lessons(self) -> list[str]:
        """The lessons whose causes were not seen at once, those with most doubt first."""
        doubt = Counter[str]()
        for case, visit in self.visits:
            doubt[CAUSES[case.causes[0]].notebook] += visit.unsure
        return [lesson for lesson, count in doubt.most_common() if count]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """A row per patient who was seen."""
        return [
            (f"patient {case.number}", str(case.level), *visit.words)
            for case, visit in self.visits
            if visit != Visit()
        ]

    def __str__(self) -> str:
        rows = ["  ".join(row) for row in [_HEAD, *self.rows]] if self.rows else []
        return "\n".join([self._counted, *rows, *map(str, self._links)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        links = (tag("li", link.as_html()) for link in self._links)
        shown = table(self.rows, _HEAD) if self.rows else ""
        return tag("p", tag("b", self._counted)) + shown + tag("ul", *links)

    @property
    def _counted(self) -> str:
        mended = [visit for _, visit in self.visits if visit.named and visit.mended]
        at_once = sum(not (visit.unsure or visit.tries) for visit in mended)
        return f"{len(mended)} of {len(self.visits)} mended, {at_once} at once. Your number is {self.seed}."

    @property
    def _links(self) -> list[Link]:
        return [Link(f"Read again: {lesson}", f"{lesson}.ipynb") for lesson in self.lessons]


_HEAD = ("patient", "level", "state", "wrong causes", "wrong mends", "diagnoses", "time")


def _lines_changed(case: Case) -> str:
    """Return the lines that the solution takes out, and those that it puts in."""
    lines = ndiff(case.program.splitlines(), case.solution.splitlines())
    return "\n".join(line for line in lines if line[0] in "-+")


def _put_into_next_cell(program: str) -> None:
    if shell := get_ipython():
        shell.set_next_input(program.rstrip("\n"))


def _last_run(mark: str) -> str:
    """Return the cell with this first line as it was run last, or nothing. What else was run is left out."""
    shell = get_ipython()
    cells: list[str] = shell.user_ns.get("In", []) if shell else []
    for cell in reversed(cells[:-1]):  # the last one asks
        if cell.lstrip().partition("\n")[0].strip() == mark:
            return cell
    return ""
