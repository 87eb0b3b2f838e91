"""What a layer of torch is made for, what came, and which other layer, or state, would take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.calls.changes import Change
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import Leaf, name_of
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.diagnosis.seen.stand_in import stand_in

Twin = Callable[[nn.Module], nn.Module]


@dataclass(frozen=True)
class Failed:
    """A layer that refused its input.

    Attributes:
        layer: The layer.
        got: What it is made for, and what came.
        needs: What fits.
        given: Its input.
        wanted: The shape that a recurrent layer's state must have.
        cause: Whose mistake it is where nothing mends it.
    """

    layer: Any
    got: str
    needs: str
    given: Tensor
    wanted: tuple[int, ...] = ()
    cause: str = "head_size"

    def changes(self, raised: Raised) -> Iterator[tuple[Change, Twin]]:
        """Return what may be put in its place, and how a stand-in of the model is given it."""
        if not isinstance(self.layer, nn.Linear) or not self.given.ndim:
            return
        path, width = name_of(self.layer, raised.steps) or path_in(self.layer, raised), self.given.shape[-1]
        code = f"{path or 'head'} = nn.Linear({width}, {self.layer.out_features})"
        # A width that is the batch's T or N is none: an axis was taken for another.
        lengths = {
            size
            for step in raised.own[:3]
            for value in step.variables.values()
            if isinstance(value, Tensor) and not value.is_floating_point()
            for size in value.shape[:2]
        }
        price = 1.5 + (width in lengths)
        change = Change("head_size", price, code, "make the layer as wide as its input", self.needs)
        yield change, lambda model: with_layer(model, self.layer, nn.Linear(width, self.layer.out_features))


def path_in(layer: nn.Module, raised: Raised) -> str:
    """Return how the learner reaches a layer inside a model that has a name, such as "self.head[0]"."""
    for step in raised.own[:2]:
        for name, owner in step.variables.items():
            parts = owner.named_modules() if isinstance(owner, nn.Module) else ()
            path = next((path for path, part in parts if part is layer), "")
            if path:
                return name + "".join(
                    f"[{part}]" if part.isdigit() else f".{part}" for part in path.split(".")
                )
    return ""


def with_layer(model: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """Return a stand-in for the model in which one layer is another."""
    return new if model is old else stand_in(model, {id(old): new})


def layer_that_failed(raised: Raised) -> Failed | None:
    """Return the layer of torch that refused what it was given, from the frames inside it."""
    for step in raised.steps:
        found = _at(step)
        if found is not None:
            return found
    return None


def _at(step: Step) -> Failed | None:
    layer: Any = step.variables.get("self")
    given, code = step.variables.get("input"), step.frame.f_code
    if isinstance(layer, nn.RNNBase) and step.function == "check_hidden_size":
        return _state(layer, step.variables["hx"], step.variables["expected_hidden_size"])
    if code is F.multi_head_attention_forward.__code__:
        return _width(
            "MultiheadAttention", layer, step.variables["embed_dim_to_check"], step.variables["query"], -1
        )
    if not isinstance(given, Tensor):
        return None
    if code is nn.Linear.forward.__code__:
        spelled = f"nn.Linear({layer.in_features}, {layer.out_features})"
        return _width(spelled, layer, layer.in_features, given, -1)
    if isinstance(layer, nn.RNNBase) and step.function == "check_input":
        return _width(type(layer).__name__, layer, layer.input_size, given, -1)
    if isinstance(layer, nn.modules.conv._ConvNd) and step.function == "forward":
        return _width(type(layer).__name__, layer, layer.in_channels, given, 1)
    if code is F.batch_norm.__code__ and step.variables["running_mean"] is not None:
        return _width("BatchNorm", layer, step.variables["running_mean"].numel(), given, 1)
    if code is F.layer_norm.__code__:
        return _width("LayerNorm", layer, step.variables["normalized_shape"][-1], given, -1)
    return None


def _width(name: str, layer: Any, takes: int, given: Tensor, axis: int) -> Failed | None:
    if given.ndim <= (1 if axis == 1 else 0) or given.shape[axis] == takes:
        return None
    where = "whose last axis is" if axis < 0 else f"whose axis {axis} is"
    needs = f"an input {where} {takes}, or a layer that takes {given.shape[axis]}"
    return Failed(layer, f"{name} for {takes} features, input {shape(given)}", needs, given)


def other_state(leaf: Leaf, failed: Failed) -> Change | None:
    """Return what makes a recurrent layer's state anew, where this operand is, or holds, the old one."""
    wanted = failed.wanted
    parts = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if not wanted or not any(_same(part, failed.given) for part in parts):
        return None
    code = f"{{x}}.new_zeros{wanted}"
    if isinstance(leaf.value, tuple):
        code = f"tuple(part.new_zeros{wanted} for part in {{x}})"
    return Change(failed.cause, 0.8, code, "make it for this batch", failed.needs)


def _same(one: Any, other: Tensor) -> bool:
    return isinstance(one, Tensor) and one.shape == other.shape


def _state(layer: nn.RNNBase, state: Tensor, wanted: tuple[int, ...]) -> Failed | None:
    if tuple(state.shape) == tuple(wanted):
        return None
    came, rows = (state.shape[1], wanted[1]) if len(wanted) == state.ndim == 3 else (0, 1)
    needs = (
        f"a state {tuple(wanted)} for each batch: this is made for {came} rows, and the batch has {rows}; "
    )
    needs += "make it from the batch's own size, x.size(0), or leave out the last batch: drop_last=True"
    got = f"{type(layer).__name__} with state {shape(state)} for a batch of {rows}"
    return Failed(layer, got, needs, state, tuple(wanted), "static_length")
