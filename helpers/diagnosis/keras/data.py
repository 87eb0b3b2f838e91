"""What a Keras model was handed that it can't cut into batches of numbers: lists, words, objects, nothing."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.keras.find import BINARY, CATEGORICAL, KerasCall, keras_steps, read_loss
from helpers.diagnosis.keras.trial import keras, succeeds
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, tried


def explain_data(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """X or y is not something that Keras can cut into batches."""
    readers = (_ragged, _objects)
    refused = any(step.function == "get_data_adapter" for step in raised.steps)
    return (
        next(filter(None, (read(raised, call, name) for read in readers for name in ("x", "y"))), None)
        or _tokenizers_object(raised, call)
        or listed(raised, call, "x")
        or (listed(raised, call, "y") if refused else None)
        or _no_labels(raised, call)
    )


def _ragged(raised: Raised, call: KerasCall, argument: str) -> Diagnosis | None:
    value: Any = call.given.get(argument)
    lengths = lengths_of(value)
    # A list of arrays is how Keras takes several inputs: those may differ.
    inputs = isinstance(value, list | tuple) and all(getattr(part, "ndim", 0) > 1 for part in value)
    if not lengths or inputs:
        return None
    wanted, name = _wanted_length(call), _own_name(raised, value)
    cut = f'{name} = keras.utils.pad_sequences({name}, maxlen={wanted}, padding="post", truncating="post")'
    pad = f'{name} = keras.utils.pad_sequences({name}, padding="post")'
    fixes = [
        _changed(call, f"pad and cut to {wanted}", cut, argument, name, list(value)) if wanted else None,
        _changed(call, "pad to the longest", pad, argument, name, list(value)),
    ]
    needs = "rows of one length" + (
        f": pad those that are shorter than {wanted}, cut the longer" if wanted else ""
    )
    return raised.diagnosis("ragged_padding", f"{argument}: {lengths}", needs, fixes)


def _wanted_length(call: KerasCall) -> int | None:
    """Return the length that the model is built for."""
    shapes = [tuple(tensor.shape) for tensor in getattr(call.model, "inputs", None) or []]
    if len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][1] is not None:
        return int(shapes[0][1])
    return None


def _objects(raised: Raised, call: KerasCall, argument: str) -> Diagnosis | None:
    """Words, or numbers that NumPy keeps as objects."""
    value: Any = call.given.get(argument)
    array = (
        np.asarray(value) if isinstance(value, list | tuple) or hasattr(value, "__array__") else np.zeros(0)
    )
    if not array.size or array.dtype.kind not in "OUST":
        return None
    name = _own_name(raised, value)
    first = array.flat[0]
    if isinstance(first, str):
        return _words(raised, call, argument, name, array)
    got = f"{argument} {array.shape} of dtype object, which holds {type(first).__name__}"
    try:
        whole = np.stack(list(array)).astype("float32")
    except (TypeError, ValueError):
        return None  # neither numbers nor rows of them
    dtype = "int64" if bool((whole == whole.round()).all()) else "float32"
    code = f'{name} = np.stack(list({name})).astype("{dtype}")'
    if array.ndim == whole.ndim:
        code = f'{name} = np.asarray({name}).astype("{dtype}")'
    fix = _changed(call, "make it numbers", code, argument, name, value)
    return raised.diagnosis("target_dtype", got, f'numbers: {argument}.astype("{dtype}")', [fix])


def _words(raised: Raised, call: KerasCall, argument: str, name: str, array: Any) -> Diagnosis:
    if argument == "x":
        needs = "numbers: ids from a tokenizer, or from keras.layers.TextVectorization"
        return raised.diagnosis("missing_input", f"x {array.shape} holds text: {array.flat[0]!r}", needs)
    classes = sorted(set(array.flatten().tolist()))
    loss, _ = read_loss(getattr(call.model, "loss", None))
    code = f"classes, {name} = np.unique({name}, return_inverse=True)"
    if loss == CATEGORICAL:
        code += f"\n{name} = keras.utils.to_categorical({name})"
    some = ", ".join(map(repr, classes[:3])) + ", ..." * (len(classes) > 3)
    got = f"y {array.shape} holds words: {some}"
    needs = f"a number for each class, 0 to {len(classes) - 1}: np.unique(y, return_inverse=True)"
    outputs = tuple(getattr(call.model, "output_shape", None) or (0,))[-1]
    if loss != BINARY and isinstance(outputs, int) and 0 < outputs < len(classes):
        needs += f"; and Dense({len(classes)}) for {len(classes)} classes"
    fix = _changed(call, "number the classes", code, argument, name, array)
    return raised.diagnosis("target_dtype", got, needs, [fix])


def _tokenizers_object(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """A BatchEncoding holds the right arrays, and Keras looks for a dict."""
    value: Any = call.given.get("x")
    if not isinstance(value, Mapping | UserDict) or isinstance(value, dict):
        return None
    name = _own_name(raised, value)
    fix = _changed(call, "make it a dict", f"{name} = dict({name})", "x", name, value)
    got = f"x is a {type(value).__name__} of {', '.join(map(str, value))}"
    return raised.diagnosis("missing_input", got, "a dict with an array for each input", [fix])


def listed(raised: Raised, call: KerasCall, argument: str) -> Diagnosis | None:
    """Rows in a list: Keras takes each entry for an input, or for a target, of its own."""
    value: Any = call.given.get(argument)
    if not isinstance(value, list | tuple) or not value or not all(map(_is_row, value)):
        return None
    name, count = _own_name(raised, value), len(value)
    kind, each = ("rows", "inputs") if argument == "x" else ("labels", "targets")
    code = f"{name} = np.array({name})"
    got = f"{argument} is a list of {count} {kind}"
    needs = f"one array: {argument} = np.array({argument}); a list means {count} {each} to Keras"
    if kind == "rows" and count == len(getattr(call.model, "inputs", None) or []) > 1:
        code = f"{name} = [np.array(part) for part in {name}]"
        got, needs = f"x is a list of {count} lists, one for each input", f"a list of {count} arrays"
    fix = _changed(call, "make it an array", code, argument, name, value)
    return raised.diagnosis("missing_input" if kind == "rows" else "target_dtype", got, needs, [fix])


def _is_row(row: Any) -> bool:
    """Whether this is a number, a list, or an array of one row; those of an input have more axes."""
    return isinstance(row, list | int | float) or getattr(row, "ndim", 2) < 2


def _no_labels(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """A loss, or a metric, was given None for y."""
    absent = [step for step in keras_steps(raised) if step.variables.get("y_true", "") is None]
    if not absent or call.given.get("y") is not None or not call.name:
        return None
    loss, _ = read_loss(getattr(call.model, "loss", None))
    got = f"{call.name} was given no y, and the loss {loss} compares the output with it"
    return raised.diagnosis(
        "missing_input", got, f"labels, one row for each row of x: model.{call.name}(x, y)"
    )


def _own_name(raised: Raised, value: Any) -> str:
    name = name_of(value, raised.steps)
    return name if name.isidentifier() else ""


def _changed(call: KerasCall, title: str, code: str, argument: str, name: str, value: Any) -> Fix | None:
    """Run a repair that rebinds the learner's own name, and then the model on what came of it."""
    if not name:
        return None

    def proof(names: Any) -> str:
        after = getattr(names, name)
        given = {**call.given, argument: after}
        if not (_agree(given) and succeeds(call, given.get("x"), given.get("y"))):
            raise ValueError("it would still fail")
        return _told(after)

    return tried(title, code, {name: value, "np": np, "keras": keras()}, proof)


def _agree(given: dict[str, Any]) -> bool:
    """Whether one x and one y have as many rows."""
    return len({len(given[name]) for name in ("x", "y") if hasattr(given.get(name), "shape")}) < 2


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return "gives " + ", ".join(f"{name} {tuple(array.shape)}" for name, array in value.items())
    parts = value if isinstance(value, list) else [value]
    return "gives " + " and ".join(str(tuple(part.shape)) for part in parts)
