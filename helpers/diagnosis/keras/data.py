"""What a Keras model was handed that it can't cut into batches of numbers: lists, words, objects, nothing."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.keras.find import KerasCall, keras_steps
from helpers.diagnosis.keras.trial import model_runs, repaired
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, described, gave
from helpers.trial import came_of

PAD = '{name} = keras.utils.pad_sequences({name}, padding="post"'
NUMBERED = "classes, {name} = np.unique({name}, return_inverse=True)"
COLUMNS = NUMBERED + "\n{name} = keras.utils.to_categorical({name})"
ARRAY, ARRAYS = "{name} = np.array({name})", "{name} = [np.array(part) for part in {name}]"
ENTRIES = "Keras takes each entry of a list for"
# What x or y is: the cause, what is needed, and code of which the first that runs is shown.
KINDS = {
    "ragged": (
        "ragged_padding",
        "rows of one length",
        f"{PAD})",
        PAD + ', maxlen={wanted}, truncating="post")',
    ),
    "text in x": ("missing_input", "numbers: ids from a tokenizer, or from keras.layers.TextVectorization"),
    "text in y": ("target_dtype", "a number for each class, as from np.unique", NUMBERED, COLUMNS),
    "objects in x": ("target_dtype", 'numbers: x.astype("float32")', "{name} = np.array({name}.tolist())"),
    "objects in y": ("target_dtype", 'numbers: y.astype("int64")', "{name} = np.array({name}.tolist())"),
    "no dict": ("missing_input", "a dict with an array for each input", "{name} = dict({name})"),
    "list of x": ("missing_input", f"np.array(x): {ENTRIES} an input of its own", ARRAY, ARRAYS),
    "list of y": ("target_dtype", f"np.array(y): {ENTRIES} the labels of another output", ARRAY),
}


def explain_data(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """X or y is not something that Keras can cut into batches."""
    for argument in ("x", "y"):
        value: Any = call.given.get(argument)
        kind = _kind(argument, value, call.model)
        if kind:
            cause, needs, *codes = KINDS[kind]
            text = f"text, such as {str(np.ravel(value)[0])!r}" if kind.startswith("text") else ""
            got = f"{argument}: {text or lengths_of(value) or described(value).removeprefix('is ')}"
            fixes = filter(None, (_rebound(raised, call, argument, code) for code in codes))
            return raised.diagnosis(cause, got, needs, [next(fixes, None)])
    if call.name and any(step.variables.get("y_true", "") is None for step in keras_steps(raised)):
        needs = f"labels, one row for each row of x: model.{call.name}(x, y)"
        return raised.diagnosis("missing_input", f"{call.name} was given no y, and the loss needs it", needs)
    return None


def _kind(argument: str, value: Any, model: Any) -> str:
    is_list = isinstance(value, list | tuple)
    # Of anything else NumPy may have to load the rows.
    array = came_of(lambda: np.asarray(value if is_list or hasattr(value, "__array__") else ())).value
    first = array.flat[0] if array is not None and array.size else None
    if lengths_of(value) and not (is_list and all(getattr(part, "ndim", 0) > 1 for part in value)):
        return "ragged"  # arrays in a list may differ: they are several inputs
    if isinstance(first, str):
        return f"text in {argument}"
    if first is not None and array.dtype == object:
        numbers = came_of(lambda: np.array(array.tolist(), dtype=float))
        return f"objects in {argument}" if numbers.error is None else ""
    if isinstance(value, Mapping | UserDict) and not isinstance(value, dict):
        return "no dict"
    places = getattr(model, "inputs" if argument == "x" else "outputs", None) or []
    as_many = is_list and len(value) == len(places) and hasattr(value[0], "shape")
    return f"list of {argument}" if is_list and value and all(map(_is_row, value)) and not as_many else ""


def _is_row(row: Any) -> bool:
    """Whether this is a number, a list, or an array of one row; those of an input have more axes."""
    return isinstance(row, list | int | float) or getattr(row, "ndim", 2) < 2


def _rebound(raised: Raised, call: KerasCall, argument: str, code: str) -> Fix | None:
    """Rebind the learner's own name, and ask the model about what came of it."""
    value = call.given[argument]
    name, wanted = name_of(value, raised.steps), came_of(lambda: call.model.inputs[0].shape[1]).value

    def proof(names: Any) -> str:
        given = {**call.given, argument: getattr(names, name)}
        model_runs(call.model, given.get("x"), given.get("y"))
        return gave(given[argument])

    code = code.format(name=name, wanted=wanted)
    return repaired(code, {name: value}, proof) if name.isidentifier() else None
