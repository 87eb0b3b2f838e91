"""What a loss that ran may still have got wrong: the search judges shapes, values are suspected here."""

from __future__ import annotations

import torch

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.repairs import DOUBTFUL, FAILS, FITS, RIGHT, WRONG, has_its_shapes, loss_of, why
from helpers.diagnosis.loss.values import (
    are_log_probabilities,
    is_integer,
    is_one_hot,
    is_within_0_and_1,
    label_range,
    sums_to_1,
)
from helpers.diagnosis.said.finding import (
    ANSWERS,
    BATCH,
    CLASSES,
    FITS_BCE,
    SCORES,
    TURNED,
    Candidate,
    Finding,
    bce,
    new_head,
)

LAST_RESORT = "where you can't take it out"
ENOUGH = 8  # as many raw logits are hardly ever all between 0 and 1
CHANCE = 0.01  # with fewer labels than this a class may be missing by chance; with more, hardly


def what_is_silent(call: LossCall) -> Finding | None:
    """Name the mistake in a call that ran, or None where it may well be right."""
    if not _is_ours(call):
        return None
    if not _misfits(call):
        return _suspicion(call)
    return _ignored_label(call) or why(call, grade)


def loss_if_right(call: LossCall) -> float | None:
    """Return the loss of a call that runs and makes no silent mistake, else None."""
    mark, loss = grade(call)
    return loss if mark == RIGHT else None


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
    if call.logits.shape != call.target.shape:
        return True
    return call.takes.binary and not is_integer(call.target) and not is_within_0_and_1(call.target)


def _misreads(call: LossCall) -> bool:
    """Whether tokens are taken for classes: the target fits by chance, or to obey torch's hint.

    Two outputs on axis 1 are left alone: a sentence with one marked token has such a target too.
    """
    if call.logits.ndim != 3 or not call.takes.by_index or call.axis != 1:
        return False
    rows, read, last = call.logits.shape
    if tuple(call.target.shape) != (rows, last) or call.classes == read or read == last:
        return False
    return call.classes == last or (read > 2 and is_one_hot(call.target, 1))


def _suspicion(call: LossCall) -> Finding | None:
    """What the values show."""
    if call.takes.by_index:
        return _index_loss(call)
    is_raw = call.takes.binary and call.takes.reads == "scores"
    found = _softmax_before_sigmoid(call) or _sigmoid_twice(call) if is_raw else None
    return found or _ignored_label(call) or _softmax_of_one(call)


def _ignored_label(call: LossCall) -> Finding | None:
    """The label that cross entropy leaves out counts here, as a number that is far from all others."""
    if call.takes.by_index or call.logits.shape != call.target.shape:
        return None
    ignored = call.target == call.ignore_index
    if not bool(ignored.any()) or bool(ignored.all()) or bool((call.target[~ignored] < 0).any()):
        return None
    needs = f"no {call.ignore_index} in the target: only cross entropy leaves it out, here it is a number"
    code = f"kept = target != {call.ignore_index}\nlogits, target = logits[kept], target[kept]"
    leave = Candidate("leave them out", code)
    return Finding("label_range", needs, ANSWERS, (leave,), certain=call.takes.binary)


def _softmax_of_one(call: LossCall) -> Finding | None:
    """One output, and the same 1 for every row: what a softmax makes of a single number."""
    if call.logits.shape[-1] != 1 or call.logits.numel() < 2 or not bool((call.logits == 1).all()):
        return None
    needs = "raw numbers: a softmax over one output is always 1, so nothing can be learned; take it out"
    return Finding("softmax_before_loss", needs, SCORES, certain=False)


def _softmax_before_sigmoid(call: LossCall) -> Finding | None:
    """Several outputs whose every row sums to 1."""
    if call.logits.shape[-1] < 2 or not sums_to_1(call.logits, -1):
        return None
    needs = "raw logits: every row sums to 1, so a softmax stands before the loss, which has a sigmoid"
    return Finding("softmax_before_loss", needs, SCORES)


def _sigmoid_twice(call: LossCall) -> Finding | None:
    """Raw logits lie on both sides of 0; many numbers all between 0 and 1 look like probabilities."""
    inside = (call.logits > 0) & (call.logits < 1)
    if call.logits.numel() < ENOUGH or not bool(inside.all()):
        return None
    needs = "raw logits; where the model ends in a sigmoid, take it out: these all lie between 0 and 1"
    undo = Candidate("undo the sigmoid with logit", "logits = logits.logit()", LAST_RESORT)
    probabilities = Candidate("use the loss for probabilities", "criterion = F.binary_cross_entropy")
    return Finding("softmax_before_loss", needs, SCORES, (undo, probabilities), certain=False)


def _index_loss(call: LossCall) -> Finding | None:
    outputs = call.outputs
    if call.logits.ndim == call.target.ndim == 1:
        code = "logits = logits.unsqueeze(0)"
        needs = f"logits (1, {outputs}) for a batch of one: its axis was squeezed away"
        return Finding("squeeze_mismatch", needs, BATCH, (Candidate("put the batch axis back", code),))
    if not call.logits.numel():
        needs = "at least one row; this batch is empty, and the mean of nothing is nan"
        return Finding("dropped_rows", needs, BATCH)
    if is_integer(call.target) and not len(call.counted_labels):
        needs = f"at least one label that is not {call.ignore_index}; the mean of nothing is nan"
        return Finding("all_ignored", needs, ANSWERS)
    if outputs == 1:
        return _one_output(call)
    found = _probabilities(call)
    if found is not None or not is_integer(call.target):
        return found or _soft_labels(call)
    return _axes(call) or _unused(call)


