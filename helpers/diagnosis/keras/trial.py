"""What comes of a repair in a Keras program: the model's own loss and metrics, run again.

Nothing of the learner's model changes: its metrics count on copies, and it is only asked for its output.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from helpers.diagnosis.said.result import Fix
from helpers.diagnosis.seen.raised import gave, tried

FEW = 2  # rows that the model is shown


def keras() -> Any:
    """Return Keras. Where one of its errors is it is loaded; a loss's name alone may be the first to ask."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return importlib.import_module("keras")


def rows_in(data: Any) -> list[int]:
    """Return how many rows each array has, in whatever lists and dictionaries they are."""
    return [int(part.shape[0]) for part in keras().tree.flatten(data) if getattr(part, "shape", ())]


def repaired(code: str, model: Any, given: Any, names: dict[str, str], output: Any = None) -> Fix | None:
    """Run a repair, and then the loss and the metrics on what came of it; None where anything raises.

    The code rebinds `loss`, or x or y, as they were given, under the learner's names of them. Where it is not
    known what the model gives, it is asked about the first rows. Without a model it is a loss by itself.
    """

    def proof(after: Any) -> str:
        x, y = (vars(after).get(names.get(part, ""), given.get(part)) for part in ("x", "y"))
        if output is not None:
            value = compiled(model, y, output, vars(after).get("loss"))
            return f"loss {value:.3f}" if model is None else "loss and metrics run"
        if not model.built or len({*rows_in([x, y])}) != 1:
            raise ValueError("calling the model would build it, or there is not a label for each row")
        came = model(keras().tree.map_structure(lambda rows: np.asarray(rows)[:FEW], x), training=False)
        if y is not None:
            compiled(model, np.asarray(y)[:FEW], came)
        return gave(x if "x" in names else y)

    values = {"keras": keras(), "np": np} | {name: given[part] for part, name in names.items()}
    return tried(f"change {code.split()[0]}", code, values, proof)


def compiled(model: Any, target: Any, output: Any, loss: Any = None) -> float:
    """Return the loss, after the metrics have counted too: what a step of training asks of a model.

    It raises what these raise. The loss is the model's or another; without a model, it is alone.
    """
    asked = loss if loss is not None else getattr(model, "loss", None)
    function = keras().losses.get(asked)
    if (model is not None or isinstance(asked, str)) and not isinstance(function, keras().losses.Loss):
        # A model makes an object of it, which adds or takes away an axis of size 1.
        function = keras().losses.MeanSquaredError.__base__(function, name="loss")
    value = float(function(target, output).mean())
    own = getattr(model, "_compile_metrics", None)
    if own is not None and own._user_metrics:
        fresh = type(own)(keras().tree.map_structure(_copied, own._user_metrics), None)
        fresh.update_state(keras().ops.convert_to_tensor(target), output)
    return value


def _copied(metric: Any) -> Any:
    return type(metric).from_config(metric.get_config()) if hasattr(metric, "get_config") else metric
