"""`%load_ext helpers.practice`: under a shape error first the questions, and the diagnosis folded away.

Plain HTML without a script: it folds and unfolds by mouse, keyboard and screen reader, in a notebook that
JupyterLab doesn't trust, on GitHub and in an export.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers import extension
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import Diagnosis
from helpers.practice.short import Short
from helpers.table import Html, folded, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

GOT = "got: which numbers belong in the blanks?"
NEEDS = "needs: which rule was broken? Click one."
TRY = "try: what would you change, and in which line?"
OPEN = "What do you think? Then open the diagnosis"
BLANK = "__"
# Where there is no output for a label, the label is out of range as well: both rules would be right.
BOTH = {"head_size": "label_range"}
_NUMBER = re.compile(r"(?<!\w)\d+(?:\.\d+)?")
_CARD = "border-left:6px solid #56B4E9;padding:2px 12px;margin-top:12px"
_APART = "margin:10px 0 4px"


@dataclass(frozen=True)
class Asked:
    """A diagnosis behind three questions: what came, which rule that breaks, what to change.

    >>> print(Asked(Diagnosis("raises", "logits (N=4, C=1)", error="IndexError", cause="head_size")).got)
    logits (N=__, C=__)
    """

    diagnosis: Diagnosis

    @property
    def got(self) -> str:
        """What came, with a blank for each number."""
        return _NUMBER.sub(BLANK, self.diagnosis.got)

    @property
    def choices(self) -> dict[str, str]:
        """Three rules, and what is said of each: the one that was broken, and its neighbours in `CAUSES`."""
        cause, also = self.diagnosis.cause, self.diagnosis.also
        if cause is None:
            return {}
        names = [name for name in CAUSES if name != BOTH.get(cause)]
        first = min(max(names.index(cause) - 1, 0), len(names) - 3)
        said = {}
        for name in names[first : first + 3]:
            rule, title = CAUSES[name].rule, CAUSES[name].title
            verdict = "✓ Yes" if name == cause else "✗ No. Where it is broken, the cause is"
            said[rule] = f"{'✓ Perhaps this too' if title in also else verdict}: {title}."
        return said

    def __str__(self) -> str:
        rules = (f"  ( ) {rule}" for rule in self.choices)
        return "\n".join([GOT, f"  {self.got}", NEEDS, *rules, TRY, "", f"{OPEN}:", "", str(self.diagnosis)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return tag("div", *self._parts(), role="status", style=_CARD)

    def _parts(self) -> Iterator[Html]:
        yield tag("p", tag("b", GOT), Html("<br>"), tag("code", self.got), style=_APART)
        if self.choices:
            yield tag("p", tag("b", NEEDS), style=_APART)
            for rule, said in self.choices.items():
                yield folded(rule, tag("p", said))
        yield tag("p", tag("b", TRY), style=_APART)
        yield folded(OPEN, self.diagnosis.as_html(in_lesson=True))


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Ask before the diagnosis is shown, under every uncaught shape error from now on; shorten tracebacks."""
    unload_ipython_extension(ipython)
    _short.append(Short(ipython))  # first, so that the whole traceback stands above the questions
    extension.load_ipython_extension(ipython)
    extension.show_as(Asked)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Show no diagnosis any more, and whole tracebacks."""
    extension.unload_ipython_extension(ipython)
    while _short:
        _short.pop().undo()


_short: list[Short] = []
