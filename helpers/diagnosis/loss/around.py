"""A loss that raised, in its surroundings: what the model's setup and the learner's other variables tell.

The tensors alone say that the rows differ; the frames around them say how they came to differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod
from typing import Any

from torch import Tensor, nn

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.check import diagnose, example_of, prove
from helpers.diagnosis.loss.find import Around, before_view, find_loss, loss_behind, weight_behind
from helpers.diagnosis.loss.problem_type import MULTI, SINGLE, other_kind
from helpers.diagnosis.loss.values import label_range
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.finding import BATCH, BCE, outputs_of, with_head
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.alike import alike
from helpers.diagnosis.seen.frames import Step, is_learners, learners_steps, modules_of_transformers, said
from helpers.diagnosis.seen.line import name_of, stored
from helpers.diagnosis.seen.made import (
    Way,
    called_in,
    from_pretrained,
    has_num_labels,
    remade,
    typed,
    ways_to,
)
from helpers.diagnosis.seen.raised import RERUN, Raised, shape

TENSORS = ("logits", "target")
# Not an attribute, nor an argument's name.
OWN_NAME = re.compile(rf"(?<![\w.])(?:{'|'.join(TENSORS)})\b(?!=)")
# As a loss by itself spells labels and problem_type.
CODE = {"labels": "target", SINGLE: "criterion = F.cross_entropy", MULTI: BCE}


def explain_loss(raised: Raised) -> Diagnosis | None:
    """Diagnose the innermost loss call that the error came through."""
    found = find_loss(raised.steps)
    if found is None:
        return _explain_backward(raised)
    call, outside = found
    if raised.is_unread:
        call = replace(call, unread=True, folded=None, hidden=None)
    diagnosis = diagnose(call, raised.error, raised.where)
    if raised.is_unread:
        return replace(diagnosis, also=f"{diagnosis.also}; {RERUN}".lstrip("; ")) if diagnosis.cause else None
    around = [held for held in outside if is_learners(held.step)]
    made = _more_rows(diagnosis, call, around)
    diagnosis = made or _flattened_by_hand(raised, call, diagnosis) or diagnosis
    steps = [step for step, _ in outside]
    told = _of_model(diagnosis, call, steps) or made or _dropped_rows(diagnosis, call, around)
    told = told or (diagnosis if diagnosis.cause else None)
    return told and replace(told, fixes=tuple(_named(_headed(told.fixes, call, steps), call, steps)))


def _explain_backward(raised: Raised) -> Diagnosis | None:
    """Diagnose a loss that ran, and whose backward pass didn't."""
    call = None if raised.is_unread else loss_behind(raised.steps)
    found = diagnose(call) if call else None
    if call is None or found is None or not found.cause:
        return None
    alone = example_of(call, f"logits = {alike(call.logits)}.requires_grad_()")
    alone = alone._replace(codes=tuple(f"{code}\nloss.backward()" for code in alone.codes))
    error = said(raised.error)
    return replace(found, outcome="raises", loss=None, error=error, where=raised.where, example=alone)


def _named(fixes: Iterable[Fix], call: LossCall, steps: list[Step]) -> Iterator[Fix]:
    """Call the two tensors what the learner calls them: a program may have another `target` too."""
    given = call.folded or (call.logits, call.target)
    names = {each: name_of(tensor, steps) or each for each, tensor in zip(TENSORS, given, strict=True)}
    for fix in fixes:
        shown = OWN_NAME.sub(lambda found: names[found[0]], fix.shown)
        yield fix if shown == fix.shown else replace(fix, typed=shown)


def _headed(fixes: Iterable[Fix], call: LossCall, steps: list[Step]) -> Iterator[Fix]:
    """Show the learner's own line, in which the head was made, in the place of the head that is the proof."""
    for fix in fixes:
        outputs = outputs_of(fix)
        made = _head_made(call, steps, outputs) if outputs else ""
        yield with_head(fix, made) if made else fix


