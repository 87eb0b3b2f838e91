"""Predict-first questions and exercise checks.

A prediction made before the run is what makes the run worth watching; a check that lists every failure at
once is what makes a second try worth making.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets

from helpers.readable import ReadableVBox


class Question(ReadableVBox):
    """A question with choices. Each choice answers at once with why it is, or isn't, so."""

    def __init__(self, question: str, choices: Mapping[str, str]) -> None:
        self._question, self._choices = question, dict(choices)
        self.buttons = widgets.RadioButtons(options=list(choices), value=None, layout={"width": "auto"})
        self.feedback = widgets.HTML()
        self.buttons.observe(self._answer, "value")
        super().__init__([widgets.HTML(f"<b>{escape(question)}</b>"), self.buttons, self.feedback])

    def _answer(self, change: Any) -> None:
        words = escape(self._choices.get(change["new"], ""))
        self.feedback.value = f'<div role="status" aria-live="polite">{words}</div>'

    def as_text(self) -> str:
        """Return the question and its choices."""
        return "\n".join([self._question, *(f"( ) {choice}" for choice in self._choices)])

    def as_html(self) -> str:
        """Return the question and its choices as a list."""
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in self._choices)
        return f"<p><b>{escape(self._question)}</b></p><ul>{choices}</ul>"


def predict(question: str, choices: Mapping[str, str]) -> Question:
    """Ask what the next cell will do, before it runs.

    Args:
        question: One sentence.
        choices: From each choice to what its choosing says. Say why, and leave the proof to the next cell.

    Raises:
        ValueError: There are fewer than two choices.

    >>> ask = predict("Does it run?", {"Yes": "Not quite: ...", "No": "Right: ..."})
    >>> ask.buttons.value = "No"
    >>> "Right: ..." in ask.feedback.value
    True
    """
    if len(choices) < 2:
        raise ValueError(f"got {len(choices)} choices. predict needs two or more. Try adding what you'd say.")
    return Question(question, choices)


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
        wrap = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
        return f'<pre role="status" style="{wrap}">{escape(str(self))}</pre>'


def check(*needs: Need) -> Checked:
    """Check an exercise and list every failure at once. Nothing is raised, so "Run all" goes on.

    >>> check(Need("number of outputs", lambda: 1, 3, "count the classes"))
    ✗ 1 of 1 checks fail
      number of outputs: got 1, needs 3. Try: count the classes
    >>> check(Need("number of outputs", lambda: 3, 3, "count the classes"))
    ✓ the check passes
    """
    failures = []
    for need in needs:
        try:
            got = need.got()
            met = bool(got == need.needs)
            shown = repr(got)
        except Exception as error:  # an exercise left as it is: say what is missing, and go on
            met = False
            words = " ".join(str(error).split())  # torch breaks some messages over several lines
            shown = (
                "the dots, not yet replaced" if "ellipsis" in words else f"{type(error).__name__} ({words})"
            )
        if not met:
            failures.append(f"  {need.what}: got {shown}, needs {need.needs!r}. Try: {need.hint}")
    return Checked(tuple(failures), len(needs))
