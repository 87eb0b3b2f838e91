"""What Keras on torch was doing when it raised: its frames are cut from the traceback, but still reachable.

Keras is never imported here: where its frames are, it is loaded.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.raised import Raised

CALLS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
BINARY, CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"
SPARSE = f"sparse_{CATEGORICAL}"
OBJECTS = {name: name.title().replace("_", "") for name in (SPARSE, CATEGORICAL, BINARY)}
PAIRS = (("target", "output"), ("y_true", "y_pred"))


class KerasCall(NamedTuple):
    """What the learner asked of a Keras model: "fit" and the like, "" for none, with arguments by name."""

    name: str
    model: Any
    given: Mapping[str, Any]


@dataclass(frozen=True)
class KerasLoss:
    """One call of a loss inside Keras, or of a metric beside it; target and output are of one batch.

    Attributes:
        name: That of its function, such as "sparse_categorical_crossentropy"; "" where it is not known.
        from_logits: Whether it takes raw numbers.
        target: As the loss got it.
        output: What the model gave.
        metric: The metric that raised; "" where the loss did.
    """

    name: str
    from_logits: bool
    target: Tensor
    output: Tensor
    metric: str = ""


def chosen(name: str, from_logits: bool) -> str:
    """Return the line that chooses a loss."""
    as_object = f"keras.losses.{OBJECTS[name]}(from_logits=True)"
    return f"loss = {as_object}" if from_logits else f'loss = "{name}"'


def read_loss(loss: Any) -> tuple[str, bool]:
    """Return the name of a loss's function and whether it takes raw numbers, however the loss was given."""
    keras: Any = sys.modules.get("keras")
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:  # of a model with one output
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    if isinstance(loss, str) and keras is not None:
        loss = keras.losses.get(loss)
    options = getattr(loss, "_fn_kwargs", {})
    return str(getattr(getattr(loss, "fn", loss), "__name__", "")), bool(options.get("from_logits"))


def keras_steps(raised: Raised) -> list[Step]:
    """Return the steps in Keras' own code, the innermost first."""
    return [step for step in raised.steps if step.module.startswith("keras.")]


def find_call(raised: Raised) -> KerasCall:
    """Return the outermost call of a model: what the learner wrote."""
    for step in reversed(keras_steps(raised)):
        given = dict(step.variables)
        function: Any = given.get("fn") if step.function == "error_handler" else None
        name = getattr(function, "__name__", step.function)
        if function is not None and name in CALLS:  # Keras' wrapper, which has the arguments as they came
            given = dict(
                inspect.signature(function).bind_partial(*given["args"], **given["kwargs"]).arguments
            )
        if name in CALLS and "self" in given:
            return KerasCall(name, given.pop("self"), given)
    return KerasCall("", None, {})


def find_loss(raised: Raised, call: KerasCall) -> KerasLoss | None:
    """Return the loss or the metric that raised, with the tensors of the outermost frame that has both.

    The backend works on reshaped copies. The metrics are tried first, and their loss is the model's.
    """
    asked = [
        (step, target, output)
        for step in keras_steps(raised)
        for target, output in (map(step.variables.get, pair) for pair in PAIRS)
        if isinstance(target, Tensor) and isinstance(output, Tensor)
    ]
    own = [step.function for step, *_ in asked if step.function in OBJECTS or ".losses." in step.module]
    counts = [step.variables for step, *_ in asked if ".metrics." in step.module]
    if not own and not counts:
        return None
    name, raw = read_loss(getattr(call.model, "loss", None))
    raw = raw or any(step.variables.get("from_logits") is True for step, *_ in asked)
    metric = type(counts[-1].get("self")).__name__ if counts else ""
    return KerasLoss(name or next(iter(own), ""), raw, *asked[-1][1:], metric)


def rows_in(data: Any) -> list[int]:
    """Return how many rows each array has, in whatever lists and dictionaries they are."""
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        return [rows for part in data for rows in rows_in(part)]
    return [int(data.shape[0])] if getattr(data, "shape", ()) else []
