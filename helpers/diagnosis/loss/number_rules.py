"""Why a loss that compares number by number raised, or broadcast silently: MSE, L1, binary cross entropy.

The rule behind them (torch's pages "MSELoss" and "BCEWithLogitsLoss"): target has the shape of logits, and a
floating-point dtype. MSE broadcasts two other shapes against each other instead of refusing them.
"""

from __future__ import annotations

from math import prod

from torch import Tensor

from helpers.diagnosis.loss.call import BINARY, LossCall
from helpers.diagnosis.loss.ones import one_axis_too_many, written
from helpers.diagnosis.loss.values import is_integer, is_whole, is_within_0_and_1
from helpers.diagnosis.said.finding import (
    BATCH,
    BOTH_CLASSES,
    CLASSES,
    DTYPE,
    TOKENS,
    Candidate,
    Finding,
    new_head,
)
from helpers.diagnosis.said.result import Mark

Shape = tuple[int, ...]
WITH_LOGITS = Candidate(
    "leave the sigmoid to the loss",
    "criterion = F.binary_cross_entropy_with_logits",
    "where these are raw logits",
)


def why_number_loss_raised(call: LossCall) -> Finding | None:
    """Name the cause where a loss of this family raised."""
    if call.logits.shape != call.target.shape:
        return number_shapes(call)
    if is_integer(call.logits):
        needs = "logits in floating point: the raw scores of the head, before any argmax"
        return Finding("target_dtype", needs, CLASSES)
    if is_integer(call.target):
        dtype = str(call.target.dtype).removeprefix("torch.")
        floats = Candidate("make the target floating point", "target = target.float()")
        needs = f"a floating-point target; this one is {dtype}"
        return Finding("target_dtype", needs, DTYPE, (floats, *_shift(call)))
    if call.target.dtype != call.logits.dtype:
        cast = Candidate("give both one dtype", "target = target.to(logits.dtype)")
        return Finding("target_dtype", f"one dtype; logits are {call.logits.dtype}", DTYPE, (cast,))
    pos_weight = call.options.get("pos_weight")
    if pos_weight is not None and call.logits.ndim and pos_weight.numel() not in (1, call.logits.shape[-1]):
        needs = f"one pos_weight per output: C is {call.logits.shape[-1]}, and it has {pos_weight.numel()}"
        return Finding("head_size", needs, CLASSES)
    if call.unread or call.loss != "binary_cross_entropy":
        return None
    if not is_within_0_and_1(call.logits):
        needs = "probabilities from 0 to 1: the output of a sigmoid, or the loss that takes raw logits"
        return Finding("loss_choice", needs, CLASSES, (WITH_LOGITS,))
    return None if is_within_0_and_1(call.target) else targets_out_of_range(call)


def targets_out_of_range(call: LossCall) -> Finding:
    """Binary targets that are neither 0 nor 1 nor between: what may be meant."""
    needs = f"targets from 0 to 1; these go from {call.target.min():g} to {call.target.max():g}"
    return Finding("label_range", needs, (Mark("target", "label"),), _shift(call))


def _shift(call: LossCall) -> tuple[Candidate, ...]:
    """Targets counted from another number than 0, where they take two values at most."""
    if call.unread or not 1 < len(call.target.unique()) <= 2:
        return ()
    lowest = float(call.target.min())
    if lowest == -1:
        return (Candidate("count -1 and 1 as 0 and 1", "target = (target.float() + 1) / 2"),)
    return (Candidate("count from 0", f"target = target.float() - {lowest:g}"),) if lowest else ()


def number_shapes(call: LossCall) -> Finding | None:
    """Name the cause where the two shapes differ, whether the loss raised or broadcast."""
    if call.folded is not None:
        before = LossCall(
            call.loss, call.criterion, *call.folded, call.options, call.hidden, None, call.unread
        )
        found = _outputs_differ(before)
        if found is not None:
            return found
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    if _without_ones(logits) == _without_ones(target):
        return one_axis_too_many(call, logits, target)
    if len(logits) == len(target) == 1:
        return _two_counts(logits[0], target[0])
    fewer = len(_without_ones(target)) < len(_without_ones(logits))
    if len(logits) > 2 and target[:1] == logits[:1] and fewer:
        return _tokens(call, logits, target)
    if len(logits) == 3 and target == (logits[0], logits[2], logits[1]):
        turn = Candidate("turn the logits", "logits = logits.transpose(1, 2)")
        return Finding("needs_flatten_or_transpose", f"both as {target}", BATCH, (turn,))
    if len(logits) == 2 and (target == logits[:1] or target == (logits[0], 1)):
        return _one_number_for_many_outputs(call, logits)
    return _outputs_differ(call)


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _two_counts(rows: int, labels: int) -> Finding:
    needs = f"one number for each row: target ({rows},)"
    if labels and rows > labels and not rows % labels:
        also = f"the head gives {rows // labels} numbers for each of {labels} rows"
        return Finding("batch_target", needs, BATCH, certain=False, also=also)
    return Finding("batch_target", needs, BATCH)