def _one_output(call: LossCall) -> Finding:
    needs = "two outputs or more: the softmax of one number is always 1, so the loss is always 0"
    code = f"logits = logits.squeeze(1)\n{bce(call.target)}"
    yes_no = Candidate("keep one output, for yes or no", code, "where there are two classes")
    two = Candidate("two outputs", new_head(2, call.loss), "or as many as there are classes")
    same = Candidate("keep one output, for yes or no", bce(call.target), "where there are two classes")
    return Finding(
        "head_size", needs, CLASSES, (two, yes_no, same) if call.logits.ndim == 2 else (yes_no, same)
    )


def _probabilities(call: LossCall) -> Finding | None:
    """Softmax before cross entropy, or no log-softmax before NLL."""
    axis = call.axis
    floor = torch.tensor(float(call.outputs)).sub(1).add(torch.e).log().sub(1)
    if sums_to_1(call.logits, axis):
        code = "logits = logits.clamp_min(1e-12).log()"
        if call.loss == "nll_loss":
            needs = "log-probabilities; these are probabilities, so the log is missing"
            return Finding("softmax_before_loss", needs, SCORES, (Candidate("take the log", code),))
        needs = "raw logits: take the softmax out of the model; each row sums to 1, "
        needs += f"so the loss can't fall below {floor:.2f}"
        undo = Candidate("undo the softmax with a logarithm", code, LAST_RESORT)
        return Finding("softmax_before_loss", needs, SCORES, (undo,))
    if call.loss == "nll_loss" and not are_log_probabilities(call.logits, axis):
        needs = "log-probabilities, from log_softmax; these are raw logits, which cross entropy takes"
        code = f"logits = logits.log_softmax({axis})"
        candidates = (
            Candidate("use cross entropy", "criterion = F.cross_entropy"),
            Candidate("apply log_softmax first", code),
        )
        return Finding("loss_choice", needs, SCORES, candidates)
    return None


def _soft_labels(call: LossCall) -> Finding | None:
    if sums_to_1(call.target, call.axis):
        return None
    needs = "probabilities that sum to 1 for each row, or a loss that takes each output by itself"
    candidates = (Candidate("score each class by itself", bce(call.target), FITS_BCE),)
    return Finding("loss_choice", needs, ANSWERS, candidates, certain=False)


def _unused(call: LossCall) -> Finding | None:
    labels = label_range(call)
    if labels is None:
        return None
    found = unused(call.outputs, labels[1], len(call.counted_labels), call.classes)
    if found is None:
        return None
    seen, needs = found
    fewer = Candidate("one output per class", new_head(seen, call.loss))
    candidates = (fewer,) if call.logits.ndim == 2 and seen > 1 else ()
    return Finding("unused_outputs", needs, CLASSES, candidates, certain=False)


def unused(outputs: int, highest: int, count: int, classes: int | None) -> tuple[int, str] | None:
    """Say how many outputs are enough and who asks for no more; None where all may be needed.

    Args:
        outputs: C.
        highest: The highest label that came.
        count: How many labels came.
        classes: How many classes the data has, where that is known.

    >>> unused(5, 2, 4, 3)
    (3, '3 outputs for 3 classes: no label ever asks for outputs 3 and 4')
    >>> unused(5, 2, 4, None)  # four labels can miss a class by chance
    """
    seen = max(classes or 0, highest + 1)
    # Were all outputs in use and equally likely, how probable would a batch without the last ones be?
    if seen >= outputs or (classes is None and (seen / outputs) ** count >= CHANCE):
        return None
    last = outputs - 1
    to = "and" if last == seen + 1 else "to"
    rest = f"output {seen}" if seen == last else f"outputs {seen} {to} {last}"
    if classes is None:
        return seen, f"as many outputs as classes: none of {count} labels asks for {rest}"
    enough = "1 output for 1 class" if seen == 1 else f"{seen} outputs for {seen} classes"
    return seen, f"{enough}: no label ever asks for {rest}"


def _axes(call: LossCall) -> Finding | None:
    """Logits (N, T, C) with T == C: torch takes axis 1 for the classes."""
    shape = tuple(call.logits.shape)
    if len(shape) != 3 or tuple(call.target.shape) != call.wanted:
        return None
    if shape[1] != shape[2]:
        return None
    needs = f"classes on axis 1; both axes are {shape[1]} long here, so a forgotten transpose raises nothing"
    flat = Candidate(
        "flatten both, so that no axis can be mistaken",
        "logits = logits.flatten(0, 1)\ntarget = target.flatten()",
        "where logits are (N, T, C)",
    )
    turned = Candidate(
        "classes last, then flatten both",
        "logits = logits.transpose(1, 2).flatten(0, 1)\ntarget = target.flatten()",
        "where logits are (N, C, T)",
    )
    return Finding("needs_flatten_or_transpose", needs, TURNED, (flat, turned), certain=False)
