"""Two shapes that differ in axes of size 1 only: losses that compare number by number raise, or broadcast."""

from __future__ import annotations

from math import prod

import torch

from helpers.diagnosis.loss.call import BINARY, LossCall
from helpers.diagnosis.loss.values import is_integer
from helpers.diagnosis.said.finding import BOTH_CLASSES, EXTRA_AXIS, Candidate, Finding

Shape = tuple[int, ...]


def one_axis_too_many(call: LossCall, logits: Shape, target: Shape) -> Finding:
    """The sizes are the same but for the 1s: which side has one too many."""
    floats = ".to(logits.dtype)" if is_integer(call.target) else ""
    target_code = f"target = target.reshape{written(logits)}{floats}"
    logits_code = f"logits = logits.reshape{written(target)}" + (
        f"\ntarget = target{floats}" if floats else ""
    )
    like_logits = Candidate("give the target the shape of logits", target_code)
    like_target = Candidate("give the logits the shape of the target", logits_code)
    needs = f"two equal shapes: target {logits}{_broadcast(call, logits, target)}"
    if len(target) > len(logits):
        return Finding("extra_target_dim", needs, EXTRA_AXIS, (like_logits,))
    return Finding("squeeze_mismatch", needs, BOTH_CLASSES, (like_logits, like_target))


def _broadcast(call: LossCall, logits: Shape, target: Shape) -> str:
    """Say what a loss that broadcasts really averages; nothing where it raised, or where that is the same."""
    try:
        compared = prod(torch.broadcast_shapes(logits, target))
    except RuntimeError:
        return ""
    count = prod(logits)
    if call.loss in BINARY or compared <= count:
        return ""
    others = "every target" if compared == count**2 else f"{compared // count} targets"
    return f"; now each logit is compared with {others}: {compared} differences, not {count}"


def written(shape: Shape) -> str:
    """Spell a shape as `reshape` takes it."""
    return str(shape) if shape else "(())"
