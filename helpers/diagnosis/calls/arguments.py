"""A call that left out an argument: read from the signature, before the call's own frame ever existed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import Raised, shape


def explain_arguments(raised: Raised) -> Diagnosis | None:
    """A module was called without an argument that its forward asks for."""
    if not raised.steps or raised.steps[0].frame.f_code is not nn.Module._call_impl.__code__:
        return None
    variables = raised.steps[0].variables
    forward = getattr(variables.get("self"), "forward", None)
    if forward is None:
        return None
    name = f"{type(variables['self']).__name__}.forward"
    return missing_argument(raised, name, inspect.signature(forward), variables["args"], variables["kwargs"])


def missing_argument(
    raised: Raised, name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Diagnosis | None:
    """Name the arguments that a call left out; None where it left out none."""
    if not isinstance(raised.error, TypeError):
        return None
    anything = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    asked = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind not in anything
    ]
    left_out = [argument for argument in asked[len(args) :] if argument not in kwargs]
    if not left_out:
        return None
    came = [*(_told(value) for value in args), *(f"{key} {_told(value)}" for key, value in kwargs.items())]
    got = f"{name}({', '.join(asked)}) called with {', '.join(came) or 'nothing'}"
    needs = f"also {', '.join(left_out)}"
    packed = [value for value in args if isinstance(value, Mapping) and all(key in value for key in asked)]
    if packed:
        needs += "; they are in the dictionary: unpack it with **"
    return raised.diagnosis("missing_input", got, needs)


def _told(value: Any) -> str:
    return f"{shape(value)}" if hasattr(value, "shape") else f"a {type(value).__name__}"
