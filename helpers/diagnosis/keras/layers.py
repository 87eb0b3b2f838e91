"""What Keras or a layer of it refused: rows, inputs, ids, weights; the frame still has what it compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from helpers.diagnosis.calls.embeddings import explain_embedding
from helpers.diagnosis.calls.trainer import missing_argument
from helpers.diagnosis.keras.find import KerasCall, keras_steps, rows_in
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import steps_of
from helpers.diagnosis.seen.raised import Raised, shape

Frame = Mapping[str, Any]  # the variables of the frame that refused
Refused = tuple[str, str, str] | None  # a cause, what came, what is needed
JOINED = ("input_shape", "newshape", "shape1", "shape2")


def explain_layers(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """The innermost frame that compared what came with what it needs."""
    for step in keras_steps(raised):
        frame = step.variables
        if step.function == "call" and "inputs" in frame and hasattr(frame.get("self"), "input_dim"):
            return _embedding(raised, call, frame)
        if step.function == "__init__" and "signature" in frame and "args" in frame:
            return missing_argument(raised, "call", frame["signature"], frame["args"], frame["kwargs"])
        reader = _joined if ".merging." in step.module else READERS.get(step.function)
        found = reader(frame) if reader is not None else None
        if found is not None:
            return raised.diagnosis(*found)
    return None


def _embedding(raised: Raised, call: KerasCall, frame: Frame) -> Diagnosis | None:
    """An id that the embedding has no row for; of a later batch too, where all ids are at hand."""
    told, ids, x = explain_embedding(raised), frame["inputs"], call.given.get("x")
    if told is None or told.cause != "vocab_range" or raised.is_unread or not isinstance(ids, Tensor):
        return told
    every = [ids, x] if x is not None and getattr(x, "shape", ())[1:] == ids.shape[1:] else [ids]
    rows = max(int(each.max()) for each in every) + 1
    needs = f"ids from 0 to {frame['self'].input_dim - 1}; or input_dim={rows}, one more than the highest id"
    return replace(told, needs=f"{needs}, as 0 counts too (it is padding)", fixes=())


def _cardinality(frame: Frame) -> Refused:
    counts = zip(("x", "y"), map(rows_in, frame["data"]), strict=False)
    got = ", ".join(f"{name} with {' and '.join(map(str, rows[:4]))} rows" for name, rows in counts if rows)
    return "batch_target", got, "as many rows in each: one label per row of x"


def _inputs(frame: Frame) -> Refused:
    """A layer was given another number of inputs, or another shape, than it was built for."""
    specs, given, layer = _flat(frame["input_spec"]), frame["inputs"], frame["layer_name"]
    names, came = [str(spec.name) for spec in specs if getattr(spec, "name", None)], _flat(given)
    called = given if isinstance(given, Mapping) else [""] * len(came)
    if len(specs) != len(came) or (called is given and not {*names} <= {*given}):
        got = ", ".join(f"{name} {shape(value)}".strip() for name, value in zip(called, came, strict=True))
        needs = f"{len(specs)} input{'s, each an array of its own' * (len(specs) > 1)}: {', '.join(names)}"
        return "missing_input", f"{layer} given {got}", needs
    for spec, value in zip(specs, came, strict=True):
        name, wanted = str(getattr(spec, "name", None) or ""), _wanted(spec, value.shape)
        if wanted is not None:
            # What Keras counts up is no name of the learner's.
            own = "" if name.startswith(("input_layer", "keras_tensor")) else name
            return _shapes(wanted, value.shape, "the model" if name else layer, own or "input")
    return None


def _flat(value: Any) -> list[Any]:
    value = list(value.values()) if isinstance(value, Mapping) else value
    return list(value) if isinstance(value, list | tuple) else [value]


def _wanted(spec: Any, came: Sequence[Any]) -> list[Any] | None:
    """Return the shape that a layer wants, with None where it is free; None where what came fits."""
    if spec is None or not came:
        return None
    wanted = list(spec.shape or [None] * (spec.ndim or max(len(came), spec.min_ndim or 0)))
    for axis, size in (spec.axes or {}).items():
        wanted[axis] = size
    free = [size if want is None else want for want, size in zip(wanted, came, strict=False)]
    return None if len(wanted) == len(came) and free == [*came] else wanted


def _shapes(wanted: Sequence[Any], came: Sequence[Any], owner: str, name: str) -> Refused:
    spelled = str(tuple(wanted)).replace("None", "any")
    got = f"{name} {tuple(came)}; {owner} is built for {spelled}"
    if len(wanted) != len(came):
        return "needs_flatten_or_transpose", got, f"{len(wanted)} axes: {spelled}"
    length = f"pad or cut every row to {wanted[-1]}, or leave the length open: Input((None,))"
    return "static_length", got, f"{name} {spelled}: {length}"


def _joined(frame: Frame) -> Refused:
    """Shapes that a layer can't turn into another, or join."""
    sizes = ", ".join(f"{name} {frame[name]}" for name in JOINED if name in frame)
    return (
        ("static_length", sizes, "shapes that agree on every axis but the one that is joined")
        if sizes
        else None
    )


def _weights(frame: Frame) -> Refused:
    """Weights of another model, from `set_weights` or from a file."""
    if "error_msgs" in frame:
        layer, error = next(iter(frame["error_msgs"].values()))
        frame = next(step.variables for step in steps_of(error) if step.function == "assign")
        own, given = frame["self"], frame["value"]
    else:
        own, given = frame["variable"], frame["value"]
        layers = getattr(frame["self"], "layers", [frame["self"]])
        layer = next(layer for layer in layers if any(weight is own for weight in layer.weights))
    kind = type(layer).__name__
    got = f"layer {layer.name} ({kind}): {own.name} {tuple(own.shape)}; given {tuple(given.shape)}"
    needs = "the same sizes in both models; or all layers but this one: model.load_weights(path, "
    needs += "skip_mismatch=True), or set_weights for each layer in model.layers[:-1]"
    return "vocab_range" if kind == "Embedding" else "head_size", got, needs


# By the function of Keras that refused.
READERS: dict[str, Callable[[Frame], Refused]] = {
    "check_data_cardinality": _cardinality,
    "_adjust_input_rank": lambda frame: _shapes(frame["ref_shape"], frame["x"].shape, "the model", "input"),
    "assert_input_compatibility": _inputs,
    "compute_reshape_output_shape": _joined,
    "set_weights": _weights,
    "_raise_loading_failure": _weights,
}
