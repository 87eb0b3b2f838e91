"""Exercise checks: one that lists every failure at once is what makes a second try worth making."""

from __future__ import annotations

import importlib.util
import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from helpers.drawing.svg import BAD
from helpers.practice.progress import EXERCISE, after, remember
from helpers.table import LINES, tag

RIGHT = "#009E73"  # always with ✓ and words
HINTED = "Change your answer and run the cell again. If it still fails, a hint will follow."
_tried = Counter[str]()  # how often each exercise failed in this kernel


class Need(NamedTuple):
    """One thing that an exercise asks for.

    Attributes:
        what: What is looked at, in words.
        got: A function without arguments that looks at it; it may fail, for an exercise not yet done.
        needs: The value it must give.
        hint: What to try where it doesn't.
        decides: Whether nothing more is asked where it doesn't: the rest would make no sense yet, or tell too
            much.
    """

    what: str
    got: Callable[[], Any]
    needs: Any
    hint: str
    decides: bool = False


class Failure(NamedTuple):
    """A need that is not met: what it is, got and needs; and what to try."""

    told: str
    hint: str


@dataclass(frozen=True)
class Checked:
    """The result of `check`: every need that is not met, as got / needs / try, or why the answer works.

    Attributes:
        failures: What is not met.
        count: How many needs were looked at.
        why: Why the answer works.
        after: What comes next.
        hinted: Whether the hints are told too.
    """

    failures: tuple[Failure, ...]
    count: int
    why: str = ""
    after: str = ""
    hinted: bool = True

    @property
    def passed(self) -> bool:
        """Whether every need is met."""
        return not self.failures

    @property
    def _lines(self) -> list[str]:
        """The verdict, and what is said of it."""
        if self.passed:
            passed = f"✓ all {self.count} checks pass" if self.count > 1 else "✓ the check passes"
            return [passed, *filter(None, [self.why])]
        failures = [f"{told}. Try: {hint}" if self.hinted else told for told, hint in self.failures]
        if self.count == 1:
            return [f"✗ {failures[0]}"]
        return [f"✗ {len(failures)} of {self.count} checks fail", *(f"– {each}" for each in failures)]

    def __str__(self) -> str:
        return "\n".join(["\n  ".join(self._lines), *filter(None, [self.after])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        verdict, *said = self._lines
        rows = [tag("b", verdict), *said, *filter(None, [self.after])]
        edge = f"border-left:6px solid {RIGHT if self.passed else BAD};padding-left:12px"
        return tag("div", *(tag("div", row, style=LINES) for row in rows), role="status", style=edge)


def check(exercise: str, *answers: object) -> Checked:
    """Check an exercise and list every failure at once. What fails is told, not raised, so "Run all" goes on.

    The first failing try tells what is wrong, and each one after it also what to try.

    Args:
        exercise: The lesson's number and the exercise's, such as "01.1". Once all needs are met, `progress`
            counts it as done.
        *answers: What the exercise asks for, in the order in which its cell names them.

    Raises:
        ValueError: There is no such exercise, or it takes another number of answers.

    >>> check("01.1", ...)
    ✗ the dots are not replaced yet. Try: put your answer in their place
    """
    asks = _exercise(exercise)
    try:
        inspect.signature(asks).bind(*answers)
    except TypeError as error:
        names = ", ".join(inspect.signature(asks).parameters)
        raise ValueError(
            f"got {len(answers)} answers. Exercise {exercise} needs {names}."
            f" Try check({exercise!r}, {names})."
        ) from error
    if any(answer is ... for answer in answers):
        return Checked((Failure("the dots are not replaced yet", "put your answer in their place"),), 1)
    result = judged(lambda: asks(*answers), " ".join((asks.__doc__ or "").split()))
    if result.passed:
        remember(exercise)
        return replace(result, after=after(exercise))
    _tried[exercise] += 1
    return replace(result, hinted=False, after=HINTED) if _tried[exercise] == 1 else result


def judged(needs: Callable[[], Iterable[Need]], why: str = "") -> Checked:
    """Look at what is needed, one after the other, and list what is not met, up to what decides.

    >>> judged(lambda: [Need("number of outputs", lambda: 1, 3, "count the classes")])
    ✗ number of outputs: got 1, needs 3. Try: count the classes
    >>> judged(lambda: [Need("number of outputs", lambda: 3, 3, "count the classes")])
    ✓ the check passes
    """
    failures, count = list[Failure](), 0
    try:
        for need in needs():
            count += 1
            if failure := _failure(need):
                failures.append(failure)
                if need.decides:
                    break
    except Exception as error:  # nothing more can be asked of such an answer
        hint = "read the exercise once more: of which kind should the answer be?"
        failures = failures or [Failure(f"your answer: {_said(error)}", hint)]
    return Checked(tuple(failures), max(count, 1), why)


def _failure(need: Need) -> Failure | None:
    """Say what is wrong where a need is not met."""
    try:
        got = need.got()
        if got == need.needs:
            return None
        shown = repr(got)
    except Exception as error:  # an exercise half done: say what is missing, and go on
        shown = _said(error)
    return Failure(f"{need.what}: got {shown}, needs {need.needs!r}", need.hint)


def _said(error: Exception) -> str:
    words = " ".join(str(error).split())  # torch breaks some messages over several lines
    return f"{type(error).__name__} ({words})"


def _exercise(exercise: str) -> Callable[..., Iterable[Need]]:
    lesson, _, number = exercise.partition(".")
    room = f"helpers.practice.exercises.lesson_{lesson}"
    known = EXERCISE.fullmatch(exercise) and importlib.util.find_spec(room)
    asks = getattr(importlib.import_module(room), f"exercise_{number}", None) if known else None
    if asks is None:
        raise ValueError(f"got exercise {exercise!r}. check needs the number of one that exists. Try '01.1'.")
    return asks
