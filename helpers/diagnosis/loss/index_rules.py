"""Why cross entropy or NLL raised: rules from shapes, dtypes and values to a cause.

The rule behind them (torch's page "CrossEntropyLoss"): logits (N, C) with int64 indices (N,), (N, C, d1, ...)
with (N, d1, ...), (C,) with (); or floating-point probabilities of the shape of logits.
"""

from __future__ import annotations

from math import prod

import torch

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.index_shapes import why_shapes_do_not_fit
from helpers.diagnosis.loss.label_rules import label_repairs, why_labels_do_not_fit
from helpers.diagnosis.loss.token_shapes import index_shape
from helpers.diagnosis.loss.values import (
    is_integer,
    is_one_hot,
    is_whole,
    is_zero_one,
    label_range,
    sums_to_1,
)
from helpers.diagnosis.said.finding import (
    ANSWERS,
    BATCH,
    CLASSES,
    DTYPE,
    FITS_BCE,
    TOKENS,
    Candidate,
    Finding,
    bce,
    new_head,
)


def why_index_loss_raised(call: LossCall) -> Finding | None:
    """Name the cause: first what is wrong with values and dtypes where the shapes fit, then the shapes."""
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    if not call.logits.is_floating_point():
        needs = "logits in floating point: the raw scores of the head, before any argmax"
        return Finding("target_dtype", needs, CLASSES)
    if not logits:
        return Finding("squeeze_mismatch", "logits with an axis for the classes: (N, C)", CLASSES)
    if target == index_shape(logits):
        return _indices(call)
    if call.folded is not None and call.folded[0].ndim:
        # The learner flattened; the tensors before that show what does not belong together.
        logits, target = tuple(call.folded[0].shape), tuple(call.folded[1].shape)
        call = LossCall(call.loss, call.criterion, *call.folded, call.options, call.hidden, None, call.unread)
    if target == logits and is_integer(call.target):
        return _same_shape(call)
    if not is_integer(call.target) and not call.unread and not (target != logits and is_whole(call.target)):
        return _fractions(call, logits, target)
    return why_shapes_do_not_fit(call, logits, target)


# The shapes fit.


def _indices(call: LossCall) -> Finding | None:
    if call.unread or call.target.dtype in (torch.int64, torch.uint8):
        return why_labels_do_not_fit(call)
    if not is_whole(call.target):
        needs = "class indices; these are fractions, so either a loss for numbers or another target"
        regression = new_head(1, "mse_loss", ".squeeze(-1)") + "\ncriterion = F.mse_loss"
        number = (Candidate("predict the number itself", regression, "where the target is a quantity"),)
        return Finding("loss_choice", needs, CLASSES, number)
    dtype = str(call.target.dtype).removeprefix("torch.")
    candidates = (
        Candidate("make the labels int64", "target = target.long()"),
        *label_repairs(call, ".long()"),
    )
    return Finding("target_dtype", f"class indices in int64; these are {dtype}", DTYPE, candidates)


