"""Labels of another kind than a transformers model was set up for: its problem_type decides its loss."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from helpers.diagnosis.loss.values import is_integer, is_one_hot, is_whole, is_zero_one
from helpers.diagnosis.said.finding import DTYPE, FITS_BCE, Finding
from helpers.diagnosis.said.result import Fix

SINGLE, MULTI, NUMBERS = "single_label_classification", "multi_label_classification", "regression"
# Per kind: the labels that it takes, and when to choose it.
TAKES = {
    SINGLE: ("with int64 indices", "where exactly one is right"),
    MULTI: ("for one float per output", FITS_BCE),
    NUMBERS: ("and num_labels=1 for one float per row", "to predict a number"),
}


def kind_of(labels: Tensor, outputs: int, kind: str) -> str:
    """Return the problem_type that takes labels (N,), (N, 1) or (N, C), the model's own where that may be."""
    if outputs == 1 or labels.shape[1:] == (outputs,):
        if not is_integer(labels):
            return MULTI if kind == SINGLE else kind
        if outputs > 1 and is_zero_one(labels):
            return MULTI
    return SINGLE if is_whole(labels) else NUMBERS


def other_kind(labels: Tensor, outputs: int, kind: str | None, code: Mapping[str, str]) -> Finding | None:
    """Say that labels are of another kind than the model was set up for; None where they may be right.

    Args:
        labels: As the learner holds them.
        outputs: C.
        kind: The model's problem_type.
        code: The name of the "labels", and per problem_type what sets it; where there is no code, no fix.
    """
    if kind is None or (labels.ndim > 1 and labels.shape[1] not in (1, outputs)):
        return None
    fits, whole = kind_of(labels, outputs, kind), is_integer(labels)
    if fits == kind and whole == (kind == SINGLE):
        return None
    name, is_hot = code["labels"], fits == MULTI and is_one_hot(labels, 1)
    indices = f"{name}.flatten(){'' if whole else '.long()'}"
    one_hot = f"torch.nn.functional.one_hot({indices}, {outputs}).float()"
    index, floats = f"{name}.argmax(1)", f"{name}.float()"
    offers = (
        (is_hot and whole, "one class per row", index, SINGLE),
        (fits == MULTI, "a 0 or 1 for each output", floats * whole, MULTI),
        (fits == SINGLE, "one class per row", f"{name}.long()" * (not whole), SINGLE),
        (is_hot and not whole, "one class per row", index, SINGLE),
        (fits == SINGLE and kind == MULTI, "a 0 or 1 for each output", one_hot, MULTI),
        (kind == NUMBERS, "take them as numbers", floats, NUMBERS),
    )
    fixes = []
    for is_offered, title, change, to in offers:
        lines = [change and f"{name} = {change}", "" if to == kind else code.get(to, "")]
        fixes += [Fix(title, "\n".join(filter(None, lines)), when=TAKES[to][1])] * is_offered
    if is_hot and whole and kind == SINGLE:
        needs = f"indices ({len(labels)},) in int64: a model for one class per row takes nothing else"
        return Finding("one_hot_index", needs, DTYPE, tuple(fixes[:1]))
    dtype = "int64" if kind == SINGLE else "floating point"
    needs = f"labels in {dtype}" if fits == kind else f'problem_type "{fits}" {TAKES[fits][0]}'
    needs += f'; the model has "{kind}", set by its config or by its first labels'
    return Finding("problem_type", needs, DTYPE, tuple(fixes))
