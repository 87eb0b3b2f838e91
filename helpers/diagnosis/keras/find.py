"""What Keras on torch did when it raised: its frames are cut from the traceback, but still reachable."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import torch
from torch import Tensor

from helpers.diagnosis.keras.trial import compiled, keras
from helpers.diagnosis.loss.call import LossCall
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
    given: dict[str, Any]


def loss_of_keras(name: str, raw: bool, target: Any, output: Any, unread: bool = False) -> LossCall:
    """Return a call of a loss that Keras runs, by its name; "" is one that is not known."""
    both = (torch.as_tensor(part).detach() for part in (output, target))
    output, target = (part.float() if part.dtype == torch.float64 else part for part in both)  # as Keras does

    def criterion(logits: Tensor, target: Tensor) -> Tensor:
        return torch.tensor(compiled(None, target, logits, name or "mse"))

    unread = unread or output.is_meta or target.is_meta
    return LossCall(name, criterion, output, target, {"from_logits": raw}, unread=unread)


def chosen(name: str, raw: bool) -> str:
    """Return the line that chooses a loss."""
    return f"loss = keras.losses.{OBJECTS[name]}(from_logits=True)" if raw else f'loss = "{name}"'


def read_loss(loss: Any) -> tuple[str, bool]:
    """Return the name of a loss's function and whether it takes raw numbers, however the loss was given."""
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:  # of a model with one output
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    loss = keras().losses.get(loss) if isinstance(loss, str) else loss
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
            bound = inspect.signature(function).bind_partial(*given["args"], **given["kwargs"])
            given = dict(bound.arguments)
        if name in CALLS and "self" in given:
            return KerasCall(name, given.pop("self"), given)
    return KerasCall("", None, {})


def find_loss(raised: Raised, asked: KerasCall) -> tuple[LossCall, str] | None:
    """Return the loss that raised, and the metric that did where it was one: its loss is the model's."""
    frames = [
        (step, target, output)
        for step in keras_steps(raised)
        for target, output in (map(step.variables.get, pair) for pair in PAIRS)
        if isinstance(target, Tensor) and isinstance(output, Tensor)
    ]
    own = [step.function for step, *_ in frames if step.function in OBJECTS or ".losses." in step.module]
    counts = [step.variables for step, *_ in frames if ".metrics." in step.module]
    if not own and not counts:
        return None
    name, raw = read_loss(getattr(asked.model, "loss", None))
    raw = raw or any(step.variables.get("from_logits") is True for step, *_ in frames)
    tensors = frames[-1][1:]  # of the outermost frame: the backend works on reshaped copies
    metric = type(counts[-1].get("self")).__name__ if counts else ""
    return loss_of_keras(name or next(iter(own), ""), raw, *tensors, raised.is_unread), metric