def _fractions(call: LossCall, logits: tuple[int, ...], target: tuple[int, ...]) -> Finding:
    """The target is floating point and no list of labels: probabilities, or quantities."""
    if target == logits and call.loss == "cross_entropy":
        # Only after flattening does cross entropy refuse probabilities in the shape of logits.
        whole = Candidate("leave both unflattened", "target = target.to(logits.dtype)")
        needs = f"probabilities in the shape of logits: {logits}; flattened, they belong to no row"
        return Finding("one_hot_index", needs, CLASSES, (whole,))
    if target == logits:
        needs = "class indices in int64: NLL takes no probabilities, cross entropy does"
        candidates = [
            Candidate("use cross entropy, which takes probabilities", "criterion = F.cross_entropy")
        ]
        if len(logits) > 1 and is_one_hot(call.target, 1):
            candidates.insert(0, Candidate("use the index of the 1", "target = target.argmax(1)"))
        return Finding("one_hot_index", needs, CLASSES, tuple(candidates))
    is_rows = len(target) == 2 and sums_to_1(call.target, 1)
    if is_rows and logits[0] != target[0]:
        needs = f"a row of probabilities for each row of logits; there are {logits[0]}, and here {target[0]}"
        return Finding("batch_target", needs, BATCH)
    if is_rows and len(logits) == 2:
        needs = f"as many outputs as classes: the target has {target[1]}, C is {logits[1]}"
        code = new_head(target[1], call.loss)
        return Finding("head_size", needs, CLASSES, (Candidate("one output per class", code),))
    if prod(target) == logits[0]:
        code = f"{new_head(1, 'mse_loss', '.flatten()')}\ntarget = target.flatten()\ncriterion = F.mse_loss"
        regression = Candidate("predict the number itself", code, "where the target is a quantity")
        needs = (
            "class indices (N,) in int64; these are fractions, so either a loss for numbers or another target"
        )
        return Finding("loss_choice", needs, CLASSES, (regression,))
    needs = f"class indices in int64, of shape {index_shape(logits)}, or probabilities of shape {logits}"
    cause = "batch_target" if target[:1] != logits[:1] else "loss_choice"
    return Finding(cause, needs, CLASSES, certain=False)


def _same_shape(call: LossCall) -> Finding:
    """The target is whole numbers in the shape of logits: one-hot, multi-hot, or labels per token."""
    shape, outputs = tuple(call.logits.shape), call.logits.shape[-1]
    if call.unread:
        return Finding(
            "one_hot_index", "class indices (N,), or probabilities in floating point", CLASSES, certain=False
        )
    if len(shape) > 1 and shape[1] == 1:
        return _one_output(call)
    axis = 1 if len(shape) > 1 else 0
    for classes in dict.fromkeys((axis, len(shape) - 1)):
        if is_one_hot(call.target, classes):
            turn = "\nlogits = logits.movedim(-1, 1)" if classes > 1 else ""
            floats = "\ntarget = target.movedim(-1, 1)" if classes > 1 else ""
            candidates = (
                Candidate("use the index of the 1", f"target = target.long().argmax({classes}){turn}"),
                Candidate("make them floating-point probabilities", f"target = target.float(){floats}{turn}"),
            )
            needs = "indices (N,) in int64, or these one-hot rows in floating point"
            return Finding("one_hot_index", needs, DTYPE, candidates)
    if is_zero_one(call.target) and len(shape) > 1:
        needs = "one class per row; these rows have several 1s or none: take each output by itself"
        return Finding(
            "loss_choice",
            needs,
            ANSWERS,
            (Candidate("score each class by itself", bce(call.target), FITS_BCE),),
        )
    if len(shape) == 1:
        needs = (
            f"an axis for the classes: logits (N, C); ({outputs},) is read as one row of {outputs} classes"
        )
        yes_no = Candidate(
            "keep one output per row, for yes or no", bce(call.target), "where there are two classes"
        )
        return Finding("squeeze_mismatch", needs, CLASSES, (yes_no,))
    needs = f"a prediction for each of the {shape[1]} labels of a row: logits (N, T, C)"
    return Finding("sequence_logits_for_token", needs, TOKENS, certain=False)


def _one_output(call: LossCall) -> Finding:
    labels = label_range(call)
    highest = labels[1] if labels else 1
    candidates = [
        Candidate("keep one output, for yes or no", bce(call.target), "where there are two classes")
    ]
    if call.logits.ndim == 2:
        code = f"target = target.squeeze(1).long()\n{new_head(max(highest, 1) + 1, call.loss)}"
        candidates.append(Candidate("one output per class, labels (N,)", code))
    needs = (
        "two outputs or more, and class indices (N,); one output is for yes or no, with binary cross entropy"
    )
    return Finding("head_size", needs, CLASSES, tuple(candidates), also="the target has an axis too many")
