"""What a loss that ran may still have got wrong: the search judges shapes, values are suspected here."""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.repairs import DOUBTFUL, FAILS, FITS, RIGHT, WRONG, has_its_shapes, loss_of, why
from helpers.diagnosis.loss.values import (
    are_log_probabilities,
    is_integer,
    is_one_hot,
    is_within_0_and_1,
    sums_to_1,
)
from helpers.diagnosis.said.finding import ANSWERS, BATCH, CLASSES, FITS_BCE, SCORES, Finding, bce, new_head
from helpers.diagnosis.said.result import Fix

LAST_RESORT = "where you can't take it out"
ENOUGH = 8  # as many raw logits are hardly ever all between 0 and 1
_ONE = "at least one row; this batch is empty, and the mean of nothing is nan"
EMPTY = Finding("dropped_rows", _ONE, BATCH)
CHANCE = 0.01  # with fewer labels than this a class may be missing by chance; with more, hardly


def what_is_silent(call: LossCall) -> Finding | None:
    """Name the mistake in a call that ran, or None where it may well be right."""
    if not _is_ours(call):
        return None
    if _misfits(call) and not call.logits.numel():
        return EMPTY
    return _ignored_label(call) or why(call, grade) if _misfits(call) else _suspicion(call)


def grade(call: LossCall) -> tuple[int, float | None]:
    """Say how right a call is, from `FAILS` to `RIGHT`, and its loss where it runs."""
    if not has_its_shapes(call):
        return FAILS, None
    try:
        loss = loss_of(call)
    except Exception:  # that it raises is the answer
        return FITS, None
    if not _is_ours(call):
        return RIGHT, loss
    if _misfits(call):
        return WRONG, loss
    found = _suspicion(call)
    return (RIGHT if found is None else WRONG if found.certain else DOUBTFUL), loss


def _is_ours(call: LossCall) -> bool:
    return bool(call.loss) and not call.unread and call.logits.ndim > 0 and call.logits.is_floating_point()


def _misfits(call: LossCall) -> bool:
    """Whether shapes or the range of the answers are not what the loss is for, though it ran."""
    if call.takes.by_index:
        return _misreads(call)
    if not has_its_shapes(call):
        return True
    return call.takes.binary and not is_integer(call.target) and not is_within_0_and_1(call.target)


def _misreads(call: LossCall) -> bool:
    """Whether tokens are taken for classes: the target fits by chance, or to obey torch's hint.

    Two outputs on axis 1 are left alone: a sentence with one marked token has such a target too.
    """
    if call.logits.ndim != 3 or call.axis != 1:
        return False
    rows, read, last = call.logits.shape
    if tuple(call.target.shape) != (rows, last) or call.classes == read or read == last:
        return False
    return call.classes == last or (read > 2 and is_one_hot(call.target, 1))


def _suspicion(call: LossCall) -> Finding | None:
    """What the values show: the first that is found."""
    found = _of_classes(call) if call.takes.by_index else _of_numbers(call)
    return next(found, None) or _ignored_label(call)


def _ignored_label(call: LossCall) -> Finding | None:
    """The label that cross entropy leaves out counts here, as a number that is far from all others."""
    ignored = call.target == call.ignore_index
    others = call.target[~ignored]
    is_odd = bool(ignored.any()) and len(others) and not bool((others < 0).any())
    if call.takes.by_index or call.logits.shape != call.target.shape or not is_odd:
        return None
    needs = f"no {call.ignore_index} in the target: only cross entropy leaves it out, here it is a number"
    code = f"kept = target != {call.ignore_index}\nlogits, target = logits[kept], target[kept]"
    return Finding("label_range", needs, ANSWERS, (Fix("leave them out", code),), certain=call.takes.binary)


def _of_numbers(call: LossCall) -> Iterator[Finding]:
    """A sigmoid or a softmax before a loss that compares number by number."""
    logits, is_raw = call.logits, call.loss == "binary_cross_entropy_with_logits"
    if is_raw and logits.shape[-1] > 1 and sums_to_1(logits, -1):
        needs = "raw logits: every row sums to 1, so a softmax stands before the loss, which has a sigmoid"
        yield Finding("softmax_before_loss", needs, SCORES)
    # Raw logits lie on both sides of 0.
    if is_raw and logits.numel() >= ENOUGH and bool(((logits > 0) & (logits < 1)).all()):
        needs = "raw logits; where the model ends in a sigmoid, take it out: these all lie between 0 and 1"
        undo = Fix("undo the sigmoid with logit", "logits = logits.logit()", when=LAST_RESORT)
        other = Fix("use the loss for probabilities", "criterion = F.binary_cross_entropy")
        yield Finding("softmax_before_loss", needs, SCORES, (undo, other), certain=False)
    if logits.shape[-1] == 1 < logits.numel() and bool((logits == 1).all()):
        needs = "raw numbers: a softmax over one output is always 1, so nothing can be learned; take it out"
        yield Finding("softmax_before_loss", needs, SCORES, certain=False)


