"""Logits with three axes where something tells which holds the classes: their number, or rows of them."""

from __future__ import annotations

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.index_shapes import cast_of
from helpers.diagnosis.loss.token_shapes import then_cast
from helpers.diagnosis.loss.values import is_one_hot, is_whole, is_zero_one, sums_to_1
from helpers.diagnosis.said.finding import BATCH, CLASSES, TOKENS, TURNED, Candidate, Finding, bce, new_head


def what_tells_the_classes(call: LossCall, classes: int | None = None) -> Finding | None:
    """Name the mistake where the axis of the classes is known: a guess from the shapes alone comes later."""
    if call.logits.ndim != 3 or not call.logits.is_floating_point():
        return None
    return (
        _class_rows_beside_tokens(call, classes)
        or _rows_of_other_classes(call)
        or _tokens_as_classes(call, classes)
        or _flat_labels_of_tokens(call, classes)
        or _classes_on_axis_1(call, classes)
    )


def _class_rows_beside_tokens(call: LossCall, classes: int | None) -> Finding | None:
    """Logits (N, T, C) with rows (N, C): torch takes the tokens for classes.

    That is where obeying torch's "Expected target size [N, C]" leads. Two outputs on axis 1 are left alone: a
    sentence with one marked token has such a target too.
    """
    rows, length, outputs = call.logits.shape
    is_known = classes == outputs != length
    if tuple(call.target.shape) != (rows, outputs) or classes == length != outputs:
        return None
    found = _rows_of_classes(call, is_known) if is_known or length > 2 else None
    if found is None:
        return None
    name, then = found
    needs = f"logits {(rows, outputs)} for these {name}; here the {length} tokens are read as classes"
    return _one_prediction(needs, ("[:, 0]", ".mean(1)"), then, certain=is_known)


def _rows_of_other_classes(call: LossCall) -> Finding | None:
    """Logits (N, T, C) with rows of probabilities over another number of classes."""
    rows, length, outputs = call.logits.shape
    if call.target.ndim != 2 or len(call.target) != rows or not call.target.is_floating_point():
        return None
    classes = call.target.shape[1]
    if classes in (1, length, outputs) or call.unread or not sums_to_1(call.target, 1):
        return None
    needs = f"one prediction per sentence: logits {(rows, classes)} for these rows of {classes} classes"
    head = Candidate("keep [CLS], one output per class", new_head(classes, call.loss, "[:, 0]"))
    return Finding("token_logits_for_sequence", needs, TOKENS, (head,), certain=False)


def _rows_of_classes(call: LossCall, is_known: bool) -> tuple[str, str] | None:
    """Say what a row of the target holds and what fits it to logits (N, C); None where it may be labels."""
    if call.unread:
        return None
    if is_one_hot(call.target, 1):
        return "one-hot rows", "\ntarget = target.long().argmax(1)"
    if not call.target.is_floating_point():
        return None
    if sums_to_1(call.target, 1):
        return "rows of probabilities", ""
    is_multi_hot = is_known and is_zero_one(call.target)
    return ("rows of 0 and 1", f"\n{bce(call.target)}") if is_multi_hot else None


def _one_prediction(needs: str, parts: tuple[str, str], then: str, certain: bool = True) -> Finding:
    first, mean = parts
    candidates = (
        Candidate("keep the first token, [CLS]", f"logits = logits{first}{then}"),
        Candidate("average over the tokens", f"logits = logits{mean}{then}"),
    )
    return Finding("token_logits_for_sequence", needs, TOKENS, candidates, certain=certain)


def _tokens_as_classes(call: LossCall, classes: int | None) -> Finding | None:
    """Logits (N, T, C) whose target fits by chance, where the number of classes tells that axis 1 is T."""
    rows, length, outputs = call.logits.shape
    if tuple(call.target.shape) != (rows, outputs) or not outputs == classes != length:
        return None
    needs = f"the {classes} classes on axis 1; it is {length} long, and the last axis is {classes}"
    return Finding("needs_flatten_or_transpose", needs, TURNED, certain=False)


def _flat_labels_of_tokens(call: LossCall, classes: int | None) -> Finding | None:
    """Logits (N, C, T) with labels (N * T,): both have to be flattened, and in the same order."""
    rows, outputs, length = call.logits.shape
    is_known = classes == outputs != length
    if call.target.ndim != 1 or len(call.target) != rows * length or length in (1, outputs):
        return None
    if call.unread or not is_whole(call.target) or classes == length:
        return None
    if not is_known and is_one_hot(call.target.reshape(rows, length), 1):
        return None  # rather rows of C
    count = rows * length
    code = f"logits = logits.transpose(1, 2).flatten(0, 1){then_cast(cast_of(call))}"
    needs = f"both sides flattened from (N, T, C) = {(rows, length, outputs)}: "
    needs += f"logits {(count, outputs)} with target ({count},)"
    flat = Candidate("put the classes last, then flatten the logits too", code)
    return Finding("needs_flatten_or_transpose", needs, CLASSES, (flat,), certain=is_known)


def _classes_on_axis_1(call: LossCall, classes: int | None) -> Finding | None:
    """Logits (N, C, T), as torch reads them, whose target is not (N, T)."""
    rows, outputs, length = call.logits.shape
    target = tuple(call.target.shape)
    # A last axis of 1 is no token: what to drop is said elsewhere.
    if not outputs == classes != length or length == 1 or target == (rows, length):
        return None
    parts, wanted = ("[:, :, 0]", ".mean(2)"), (rows, outputs)
    found = _rows_of_classes(call, is_known=True) if target == wanted else None
    if found is not None:
        name, then = found
        return _one_prediction(f"one prediction per sentence: logits {wanted} for these {name}", parts, then)
    if not call.unread and not is_whole(call.target):
        return None
    if target in ((rows,), (rows, 1)):
        cast = cast_of(call)
        then = then_cast(cast) if len(target) == 1 else f"\ntarget = target.flatten(){cast}"
        needs = f"one prediction per sentence: logits {wanted} with target ({rows},)"
        return _one_prediction(needs, parts, then)
    if len(target) == 2 and target[0] == rows:
        needs = f"one label per token: T is {length} in logits and {target[1]} in target"
        return Finding("static_length", needs, BATCH)
    return None
