"""What a Keras layer holds: an embedding without a row for an id, weights of another model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from helpers.diagnosis.keras.find import KerasCall, keras_steps
from helpers.diagnosis.keras.trial import keras
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import steps_of
from helpers.diagnosis.seen.raised import Raised, shape, tried


def explain_embedding(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """An id that the embedding has no row for; of a later batch too, where all ids are at hand."""
    steps = (step for step in keras_steps(raised) if step.module.endswith(".layers.core.embedding"))
    found = next((step.variables for step in steps if step.function == "call"), None)
    if found is None or raised.is_unread or not isinstance(found.get("inputs"), Tensor):
        return None
    layer, ids = found["self"], found["inputs"]
    rows, width = int(layer.input_dim), int(layer.output_dim)
    outside = (ids < 0) | (ids >= rows)
    if ids.is_meta or not outside.any():
        return None
    lowest, highest = int(ids.min()), max(int(ids.max()), _highest(call.given.get("x"), ids))
    got = f"layer {layer.name} with {rows} rows, ids {shape(ids)} from {int(ids.min())} to {int(ids.max())}; "
    got += f"{int(outside.sum())} of {ids.numel()} have no row"
    if lowest >= 0 and ids.shape[-1] > 1 and bool((ids.diff(dim=-1) == 1).all()):
        needs = f"at most {rows} tokens per row: maxlen={rows}, or input_dim={highest + 1} for the positions"
        return raised.diagnosis("too_long", got, needs)
    needs = f"ids from 0 to {rows - 1}"
    if lowest < 0:
        return raised.diagnosis("vocab_range", got, f"{needs}; a negative one marks no token")
    line = f"keras.layers.Embedding(input_dim={highest + 1}, output_dim={width})"
    needs += f"; or input_dim={highest + 1}, one more than the highest id, as 0 counts too (it is padding)"
    fix = tried(
        "a row for every id",
        f"{layer.name} = {line}",
        {"keras": keras()},
        lambda names: getattr(names, layer.name)(ids),
        f"where there are {highest + 1} ids",
    )
    return raised.diagnosis("vocab_range", got, needs, [fix] if highest < 10 * rows else [])


def _highest(x: Any, ids: Tensor) -> int:
    """Return the highest id of all rows, where x is what the embedding gets."""
    if getattr(getattr(x, "dtype", None), "kind", "-") not in "iuf":
        return 0
    if tuple(x.shape[1:]) != tuple(ids.shape[1:]):
        return 0
    return int(x.max())


def explain_weights(raised: Raised) -> Diagnosis | None:
    """Weights of a model with another head, from `set_weights` or from a file."""
    for step in keras_steps(raised):
        given = step.variables
        if step.function == "set_weights" and hasattr(given.get("value"), "shape"):
            layers = getattr(given["self"], "layers", [given["self"]])
            owner = next((layer for layer in layers if _owns(layer, given["variable"])), layers[-1])
            skip = "for new, old in zip(model.layers[:-1], old_model.layers[:-1]): "
            skip += "new.set_weights(old.get_weights())"
            return _other_model(raised, owner, given["variable"], given["value"], skip)
        if step.function == "_raise_loading_failure" and given.get("error_msgs"):
            layer, error = next(iter(given["error_msgs"].values()))
            for inner in steps_of(error):
                held, value = inner.variables.get("self"), inner.variables.get("value")
                if inner.function == "assign" and hasattr(held, "shape") and hasattr(value, "shape"):
                    return _other_model(
                        raised, layer, held, value, "model.load_weights(path, skip_mismatch=True)"
                    )
    return None


def _owns(layer: Any, variable: Any) -> bool:
    return any(weight is variable for weight in layer.weights)


def _other_model(raised: Raised, layer: Any, own: Any, given: Any, skip: str) -> Diagnosis:
    kind, (mine, theirs) = type(layer).__name__, (tuple(own.shape), tuple(given.shape))
    got = f"layer {layer.name} ({kind}): {own.name} {mine}; given {theirs}"
    if kind == "Embedding":
        needs = f"an embedding of the same vocabulary: layers.Embedding(input_dim={theirs[0]}, ...)"
        return raised.diagnosis("vocab_range", got, needs)
    needs = f"weights of these shapes: {kind}({theirs[-1]}) here too; or all but this layer: {skip}"
    return raised.diagnosis("head_size", got, needs, certain=bool(torch.Size(mine[:-1]) == theirs[:-1]))
