"""Why cross entropy or NLL raised where the shapes don't fit: an axis too many, missing, or elsewhere."""

from __future__ import annotations

from math import gcd, prod

import torch

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.token_shapes import index_shape, then_cast, why_many_axes_do_not_fit
from helpers.diagnosis.loss.values import is_one_hot, is_zero_one
from helpers.diagnosis.said.finding import (
    BATCH,
    BOTH_CLASSES,
    CLASSES,
    EXTRA_AXIS,
    FITS_BCE,
    TOKENS,
    TURNED,
    Candidate,
    Finding,
    bce,
    new_head,
)

Shape = tuple[int, ...]
FEWEST_TOKENS = 3  # [CLS], a word and [SEP]: with fewer labels a row, they are hardly one per token


def cast_of(call: LossCall) -> str:
    """Return what makes the target an index: nothing where it is one."""
    return "" if call.target.dtype in (torch.int64, torch.uint8) else ".long()"


def why_shapes_do_not_fit(call: LossCall, logits: Shape, target: Shape) -> Finding | None:
    """Name the cause from the two shapes, which are those of the call, or those before flattening."""
    cast, count = cast_of(call), prod(target)
    if len(logits) == 1:
        return _no_batch(logits, target)
    squeezed = tuple(size for size in target if size != 1)
    if len(logits) == 2:
        return _two_axes(call, logits, target, cast, count, squeezed)
    if target == logits[:-1]:
        turn = Candidate("put the classes on axis 1", f"logits = logits.movedim(-1, 1){then_cast(cast)}")
        flat = f"logits = logits.flatten(0, -2)\ntarget = target.flatten(){cast}"
        needs = f"classes on axis 1: logits {(logits[0], logits[-1], *logits[1:-1])} for target {target}"
        return Finding("needs_flatten_or_transpose", needs, TURNED, (turn, Candidate("flatten both", flat)))
    if len(target) == len(logits) and target[1] == 1 and target[:1] + target[2:] == index_shape(logits):
        squeeze = Candidate("drop the axis of size 1", f"target = target.squeeze(1){cast}")
        needs = f"target {index_shape(logits)}, without the axis of size 1"
        return Finding("extra_target_dim", needs, EXTRA_AXIS, (squeeze,))
    if target == (*logits[:-1], 1):
        code = f"target = target.squeeze(-1){cast}\nlogits = logits.movedim(-1, 1)"
        needs = f"target {logits[:-1]}, and classes on axis 1"
        turn = Candidate("drop the axis, turn the logits", code)
        return Finding("extra_target_dim", needs, EXTRA_AXIS, (turn,))
    return why_many_axes_do_not_fit(call, logits, target, cast, count)


def _no_batch(logits: Shape, target: Shape) -> Finding:
    needs = f"an axis for the batch: logits (N, C) with target (N,); logits {logits} is read as one row"
    if prod(target) == 1:
        code = "logits = logits.unsqueeze(0)\ntarget = target.reshape(1)"
        return Finding("squeeze_mismatch", needs, BATCH, (Candidate("put the batch axis back", code),))
    if len(target) == 2 and target[0] == logits[0]:
        needs = f"logits (N, C): these have one number for each of the {logits[0]} rows"
    return Finding("squeeze_mismatch", needs, BATCH, certain=False, also="not one label per row")


def _two_axes(
    call: LossCall, logits: Shape, target: Shape, cast: str, count: int, squeezed: Shape
) -> Finding | None:
    rows, outputs = logits
    if len(target) > 1 and count == rows and (squeezed == (rows,) or rows == 1):
        drop = Candidate("drop the axis of size 1", f"target = target.flatten(){cast}")
        yes_no = (
            (Candidate("keep one output, for yes or no", bce(call.target)),)
            if outputs == 1 and target == logits
            else ()
        )
        return Finding(
            "extra_target_dim", f"target ({rows},), without the axis of size 1", EXTRA_AXIS, (drop, *yes_no)
        )
    if not target and rows == 1:
        code = f"target = target.unsqueeze(0){cast}"
        return Finding(
            "squeeze_mismatch",
            "target (1,): a batch of one keeps its axis",
            BATCH,
            (Candidate("put the batch axis back", code),),
        )
    if len(target) > 1 and count == rows:
        flat = Candidate("flatten the target too", f"target = target.flatten(){cast}")
        needs = f"both sides flattened: logits {logits} belong to target ({rows},)"
        return Finding("needs_flatten_or_transpose", needs, BATCH, (flat,))
    if len(target) == 2 and target[0] == rows:
        return _labels_in_rows(call, logits, target)
    one_row = len(target) == 1 and count == rows * outputs and outputs > 1 and not call.unread
    if one_row and is_one_hot(call.target.reshape(rows, outputs), 1):
        code = f"target = target.reshape({rows}, {outputs}).argmax(1)"
        needs = f"indices ({rows},); these are {rows} one-hot rows, flattened"
        return Finding("one_hot_index", needs, BATCH, (Candidate("use the index of the 1", code),))
    if len(target) > 1 and target[0] == rows:
        needs = f"a prediction for each label of a row: logits (N, T, C) for target {target}"
        return Finding("sequence_logits_for_token", needs, TOKENS)
    return _wrong_count(rows, target[0] if target else 1)


def _wrong_count(rows: int, labels: int) -> Finding:
    needs = f"one label for each row of logits: target ({rows},)"
    if 1 < labels < rows and not rows % labels:
        also = f"each label has {rows // labels} rows: an axis was folded into the batch"
        return Finding("batch_target", needs, BATCH, certain=False, also=also)
    if rows and labels >= FEWEST_TOKENS * rows and not labels % rows:
        also = f"each row has {labels // rows} labels: a label per token wants logits (N, T, C)"
        return Finding("batch_target", needs, BATCH, certain=False, also=also)
    times = gcd(rows, labels)
    if times > 1 and abs(rows - labels) == times and min(rows, labels) >= FEWEST_TOKENS * times:
        lengths = f"{times} x {rows // times} and {times} x {labels // times}"
        also = f"both were flattened, from {lengths}: the lengths differ by one"
        return Finding("batch_target", needs, BATCH, certain=False, also=also)
    return Finding("batch_target", needs, BATCH)


def _labels_in_rows(call: LossCall, logits: Shape, target: Shape) -> Finding:
    """Target (N, k) beside logits (N, C): one-hot over another number of classes, or a label per token."""
    rows, outputs = logits
    if not call.unread and is_one_hot(call.target, 1):
        code = f"{new_head(target[1], call.loss)}\ntarget = target.argmax(1)"
        candidate = Candidate("one output per class, and the index of the 1", code)
        needs = f"as many outputs as classes: the one-hot rows have {target[1]}, C is {outputs}"
        return Finding("head_size", needs, BOTH_CLASSES, (candidate,))
    if not call.unread and is_zero_one(call.target) and call.target.is_floating_point():
        needs = f"an output for each of the {target[1]} columns, and a loss that takes each by itself"
        code = f"{new_head(target[1], call.loss)}\n{bce(call.target)}"
        return Finding("head_size", needs, CLASSES, (Candidate("one output per column", code, FITS_BCE),))
    needs = f"a prediction for each of the {target[1]} labels of a row: logits {(rows, target[1], outputs)}"
    return Finding("sequence_logits_for_token", needs, TOKENS)
