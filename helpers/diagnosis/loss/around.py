"""A loss that raised, in its surroundings: what the model's setup and the learner's other variables tell.

The tensors alone say that the rows differ; the frames around them say how they came to differ.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from torch import Tensor

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.check import diagnose, prove
from helpers.diagnosis.loss.find import Around, before_view, find_loss
from helpers.diagnosis.loss.values import is_whole, label_range
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.finding import BATCH, BCE, Candidate
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import Step, is_learners, modules_of_transformers
from helpers.diagnosis.seen.line import stored
from helpers.diagnosis.seen.raised import RERUN, Raised, shape


def explain_loss(raised: Raised) -> Diagnosis | None:
    """Diagnose the innermost loss call that the error came through."""
    found = find_loss(raised.steps)
    if found is None:
        return None
    call, outside = found
    if raised.is_unread:
        call = replace(call, unread=True, folded=None, hidden=None)
        diagnosis = diagnose(call, raised.error, raised.where)
        return replace(diagnosis, also=f"{diagnosis.also}; {RERUN}".lstrip("; ")) if diagnosis.cause else None
    diagnosis = _flattened_by_hand(raised, call) or diagnose(call, raised.error, raised.where)
    around = [held for held in outside if is_learners(held.step)]
    return (
        _of_model(diagnosis, call, [step for step, _ in outside])
        or _more_rows(diagnosis, call, around)
        or _dropped_rows(diagnosis, call, around)
        or (diagnosis if diagnosis.cause else None)
    )


def _flattened_by_hand(raised: Raised, call: LossCall) -> Diagnosis | None:
    """Name the cause from the tensors before view(), where the learner kept only the flat ones.

    No fix then: what repairs the tensors before view() can't be written with the flat ones.
    """
    rows_fit = call.logits.shape[:1] == call.target.shape[:1]
    if call.folded is not None or rows_fit:
        return None
    before = before_view(call.logits, call.target), before_view(call.target, call.logits)
    if _without_ones(before[0]) == _without_ones(call.logits) and before[1] is call.target:
        return None
    folded = replace(call, folded=before, unread=False)
    diagnosis = diagnose(folded, raised.error, raised.where)
    plain = diagnose(call, raised.error, raised.where)
    return plain if diagnosis.cause in (None, plain.cause) else replace(diagnosis, fixes=())


def _without_ones(tensor: Tensor) -> list[int]:
    return [size for size in tensor.shape if size != 1]


def _of_model(diagnosis: Diagnosis, call: LossCall, outside: list[Step]) -> Diagnosis | None:
    """The loss inside a transformers model: its head has `num_labels` outputs, its config chose the loss."""
    configs = (stored(step.variables.get("self"), "config") for step in modules_of_transformers(outside))
    config: Any = next((found for found in configs if found is not None), None)
    if config is None:
        return None
    labels = label_range(call) if diagnosis.cause == "head_size" and call.takes.by_index else None
    if labels is not None and labels[1] >= call.outputs:
        # A Trainer's program has no line in which a new head could stand.
        needs = (
            f"{diagnosis.needs}: from_pretrained(..., num_labels={labels[1] + 1}), or more for more classes"
        )
        return replace(diagnosis, needs=needs)
    return _problem_type(diagnosis, call, getattr(config, "problem_type", None))


def _problem_type(diagnosis: Diagnosis, call: LossCall, kind: str | None) -> Diagnosis | None:
    """A transformers model that is set up for another kind of label."""
    if kind is None:
        return None
    logits, target = call.folded or (call.logits, call.target)
    is_float = target.is_floating_point()
    if kind == "single_label_classification" and diagnosis.cause == "one_hot_index" and not is_float:
        # Floats would not be probabilities here: this model reads them as one 0/1 per output.
        fixes = tuple(fix for fix in diagnosis.fixes if ".argmax(" in fix.code)
        needs = f"indices ({len(target)},) in int64: a model for one class per row takes nothing else"
        return replace(diagnosis, needs=needs, fixes=fixes)
    candidates: list[Candidate] = []
    if kind == "single_label_classification" and is_float:
        wanted, candidates = _float_labels(logits, target)
    elif kind == "single_label_classification" and target.shape == logits.shape and _is_multi_hot(target):
        wanted = '"multi_label_classification" and target.float()'
        candidates = [Candidate("a 0 or 1 for each output", "target = target.float()\n" + BCE)]
    elif kind == "multi_label_classification" and target.ndim == 1 < logits.ndim and is_whole(target):
        wanted = '"single_label_classification" with int64 indices'
    elif kind == "regression" and logits.shape != target.shape and logits.shape[-1] > 1 and is_whole(target):
        wanted = '"single_label_classification", or num_labels=1 for a number per row'
    else:
        return None
    fixes = prove(candidates, call) or diagnosis.fixes
    needs = f'problem_type {wanted}; the model has "{kind}", set by its config or by its first labels'
    return replace(diagnosis, cause="problem_type", needs=needs, fixes=fixes, certain=True)


def _float_labels(logits: Tensor, target: Tensor) -> tuple[str, list[Candidate]]:
    if target.shape == logits.shape:
        one_class = Candidate("one class per row", "target = target.argmax(1)", "where exactly one is right")
        each = Candidate("a 0 or 1 for each output", BCE, "where several classes may be right at once")
        return '"multi_label_classification" for one float per output', [each, one_class]
    if is_whole(target):
        return "as it is, and int64 indices", [Candidate("make the labels int64", "target = target.long()")]
    return '"regression" and num_labels=1 for fractions', []


def _is_multi_hot(target: Tensor) -> bool:
    return bool(((target == 0) | (target == 1)).all()) and bool((target.sum(-1) != 1).any())


def _more_rows(diagnosis: Diagnosis, call: LossCall, around: list[Around]) -> Diagnosis | None:
    """Each row became several: its parts were joined below each other, or an axis was folded in."""
    rows = _rows(call)
    may_be = diagnosis.cause in ("batch_target", "needs_flatten_or_transpose")
    if not may_be or rows is None or not 0 < rows[1] < rows[0] or rows[0] % rows[1]:
        return None
    made, labels, times = *rows, rows[0] // rows[1]
    for step, tensors in around:
        for name, value in step.variables.items():
            parts = value if isinstance(value, list | tuple) and len(value) == times else ()
            if parts and all(isinstance(part, Tensor) and part.shape[:1] == (labels,) for part in parts):
                needs = f"one row per label: {name} holds {times} tensors of {labels} rows; "
                needs += "join them on axis 1, not 0"
                found = replace(diagnosis, cause="batch_target", needs=needs, certain=True, also="")
                return _with_mean(found, call, times, 0)
        for name, value in tensors.items():
            if (
                value.ndim > 2
                and value is not call.target
                and value.shape[0] == labels
                and not prod(value.shape[1:]) % times
            ):
                needs = f"one row per label: each row of {name} {tuple(value.shape)} became {times} rows; "
                needs += f"an axis was folded into the batch: {times} x {labels} = {made}"
                found = replace(diagnosis, cause="needs_flatten_or_transpose", needs=needs, also="")
                return _with_mean(found, call, times, 1)
    return None


def _with_mean(diagnosis: Diagnosis, call: LossCall, times: int, axis: int) -> Diagnosis:
    sizes = [call.target.shape[0], *call.logits.shape[1:]]
    sizes.insert(axis, times)
    code = f"logits = logits.reshape({', '.join(map(str, sizes))}).mean({axis})"
    mean = Candidate("average what belongs to one row", code, "where a row may have several votes")
    return replace(diagnosis, fixes=prove((mean,), call))


def _dropped_rows(diagnosis: Diagnosis, call: LossCall, around: list[Around]) -> Diagnosis | None:
    """Rows were filtered by a mask that is meant for tokens."""
    rows = _rows(call)
    if rows is None or rows[0] == rows[1]:
        return None
    for _, tensors in around:
        for name, value in tensors.items():
            if value.ndim != 2 or value.shape[0] <= rows[0] or "mask" not in name.lower():
                continue
            kept = value.bool().all(1)
            if int(kept.sum()) == rows[0]:
                # The labels may be those of another batch besides.
                is_whole_batch = value.shape[0] == rows[1]
                return replace(
                    diagnosis,
                    cause="dropped_rows",
                    got=f"{diagnosis.got}, {name} {tuple(value.shape)}",
                    needs=needs_all(value, kept),
                    fixes=(),
                    also="" if is_whole_batch else CAUSES["batch_target"].title,
                    certain=is_whole_batch,
                )
    return None


def _rows(call: LossCall) -> tuple[int, int] | None:
    if not call.logits.ndim or not call.target.ndim or call.folded is not None:
        return None
    return call.logits.shape[0], call.target.shape[0]


def dropped_rows(mask: Tensor, kept: Tensor, target_rows: int, loss: float | None) -> Diagnosis | None:
    """Say that a loss ran on a part of the batch; only a caller who holds the whole batch can know.

    Args:
        mask: The batch's attention_mask (N, T).
        kept: Which rows reached the loss: bool (N,), such as `mask.bool().all(dim=1)`.
        target_rows: How many labels the loss got.
        loss: What it gave.

    Returns:
        The diagnosis, or None where every row was kept. Also where labels and kept rows are not equally many:
        that raises, and `explain` names it.

    >>> import torch
    >>> mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0]])
    >>> print(dropped_rows(mask, mask.bool().all(dim=1), 1, 0.75))
    ⚠ no error, and still a mistake: loss 0.750
    cause  rows were lost on the way to the loss
    got    mask (3, 3), logits of 1 row, target of 1 row
    needs  all 3 rows; 2 have padding and were left out, and the 1st label now goes to the 2nd row
    """
    places = kept.bool().nonzero().flatten().tolist()
    if len(places) == len(mask) or len(places) != target_rows:
        return None
    rows = "1 row" if target_rows == 1 else f"{target_rows} rows"
    moved = next(((label, row) for label, row in enumerate(places, 1) if label != row + 1), None)
    needs = needs_all(mask, kept)
    if moved is not None:
        needs += f", and the {_ordinal(moved[0])} label now goes to the {_ordinal(moved[1] + 1)} row"
    got = f"mask {shape(mask)}, logits of {rows}, target of {rows}"
    return Diagnosis("silent", got, loss, cause="dropped_rows", needs=needs, marks=BATCH)


def needs_all(mask: Tensor, kept: Tensor) -> str:
    """Say how many rows are missing, and that it is for their padding where it is.

    >>> import torch
    >>> needs_all(torch.tensor([[1, 1], [1, 0]]), torch.tensor([True, False]))
    'all 2 rows; 1 has padding and was left out'
    """
    left_out = ~kept.bool()
    count = int(left_out.sum())
    has, were = ("has", "was") if count == 1 else ("have", "were")
    padding = f"{has} padding and " if bool((mask == 0).any(1)[left_out].all()) else ""
    if len(mask) == 1:
        return f"the only row; it {padding}was left out"
    return f"all {len(mask)} rows; {count} {padding}{were} left out"


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
