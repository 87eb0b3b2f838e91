"""What an exception's traceback still holds: its frames with their variables, and the learner's own line."""

from __future__ import annotations

import linecache
import re
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple


def words(text: str) -> frozenset[str]:
    """Return the words of a text: how a long list of names reads best.

    >>> sorted(words("view reshape"))
    ['reshape', 'view']
    """
    return frozenset(text.split())


LONGEST_CHAIN, DEEPEST = 4, 400
LIBRARIES = ("site-packages", "dist-packages")
# Whose frames are never the learner's, wherever they lie: a library may be built from source.
NOT_OURS = words(
    "torch transformers keras tensorflow numpy pandas tokenizers accelerate datasets sklearn lightning "
    "pytorch_lightning torchcrf evaluate peft trl optree safetensors"
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Step(NamedTuple):
    """One frame that the error came through.

    Attributes:
        frame: The frame, with its variables as they were when the error passed.
        line: The line it was at.
        lasti: The instruction it was at.
    """

    frame: FrameType
    line: int
    lasti: int

    @property
    def variables(self) -> Mapping[str, Any]:
        """The frame's local variables."""
        return self.frame.f_locals

    @property
    def module(self) -> str:
        """The name of the module whose code this is."""
        return str(self.frame.f_globals.get("__name__", ""))

    @property
    def function(self) -> str:
        """The name of the function whose code this is."""
        return self.frame.f_code.co_name


def steps_of(error: BaseException) -> list[Step]:
    """Return the frames the error came through, the innermost first; then those of the error behind it."""
    steps: list[Step] = []
    behind: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if behind is None:
            break
        own = _own_steps(behind)
        steps += own
        # A library that says it in other words is still about the first error; a learner's `except` is not.
        reworded = bool(own) and not is_learners(own[0])
        behind = behind.__cause__ or (behind.__context__ if reworded else None)
    return steps


def _own_steps(error: BaseException) -> list[Step]:
    steps: list[Step] = []
    link = error.__traceback__
    while link is not None and len(steps) < DEEPEST:
        outer = steps[-1].frame if steps else None
        # Keras cuts its frames out of the traceback; each frame still knows who called it.
        hidden: list[Step] = []
        back = link.tb_frame.f_back if outer is not None else None
        while back is not None and back is not outer and len(hidden) < DEEPEST:
            hidden.append(Step(back, back.f_lineno or 0, back.f_lasti))
            back = back.f_back
        if back is outer:
            steps += reversed(hidden)
        steps.append(Step(link.tb_frame, link.tb_lineno, link.tb_lasti))
        link = link.tb_next
    return steps[::-1]


def said(error: BaseException) -> str:
    """Return the error's type and text as the traceback's last line has it, without terminal colours."""
    return ANSI.sub("", f"{type(error).__name__}: {error}")


# The standard library and our own code.
NOT_THE_LEARNERS = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[2]))


def is_learners(step: Step) -> bool:
    """Tell the learner's own code from a library's, the standard library's and ours."""
    return is_learners_code(step.frame.f_code, step.module)


def is_learners_code(code: CodeType, module: str) -> bool:
    """Tell it by the code of a function, and the module that it is from."""
    name = code.co_filename
    if name.startswith("<frozen") or any(f"/{part}/" in name.replace("\\", "/") for part in LIBRARIES):
        return False
    return not name.startswith(NOT_THE_LEARNERS) and not is_librarys(module)


def is_librarys(module: str | None) -> bool:
    """Tell by a module's name whether it is one of a known library's."""
    return (module or "").partition(".")[0] in NOT_OURS


def learners_steps(steps: list[Step]) -> list[Step]:
    """Return the steps in the learner's own code, the innermost first."""
    return [step for step in steps if is_learners(step)]


def modules_of_transformers(steps: list[Step]) -> list[Step]:
    """Return the steps in transformers' own code, the innermost first."""
    return [step for step in steps if step.module.startswith("transformers.")]


def where(steps: list[Step]) -> str:
    """Name the learner's own innermost line, as "train.py, line 4: loss = criterion(logits, target)"."""
    own = learners_steps(steps)
    if not own:
        return ""
    name, line = own[0].frame.f_code.co_filename, own[0].line
    source = linecache.getline(name, line, own[0].frame.f_globals).strip()
    # A cell needs no name: its number changes with each run, and it stands above.
    place = f"{file_of(name, name)}line {line}"
    return f"{place}: {source}" if source else place


def file_of(name: str, here: str) -> str:
    """Name a script's file, and a cell as the traceback does: "train.py, ", "In[3], "; not the cell here."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    cell = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(name)
    if cell:
        return "" if name == here else f"{cell[1]}, "
    return "" if name.startswith("<") else f"{Path(name).name}, "