def _head_made(call: LossCall, steps: list[Step], outputs: int) -> str:
    ways = _ways_to_head(call, steps)
    found = next(filter(None, (typed(way, "out_features", outputs) for way in ways)), "")
    if found or ways:
        return found or remade(ways[0], outputs)
    models = (step.variables.get("self") for step in modules_of_transformers(steps))
    return next((from_pretrained(each, outputs) for each in models if has_num_labels(each, call.outputs)), "")


def _ways_to_head(call: LossCall, steps: list[Step]) -> list[Way]:
    """The layer that autograd knows; without it the only one of this size, if the learner calls it."""
    logits = (call.folded or (call.logits,))[0]
    weight, sizes = weight_behind(logits), {call.outputs, *logits.shape[-1:]}
    linear = ways_to(steps, lambda part: isinstance(part, nn.Linear) and part.out_features in sizes)
    if weight is not None:
        return [way for way in linear if stored(way.held[-1], "weight") is weight]
    all_ways = list(linear) if logits.grad_fn is None else []
    called = [each for step in learners_steps(steps) for each in called_in(step)] if all_ways else []
    ways = [way for way in all_ways if any(each is held for each in called for held in way.held)]
    return ways if len({id(way.held[-1]) for way in ways}) == 1 else []


def _flattened_by_hand(raised: Raised, call: LossCall, plain: Diagnosis) -> Diagnosis | None:
    """Name the cause from the tensors before view(), where the learner kept only the flat ones.

    No fix then: what repairs the tensors before view() can't be written with the flat ones.
    """
    if call.folded is not None or call.logits.shape[:1] == call.target.shape[:1]:
        return None
    before = before_view(call.logits, call.target), before_view(call.target, call.logits)
    if before[0] is call.logits and before[1] is call.target:
        return None
    found = diagnose(replace(call, folded=before), raised.error, raised.where)
    return replace(found, fixes=()) if found.cause not in (None, plain.cause) else None


def _of_model(diagnosis: Diagnosis, call: LossCall, outside: list[Step]) -> Diagnosis | None:
    """The loss inside a transformers model: its head has `num_labels` outputs, its config chose the loss."""
    configs = (stored(step.variables.get("self"), "config") for step in modules_of_transformers(outside))
    config: Any = next((found for found in configs if found is not None), None)
    if config is None or diagnosis.cause == "target_dtype":
        return None
    labels = label_range(call) if diagnosis.cause == "head_size" and call.takes.by_index else None
    if labels is not None and labels[1] >= call.outputs:
        # Where the model itself flattened the logits, there is no line in which a head could be proven.
        needs = f": from_pretrained(..., num_labels={labels[1] + 1})" * (not diagnosis.fixes)
        return replace(diagnosis, needs=diagnosis.needs + needs)
    logits, target = call.folded or (call.logits, call.target)
    outputs = logits.shape[-1] if logits.ndim > 1 else 1
    found = other_kind(target, outputs, getattr(config, "problem_type", None), CODE)
    if found is None:
        return None
    fixes = prove(found.fixes, call) or diagnosis.fixes
    return replace(diagnosis, cause=found.cause, needs=found.needs, fixes=fixes, certain=True)


