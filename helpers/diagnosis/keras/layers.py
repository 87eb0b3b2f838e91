"""What Keras or a layer of it refused: rows, inputs, ids, weights; the frame still has what it compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.diagnosis.calls.layers import layer_that_failed
from helpers.diagnosis.calls.trainer import missing_argument
from helpers.diagnosis.keras.find import KerasCall, keras_steps
from helpers.diagnosis.keras.trial import rows_in
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import steps_of
from helpers.diagnosis.seen.raised import Raised, shape

Frame = Mapping[str, Any]  # the variables of the frame that refused
Refused = tuple[str, str, str] | None  # a cause, what came, what is needed
JOINED = ("input_shape", "newshape", "shape1", "shape2")


def explain_layers(raised: Raised, asked: KerasCall) -> Diagnosis | None:
    """The innermost frame that compared what came with what it needs."""
    for step in keras_steps(raised):
        frame = step.variables
        if step.function == "call" and "inputs" in frame and hasattr(frame.get("self"), "input_dim"):
            return _embedding(raised, asked, frame)
        if step.function == "__init__" and "signature" in frame and "args" in frame:
            return missing_argument(raised, "call", frame["signature"], frame["args"], frame["kwargs"])
        reader = _joined if ".merging." in step.module else READERS.get(step.function)
        if reader is not None and (found := reader(frame)) is not None:
            cause, got, needs = found
            in_fit = asked.name == "fit" and any(each.function == "evaluate" for each in keras_steps(raised))
            return raised.diagnosis(cause, got, f"{needs}; these are validation_data's" if in_fit else needs)
    return None


def _embedding(raised: Raised, asked: KerasCall, frame: Frame) -> Diagnosis | None:
    """An id that the embedding has no row for; of a later batch too, where all ids are at hand."""
    failed, ids, x = layer_that_failed(raised), frame["inputs"], asked.given.get("x")
    if failed is None:
        return None
    needs = failed.needs
    if failed.cause == "vocab_range" and not raised.is_unread:
        every = [ids, x] if x is not None and getattr(x, "shape", ())[1:] == ids.shape[1:] else [ids]
        rows = max(int(each.max()) for each in every) + 1
        needs = (
            f"ids from 0 to {frame['self'].input_dim - 1}; or input_dim={rows}, one more than the highest id"
        )
        needs += ", as 0 counts too (it is padding)"
    return raised.diagnosis(failed.cause, failed.got, needs)


def _cardinality(frame: Frame) -> Refused:
    counts = zip(("x", "y"), map(rows_in, frame["data"]), strict=False)
    got = ", ".join(f"{name} with {' and '.join(map(str, rows[:4]))} rows" for name, rows in counts if rows)
    needs = "as many rows in each: one label per row of x"
    sizes = [max(rows_in(data), default=0) for data in frame["data"][:2]]
    if len(sizes) == 2 and 0 < sizes[0] < sizes[1] and not sizes[1] % sizes[0]:
        times = sizes[1] // sizes[0]
        needs += f"; y has {times} for each, as reshape(-1, 1) makes of a row of {times} columns"
    return "batch_target", got, needs


def _inputs(frame: Frame) -> Refused:
    """A layer was given other inputs than it has; or, where Keras had come to one of them, another shape."""
    layer, given, spec = frame["layer_name"], frame["inputs"], frame.get("spec")
    if spec is None:
        specs = frame["input_spec"]
        names = ", ".join(str(each.name) for each in specs if getattr(each, "name", None))
        came = given.items() if isinstance(given, Mapping) else (("", value) for value in given)
        got = ", ".join(f"{name} {shape(value)}".strip() for name, value in came if hasattr(value, "shape"))
        needs = f"{len(specs)} input{'s, each an array of its own' * (len(specs) > 1)}: {names}"
        return "missing_input", f"{layer} given {got}", needs
    sizes = getattr(frame["x"], "shape", ())
    wanted = list(spec.shape or [None] * (spec.ndim or max(len(sizes), spec.min_ndim or 0)))
    for axis, size in (spec.axes or {}).items():
        wanted[axis] = size
    # Only a model's own inputs have names, and one that Keras counts up is not the learner's.
    name = "input" if (spec.name or "input_layer").startswith(("input_layer", "keras_tensor")) else spec.name
    return _shapes(wanted, sizes, "the model" if spec.name else layer, name)


def _shapes(wanted: Sequence[Any], came: Sequence[Any], owner: str, name: str) -> Refused:
    spelled = str(tuple(wanted)).replace("None", "any")
    got = f"{name} {tuple(came)}; {owner} is built for {spelled}"
    if len(wanted) != len(came):
        return "needs_flatten_or_transpose", got, f"{len(wanted)} axes: {spelled}"
    length = f"pad or cut every row to {wanted[-1]}, or leave the length open: Input((None,))"
    return "static_length", got, f"{name} {spelled}: {length}"


def _joined(frame: Frame) -> Refused:
    """Shapes that a layer can't turn into another, or join."""
    got = ", ".join(f"{name} {frame[name]}" for name in JOINED if name in frame)
    needs = "shapes that agree on every axis but the one that is joined"
    return ("static_length", got, needs) if got else None


def _weights(frame: Frame) -> Refused:
    """Weights of another model, from `set_weights` or from a file."""
    owner, error = next(iter(frame.get("error_msgs", {}).values()), (frame.get("self"), None))
    for step in steps_of(error) if error is not None else ():
        frame = step.variables if step.function == "assign" else frame
    own: Any = frame.get("variable", frame.get("self"))
    given: Any = frame.get("value")
    if not hasattr(own, "shape") or not hasattr(given, "shape"):
        return None
    layers = getattr(owner, "layers", [])
    layer: Any = next((each for each in layers if any(weight is own for weight in each.weights)), owner)
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
