"""The short traceback: the learner's own lines and the last one. What libraries did stands below, folded.

The output stays IPython's own, of the kind "error". Only a cell's error is shortened, once, and only in the
mode "Plain": `%tb` shows the whole again, and `%xmode Context` all errors as IPython shows them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from helpers.extension import display, last_shown
from helpers.table import LINES, folded, tag

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

WHOLE = "The whole traceback"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # hard to read on an error's red
_FRAME = re.compile(r"  File (?P<path>.+?):\d+(?: in |\n)")
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\](\w+)")
_OTHERS = {
    "<frozen ": "Python",
    str(Path(os.__file__).parent): "Python",
    str(Path(__file__).parents[1]): "helpers",
}


@dataclass(frozen=True)
class Whole:
    """A whole traceback, folded."""

    text: str

    def __str__(self) -> str:
        return f"{WHOLE}: %tb"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return folded(WHOLE, tag("pre", self.text, style=LINES))


class Short:
    """Shortens a shell's tracebacks from now on, until `undo`."""

    def __init__(self, ipython: InteractiveShell) -> None:
        self._ipython, self._tracebacks = ipython, cast(Any, ipython.InteractiveTB)
        self._whole, self._in_cell, self._last_shown = "", False, 0
        self._before = self._tracebacks.structured_traceback
        self._tracebacks.structured_traceback = self._structured_traceback
        # With IPython's ten lines a frame, the learner's own lines and the last one would not fit a screen.
        self._tracebacks.set_mode("Plain")
        self._callbacks = {"pre_run_cell": self._before_cell, "post_run_cell": self._after_cell}
        for event, callback in self._callbacks.items():
            ipython.events.register(event, callback)

    def undo(self) -> None:
        """Leave the shell as it was before, but for the mode: Python's own two lines a frame still serve."""
        for event, callback in self._callbacks.items():
            self._ipython.events.unregister(event, callback)
        self._tracebacks.structured_traceback = self._before

    def _before_cell(self, info: Any) -> None:
        self._in_cell, self._last_shown = True, last_shown()

    def _after_cell(self, result: Any) -> None:
        self._in_cell, whole, self._whole = False, self._whole, ""
        if whole:
            display(Whole(whole))

    def _structured_traceback(
        self, kind: Any, error: Any, traceback: Any = None, *rest: Any, **named: Any
    ) -> list[str]:
        lines = self._before(kind, error, traceback, *rest, **named)
        is_part = isinstance(traceback, tuple)  # IPython asks itself for the errors before the last one
        if is_part or not self._in_cell or self._tracebacks.mode != "Plain" or id(error) == self._last_shown:
            return lines
        lines = [_COLOUR.sub("", line) for line in lines]
        short = list(without_libraries(lines))
        self._whole = "" if short == lines else "".join(lines)
        return ["".join(short)]  # in one piece: a page puts an empty line between two


def without_libraries(lines: list[str]) -> Iterator[str]:
    r"""Put one line in the place of each row of frames that are not the learner's own.

    >>> own = "  Cell In[1], line 1\n    f()\n"
    >>> torch = "  File /kit/site-packages/torch/nn/functional.py:7 in f\n    return g()\n"
    >>> list(without_libraries([own, torch, torch, "ValueError: no"]))[1:]
    ['  … 2 frames inside torch …\n', 'ValueError: no']
    """
    for is_library, group in groupby(lines, lambda line: bool(_library(line))):
        if not is_library:
            yield from group
            continue
        names = [_library(line) for line in group]
        frames = "1 frame" if len(names) == 1 else f"{len(names)} frames"
        yield f"  … {frames} inside {', '.join(dict.fromkeys(names))} …\n"


def _library(line: str) -> str:
    """Name the library whose frame this is; nothing where it is the learner's own, or no frame."""
    frame = _FRAME.match(line)
    path = os.path.expanduser(frame["path"]) if frame else ""
    if installed := _INSTALLED.search(path):
        return installed[1]
    return next((name for start, name in _OTHERS.items() if path.startswith(start)), "")
