"""What comes of a repair in a Keras program: the model's own loss and metrics, run again.

Nothing of the learner's model changes: its metrics count on copies, and it is only asked for its output.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from helpers.diagnosis.keras.find import rows_in
from helpers.diagnosis.said.result import Fix
from helpers.diagnosis.seen.raised import tried

FEW = 2  # rows that the model is shown


def keras() -> Any:
    """Return Keras. Where one of its errors is it is loaded; a loss's name alone may be the first to ask."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return importlib.import_module("keras")


def repaired(code: str, names: dict[str, Any], proof: Any) -> Fix | None:
    """Run a repair, which may use Keras and NumPy, and its proof; None where either raises."""
    return tried(f"change {code.split()[0]}", code, {"keras": keras(), "np": np, **names}, proof)


def model_runs(model: Any, x: Any, y: Any) -> None:
    """Ask a model, its loss and its metrics about the first rows of x and y.

    Raises:
        Whatever they raise; ValueError where x and y have not as many rows, or the model is not built.
    """
    if not model.built or len({*rows_in([x, y])}) != 1:
        raise ValueError("calling it would build it, or these are no rows")
    x, y = keras().tree.map_structure(
        lambda array: array if array is None else np.asarray(array)[:FEW], (x, y)
    )
    output = model(x, training=False)
    if y is not None and getattr(model, "loss", None) is not None:
        compiled(model, y, output)


def compiled(model: Any, target: Any, output: Any, loss: Any = None, metrics: Any = None) -> float:
    """Return the loss, after the metrics have counted too: what a step of training asks of a model.

    It raises what these raise. Loss and metrics are the model's or others; without a model, the loss alone.
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
