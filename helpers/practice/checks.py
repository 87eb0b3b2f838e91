"""Exercise checks: one that lists every failure at once is what makes a second try worth making."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from helpers.practice.progress import EXERCISE, remember
from helpers.table import LINES, tag


class Need(NamedTuple):
    """One thing that an exercise asks for.

    Attributes:
        what: What is looked at, in words.
        got: A function without arguments that looks at it; it may fail, for an exercise not yet done.
        needs: The value it must give.
        hint: What to try where it doesn't.
    """

    what: str
    got: Callable[[], Any]
    needs: Any
    hint: str


@dataclass(frozen=True)
class Checked:
    """The result of `check`: every need that is not met, as got / needs / try."""

    failures: tuple[str, ...]
    count: int

    @property
    def passed(self) -> bool:
        """Whether every need is met."""
        return not self.failures

    def __str__(self) -> str:
        if self.passed:
            return f"✓ all {self.count} checks pass" if self.count > 1 else "✓ the check passes"
        return "\n".join([f"✗ {len(self.failures)} of {self.count} checks fail", *self.failures])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return tag("pre", str(self), role="status", style=LINES)


def check(*needs: Need, exercise: str = "") -> Checked:
    """Check an exercise and list every failure at once. What fails is told, not raised, so "Run all" goes on.

    Args:
        *needs: What the exercise asks for.
        exercise: The lesson's number and the exercise's, such as "01.1". Once all needs are met, `progress`
            counts it as done.

    Raises:
        ValueError: The exercise's id has another form.

    >>> check(Need("number of outputs", lambda: 1, 3, "count the classes"))
    ✗ 1 of 1 checks fail
      number of outputs: got 1, needs 3. Try: count the classes
    >>> check(Need("number of outputs", lambda: 3, 3, "count the classes"))
    ✓ the check passes
    """
    if exercise and not EXERCISE.fullmatch(exercise):
        raise ValueError(
            f"got exercise {exercise!r}. check needs the lesson's number and its own. Try '01.1'."
        )
    failures = []
    for need in needs:
        try:
            got = need.got()
            if got == need.needs:
                continue
            shown = repr(got)
        except Exception as error:  # an exercise left as it is: say what is missing, and go on
            words = " ".join(str(error).split())  # torch breaks some messages over several lines
            shown = f"{type(error).__name__} ({words})"
            shown = "the dots, not yet replaced" if "ellipsis" in words else shown
        failures.append(f"  {need.what}: got {shown}, needs {need.needs!r}. Try: {need.hint}")
    if exercise and needs and not failures:
        remember(exercise)
    return Checked(tuple(failures), len(needs))
