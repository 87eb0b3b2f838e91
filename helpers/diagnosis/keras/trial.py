"""Repairs of a Keras program: run, and then the model's own loss and metrics on what came of them.

Nothing of the learner's model changes: its metrics count on copies, and it only looks at two rows.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
import torch

from helpers.diagnosis.keras.find import KerasCall, KerasLoss, widest
from helpers.diagnosis.said.result import Fix
from helpers.diagnosis.seen.raised import shape, tried
from helpers.trial import came_of

FEW = 2  # rows that the model is shown


def keras() -> Any:
    """Return Keras. Where one of its errors is it is loaded; a loss's name alone may be the first to ask."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return importlib.import_module("keras")


def compiled(model: Any, target: Any, output: Any, loss: Any = None, metrics: Any = None) -> float:
    """Return the loss, after the metrics have counted too: what a step of training asks of a model.

    Args:
        model: The compiled model, or None for a loss by itself.
        target: y of the batch.
        output: What the model gave for it.
        loss: Another loss than the model's.
        metrics: Others than the model's.

    Raises:
        Whatever the loss or a metric raises.
    """
    asked = loss if loss is not None else getattr(model, "loss", None)
    function = keras().losses.get(asked)
    if (model is not None or isinstance(asked, str)) and not isinstance(function, keras().losses.Loss):
        # A model makes an object of it, which adds or takes away an axis of size 1.
        function = keras().losses.MeanSquaredError.__base__(function, name="loss")
    value = float(function(target, output).mean())
    own = getattr(model, "_compile_metrics", None)
    given = metrics if metrics is not None else getattr(own, "_user_metrics", None)
    if own is not None and given:
        fresh = type(own)(keras().tree.map_structure(_copied, given), None)
        fresh.update_state(keras().ops.convert_to_tensor(target), output)
    return value


def _copied(metric: Any) -> Any:
    return type(metric).from_config(metric.get_config()) if hasattr(metric, "get_config") else metric


def changed(code: str, call: KerasCall, loss: KerasLoss, y: str) -> Fix | None:
    """Run a repair of the loss, the metrics or the labels, on the batch that failed and on later ones.

    Args:
        code: Rebinds `loss`, `metrics` or the labels.
        call: What the learner asked for.
        loss: What raised.
        y: What the learner calls the labels; "" where they have no name.
    """

    def run(on: KerasLoss, names: Any) -> tuple[Any, float]:
        after = vars(names).get(y, on.target.cpu().numpy())
        asked = getattr(names, "loss", None) or (loss.name if call.model is None else None)
        return after, compiled(call.model, after, on.output.detach(), asked, getattr(names, "metrics", None))

    def proof(names: Any) -> str:
        after, value = run(loss, names)
        said = "loss and metrics run" if loss.stands_in else f"loss {value:.3f}"
        return f"{shape(after)} per batch, {said}" if code.startswith(f"{y} =") else said

    values = {"keras": keras(), "np": np}
    every = widest(loss, call)
    if (
        every is not loss
        and tried("", code, {**values, **_named(y, every)}, lambda names: str(run(every, names))) is None
    ):
        return None
    return tried(_title(code), code, {**values, **_named(y, loss)}, proof)


def _named(y: str, loss: KerasLoss) -> dict[str, Any]:
    return {y: loss.target.detach().cpu().numpy()} if y else {}


def _title(code: str) -> str:
    if code.startswith("metrics"):
        return "count what fits these labels"
    return "compile with the loss for these labels" if code.startswith("loss") else "change the labels"


def succeeds(call: KerasCall, x: Any, y: Any) -> bool:
    """Whether the call that failed would now come through, as far as its first rows tell."""
    model = call.model
    if model is None or not getattr(model, "built", False):
        return True

    def run() -> None:
        output = model(_first(x), training=False)
        if y is not None and getattr(model, "loss", None) is not None:
            compiled(model, _first(np.asarray(y)), output)

    with torch.no_grad():
        return came_of(run).error is None


def _first(value: Any) -> Any:
    def cut(array: Any) -> Any:
        return array[:FEW] if getattr(array, "ndim", 0) else array

    return keras().tree.map_structure(cut, value)
