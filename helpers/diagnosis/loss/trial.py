"""Run repairs on the learner's tensors, and keep those after which nothing is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from types import CodeType
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from helpers.diagnosis.loss.call import LossCall, loss_call
from helpers.diagnosis.loss.hidden import states_behind
from helpers.diagnosis.said.finding import Candidate
from helpers.diagnosis.said.result import Fix

STAND_IN = 8  # the width of the states that stand in where the head's own input can't be found
MOST_FIXES = 3


def prove(
    candidates: Iterable[Candidate], call: LossCall, loss_if_ok: Callable[[LossCall], float | None]
) -> tuple[Fix, ...]:
    """Run each candidate and return those that end in a loss which is not merely a number but right.

    Args:
        candidates: The likeliest first.
        call: Its tensors are detached before anything runs; nothing of the learner's is changed.
        loss_if_ok: Gives the loss of a call that runs and makes no silent mistake, else None.
    """
    if call.hidden is None:
        call = replace(call, hidden=states_behind((call.folded or (call.logits,))[0]))
    fixes: list[Fix] = []
    for candidate in () if call.unread else candidates:
        repaired = run(candidate.code, call)
        loss = None if repaired is None else loss_if_ok(repaired)
        if repaired is not None and loss is not None:
            result = _result(candidate.code, repaired, call, loss)
            fixes.append(Fix(candidate.title, candidate.code, result, candidate.when))
        if len(fixes) == MOST_FIXES:
            break
    return tuple(fixes)


def run(code: str, call: LossCall) -> LossCall | None:
    """Run a repair; None when it raises, which says that it is none."""
    logits, target = call.folded or (call.logits, call.target)
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "criterion": call.criterion}
    space |= {"logits": logits.detach(), "target": target.detach()}
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A new head's weights are random; the same each time, so that a result can be checked. The generator
        # is named because torch.manual_seed would seed the learner's GPU too, and takes a millisecond.
        torch.default_generator.manual_seed(0)
        try:
            if "hidden" in code:
                own = call.hidden
                space["hidden"] = (
                    own.detach() if own is not None else torch.randn(*logits.shape[:-1], STAND_IN)
                )
            exec(_compiled(code), space)
        except Exception:
            return None
    return loss_call(space["criterion"], space["logits"], space["target"])


def loss_of(call: LossCall) -> float:
    """Run the loss and return it as a number: with reduction="none", the mean.

    Raises:
        Whatever the loss raises.
    """
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cause is shown below, not torch's guess at one
        loss = call.criterion(call.logits.detach(), call.target.detach())
    return float(loss if loss.ndim == 0 else loss.double().mean())


@lru_cache(maxsize=256)
def _compiled(code: str) -> CodeType:
    return compile(code, "<fix>", "exec")


def _result(code: str, repaired: LossCall, call: LossCall, loss: float) -> str:
    logits, target = call.folded or (call.logits, call.target)
    parts = [f"loss {loss:.3f}"]
    if repaired.logits.shape != logits.shape:
        parts.append(f"logits {tuple(repaired.logits.shape)}")
    if repaired.target.shape != target.shape:
        parts.append(f"target {tuple(repaired.target.shape)}")
    elif repaired.target.dtype != target.dtype:
        parts.append(f"target {str(repaired.target.dtype).removeprefix('torch.')}")
    if "hidden" in code and call.hidden is None:
        parts.append("on stand-in states")
    return ", ".join(parts)
