"""Why cross entropy or NLL raised: rules from shapes, dtypes and values to a cause.

The rule behind them (torch's page "CrossEntropyLoss"): logits (N, C) with int64 indices (N,), (N, C, d1, ...)
with (N, d1, ...), (C,) with (); or floating-point probabilities of the shape of logits.
"""

from __future__ import annotations

from math import prod

import torch

from helpers.diagnosis.evidence import LossCall
from helpers.diagnosis.finding import CLASSES, LABEL, Candidate, Finding, new_head
from helpers.diagnosis.index_shapes import BCE, FITS_BCE, index_shape, why_shapes_do_not_fit
from helpers.diagnosis.values import (
    counted_labels,
    is_integer,
    is_one_hot,
    is_whole,
    is_zero_one,
    label_range,
    sums_to_1,
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
        return _out_of_range(call)
    if not is_whole(call.target):
        needs = "class indices; these are fractions, so either a loss for numbers or another target"
        regression = new_head(1, "mse_loss", ".squeeze(-1)") + "\ncriterion = F.mse_loss"
        number = (Candidate("predict the number itself", regression, "where the target is a quantity"),)
        return Finding("loss_choice", needs, CLASSES, number)
    dtype = str(call.target.dtype).removeprefix("torch.")
    candidates = (
        Candidate("make the labels int64", "target = target.long()"),
        *_range_candidates(call, ".long()"),
    )
    return Finding("target_dtype", f"class indices in int64; these are {dtype}", (), candidates)


def _out_of_range(call: LossCall) -> Finding | None:
    outputs = call.logits.shape[1 if call.logits.ndim > 1 else 0]
    fits = "only label 0 fits" if outputs == 1 else f"labels 0 to {outputs - 1} fit"
    if call.unread:
        needs = f"an output for every label: C is {outputs}, so {fits}"
        return Finding("head_size", needs, LABEL, certain=False, also="the labels don't count from 0")
    weight = call.options.get("weight")
    if weight is not None and weight.numel() != outputs:
        needs = f"one class weight per output: C is {outputs}, and weight has {weight.numel()}"
        return Finding(
            "head_size", needs, CLASSES, (Candidate("as many outputs", new_head(weight.numel(), call.loss)),)
        )
    labels = label_range(call)
    if labels is None or (labels[0] >= 0 and labels[1] < outputs):
        # torch takes uint8 indices for logits (N, C) only.
        int64 = Candidate("make the labels int64", "target = target.long()")
        narrow = call.target.dtype == torch.uint8
        return (
            Finding("target_dtype", "class indices in int64; these are uint8", (), (int64,))
            if narrow
            else None
        )
    lowest, highest = labels
    cause, needs = (
        "head_size",
        f"an output for every label: C is {outputs}, so {fits}, and the labels go up to {highest}",
    )
    if lowest < 0:
        cause, needs = "label_range", f"labels from 0 to {outputs - 1}; label {lowest} came"
    elif lowest > 0 and highest == outputs:
        cause = "label_range"
        needs = f"labels from 0 to {outputs - 1}; these go from {lowest} to {highest}, as if counted from 1"
    return Finding(cause, needs, LABEL, _range_candidates(call))


def _range_candidates(call: LossCall, cast: str = "") -> tuple[Candidate, ...]:
    """What may be meant by labels that don't fit: ranked, for the learner to choose."""
    labels = label_range(call)
    outputs = call.logits.shape[1 if call.logits.ndim > 1 else 0]
    if labels is None:
        return ()
    lowest, highest = labels
    candidates = []
    if lowest < 0 and set(counted_labels(call).unique().tolist()) == {-1, 1}:
        candidates.append(Candidate("count -1 and 1 as 0 and 1", f"target = (target{cast} + 1) // 2"))
    if lowest and highest - lowest < outputs:
        shift = f"- {lowest}" if lowest > 0 else f"+ {-lowest}"
        when = f"where {lowest} is the first class"
        candidates.append(Candidate("count from 0", f"target = target{cast} {shift}", when))
    if call.logits.ndim <= 2 and highest >= outputs:
        code = new_head(highest + 1, call.loss) + (f"\ntarget = target{cast}" if cast else "")
        when = f"where there are {highest + 1} classes"
        candidates.append(Candidate("give the head as many outputs as classes", code, when))
    if lowest < 0 and highest - lowest >= outputs and call.logits.ndim <= 2:
        code = f"target = target{cast} + {-lowest}\n" + new_head(highest - lowest + 1, call.loss)
        candidates.append(Candidate("count from 0, with an output for each class", code))
    if outputs == 1 and lowest >= 0 and highest == 1:
        code = f"logits = logits.squeeze(1)\n{BCE}"
        candidates.append(Candidate("keep one output, for yes or no", code, "where there are two classes"))
    bad = " | ".join(
        filter(None, ["(target < 0)" * (lowest < 0), f"(target >= {outputs})" * (highest >= outputs)])
    )
    ignore = f"target = target{cast}.masked_fill({bad}, {call.ignore_index})"
    candidates.append(
        Candidate("ignore the labels that don't fit", ignore, "where they are mistakes in the data")
    )
    return tuple(candidates)


def _fractions(call: LossCall, logits: tuple[int, ...], target: tuple[int, ...]) -> Finding:
    """The target is floating point and no list of labels: probabilities, or quantities."""
    if target == logits:
        needs = "class indices in int64: NLL takes no probabilities, cross entropy does"
        candidates = [
            Candidate("use cross entropy, which takes probabilities", "criterion = F.cross_entropy")
        ]
        if len(logits) > 1 and is_one_hot(call.target, 1):
            candidates.insert(0, Candidate("use the index of the 1", "target = target.argmax(1)"))
        return Finding("one_hot_index", needs, CLASSES, tuple(candidates))
    if len(logits) == len(target) == 2 and logits[0] == target[0] and sums_to_1(call.target, 1):
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
            return Finding("one_hot_index", needs, CLASSES, candidates)
    if is_zero_one(call.target) and len(shape) > 1:
        needs = "one class per row; these rows have several 1s or none: take each output by itself"
        return Finding(
            "loss_choice", needs, CLASSES, (Candidate("score each class by itself", BCE, FITS_BCE),)
        )
    if len(shape) == 1:
        needs = (
            f"an axis for the classes: logits (N, C); ({outputs},) is read as one row of {outputs} classes"
        )
        yes_no = Candidate("keep one output per row, for yes or no", BCE, "where there are two classes")
        return Finding("squeeze_mismatch", needs, CLASSES, (yes_no,))
    needs = f"a prediction for each of the {shape[1]} labels of a row: logits (N, T, C)"
    return Finding("sequence_logits_for_token", needs, CLASSES, certain=False)


def _one_output(call: LossCall) -> Finding:
    labels = label_range(call)
    highest = labels[1] if labels else 1
    candidates = [Candidate("keep one output, for yes or no", BCE, "where there are two classes")]
    if call.logits.ndim == 2:
        code = f"target = target.squeeze(1).long()\n{new_head(max(highest, 1) + 1, call.loss)}"
        candidates.append(Candidate("one output per class, labels (N,)", code))
    needs = (
        "two outputs or more, and class indices (N,); one output is for yes or no, with binary cross entropy"
    )
    return Finding("head_size", needs, CLASSES, tuple(candidates), also="the target has an axis too many")
