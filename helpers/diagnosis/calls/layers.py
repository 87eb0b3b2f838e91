"""Layers whose weights are made for another width: nn.Linear and its like, or a plain matrix product."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.names import called, name_of, named
from helpers.diagnosis.seen.raised import Raised, shape, tried

PRODUCTS = ("matmul", "mm", "bmm", "linear", "addmm", "@")


def explain_layer(raised: Raised) -> Diagnosis | None:
    """A layer whose weights are made for another width than its input has."""
    for step in raised.steps:
        layer, given = step.variables.get("self"), step.variables.get("input")
        if step.frame.f_code is nn.Linear.forward.__code__ and isinstance(given, Tensor):
            return _linear(raised, layer, given)
        if isinstance(layer, nn.RNNBase) and isinstance(given, Tensor) and step.function == "check_input":
            return _width(raised, f"{type(layer).__name__}", layer.input_size, given, -1)
        if (
            isinstance(layer, nn.modules.conv._ConvNd)
            and isinstance(given, Tensor)
            and step.function == "forward"
        ):
            return _width(raised, type(layer).__name__, layer.in_channels, given, 1)
        if isinstance(layer, nn.RNNBase) and step.function == "check_hidden_size":
            return _state(raised, layer, step.variables["hx"], step.variables["expected_hidden_size"])
        if step.frame.f_code is F.batch_norm.__code__ and isinstance(given, Tensor):
            mean = step.variables["running_mean"]
            return None if mean is None else _width(raised, "BatchNorm", mean.numel(), given, 1)
        if step.frame.f_code is F.multi_head_attention_forward.__code__:
            query, width = step.variables["query"], step.variables["embed_dim_to_check"]
            return _width(raised, "MultiheadAttention", width, query, -1)
        if step.frame.f_code is F.layer_norm.__code__ and isinstance(given, Tensor):
            return _width(raised, "LayerNorm", step.variables["normalized_shape"][-1], given, -1)
    return _product(raised)


def _linear(raised: Raised, layer: Any, given: Tensor) -> Diagnosis | None:
    takes, gives = layer.in_features, layer.out_features
    if given.ndim and given.shape[-1] == takes:
        return None
    path = name_of(layer, raised.steps) or "head"
    got = f"{path} = nn.Linear({takes}, {gives}), input {shape(given)}"
    wide, turned = given.flatten(1) if given.ndim > 2 else given, _turned(given, takes)
    if given.ndim > 2 and wide.shape[-1] == takes:
        needs = (
            f"input ({given.shape[0]}, {takes}): {' x '.join(map(str, given.shape[1:]))} = {takes}, flattened"
        )
        fix = _on_input(raised, layer, given, ".flatten(1)")
        return raised.diagnosis("needs_flatten_or_transpose", got, needs, [fix])
    if turned is not None:
        needs = f"the axis of size {takes} last; here it is axis {turned}"
        fix = _on_input(raised, layer, given, f".movedim({turned}, -1)")
        return raised.diagnosis("needs_flatten_or_transpose", got, needs, [fix])
    width = given.shape[-1] if given.ndim else 1
    code = f"{path} = nn.Linear({width}, {gives})"
    new = tried(
        "make the layer as wide as its input",
        code,
        {path: layer, "states": given},
        lambda names: F.linear(names.states.float(), _at(names, path).weight),
    )
    needs = f"an input whose last axis is {takes}, or a layer that takes {width}"
    return raised.diagnosis("head_size", got, needs, [new])


def _turned(given: Tensor, takes: int) -> int | None:
    """Return the one other axis that has the wanted size; the batch axis only for a plain matrix."""
    axes = [axis for axis, size in enumerate(given.shape[:-1]) if size == takes and (axis or given.ndim == 2)]
    return axes[0] if len(axes) == 1 else None


def _on_input(raised: Raised, layer: Any, given: Tensor, change: str) -> Fix | None:
    name = name_of(given, raised.steps) or "states"
    return tried(
        "turn the input",
        f"{name.split('.')[-1]} = {name}{change}",
        {name: given},
        lambda names: F.linear(_at(names, name.split(".")[-1]), layer.weight, layer.bias),
    )


def _at(names: Any, path: str) -> Any:
    for part in path.split("."):
        names = getattr(names, part)
    return names


def _width(raised: Raised, layer: str, takes: int, given: Tensor, axis: int) -> Diagnosis | None:
    if given.ndim < 2 or given.shape[axis] == takes:
        return None
    got = f"{layer} for {takes} features, input {shape(given)}"
    others = [place for place, size in enumerate(given.shape) if size == takes and place]
    if others and given.ndim > 2:
        needs = f"the axis of size {takes} at {axis if axis >= 0 else given.ndim - 1}; it is at {others[0]}"
        fix = _turn(raised, given, others[0], axis)
        return raised.diagnosis("needs_flatten_or_transpose", got, needs, [fix])
    return raised.diagnosis(
        "head_size",
        got,
        f"{takes} features on axis {axis % given.ndim}, or a layer that takes {given.shape[axis]}",
    )


def _state(raised: Raised, layer: nn.RNNBase, state: Tensor, wanted: tuple[int, ...]) -> Diagnosis | None:
    """A recurrent layer's first state was made for another batch."""
    if tuple(state.shape) == tuple(wanted):
        return None
    rows = wanted[1] if len(wanted) > 2 else 1
    got = f"{type(layer).__name__} with state {shape(state)} for a batch of {rows}"
    needs = f"a state {tuple(wanted)}, made for each batch: the last one is often smaller"
    name = (name_of(state, raised.steps) or "state").split(".")[-1]
    new = tried(
        "make it anew", f"{name} = torch.zeros{tuple(wanted)}", {}, lambda names: getattr(names, name)
    )
    return raised.diagnosis("static_length", got, needs, [new])


def _turn(raised: Raised, given: Tensor, source: int, axis: int) -> Fix | None:
    name = (name_of(given, raised.steps) or "states").split(".")[-1]
    code = f"{name} = {name}.movedim({source}, {axis})"
    return tried("turn the axes", code, {name: given}, lambda names: getattr(names, name))


def _product(raised: Raised) -> Diagnosis | None:
    """`a @ b`, or F.linear, on the learner's own line."""
    if not raised.own or raised.steps[0] is not raised.own[0]:
        return None
    step = raised.own[0]
    operation = called(step, PRODUCTS)
    pair = [(name, value) for name, value in named(step).items() if isinstance(value, Tensor)][:2]
    if not operation or len(pair) != 2 or any(not value.ndim for _, value in pair):
        return None
    (left, a), (right, b) = pair
    wanted = b.shape[-1] if operation == "linear" or b.ndim == 1 else b.shape[-2]
    if a.shape[-1] == wanted:
        return None
    got = f"{left} {shape(a)}, {right} {shape(b)}"
    needs = f"the last axis of {left} as long as the rows of {right}: {wanted}; it is {a.shape[-1]}"
    for code in (f"{right} = {right}.transpose(-1, -2)", f"{left} = {left}.transpose(-1, -2)"):
        fix = tried(
            "turn one side", code, {left: a, right: b}, lambda names: _at(names, left) @ _at(names, right)
        )
        if fix is not None and operation != "linear":
            return raised.diagnosis("needs_flatten_or_transpose", got, needs, [fix], certain=False)
    return raised.diagnosis("head_size", got, needs)
