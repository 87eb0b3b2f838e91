"""From an exception to its cause: the readers, and the order in which they are asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from helpers.diagnosis.calls import checkpoints, repairs, rows, trainer
from helpers.diagnosis.keras import loss as keras_loss
from helpers.diagnosis.loss.around import explain_loss
from helpers.diagnosis.said.result import Diagnosis, Example
from helpers.diagnosis.seen.alike import example, line_alike
from helpers.diagnosis.seen.raised import Raised, explain_gpu

# The nearer to the failing operation, the earlier: a loss inside a BERT forward is about the loss.
READERS: tuple[Callable[[Raised], Diagnosis | None], ...] = (
    keras_loss.explain_keras,
    explain_loss,
    trainer.explain_trainer,
    trainer.explain_arguments,
    checkpoints.explain_checkpoint,
    repairs.explain_line,
    rows.explain_rows,
    explain_gpu,
)


def explain(exc: BaseException | None = None) -> Diagnosis | None:
    """Name the cause of a shape error in anyone's code, from the frames its traceback still holds.

    Nothing of the learner's is changed. What is run again runs on copies: a library's operation on detached
    tensors, a model on a stand-in in evaluation mode. No other function of the learner's is called.

    Args:
        exc: The exception; the last one that nobody caught where it is not given.

    Returns:
        The diagnosis, or None where the error is not about shapes.

    >>> import torch
    >>> try:
    ...     torch.nn.Linear(768, 3)(torch.zeros(4, 512))
    ... except RuntimeError as error:
    ...     print(explain(error).cause)
    head_size
    """
    error = exc if exc is not None else _last()
    if not isinstance(error, Exception):
        return None
    try:
        return ask(Raised(error))
    except Exception:
        # A learner who has one error must not get a second one from us; the tests call ask() itself.
        return None


def ask(raised: Raised) -> Diagnosis | None:
    """Ask one reader after the other; unlike `explain`, a mistake of ours comes through."""
    found = next((found for reader in READERS if (found := reader(raised)) is not None), None)
    if found is not None and found.cause == "squeeze_mismatch" and "squeeze()" not in found.needs:
        found = replace(found, needs=f"{found.needs}{raised.squeezed}")  # the frames know what took the axis
    return found and replace(found, example=_example(raised, found.example.codes))


def _example(raised: Raised, codes: tuple[str, ...]) -> Example:
    """The loss alone, or the learner's own line; then each module called inside."""
    lines = [] if raised.is_unread else [*(() if codes else raised.lines), *raised.calls]
    made = example(*(partial(line_alike, line) for line in lines))
    return Example(codes + made.codes, lambda _, error: explain(error) if error else None)


def _last() -> BaseException | None:
    kept = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return kept if isinstance(kept, BaseException) else sys.exc_info()[1]
