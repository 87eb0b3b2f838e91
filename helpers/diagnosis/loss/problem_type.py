"""Labels of another kind than a transformers model was set up for: its problem_type decides its loss."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from helpers.diagnosis.loss.values import is_integer, is_one_hot, is_whole, is_zero_one
from helpers.diagnosis.said.finding import DTYPE, FITS_BCE, Finding
from helpers.diagnosis.said.result import Fix

SINGLE, MULTI, NUMBERS = "single_label_classification", "multi_label_classification", "regression"
TAKES = {
    SINGLE: "with int64 indices",
    MULTI: "for one float per output",
    NUMBERS: "and num_labels=1 for one float per row",
}
WHEN = {SINGLE: "where exactly one is right", MULTI: FITS_BCE, NUMBERS: "to predict a number"}


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
    other_columns = labels.ndim > 1 and labels.shape[1] not in (1, outputs)
    fits = kind_of(labels, outputs, kind) if kind and not other_columns else None
    whole = is_integer(labels)
    if kind is None or fits is None or (fits == kind and whole == (kind == SINGLE)):
        return None
    name, flags = code["labels"], {**code, kind: ""}

    def fix(title: str, changed: str, to: str) -> tuple[Fix, ...]:
        lines = filter(None, [changed and f"{name} = {changed}", flags.get(to, "")])
        return (Fix(title, "\n".join(lines), when=WHEN[to]),)

    needs = f'problem_type "{fits}" {TAKES[fits]}; the model has "{kind}"'
    needs += ", set by its config or by its first labels"
    one_class = fix("one class per row", f"{name}.argmax(1)", SINGLE) * (
        fits == MULTI and is_one_hot(labels, 1)
    )
    if one_class and whole and kind == SINGLE:
        needs = f"indices ({len(labels)},) in int64: a model for one class per row takes nothing else"
        return Finding("one_hot_index", needs, DTYPE, one_class)
    if fits == SINGLE:
        fixes = fix("one class per row", "" if whole else f"{name}.long()", SINGLE)
    else:
        fixes = fix("a 0 or 1 for each output", f"{name}.float()" if whole else "", MULTI) * (fits == MULTI)
    if fits == SINGLE and kind == MULTI:
        one_hot = f"torch.nn.functional.one_hot({name}.flatten().long(), {outputs}).float()"
        fixes += fix("a 0 or 1 for each output", one_hot, MULTI)
    if kind == NUMBERS:
        fixes += fix("take them as numbers", f"{name}.float()", NUMBERS)
    return Finding("problem_type", needs, DTYPE, fixes + one_class)
