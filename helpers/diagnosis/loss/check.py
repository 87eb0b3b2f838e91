"""Run a criterion on logits and target, and say what it did, why, and what mends it.

The cause is read from shapes, dtypes and values, never from an exception's wording: messages change between
versions of torch, shapes do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from helpers.diagnosis.loss.call import LossCall, loss_call
from helpers.diagnosis.loss.find import states_behind
from helpers.diagnosis.loss.repairs import MOST, RIGHT, after, loss_of, result_of, why
from helpers.diagnosis.loss.silent import grade, what_is_silent
from helpers.diagnosis.loss.values import is_one_hot, label_range
from helpers.diagnosis.said.finding import outputs_of, with_head
from helpers.diagnosis.said.result import Diagnosis, Example, Fix, Outcome
from helpers.diagnosis.seen.alike import example
from helpers.threads import one_thread
from helpers.trial import quiet


def diagnose(
    call: LossCall, error: BaseException | None = None, where: str = "", classes: int | None = None
) -> Diagnosis:
    """Diagnose a loss call: run it, or take the exception that it is known to have raised.

    Args:
        call: What was passed.
        error: What it raised; the call is not run again then.
        where: The learner's own line.
        classes: How many classes the data has, where that is known.
    """
    if call.takes.by_index and not (call.logits.ndim == 2 and call.target.ndim == 1):
        call = replace(call, folded=None)  # nothing was flattened that the loss would want flat
    call = replace(call, classes=classes)
    if call.hidden is None and not call.unread:
        call = replace(call, hidden=states_behind((call.folded or (call.logits,))[0]))
    with one_thread(call.logits.numel()), quiet():
        loss = None
        try:
            loss = loss_of(call) if error is None else None
        except Exception as raised:  # whatever the learner's loss raises is the result to report
            error = raised
        known = what_is_silent(call) if error is None else why(call, grade) if call.loss else None
        fixes = prove(known.fixes, call) if known else ()
    outcome: Outcome = "raises" if error is not None else "silent" if known else "ok"
    said = None if error is None else f"{type(error).__name__}: {error}"
    plain = Diagnosis(outcome, describe(call), loss, said, where=where, example=example_of(call))
    return known.told(plain, fixes) if known else plain


def example_of(call: LossCall, *made: str) -> Example:
    """Return the call alone as a program, of tensors alike; the lines make the logits."""
    return example(partial(call.alike, *made), ask=_asked)


def _asked(names: dict[str, Any], error: Exception | None) -> Diagnosis:
    call = loss_call(names["criterion"], names["logits"], names["target"])
    return diagnose(call, classes=names.get("classes"))


def prove(candidates: Iterable[Fix], call: LossCall) -> tuple[Fix, ...]:
    """Run each repair, the likeliest first, and return those after which nothing is wrong."""
    logits, target = call.folded or (call.logits, call.target)
    whole = replace(call, logits=logits.detach(), target=target.detach(), folded=None)
    fixes: list[Fix] = []
    with quiet():
        for fix in () if call.unread else candidates:
            if fix.result:  # the search has run it already
                fixes.append(fix)
                continue
            repaired = after(fix.code, whole)
            mark, loss = (None, None) if repaired is None else grade(repaired)
            if repaired is not None and loss is not None and mark == RIGHT and len(fixes) < MOST:
                fixes.append(replace(fix, result=result_of(fix.code, whole, repaired, loss)))
    return tuple(_headed(fix, call) for fix in fixes)


def _headed(fix: Fix, call: LossCall) -> Fix:
    """Name the head's line as far as the tensors tell it: `explain` knows the learner's own."""
    outputs, width = outputs_of(fix), "..." if call.hidden is None else call.hidden.shape[-1]
    made = f"head = nn.Linear({width}, {outputs})  # in the model, or num_labels={outputs}"
    return with_head(fix, made) if outputs else fix


def describe(call: LossCall) -> str:
    """Return the two shapes with axis letters where they are sure, and the labels' range."""
    logits, target = call.shapes
    known = call.takes.by_index and len(logits) == 2
    left = f"(N={logits[0]}, C={logits[1]})" if known else str(logits)
    right = f"(N={target[0]},)" if known and len(target) == 1 else str(target)
    words, held = f"logits {left}, target {right}", (call.folded or (call.logits, call.target))[1]
    if call.folded is not None:
        before = f"logits {tuple(call.folded[0].shape)}, target {tuple(held.shape)}"
        words = f"{before}; flattened to {words}" if before != words else words
    if call.target.is_floating_point() or call.target.is_complex():
        return f"{words} of {str(call.target.dtype).removeprefix('torch.')}"
    if held.ndim > 1 and held.shape != call.wanted and not call.unread and is_one_hot(held, -1):
        return words.replace(f"target {tuple(held.shape)}", f"target {tuple(held.shape)} of one-hot rows")
    labels = label_range(call) if call.takes.by_index else None
    if labels is None:
        return words
    lowest, highest = labels
    return (
        f"{words} with label {lowest}" if lowest == highest else f"{words} with labels {lowest} to {highest}"
    )
