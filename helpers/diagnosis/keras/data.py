"""What a Keras model was handed that it can't cut into batches of numbers: lists, words, objects, nothing."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.keras.find import KerasCall, keras_steps
from helpers.diagnosis.keras.trial import repaired
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, described
from helpers.trial import came_of

PAD = '{name} = keras.utils.pad_sequences({name}, padding="post")'
CUT = PAD[:-1] + ', maxlen={wanted}, truncating="post")'
NUMBERED = "classes, {name} = np.unique({name}, return_inverse=True)"
COLUMNS = NUMBERED + "\n{name} = keras.utils.to_categorical({name})"
ARRAY, ARRAYS = "{name} = np.array({name})", "{name} = [np.array(part) for part in {name}]"
# What x or y is: the cause, what is needed, and code of which the first that runs is shown.
KINDS = {
    "ragged": ("ragged_padding", "rows of one length, as keras.utils.pad_sequences makes them", PAD, CUT),
    "text in x": ("missing_input", "numbers: ids from a tokenizer, or from keras.layers.TextVectorization"),
    "text in y": ("target_dtype", "a number for each class, as from np.unique", NUMBERED, COLUMNS),
    "objects": ("target_dtype", 'numbers: .astype("float32")', "{name} = np.array({name}.tolist())"),
    "no dict": ("missing_input", "a dict with an array for each input", "{name} = dict({name})"),
    "list of x": ("missing_input", "np.array(x): Keras reads a list as several inputs", ARRAY, ARRAYS),
    "list of y": ("target_dtype", "np.array(y): Keras reads a list as the labels of several outputs", ARRAY),
}


def explain_data(raised: Raised, asked: KerasCall) -> Diagnosis | None:
    """X or y is not something that Keras can cut into batches."""
    for argument in filter(asked.given.__contains__, ("x", "y")):
        value = asked.given[argument]
        kind = _kind(argument, value, asked.model)
        if kind:
            cause, needs, *codes = KINDS[kind]
            text = f"text, such as {str(np.ravel(value)[0])!r}" if kind.startswith("text") else ""
            got = f"{argument}: {text or lengths_of(value) or described(value).removeprefix('is ')}"
            name, wanted = name_of(value, raised.steps), came_of(lambda: asked.model.inputs[0].shape[1]).value
            codes = [code.format(name=name, wanted=wanted) for code in codes if name.isidentifier()]
            fixes = (repaired(code, asked.model, asked.given, {argument: name}) for code in codes)
            return raised.diagnosis(cause, got, needs, [next(filter(None, fixes), None)])
    if asked.name and any(step.variables.get("y_true", "") is None for step in keras_steps(raised)):
        needs = f"labels, one row for each row of x: model.{asked.name}(x, y)"
        return raised.diagnosis("missing_input", f"{asked.name} was given no y, and the loss needs it", needs)
    return None


def _kind(argument: str, value: Any, model: Any) -> str:
    is_list = isinstance(value, list | tuple)  # of another kind of data NumPy may have to load the rows
    array = came_of(lambda: np.asarray(value if is_list or hasattr(value, "__array__") else ())).value
    first = array.flat[0] if array is not None and array.size else None
    if lengths_of(value) and not (is_list and all(getattr(part, "ndim", 0) > 1 for part in value)):
        return "ragged"  # arrays in a list may differ: they are several inputs
    if isinstance(first, str):
        return f"text in {argument}"
    if first is not None and array.dtype == object:
        return "objects" if came_of(lambda: np.array(array.tolist(), dtype=float)).error is None else ""
    if isinstance(value, Mapping | UserDict) and not isinstance(value, dict):
        return "no dict"
    places = getattr(model, "inputs" if argument == "x" else "outputs", None) or []
    if not is_list or not value or (len(value) == len(places) and hasattr(value[0], "shape")):
        return ""
    # Numbers, lists, or arrays of one row: those of an input have more axes.
    rows = all(isinstance(row, list | int | float) or getattr(row, "ndim", 2) < 2 for row in value)
    return f"list of {argument}" if rows else ""
