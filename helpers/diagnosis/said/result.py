"""What a diagnosis says: the outcome, the cause, the two places that disagree, and the fixes that ran.

As text, and as plain HTML with the same words. JupyterLab removes ids, `<style>`, SVG, roles and styles
with `var()` from a notebook that it doesn't trust, and GitHub removes every style. So nothing here needs
them to be read: no colour stands without its sign and its word, and the theme decides on the rest.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal, NamedTuple

from helpers.diagnosis.said.causes import CAUSES
from helpers.table import Html, folded, table, tag
from helpers.trial import came_of

Outcome = Literal["ok", "silent", "raises", "untold"]
WIDTH = 100
MOST_LINES = 12
SEED = "torch.manual_seed(0)\n"  # of a program; run here, it would seed the learner's GPU too

# A notebook aligns the cells of a table to the right; this keeps sentences readable where styles are kept.
CELL = "text-align:left;vertical-align:top;white-space:normal"
_EDGE = "border-left:6px solid #D55E00;padding-left:12px"


class Mark(NamedTuple):
    """One end of a disagreement: an axis letter of a tensor, or "label" for a value inside the target."""

    tensor: str
    part: str


@dataclass(frozen=True)
class Fix:
    """A repair that is run on the learner's own tensors before it is shown.

    Attributes:
        title: What it does, in a few words.
        code: Python that rebinds `logits`, `target` or `criterion` (or the input it names); it may read
            `hidden`, the (..., H) states that the head reads, and torch, nn and F.
        result: What running it gave: new shapes, and the loss; empty until then.
        when: When to choose it, where there is a choice.
        typed: What a person changes in the program, where `code` is only its proof; a comment says where.
    """

    title: str
    code: str
    result: str = ""
    when: str = ""
    typed: str = ""

    @property
    def shown(self) -> str:
        """The code that a learner is to read."""
        return self.typed or self.code


# Gets the names of a program that was run and what it raised; returns the diagnosis.
Ask = Callable[[dict[str, Any], Exception | None], "Diagnosis | None"]


class Example(NamedTuple):
    """Programs that may do the same with nothing of the learner's, the shortest first.

    Attributes:
        codes: The programs; one is proven only when it is asked for.
        ask: Who is asked about what a program did.
    """

    codes: tuple[str, ...] = ()
    ask: Ask = lambda names, error: None


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What a call did, and why.

    Attributes:
        outcome: "ok", "silent" (it runs, but it is a mistake), "raises"; or "untold" while a room votes.
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
        example: What `to_code` chooses from.
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
    example: Example = field(default=Example(), compare=False)

    def to_code(self) -> str:
        """Return a program of a few lines that does the same, made from shapes, dtypes and ranges alone.

        It holds none of the learner's data or names, and it is run here first: what it does has this cause.

        Raises:
            ValueError: Nothing that was tried has the same cause.
        """
        for code in filter(self._is_said_of, self.example.codes):
            return code
        raise ValueError(
            f"got a diagnosis of {self.got or 'no tensors'}, which no code makes again from shapes alone. "
            "Needed are tensors, and layers or models of libraries. Try the lines that made yours, by hand."
        )

    def _is_said_of(self, code: str) -> bool:
        names: dict[str, Any] = {"__name__": "__main__"}
        error = came_of(lambda: exec(code.replace(SEED, ""), names), seed=0).error
        told = came_of(lambda: self.example.ask(names, error), seed=0).value
        same = told is not None and (told.outcome, told.cause) == (self.outcome, self.cause)
        return same and str(told.error).partition(":")[0] == str(self.error).partition(":")[0]

    @property
    def headline(self) -> str:
        """The result in one line: the exception's own text, or the loss.

        >>> Diagnosis("ok", got="logits (4, 3)", loss=1.25).headline
        '✓ loss 1.250'
        """
        if self.outcome == "untold":
            return "what will the loss say? Vote A, B or C"
        if self.outcome == "raises":
            return f"{self.sign} {self.error}"
        if self.outcome == "ok":
            return f"{self.sign} " + ("runs" if self.loss is None else f"loss {self.loss:.3f}")
        doubt = "and still a mistake" if self.certain else "but perhaps a mistake"
        return f"{self.sign} no error, {doubt}" + ("" if self.loss is None else f": loss {self.loss:.3f}")

    @property
    def sign(self) -> str:
        """The outcome as one sign, wherever it is drawn or written."""
        return {"ok": "✓", "silent": "⚠", "raises": "✗", "untold": "?"}[self.outcome]

    def without_cause(self) -> Diagnosis:
        """Return what happened and what came alone, for who is to find the cause."""
        return replace(self, cause=None, needs="", also="", trap="", fixes=(), where="", marks=())

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What is said below the headline, as (name, words), in the order in which it is read."""
        rows = [("at", self.where), ("cause", CAUSES[self.cause].title if self.cause else "")]
        rows += [("got", self.got), ("needs", self.needs), ("or", self.also), ("trap", self.trap)]
        for fix in self.fixes:
            said = ": ".join(filter(None, (fix.when, fix.result)))
            ends = "; " if "  # " in fix.shown.rpartition("\n")[2] else "  # "
            rows.append(("try", f"{fix.shown}{ends}{said}" if said else fix.shown))
        return [(name, words) for name, words in rows if words]

    def __str__(self) -> str:
        lines = [self.first_line]
        for name, words in self.rows:
            # Code is never wrapped: a learner copies it.
            width = 10 * WIDTH if name == "try" else WIDTH
            body = [line for part in words.split("\n") for line in textwrap.wrap(part, width) or [""]]
            lines += [f"{name:7}{body[0]}", *(" " * 7 + line for line in body[1:])]
        # The likeliest fix comes first, so what is cut is what is least likely to be missed.
        return "\n".join(lines[:MOST_LINES])

    __repr__ = __str__

    @property
    def first_line(self) -> str:
        """The headline, cut where a message fills a page: it must not push out what explains it."""
        words = " ".join(self.headline.split())
        return words if len(words) <= 2 * WIDTH else f"{words[: 2 * WIDTH]}…"

    @property
    def cells(self) -> list[tuple[str, Html]]:
        """The rows as a table shows them; everything that a learner or a library wrote is escaped."""
        said = [(name, _lines(words)) for name, words in self.rows if name != "try"]
        return said + [("try", _fix(fix)) for fix in self.fixes]

    def _repr_html_(self) -> str:
        return self.as_html()

    def as_html(self, in_lesson: bool = False) -> Html:
        """Return it as HTML; in a lesson, without the lesson to go to."""
        headline = tag("p", tag("strong", tag("code", self.first_line)))
        inside = headline, table(self.cells, styles=(CELL,)), _why(self.cause, in_lesson)
        return tag("div", *inside, role="status", style="" if self.outcome == "ok" else _EDGE)


def _lines(words: str) -> Html:
    return Html("<br>".join(map(escape, words.split("\n"))))


def _fix(fix: Fix) -> Html:
    when = f" ({fix.when})" if fix.when else ""
    title = f"{fix.title[:1].upper()}{fix.title[1:]}{when}:"
    result = f"gives {fix.result.removeprefix('gives ')}" if fix.result else ""
    return Html(_lines(title) + tag("pre", fix.shown) + _lines(result))


def _why(cause: str | None, in_lesson: bool) -> Html:
    if cause is None:
        return Html()
    known = CAUSES[cause]
    lesson = Html(f"The lesson: {tag('code', known.notebook + '.ipynb')}")
    words = [known.why, f"The rule: {known.rule}", *([] if in_lesson else [lesson])]
    return folded("Why this happens", *(tag("p", each) for each in words))
