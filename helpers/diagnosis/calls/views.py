"""view() and reshape() to sizes that the numbers of a tensor don't fill."""

from __future__ import annotations

from math import prod

from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.names import called, named, numbers
from helpers.diagnosis.seen.raised import Raised, shape


def explain_view(raised: Raised) -> Diagnosis | None:
    """A tensor that has more numbers, or fewer, than the shape it was asked to take."""
    if not raised.own or raised.steps[0] is not raised.own[0]:
        return None
    step = raised.own[0]
    tensors = [(name, value) for name, value in named(step).items() if isinstance(value, Tensor)]
    sizes = numbers(step)
    if not called(step, ("view", "reshape")) or len(tensors) != 1 or not sizes:
        return None
    name, value = tensors[0]
    known = prod(size for size in sizes if size >= 0)
    if known and (value.numel() == known or (-1 in sizes and value.numel() % known == 0)):
        return None
    got = f"{name} {shape(value)}, {value.numel()} numbers; the shape asked for is {tuple(sizes)}"
    needs = "sizes with the product of the tensor's own; -1 leaves one of them open"
    return raised.diagnosis("static_length", got, needs, certain=False)
