"""Run a criterion on logits and target, and say what it did, why, and what mends it.

The cause is read from shapes, dtypes and values, never from an exception's wording: messages change between
versions of torch, shapes do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import Tensor

from helpers.diagnosis.loss.call import BY_INDEX, FUNCTIONS, LossCall, loss_call
from helpers.diagnosis.loss.class_axis import what_tells_the_classes
from helpers.diagnosis.loss.index_rules import why_index_loss_raised
from helpers.diagnosis.loss.number_rules import why_number_loss_raised
from helpers.diagnosis.loss.silent import what_is_silent
from helpers.diagnosis.loss.trial import loss_of, prove
from helpers.diagnosis.loss.values import label_range
from helpers.diagnosis.said.finding import Finding
from helpers.diagnosis.said.result import Diagnosis, Outcome
from helpers.threads import one_thread


def check_loss(
    criterion: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor, classes: int | None = None
) -> Diagnosis:
    """Run the loss, say what it did, and prove what mends it. Nothing of the caller's is changed.

    Args:
        criterion: A loss of `torch.nn.functional`, a `functools.partial` of one, or its module, such as
            `nn.CrossEntropyLoss(ignore_index=0)`. Any other callable is run and its outcome reported.
        logits: What the loss takes first, such as floating point (N, C).
        target: What it takes second, such as int64 class indices (N,).
        classes: How many classes the data has, where that is known. One batch alone can hardly tell an
            output that is never needed from a class that is rare.

    Returns:
        A `Diagnosis` whose outcome is "ok", "silent" or "raises". It never raises itself.

    >>> import torch
    >>> import torch.nn.functional as F
    >>> print(check_loss(F.cross_entropy, torch.zeros(4, 3), torch.tensor([[1], [0], [2], [1]])))
    ✗ RuntimeError: 0D or 1D target tensor expected, multi-target not supported
    cause  the target has an axis too many
    got    logits (N=4, C=3), target (4, 1) with labels 0 to 2
    needs  target (4,), without the axis of size 1
    try    target = target.flatten()  # loss 1.099, target (4,)
    """
    return diagnose(loss_call(criterion, logits, target), classes=classes)


def diagnose(
    call: LossCall, error: BaseException | None = None, where: str = "", classes: int | None = None
) -> Diagnosis:
    """Diagnose a loss call: run it, or take the exception that it is known to have raised.

    Args:
        call: What was passed.
        error: What it raised; the call is not run again then.
        where: The learner's own line.
        classes: See `check_loss`.
    """
    if call.loss in BY_INDEX and not (call.logits.ndim == 2 and call.target.ndim == 1):
        call = replace(call, folded=None)  # nothing was flattened that the loss would want flat
    with one_thread(call.logits.numel()):
        loss, error = (None, error) if error is not None else _run(call)
        finding = what_is_silent(call, classes) if error is None else _why_it_raised(call, classes)
        fixes = prove(finding.candidates, call, partial(loss_if_ok, classes=classes)) if finding else ()
    outcome: Outcome = "raises" if error is not None else "silent" if finding else "ok"
    said = None if error is None else f"{type(error).__name__}: {error}"
    plain = Diagnosis(outcome, describe(call), loss, said, where=where)
    return finding.told(plain, fixes) if finding else plain


def _run(call: LossCall) -> tuple[float | None, Exception | None]:
    try:
        return loss_of(call), None
    except Exception as error:  # whatever the learner's loss raises is the result to report
        return None, error


def _why_it_raised(call: LossCall, classes: int | None) -> Finding | None:
    if call.loss in BY_INDEX:
        return what_tells_the_classes(call, classes) or why_index_loss_raised(call)
    return why_number_loss_raised(call) if call.loss in FUNCTIONS else None


def loss_if_ok(call: LossCall, classes: int | None = None) -> float | None:
    """Return the loss of a call that runs and makes no silent mistake, else None."""
    loss, _ = _run(call)
    return None if loss is None or what_is_silent(call, classes) else loss


def describe(call: LossCall) -> str:
    """Return the two shapes with axis letters where they are sure, and the labels' range."""
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    known = call.loss in BY_INDEX and len(logits) == 2
    left = f"(N={logits[0]}, C={logits[1]})" if known else str(logits)
    right = f"(N={target[0]},)" if known and len(target) == 1 else str(target)
    words = f"logits {left}, target {right}"
    if call.folded is not None:
        before = f"logits {tuple(call.folded[0].shape)}, target {tuple(call.folded[1].shape)}"
        words = f"{before}; flattened to {words}" if before != words else words
    if call.target.is_floating_point() or call.target.is_complex():
        return f"{words} of {str(call.target.dtype).removeprefix('torch.')}"
    labels = label_range(call) if call.loss in BY_INDEX else None
    if labels is None:
        return words
    lowest, highest = labels
    return (
        f"{words} with label {lowest}" if lowest == highest else f"{words} with labels {lowest} to {highest}"
    )
