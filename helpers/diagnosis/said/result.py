"""What a diagnosis says: the outcome, the cause, the two places that disagree, and the fixes that ran."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from helpers.diagnosis.said.causes import CAUSES

Outcome = Literal["ok", "silent", "raises"]
WIDTH = 100
MOST_LINES = 12


class Mark(NamedTuple):
    """One end of a disagreement: an axis letter of a tensor, or "label" for a value inside the target."""

    tensor: str
    part: str


@dataclass(frozen=True)
class Fix:
    """A repair that was run on the learner's own tensors before it is shown.

    Attributes:
        title: What it does, in a few words.
        code: Python that rebinds `logits`, `target` or `criterion` (or the input it names); it may read
            `hidden`, the (..., H) states that the head reads, and torch, nn and F.
        result: What running it gave: new shapes, and the loss.
        when: When to choose it, where there is a choice.
    """

    title: str
    code: str
    result: str
    when: str = ""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What a call did, and why.

    Attributes:
        outcome: "ok", "silent" (it runs, but it is a mistake) or "raises".
        got: The shapes that came.
        loss: The number that came out, None when it raised.
        error: The exception's own type and text, None when nothing was raised.
        cause: One id of `CAUSES`, None when nothing is wrong or the cause is not known.
        certain: False when the same tensors may also be meant, or fit another cause too.
        needs: What is needed instead; empty when nothing is wrong.
        marks: The two places that disagree.
        fixes: Repairs that ran, the likeliest first.
        trap: A repair that runs and is wrong, such as the one that torch's own text suggests.
        where: The learner's own line.
        also: A second cause that the same evidence fits, in words.
    """

    outcome: Outcome
    got: str
    loss: float | None = None
    error: str | None = None
    cause: str | None = None
    certain: bool = True
    needs: str = ""
    marks: tuple[Mark, ...] = ()
    fixes: tuple[Fix, ...] = ()
    trap: str = ""
    where: str = ""
    also: str = ""

    @property
    def headline(self) -> str:
        """The result in one line: the exception's own text, or the loss.

        >>> Diagnosis("ok", got="logits (4, 3)", loss=1.25).headline
        '✓ loss 1.250'
        """
        if self.outcome == "raises":
            return f"{self.sign} {self.error}"
        if self.outcome == "ok":
            return f"{self.sign} " + ("runs" if self.loss is None else f"loss {self.loss:.3f}")
        doubt = "and still a mistake" if self.certain else "but perhaps a mistake"
        return f"{self.sign} no error, {doubt}" + ("" if self.loss is None else f": loss {self.loss:.3f}")

    @property
    def sign(self) -> str:
        """The outcome as one sign, wherever it is drawn or written."""
        return {"ok": "✓", "silent": "⚠", "raises": "✗"}[self.outcome]

    def without_cause(self) -> Diagnosis:
        """Return what happened and what came alone, for who is to find the cause."""
        return replace(self, cause=None, needs="", also="", trap="", fixes=(), where="")

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What is said below the headline, as (name, words), in the order in which it is read."""
        rows = [("at", self.where), ("cause", CAUSES[self.cause].title if self.cause else "")]
        rows += [("got", self.got), ("needs", self.needs), ("or", self.also), ("trap", self.trap)]
        for fix in self.fixes:
            said = ": ".join(filter(None, (fix.when, fix.result)))
            rows.append(("try", f"{fix.code}  # {said}" if said else fix.code))
        return [(name, words) for name, words in rows if words]

    def __str__(self) -> str:
        lines = _shortened(self.headline)
        for name, words in self.rows:
            indent = " " * 7
            # Code is never wrapped: a learner copies it.
            width = 10 * WIDTH if name == "try" else WIDTH
            body = [line for part in words.split("\n") for line in _wrapped(part, width)]
            lines += [f"{name:7}{body[0]}", *(indent + line for line in body[1:])]
        # The likeliest fix comes first, so what is cut is what is least likely to be missed.
        return "\n".join(lines[:MOST_LINES])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from helpers.diagnosis.said.html import as_html  # it needs this class

        return as_html(self)


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width) or [""]


def _shortened(headline: str) -> list[str]:
    """Keep a message that fills a page, such as a list of weights, from pushing out what explains it."""
    words = " ".join(headline.split())
    return [words if len(words) <= 2 * WIDTH else f"{words[: 2 * WIDTH]}…"]
