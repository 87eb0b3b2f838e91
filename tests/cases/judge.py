"""Run a case, ask for its diagnosis, and judge the answer as field_cases/score.py does, a little harder."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Before anything imports them: no network, no progress bars between the lines of a table.
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch
import torch.nn.functional as F
from torch import nn

from helpers import check_loss, explain
from helpers.diagnosis import Diagnosis

from .base import Case

CELL = "<case>"


@dataclass(frozen=True)
class Verdict:
    """How a diagnosis did.

    Attributes:
        case: What was asked about.
        error: What the case raised.
        diagnosis: What was said, None where nothing was.
        word: "right", "wrong", "silent on it" or "crashed".
        detail: For a crash, the exception of our own; else the causes and the message.
        failing: For each fix that fails, its code and why.
    """

    case: Case
    error: BaseException | None
    diagnosis: Diagnosis | None
    word: str
    detail: str
    failing: tuple[str, ...] = ()


def run(code: str) -> tuple[dict[str, Any], BaseException | None]:
    """Run a program in a space of its own; its random numbers are the same every time."""
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "__name__": "__main__"}
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, CELL, "exec"), space)
        except BaseException as error:  # KeyboardInterrupt is a case of its own
            return space, error
    return space, None


def ask(case: Case, space: dict[str, Any], error: BaseException | None) -> Diagnosis | None:
    """Get the diagnosis that a learner would get, from the exception or from the loss."""
    if error is not None:
        return explain(error)
    return check_loss(criterion_of(case, space), space["logits"], space["target"])


def judge(case: Case) -> Verdict:
    """Run a case and say whether its diagnosis is right and its fixes work."""
    space, error = run(case.code)
    try:
        diagnosis = ask(case, space, error)
    except Exception as own:  # a crash of ours is a result, the worst one
        return Verdict(case, error, None, "crashed", f"{type(own).__name__}: {own}")
    said = diagnosis.cause if diagnosis is not None else None
    expected = said in case.accept if case.accept else said is None
    if case.silent:
        expected = expected and diagnosis is not None and diagnosis.outcome == "silent"
    word = "right" if expected else "silent on it" if said is None else "wrong"
    message = " ".join(str(error).split())[:90]
    detail = f"said {said}, accepts {'/'.join(case.accept) or 'nothing'}; {message}"
    fixes = diagnosis.fixes if diagnosis is not None else ()
    problems = ((fix.code, why_fix_fails(fix.code, case, space, error)) for fix in fixes)
    failing = tuple(f"{code!r}: {why}" for code, why in problems if why)
    return Verdict(case, error, diagnosis, word, detail, failing)


def criterion_of(case: Case, space: dict[str, Any]) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The case's own criterion, or the function that it names."""
    return space.get("criterion") or getattr(F, case.loss)


def why_fix_fails(code: str, case: Case, space: dict[str, Any], error: BaseException | None) -> str:
    """Run a fix on the case's own tensors; empty when the loss then runs and `check_loss` is content."""
    names = {**space, **_locals(error)}
    logits = space.get("logits")
    has_loss = bool(case.loss) and isinstance(logits, torch.Tensor)
    if isinstance(logits, torch.Tensor):
        names["hidden"] = torch.randn(*logits.shape[:-1], 768)
    if has_loss:
        # What score.py offers, and no more.
        names = {name: names[name] for name in ("torch", "nn", "F", "hidden", "logits", "target")}
        names["criterion"] = criterion_of(case, space)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
            if not has_loss:
                return ""
            names["criterion"](names["logits"], names["target"])
    except Exception as problem:  # any failure of a fix is what is asked for
        return f"{type(problem).__name__}: {problem}"
    after = check_loss(names["criterion"], names["logits"], names["target"])
    return "" if after.outcome == "ok" else f"{after.outcome} afterwards, {after.cause}: {after.needs}"


def _locals(error: BaseException | None) -> dict[str, Any]:
    """The names of every frame, the failing line's first: a fix may name an argument as the library does."""
    frames = []
    step = error.__traceback__ if error is not None else None
    while step is not None:
        frames.append(step.tb_frame)
        step = step.tb_next
    frames.sort(key=lambda frame: frame.f_code.co_filename == CELL)
    return {name: value for frame in frames for name, value in frame.f_locals.items()}
