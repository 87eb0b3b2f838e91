"""What Keras on torch was doing when it raised: its frames are cut from the traceback, but still reachable.

Keras is never imported here: where its frames are, it is loaded.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.raised import Raised

CALLS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
SPARSE, CATEGORICAL, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)
OBJECTS = {
    SPARSE: "SparseCategoricalCrossentropy",
    CATEGORICAL: "CategoricalCrossentropy",
    BINARY: "BinaryCrossentropy",
}
MANY = 10**5  # numbers of a loss that are cheap to run several times
PAIRS = (("target", "output"), ("y_true", "y_pred"))


@dataclass(frozen=True)
class KerasCall:
    """What the learner asked of a Keras model.

    Attributes:
        name: "fit", "predict" and the like; "" where no model was called.
        model: The model.
        given: What it was called with, by argument name.
    """

    name: str
    model: Any
    given: Mapping[str, Any]


@dataclass(frozen=True)
class KerasLoss:
    """One call of a loss, or of a metric beside it, inside Keras; target and output are of one batch.

    Attributes:
        name: That of its function, such as "sparse_categorical_crossentropy"; "" where it is not known.
        from_logits: Whether it takes raw numbers.
        target: As the loss got it.
        output: What the model gave.
        metric: The metric that raised; "" where the loss did.
        stands_in: Whether the output's values are made up: Keras tries a loss on shapes alone at first.
    """

    name: str
    from_logits: bool
    target: Tensor
    output: Tensor
    metric: str = ""
    stands_in: bool = False

    def spelled(self, name: str = "", from_logits: bool | None = None) -> str:
        """Spell a loss as code; this one, or another of the same kind."""
        name, raw = name or self.name, self.from_logits if from_logits is None else from_logits
        return f"keras.losses.{OBJECTS[name]}(from_logits=True)" if raw and name in OBJECTS else f'"{name}"'


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


def find_call(steps: list[Step]) -> KerasCall:
    """Return the outermost call of a model: what the learner wrote."""
    for step in reversed(steps):
        function = step.variables.get("fn")
        if (
            step.function == "error_handler"
            and getattr(function, "__name__", "") in CALLS
            and callable(function)
        ):
            args, kwargs = step.variables.get("args", ()), step.variables.get("kwargs", {})
            given = dict(inspect.signature(function).bind_partial(*args, **kwargs).arguments)
            return KerasCall(function.__name__, given.pop("self", None), given)
        if step.function in CALLS and "self" in step.variables:
            return KerasCall(step.function, step.variables["self"], dict(step.variables))
    return KerasCall("", None, {})


def find_loss(steps: list[Step], call: KerasCall) -> KerasLoss | None:
    """Return the loss or the metric that raised, with its tensors: those of the outermost frame.

    The backend works on reshaped copies. The metrics are tried first, and their loss is the model's.
    """
    pair: tuple[Tensor, Tensor] | None = None
    name, metric, raw = "", "", False
    for step in steps:
        for left, right in PAIRS:
            target, output = step.variables.get(left), step.variables.get(right)
            if isinstance(target, Tensor) and isinstance(output, Tensor):
                pair = target, output
                raw = raw or step.variables.get("from_logits") is True
                if step.function in OBJECTS or (not name and ".losses." in step.module):
                    name = step.function
                if ".metrics." in step.module:
                    metric = type(step.variables["self"]).__name__ if "self" in step.variables else metric
                    metric = metric or step.function
    if pair is None or not (name or metric):
        return None
    compiled = read_loss(getattr(call.model, "loss", None))
    name, raw = compiled if metric else (name, raw or (compiled[0] == name and compiled[1]))
    return KerasLoss(name, raw, *pair, metric)


def with_values(loss: KerasLoss, call: KerasCall) -> KerasLoss | None:
    """Return the loss with numbers in it; Keras tries a loss on shapes alone before the first batch."""
    if not loss.target.is_meta and not loss.output.is_meta:
        return loss
    y = call.given.get("y")
    if not hasattr(y, "shape") or not hasattr(y, "dtype"):
        return None
    rows = torch.as_tensor(y)[: loss.target.shape[0] if loss.target.ndim else 1]
    if rows.numel() != loss.target.numel():
        return None
    even = torch.full(loss.output.shape, 1 / max(loss.output.shape[-1:], default=1))
    return replace(loss, target=rows.reshape(loss.target.shape), output=even, stands_in=True)


def widest(loss: KerasLoss, call: KerasCall) -> KerasLoss:
    """Return the loss with the labels of later batches too: what mends one batch may not mend the next.

    The output's rows are repeated for them. Of a long y a part is taken, its lowest and highest row too.
    """
    y: Any = call.given.get("y")
    kind = getattr(getattr(y, "dtype", None), "kind", "") or str(getattr(y, "dtype", ""))[6:7]
    each, rows = loss.target.shape[1:], loss.target.shape[0] if loss.target.ndim else 0
    fits = kind in ("b", "i", "u", "f") and y.ndim > 0 and len(y) > rows > 0
    if not fits or loss.output.shape[:1] != loss.target.shape[:1] or y[0].size != each.numel():
        return loss
    y = torch.as_tensor(y).reshape(len(y), -1)
    some = range(min(len(y), MANY // max(1, loss.output[0].numel())))
    places = sorted({int(y.min(1).values.argmin()), int(y.max(1).values.argmax()), *some})
    output = loss.output.detach()[torch.arange(len(places)) % rows]
    return replace(loss, target=y[places].reshape(-1, *each).to(loss.target.device), output=output)


def cardinality(steps: list[Step]) -> tuple[list[int], list[int]] | None:
    """Return the numbers of rows of x and of y, where Keras found that they differ."""
    for step in steps:
        data = step.variables.get("data")
        if step.function == "check_data_cardinality" and isinstance(data, tuple | list) and data:
            return _rows(data[0]), _rows(data[1]) if len(data) > 1 else []
    return None


def _rows(data: Any) -> list[int]:
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        return [rows for part in data for rows in _rows(part)]
    return [int(data.shape[0])] if getattr(data, "shape", ()) else []


def input_check(steps: list[Step]) -> tuple[list[Any], list[Any], str] | None:
    """Return what a layer wants, what came, and the layer's name, where Keras checked that and raised."""
    for step in steps:
        if step.function == "assert_input_compatibility" and "input_spec" in step.variables:
            variables = step.variables
            return (
                _flat(variables["input_spec"]),
                _flat(variables.get("inputs")),
                str(variables.get("layer_name", "")),
            )
    return None


def missing_names(steps: list[Step]) -> list[str]:
    """Return the inputs that a layer asks for by name and that the dictionary it was given does not have."""
    for step in steps:
        inputs = step.variables.get("inputs")
        if step.function == "assert_input_compatibility" and isinstance(inputs, Mapping):
            names = [getattr(spec, "name", None) for spec in _flat(step.variables.get("input_spec"))]
            return [name for name in names if name and name not in inputs]
    return []


def rank_check(steps: list[Step]) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Return the shape of a model's Input and the one that came, where they have other numbers of axes."""
    for step in steps:
        if step.function == "_adjust_input_rank" and "ref_shape" in step.variables:
            return tuple(step.variables["ref_shape"]), tuple(step.variables["x"].shape)
    return None


def _flat(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]