def _tokens(call: LossCall, logits: Shape, target: Shape) -> Finding:
    """Logits (N, T, C) beside one row of targets per sentence."""
    shape = (
        f"logits = logits[:, 0].reshape{written(target)}" if prod(target) == logits[0] * logits[-1] else ""
    )
    mean = f"logits = logits.mean(1).reshape{written(target)}" if shape else ""
    candidates = [Candidate("keep the first token, [CLS]", shape), Candidate("average over the tokens", mean)]
    needs = f"one prediction per sentence: logits {(logits[0], logits[-1])}"
    if target == logits[:-1]:
        needs = f"a number for each output: target {logits}"
        code = "logits = logits.movedim(-1, 1)\ntarget = target.long()\ncriterion = F.cross_entropy"
        one_class = Candidate("one class per token", code, "where exactly one class is right")
        return Finding("index_for_multilabel", needs, BOTH_CLASSES, (one_class,))
    return Finding("token_logits_for_sequence", needs, TOKENS, tuple(c for c in candidates if c.code))


def _one_number_for_many_outputs(call: LossCall, logits: Shape) -> Finding:
    _, outputs = logits
    one_output = f"{new_head(1, call.loss, '.squeeze(-1)')}\ntarget = target.flatten().float()"
    regression = Candidate("one output", one_output, "where each row has one number, or yes and no")
    if call.unread or not is_whole(call.target):
        needs = f"one output for one number per row; the head gives {outputs}"
        return Finding("head_size", needs, CLASSES, (regression,))
    first = int(call.target.min()) if call.target.numel() else 0
    indices = "target.flatten().long()" + (f" - {first}" if first else "")
    binary = call.loss in BINARY
    one_hot = Candidate(
        "a 0 or 1 for each output",
        f"target = F.one_hot({indices}, {outputs}).to(logits.dtype)",
        "where several classes may be right at once",
    )
    cross_entropy = Candidate(
        "one class per row",
        f"target = {indices}\ncriterion = F.cross_entropy",
        "where exactly one class is right"
        + (" and these are raw logits" if call.loss == "binary_cross_entropy" else ""),
    )
    candidates = (one_hot, cross_entropy, regression) if binary else (cross_entropy, regression, one_hot)
    needs = f"a number for each output: target {logits}; or, for one class per row, cross entropy"
    return Finding("index_for_multilabel" if binary else "loss_choice", needs, BOTH_CLASSES, candidates)


def _outputs_differ(call: LossCall) -> Finding:
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    if not logits or not target:
        needs = "two equal shapes; one side is a single number, so its axes were squeezed or averaged away"
        return Finding("squeeze_mismatch", needs, BATCH)
    if logits[0] != target[0]:
        return _other_batch(call.logits, call.target)
    if len(logits) == len(target) == 3 and logits[2] == target[2]:
        needs = f"one target per token: T is {logits[1]} in logits and {target[1]} in target"
        return Finding("static_length", needs, BATCH)
    if len(logits) == len(target):
        candidates = (Candidate("as many outputs as the target has", new_head(target[-1], call.loss)),)
        needs = f"as many outputs as the target has: {target[-1]}; the head gives {logits[-1]}"
        return Finding("head_size", needs, BOTH_CLASSES, candidates)
    if len(target) == 1 and len(logits) == 2:
        return _one_number_for_many_outputs(call, (logits[0], logits[1]))
    if len(target) == 2 and len(logits) == 1:
        needs = f"an output for each of the {target[1]} columns of the target: logits {target}"
        return Finding(
            "head_size", needs, BATCH, (Candidate("one output per column", new_head(target[1], call.loss)),)
        )
    if len(target) > len(logits):
        needs = f"a prediction for each number of the target: logits {target}"
        return Finding("sequence_logits_for_token", needs, TOKENS)
    needs = f"one prediction for each row of the target: logits {target}"
    return Finding("token_logits_for_sequence", needs, TOKENS, certain=False)


def _other_batch(logits: Tensor, target: Tensor) -> Finding:
    rows, count = logits.shape[0], target.shape[0]
    needs = f"one row of targets for each row of logits: target {tuple(logits.shape)}"
    if logits.ndim == 2 and logits.shape[1] == 1 and rows and count > rows and not count % rows:
        each = "the only row" if rows == 1 else f"each of the {rows} rows"
        needs = f"as many outputs as labels: there are {count // rows} labels for {each}"
        also = "not one label per row"
        return Finding("head_size", needs, BATCH, certain=False, also=also)
    return Finding("batch_target", needs, BATCH)
