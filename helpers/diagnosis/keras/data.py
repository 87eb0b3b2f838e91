"""What a Keras model was handed that is no array: lists, rows of different lengths, a tokenizer's object."""

from __future__ import annotations

import sys
from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.keras.find import KerasCall
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, tried


def explain_data(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """X or y is not something that Keras can cut into batches."""
    return (
        next(filter(None, (_ragged(raised, call, name) for name in ("x", "y"))), None)
        or _tokenizers_object(raised, call)
        or _list_of_inputs(raised, call)
        or _list_of_labels(raised, call)
    )


def _ragged(raised: Raised, call: KerasCall, argument: str) -> Diagnosis | None:
    value: Any = call.given.get(argument)
    lengths = lengths_of(value)
    # A list of arrays is how Keras takes several inputs: those may differ.
    inputs = isinstance(value, list | tuple) and all(getattr(part, "ndim", 0) > 1 for part in value)
    if not lengths or inputs:
        return None
    name = _own_name(raised, value)
    code = f'{name} = keras.utils.pad_sequences({name}, padding="post")'
    fix = _changed(raised, "pad to the longest", code, name, list(value))
    return raised.diagnosis("ragged_padding", f"{argument}: {lengths}", "rows of one length", [fix])


def _tokenizers_object(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """A BatchEncoding holds the right arrays, and Keras looks for a dict."""
    value: Any = call.given.get("x")
    if not isinstance(value, Mapping | UserDict) or isinstance(value, dict):
        return None
    name = _own_name(raised, value)
    fix = _changed(raised, "make it a dict", f"{name} = dict({name})", name, value)
    got = f"x is a {type(value).__name__} of {', '.join(map(str, value))}"
    return raised.diagnosis("missing_input", got, "a dict with an array for each input", [fix])


def _list_of_inputs(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """Nested lists: one per input of the model, or the rows of a single input."""
    value: Any = call.given.get("x")
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(row, list | int | float) for row in value):
        return None
    name = _own_name(raised, value)
    inputs = len(getattr(call.model, "inputs", None) or [])
    if inputs == len(value) > 1 and all(isinstance(part, list) for part in value):
        fix = _changed(
            raised, "an array for each", f"{name} = [np.array(part) for part in {name}]", name, value
        )
        got = f"x is a list of {inputs} lists, one for each input"
        return raised.diagnosis("missing_input", got, f"a list of {inputs} arrays", [fix])
    fix = _changed(raised, "make it an array", f"{name} = np.array({name})", name, value)
    needs = f"one array: x = np.array(x); a list means {len(value)} inputs to Keras"
    return raised.diagnosis("missing_input", f"x is a list of {len(value)} rows", needs, [fix])


def _list_of_labels(raised: Raised, call: KerasCall) -> Diagnosis | None:
    """Labels in a list; Keras' own message speaks of x."""
    value: Any = call.given.get("y")
    refused = any(step.function == "get_data_adapter" for step in raised.steps)
    if not refused or not isinstance(value, list) or not value:
        return None
    if not all(isinstance(row, list | int | float) for row in value):
        return None
    name = _own_name(raised, value)
    fix = _changed(raised, "make it an array", f"{name} = np.array({name})", name, value)
    got = f"y is a list of {len(value)} labels"
    return raised.diagnosis("target_dtype", got, "an array: y = np.array(y)", [fix])


def _own_name(raised: Raised, value: Any) -> str:
    name = name_of(value, raised.steps)
    return name if name.isidentifier() else ""


def _changed(raised: Raised, title: str, code: str, name: str, value: Any) -> Fix | None:
    """Run a repair that rebinds the learner's own name, and say what it gave."""
    if not name:
        return None
    space = {name: value, "np": np, "keras": sys.modules.get("keras")}
    return tried(title, code, space, lambda names: _told(getattr(names, name)))


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return "gives " + ", ".join(f"{name} {tuple(array.shape)}" for name, array in value.items())
    parts = value if isinstance(value, list) else [value]
    return "gives " + " and ".join(str(tuple(part.shape)) for part in parts)