def _of_classes(call: LossCall) -> Iterator[Finding]:
    """Nothing to learn from, or scores, labels and outputs that cross entropy and NLL don't mean."""
    logits, outputs = call.logits, call.outputs
    is_nll, whole = call.loss == "nll_loss", is_integer(call.target)
    if logits.ndim == call.target.ndim == 1:
        needs = f"logits (1, {outputs}) for a batch of one: its axis was squeezed away"
        back = Fix("put the batch axis back", "logits = logits.unsqueeze(0)")
        yield Finding("squeeze_mismatch", needs, BATCH, (back,))
    if not logits.numel():
        yield EMPTY
    if whole and not len(call.counted_labels):
        needs = f"at least one label that is not {call.ignore_index}; the mean of nothing is nan"
        yield Finding("all_ignored", needs, ANSWERS)
    if call.classes == 1:
        needs = "two classes or more, and an output for each: with one class there is nothing to choose"
        always = ", and cross entropy over one output is always 0" * (outputs == 1)
        cause = "head_size" if outputs == 1 else "unused_outputs"
        yield Finding(cause, needs + always, CLASSES)
    if outputs == 1:
        needs = "two outputs or more: the softmax of one number is always 1, so the loss is always 0"
        two = Fix("two outputs", new_head(2, call.loss), when="or as many as there are classes")
        code, when = f"logits = logits.squeeze(1)\n{bce(call.target)}", "where there are two classes"
        yes_no = Fix("keep one output, for yes or no", code, when=when)
        yield Finding("head_size", needs, CLASSES, (two, yes_no))
    if sums_to_1(logits, call.axis):
        needs = "raw logits: take the softmax out of the model; each row sums to 1, "
        needs += f"so the loss can't fall below {log(outputs - 1 + e) - 1:.2f}"
        needs = "log-probabilities; these are probabilities, so the log is missing" if is_nll else needs
        code, when = "logits = logits.clamp_min(1e-12).log()", "" if is_nll else LAST_RESORT
        yield Finding("softmax_before_loss", needs, SCORES, (Fix("take the logarithm", code, when=when),))
    if is_nll and not are_log_probabilities(logits, call.axis):
        needs = "log-probabilities, from log_softmax; these are raw logits, which cross entropy takes"
        other = Fix("use cross entropy", "criterion = F.cross_entropy")
        yield Finding("loss_choice", needs, SCORES, (other,))
    if not whole and not sums_to_1(call.target, call.axis):
        needs = "probabilities that sum to 1 for each row, or a loss that takes each output by itself"
        each = Fix("score each class by itself", bce(call.target), when=FITS_BCE)
        yield Finding("loss_choice", needs, ANSWERS, (each,), certain=False)
    if whole and logits.ndim == 3 and logits.shape[1] == logits.shape[2]:
        needs = f"classes on axis 1; both axes are {outputs} long, so a forgotten transpose raises nothing"
        code = "logits = logits{}.flatten(0, 1)\ntarget = target.flatten()"
        last = Fix("flatten both", code.format(""), when="where logits are (N, T, C)")
        turned = Fix("turn, then flatten", code.format(".transpose(1, 2)"), when="where logits are (N, C, T)")
        yield Finding("needs_flatten_or_transpose", needs, CLASSES, (last, turned), certain=False)
    if whole:
        yield from _unused(call)


def _unused(call: LossCall) -> Iterator[Finding]:
    """The last outputs, where no label asks for them."""
    outputs, labels = call.outputs, call.counted_labels
    seen, count = max(call.classes or 0, int(labels.max()) + 1), len(labels)
    # Were all outputs in use and equally likely, how probable would a batch without the last ones be?
    if seen < outputs and (call.classes is not None or (seen / outputs) ** count < CHANCE):
        rest = f"output {seen}" if outputs == seen + 1 else f"outputs {seen} to {outputs - 1}"
        needs = f"{seen} outputs for {seen} classes: no label ever asks for {rest}"
        if call.classes is None:
            needs = f"as many outputs as classes: none of {count} labels asks for {rest}"
        fewer = Fix("one output per class", new_head(seen, call.loss))
        yield Finding("unused_outputs", needs, CLASSES, (fewer,), certain=False)
