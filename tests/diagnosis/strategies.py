"""Loss calls as Hypothesis draws them: most are near something legal, since that is where mistakes are made.

A few small numbers are drawn and the tensors are made from them, which is quick and shrinks well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor, nn

INDEX_LOSSES = {"cross_entropy": nn.CrossEntropyLoss, "nll_loss": nn.NLLLoss}
NUMBER_LOSSES = {
    "mse_loss": nn.MSELoss,
    "l1_loss": nn.L1Loss,
    "binary_cross_entropy": nn.BCELoss,
    "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss,
}
LOSSES = {**INDEX_LOSSES, **NUMBER_LOSSES}
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
# Hypothesis likes the first of a list best, and empty tensors teach little.
SIZES = st.sampled_from((3, 2, 4, 5, 1, 6, 3, 0))
AXES = st.sampled_from((2, 3, 2, 1, 3, 2, 4, 0))


@st.composite
def loss_calls(draw: st.DrawFn, loss: str) -> tuple[Callable[..., Tensor], Tensor, Tensor]:
    """Draw a criterion of one loss, logits and a target."""
    by_index = loss in INDEX_LOSSES
    logits_shape, target_shape = draw(_shapes(by_index))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    logits = draw(_logits(logits_shape, generator))
    target = draw(_target(target_shape, logits_shape, by_index, generator))
    if draw(st.integers(0, 7)) == 7 and target.is_floating_point():
        target.requires_grad_()
    if draw(st.booleans()) and logits.is_floating_point():
        logits.requires_grad_()
    return draw(_criteria(loss, logits_shape)), logits, target


@st.composite
def _shapes(draw: st.DrawFn, by_index: bool) -> tuple[list[int], list[int]]:
    """Draw a legal pair of shapes and damage it once or twice, or two shapes from the same few sizes."""
    pool = draw(st.lists(SIZES, min_size=4, max_size=4))
    if draw(st.integers(0, 5)) == 5:
        some = st.lists(st.sampled_from(pool), max_size=4)
        return draw(some), draw(some)
    logits = pool[: draw(AXES)]
    target = list(logits)
    if by_index and logits and draw(st.integers(0, 4)) < 4:
        del target[min(1, len(target) - 1)]
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2)))):
        shape = draw(st.sampled_from((logits, target)))
        _damage(shape, draw(st.integers(0, 5)), draw(st.integers(0, 3)), draw(SIZES))
    return logits[:4], target[:4]


def _damage(shape: list[int], how: int, where: int, size: int) -> None:
    """Do what people do: an axis of 1 more, an axis less, another size, another order, flattened, one row."""
    where %= max(1, len(shape))
    if how == 0:
        shape.insert(where, 1)
    elif shape and how == 1:
        del shape[where]
    elif shape and how == 2:
        shape[where] = size
    elif how == 3:
        shape.append(shape.pop(where) if shape else size)
    elif len(shape) > 1 and how == 4:
        shape[:2] = [shape[0] * shape[1]]
    elif shape and how == 5:
        shape[0] = 1


@st.composite
def _logits(draw: st.DrawFn, shape: list[int], generator: torch.Generator) -> Tensor:
    kind = draw(st.sampled_from(("normal", "normal", "softmax", "log_softmax", "sigmoid", "zeros", "odd")))
    numbers = 3 * torch.randn(shape, generator=generator)
    axis = min(1, numbers.ndim - 1)
    if kind in ("softmax", "log_softmax") and numbers.ndim:
        numbers = getattr(torch, kind)(numbers, axis)
    elif kind == "sigmoid":
        numbers = numbers.sigmoid()
    elif kind == "zeros":
        numbers = torch.zeros(shape)
    elif kind == "odd" and numbers.numel():
        odd = draw(st.sampled_from((float("nan"), float("inf"), float("-inf"), 1e4)))
        numbers.view(-1)[draw(st.integers(0, 9)) % numbers.numel()] = odd
    dtype = draw(st.sampled_from((*FLOATS[:1] * 24, *FLOATS, *INTEGERS)))
    tensor = numbers.nan_to_num().to(dtype) if dtype in INTEGERS else numbers.to(dtype)
    # A view that is not contiguous, as a transposed output is.
    return tensor.mT.contiguous().mT if tensor.ndim > 1 and draw(st.booleans()) else tensor


@st.composite
def _target(
    draw: st.DrawFn, shape: list[int], logits: list[int], by_index: bool, generator: torch.Generator
) -> Tensor:
    kinds = ("indices", "indices", "from_one", "beyond", "minus_one", "ignored", "zeros")
    kinds += ("one_hot", "several", "probabilities", "numbers", "odd") * (1 if by_index else 2)
    kind = draw(st.sampled_from(kinds))
    classes = logits[min(1, len(logits) - 1)] if logits else 1
    numbers = torch.randint(0, max(1, classes), shape, generator=generator).float()
    if kind == "from_one":
        numbers += 1
    elif kind == "one_hot":
        numbers = _one_hot(shape, generator)
    elif kind == "several":
        numbers = torch.randint(0, 2, shape, generator=generator).float()
    elif kind == "probabilities":
        numbers = torch.rand(shape, generator=generator)
    elif kind == "numbers":
        numbers = 5 * torch.randn(shape, generator=generator)
    elif kind == "zeros":
        numbers = torch.zeros(shape)
    elif kind == "ignored":
        numbers[torch.rand(shape, generator=generator) > draw(st.sampled_from((0.5, 0.0)))] = -100
    elif numbers.numel() and kind in ("beyond", "minus_one", "odd"):
        one = {"beyond": classes + draw(st.integers(0, 9)), "minus_one": -1}
        numbers.view(-1)[-1] = one.get(kind, draw(st.sampled_from((float("nan"), float("inf"), -7.5))))
    usual = INTEGERS[:1] if by_index and kind not in ("probabilities", "numbers", "odd") else FLOATS[:1]
    dtype = draw(st.sampled_from((*usual * 16, *FLOATS, *INTEGERS)))
    return numbers.nan_to_num().to(dtype) if dtype in INTEGERS else numbers.to(dtype)


def _one_hot(shape: list[int], generator: torch.Generator) -> Tensor:
    """Rows with a single 1 along axis 1 (the classes of a K-dimensional loss), or along the only axis."""
    numbers = torch.zeros(shape)
    if numbers.numel() and numbers.ndim:
        axis = min(1, numbers.ndim - 1)
        where = torch.rand(shape, generator=generator).argmax(axis, keepdim=True)
        numbers.scatter_(axis, where, 1.0)
    return numbers


@st.composite
def _criteria(draw: st.DrawFn, loss: str, logits: list[int]) -> Callable[..., Tensor]:
    """Draw a function with its options or a module; mostly with no option or a fitting one."""
    options: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0:
        options["reduction"] = draw(st.sampled_from(("sum", "none", "mean")))
    weights = ["weight"] if loss not in ("mse_loss", "l1_loss") else []
    weights += ["pos_weight"] if loss == "binary_cross_entropy_with_logits" else []
    if weights and draw(st.integers(0, 4)) == 0:
        axis = min(1, len(logits) - 1) if loss in INDEX_LOSSES else -1
        size = draw(st.sampled_from((logits[axis] if logits else 1, logits[axis] if logits else 1, 2)))
        options[draw(st.sampled_from(weights))] = torch.linspace(0.5, 2, size)
    if loss in INDEX_LOSSES and draw(st.integers(0, 3)) == 0:
        options["ignore_index"] = draw(st.sampled_from((-100, -1, 0, 1, 255)))
    if loss == "cross_entropy" and draw(st.integers(0, 4)) == 0:
        options["label_smoothing"] = draw(st.sampled_from((0.0, 0.1, 1.0)))
    is_module = draw(st.booleans())
    return LOSSES[loss](**options) if is_module else partial(getattr(F, loss), **options)
