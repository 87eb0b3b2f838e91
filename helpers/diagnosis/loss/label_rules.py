"""Why labels of the right shape don't fit the head: too few outputs, or labels numbered otherwise."""

from __future__ import annotations

import torch

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.values import label_range
from helpers.diagnosis.said.finding import CLASSES, LABEL, Candidate, Finding, bce, new_head


def why_labels_do_not_fit(call: LossCall) -> Finding | None:
    """Name the cause where shapes and dtype are right: a label, or a class weight, without an output."""
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
    elif 1 < outputs < (highest + 1) / 2 and len(call.counted_labels.unique()) <= outputs:
        cause = "label_range"
        needs = f"labels from 0 to {outputs - 1}; few labels occur, and they go up to {highest}"
    elif lowest > 0 and highest == outputs > 1:
        cause = "label_range"
        these = f"these go from {lowest} to {highest}" if lowest < highest else f"here is only {highest}"
        needs = f"labels from 0 to {outputs - 1}; {these}, as if counted from 1"
    return Finding(cause, needs, LABEL, label_repairs(call))


def label_repairs(call: LossCall, cast: str = "") -> tuple[Candidate, ...]:
    """What may be meant by labels that don't fit: ranked, for the learner to choose."""
    labels = label_range(call)
    outputs = call.logits.shape[1 if call.logits.ndim > 1 else 0]
    if labels is None:
        return ()
    lowest, highest = labels
    candidates = []
    if lowest < 0 and set(call.counted_labels.unique().tolist()) == {-1, 1}:
        candidates.append(Candidate("count -1 and 1 as 0 and 1", f"target = (target{cast} + 1) // 2"))
    if highest >= 2 * outputs > 2 and len(call.counted_labels.unique()) <= outputs:
        renumber = f"target = target{cast}.unique(return_inverse=True)[1]"
        when = "where these are all the classes there are"
        candidates.append(Candidate("number the labels that occur from 0", renumber, when))
    if lowest and highest - lowest < outputs:
        first = 1 if lowest > 0 and highest == outputs else lowest  # class 1 need not be in every batch
        shift = f"- {first}" if first > 0 else f"+ {-first}"
        when = f"where {first} is the first class"
        candidates.append(Candidate("count from 0", f"target = target{cast} {shift}", when))
    if call.logits.ndim <= 2 and highest >= outputs:
        code = new_head(highest + 1, call.loss) + (f"\ntarget = target{cast}" if cast else "")
        when = f"where there are {highest + 1} classes"
        candidates.append(Candidate("give the head as many outputs as classes", code, when))
    if lowest < 0 and highest - lowest >= outputs and call.logits.ndim <= 2:
        code = f"target = target{cast} + {-lowest}\n" + new_head(highest - lowest + 1, call.loss)
        candidates.append(Candidate("count from 0, with an output for each class", code))
    if outputs == 1 and lowest >= 0 and highest == 1:
        code = f"logits = logits.squeeze(1)\n{bce(call.target)}"
        candidates.append(Candidate("keep one output, for yes or no", code, "where there are two classes"))
    bad = " | ".join(
        filter(None, ["(target < 0)" * (lowest < 0), f"(target >= {outputs})" * (highest >= outputs)])
    )
    ignore = f"target = target{cast}.masked_fill({bad}, {call.ignore_index})"
    candidates.append(
        Candidate("ignore the labels that don't fit", ignore, "where they are mistakes in the data")
    )
    return tuple(candidates)