def _more_rows(diagnosis: Diagnosis, call: LossCall, around: list[Around]) -> Diagnosis | None:
    """Each row became several: its parts were joined below each other, or each token is a row."""
    made, labels = _rows(call)
    may_be = diagnosis.cause in ("batch_target", "needs_flatten_or_transpose")
    if not may_be or not 0 < labels < made or made % labels:
        return None
    times = made // labels
    for step, tensors in around:
        joined = [
            f"{name} holds {times} tensors of {labels} rows; join them on axis 1, not 0"
            for name, parts in step.variables.items()
            if isinstance(parts, list | tuple)
            and [getattr(part, "shape", ())[:1] for part in parts] == [(labels,)] * times
        ]
        folded = [
            (f"each row of {name} {shape(value)} became {times} rows of logits", tuple(value.shape))
            for name, value in tensors.items()
            if value is not call.target
            and value.ndim > 2
            and len(value) == labels
            and not prod(value.shape[1:]) % times
        ]
        if joined or folded:
            cause, axis = ("batch_target", 0) if joined else ("needs_flatten_or_transpose", 1)
            sizes = (times, labels) if joined else (labels, times)
            code = f"logits = logits.unflatten(0, {sizes}).mean({axis})"
            mean = Fix("average what belongs to one row", code, when="where a row may have several votes")
            came = (*joined, *(words for words, _ in folded))[0]
            needs, fixes = f"one row per label: {came}", prove([mean], call)
            lines = [f"parts = torch.randn{made, call.outputs}.split({labels})", "logits = torch.cat(parts)"]
            if not joined:
                head = f"nn.Linear({prod(folded[0][1]) // made}, {call.outputs})"
                lines = [f"x = torch.randn{folded[0][1]}", f"logits = {head}(x.reshape({made}, -1))"]
            found = replace(diagnosis, cause=cause, needs=needs, fixes=fixes, certain=True, also="")
            return replace(found, example=example_of(call, *lines))
    return None


def _dropped_rows(diagnosis: Diagnosis, call: LossCall, around: list[Around]) -> Diagnosis | None:
    """Rows were filtered by a mask that is meant for tokens."""
    left, labels = _rows(call)
    masks = [item for _, held in around for item in held.items() if "mask" in item[0].lower()]
    for name, mask in masks if left != labels else ():
        kept = mask.bool().all(1) if mask.ndim == 2 and len(mask) > left else None
        if kept is not None and int(kept.sum()) == left:
            got, needs = f"{diagnosis.got}, {name} {tuple(mask.shape)}", needs_all(mask, kept)
            # The labels may be those of another batch besides.
            also = "" if len(mask) == labels else CAUSES["batch_target"].title
            rows = f"torch.randn{(len(mask), *call.logits.shape[1:])}"
            lines = [f"attention_mask = torch.ones{tuple(mask.shape)}", f"attention_mask[{left}:, -1] = 0"]
            lines += [f"logits = {rows}[attention_mask.bool().all(1)]"]
            found = replace(diagnosis, cause="dropped_rows", got=got, needs=needs, fixes=())
            return replace(found, also=also, certain=not also, example=example_of(call, *lines))
    return None


def _rows(call: LossCall) -> tuple[int, int]:
    """The rows of logits and target, as far as both have rows that are those of the batch."""
    if not call.logits.ndim or not call.target.ndim or call.folded is not None:
        return 0, 0
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
    needs  all 3 rows; 2 have padding and were left out, and label 1 now goes to row 2
    """
    places = kept.bool().nonzero().flatten().tolist()
    if len(places) == len(mask) or len(places) != target_rows:
        return None
    rows = "1 row" if target_rows == 1 else f"{target_rows} rows"
    moved = next(((label, row) for label, row in enumerate(places, 1) if label != row + 1), None)
    needs = needs_all(mask, kept)
    if moved is not None:
        needs += f", and label {moved[0]} now goes to row {moved[1] + 1}"
    got = f"mask {shape(mask)}, logits of {rows}, target of {rows}"
    return Diagnosis("silent", got, loss, cause="dropped_rows", needs=needs, marks=BATCH)


def needs_all(mask: Tensor, kept: Tensor) -> str:
    """Say how many rows are missing, and that it is for their padding where it is."""
    left_out = ~kept.bool()
    count = int(left_out.sum())
    has, were = ("has", "was") if count == 1 else ("have", "were")
    padding = f"{has} padding and " if bool((mask == 0).any(1)[left_out].all()) else ""
    if len(mask) == 1:
        return f"the only row; it {padding}was left out"
    return f"all {len(mask)} rows; {count} {padding}{were} left out"
