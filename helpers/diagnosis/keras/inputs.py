"""Why Keras on torch refused its inputs: their number, their rows, their shapes."""

from __future__ import annotations

import inspect
from typing import Any

from helpers.diagnosis.calls.trainer import missing_argument
from helpers.diagnosis.keras.data import listed
from helpers.diagnosis.keras.find import KerasCall, input_check, keras_steps, missing_names, rank_check
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import Raised, shape


def explain_cardinality(raised: Raised, call: KerasCall, x: list[int], y: list[int]) -> Diagnosis:
    """X and y have different numbers of rows, or Keras sees more of them than the learner means."""
    lists = (listed(raised, call, name) for name in ("x", "y"))
    found = next((told for told in lists if told is not None and told.fixes), None)
    if found is not None:
        return found
    got = f"x with {_counted(x)} rows" + f", y with {_counted(y)}" * ("y" in call.given)
    if len(set(x)) > 1:
        return raised.diagnosis("batch_target", got, "as many rows in every input")
    given: Any = call.given.get("x")
    is_listed = isinstance(given, list) and bool(given) and getattr(given[0], "ndim", 0) < 2
    also = "x is a list: Keras takes each entry for an input of its own" if is_listed else ""
    return raised.diagnosis("batch_target", got, f"one label per row: {x[0] if x else 0} of each", also=also)


def _counted(rows: list[int]) -> str:
    """Spell how many rows each array has.

    >>> _counted([50, 100]), _counted([1] * 48)
    ('50 and 100', '1 and 1 and ... in 48 arrays')
    """
    if len(rows) > 4:
        return f"{rows[0]} and {rows[1]} and ... in {len(rows)} arrays"
    return " and ".join(map(str, rows)) or "no"


def explain_layer_call(raised: Raised) -> Diagnosis | None:
    """A model's call was left without an argument, or a layer was given shapes that don't go together."""
    for step in keras_steps(raised):
        variables = step.variables
        if isinstance(variables.get("signature"), inspect.Signature) and "args" in variables:
            return missing_argument(
                raised, "call", variables["signature"], variables["args"], variables["kwargs"]
            )
        if step.function.startswith("compute_reshape") or ".merging." in step.module:
            sizes = [
                (name, value) for name, value in variables.items() if "shape" in name and _is_shape(value)
            ]
            if sizes:
                got = ", ".join(f"{name} {value}" for name, value in sizes[:2])
                needs = "shapes that agree on every axis but the one that is joined"
                return raised.diagnosis("static_length", got, needs, certain=False)
    return None


def _is_shape(value: Any) -> bool:
    sizes = value if isinstance(value, list | tuple) else ()
    return bool(sizes) and all(size is None or isinstance(size, int) or _is_shape(size) for size in sizes)


def explain_inputs(raised: Raised) -> Diagnosis | None:
    """A model got another number of inputs, or another shape, than it was built for."""
    steps = keras_steps(raised)
    ranks = rank_check(steps)
    if ranks is not None:
        return _shapes(raised, "the model", *ranks, "input")
    checked = input_check(steps)
    if checked is None:
        return None
    specs, came, layer = checked
    left_out = missing_names(steps)
    if left_out:
        got = f"{layer}: a dictionary without {', '.join(left_out)}"
        return raised.diagnosis("missing_input", got, f"an array for each input, {', '.join(left_out)} too")
    if len(specs) != len(came):
        shapes = ", ".join(shape(value) for value in came if hasattr(value, "shape"))
        got = f"{layer}: {len(came)} input{'s' * (len(came) != 1)} {shapes}"
        names = [str(spec.name) for spec in specs if getattr(spec, "name", None)]
        count = "1 input" if len(specs) == 1 else f"{len(specs)} inputs, each an array of its own"
        needs = f"{count}{': ' + ', '.join(names) if names else ''}"
        return raised.diagnosis("missing_input", got, needs)
    for spec, value in zip(specs, came, strict=True):
        wanted = _wanted(spec, value)
        if wanted is not None:
            return _shapes(raised, layer, wanted, tuple(value.shape), _own_name(spec))
    return None


def _wanted(spec: Any, value: Any) -> tuple[Any, ...] | None:
    """Return the shape that a layer wants, with None where it is free; None where what came fits."""
    came = tuple(value.shape) if hasattr(value, "shape") else ()
    if spec is None or not came:
        return None
    axes = spec.ndim or max(len(came), spec.min_ndim or 0)
    wanted: list[Any] = list(spec.shape) if spec.shape is not None else [None] * axes
    for axis, size in (spec.axes or {}).items():
        wanted[axis] = size
    fits = len(wanted) == len(came) and all(
        want in (None, size) for want, size in zip(wanted, came, strict=True)
    )
    return None if fits else tuple(wanted)


def _own_name(spec: Any) -> str:
    """Return what the learner called a model's input; a number that Keras counts up says nothing."""
    name = str(getattr(spec, "name", None) or "")
    return "input" if name.startswith(("input_layer", "keras_tensor")) else name


def _shapes(
    raised: Raised, layer: str, wanted: tuple[Any, ...], came: tuple[Any, ...], name: str
) -> Diagnosis:
    """Name the shapes; only a model's own inputs have names, those of a layer inside it have none."""
    spelled = str(wanted).replace("None", "any")
    got = f"{name} {came}; the model is built for {spelled}" if name else f"{layer}: input {came}"
    asked = f"{name or 'input'} {spelled}"
    if len(wanted) != len(came):
        return raised.diagnosis("needs_flatten_or_transpose", got, f"{len(wanted)} axes: {spelled}")
    needs = f"{asked}: pad or cut every row to {wanted[-1]}, or leave the length open: Input((None,))"
    return raised.diagnosis("static_length", got, needs)
