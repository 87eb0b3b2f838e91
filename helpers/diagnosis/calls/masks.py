"""Masks that don't fit what they mask, and other operands that don't fit each other."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.calls.positions import is_positions
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.names import called, is_index, named
from helpers.diagnosis.seen.raised import Raised, shape, tried


def explain_mask(raised: Raised) -> Diagnosis | None:
    """A mask whose shape fits neither the scores nor the tokens it is for."""
    for step in raised.steps:
        if step.frame.f_code is F.multi_head_attention_forward.__code__:
            return _attention(raised, step)
    if not raised.own or raised.steps[0] is not raised.own[0]:
        return None
    return _own_line(raised, raised.own[0])


def _attention(raised: Raised, step: Step) -> Diagnosis | None:
    """nn.MultiheadAttention and nn.TransformerEncoder: (T, N, H) inside, the mask (N, T)."""
    query, key = step.variables["query"], step.variables["key"]
    mask, scores = step.variables.get("key_padding_mask"), step.variables.get("attn_mask")
    length, rows = (key.shape[0], key.shape[1]) if key.ndim == 3 else (key.shape[0], 1)
    if isinstance(mask, Tensor) and tuple(mask.shape) != ((rows, length) if key.ndim == 3 else (length,)):
        got = f"key_padding_mask {shape(mask)}, keys (N={rows}, T={length})"
        name = _named_like(raised, mask, "key_padding_mask")
        turn = tried("turn the mask", f"{name} = {name}.T", {name: mask}, lambda names: getattr(names, name))
        fits = [turn] if tuple(mask.shape) == (length, rows) else []
        return raised.diagnosis(
            "missing_or_wrong_mask", got, f"key_padding_mask {(rows, length)}: (N, T)", fits
        )
    wanted = (query.shape[0], length)
    if isinstance(scores, Tensor) and tuple(scores.shape[-2:]) != wanted:
        got = f"attn_mask {shape(scores)}, queries {wanted[0]} and keys {length}"
        needs = f"attn_mask {wanted}, for pairs of tokens; padding goes in key_padding_mask (N, T)"
        return raised.diagnosis("missing_or_wrong_mask", got, needs)
    heads = step.variables["num_heads"]
    if isinstance(scores, Tensor) and scores.ndim == 3 and scores.shape[0] != rows * heads:
        got = f"attn_mask {shape(scores)}, {rows} rows and {heads} heads"
        needs = f"attn_mask {(rows * heads, *wanted)}: one for each row and head, or {wanted} for all"
        name = _named_like(raised, scores, "attn_mask")
        code = f"{name} = {name}.repeat_interleave({heads}, 0)"
        each = tried("one for each head", code, {name: scores}, lambda names: getattr(names, name))
        return raised.diagnosis(
            "missing_or_wrong_mask", got, needs, [each if scores.shape[0] == rows else None]
        )
    return None


def _named_like(raised: Raised, mask: Tensor, otherwise: str) -> str:
    """Return the learner's name for a mask that torch has since turned into numbers."""
    values = named(raised.own[0]) if raised.own else {}
    same = [name for name, value in values.items() if isinstance(value, Tensor) and value.shape == mask.shape]
    return same[0] if same and same[0].isidentifier() else otherwise


def _own_line(raised: Raised, step: Step) -> Diagnosis | None:
    tensors = {name: value for name, value in named(step).items() if isinstance(value, Tensor)}
    masks = {
        name: value for name, value in tensors.items() if value.dtype == torch.bool or "mask" in name.lower()
    }
    others = {name: value for name, value in tensors.items() if name not in masks}
    if called(step, ("scaled_dot_product_attention",)) and len(others) > 1:
        others = {"the scores": _scores(*list(others.values())[:2])}
    fits = _selects if is_index(step) else _broadcasts
    for name, mask in masks.items():
        for other, value in others.items():
            if not fits(mask, value):
                return _mask(raised, name, mask, other, value, is_index(step))
    return None if masks else _operands(raised, step, tensors)


def _scores(query: Tensor, key: Tensor) -> Tensor:
    """Return a tensor without numbers in the shape that attention gives its scores."""
    return torch.empty(*query.shape[:-1], key.shape[-2], device="meta")


def _selects(mask: Tensor, value: Tensor) -> bool:
    """Whether `value[mask]` can be: the mask has the first axes of what it selects from."""
    return tuple(mask.shape) == tuple(value.shape[: mask.ndim])


def _broadcasts(one: Tensor, other: Tensor) -> bool:
    try:
        torch.broadcast_shapes(one.shape, other.shape)
    except RuntimeError:
        return False
    return True


def _mask(
    raised: Raised, name: str, mask: Tensor, other: str, value: Tensor, selects: bool
) -> Diagnosis | None:
    got = f"{name} {shape(mask)}, {other} {shape(value)}"
    if selects:
        needs = f"{name} {tuple(value.shape[: mask.ndim])}: the first axes of {other}"
        return raised.diagnosis("missing_or_wrong_mask", got, needs)
    needs = f"each axis of {name}, read from the last, of size 1 or as in {other}: {tuple(value.shape)}"
    return raised.diagnosis("missing_or_wrong_mask", got, needs, [_with_axes(name, mask, value)])


def _with_axes(name: str, mask: Tensor, value: Tensor) -> Fix | None:
    """Insert axes of size 1 after the batch axis until the mask broadcasts to what it masks."""
    if not name.isidentifier():
        return None
    missing = value.ndim - mask.ndim
    codes = [f"{name} = {name}[:{', None' * missing}]", f"{name} = {name}.reshape{tuple(value.shape)}"]
    if 2 <= mask.ndim == value.ndim:
        codes.append(f"{name} = {name}.transpose(-1, -2)")

    def masked(names: Any) -> str:
        changed = getattr(names, name)
        if tuple(torch.broadcast_shapes(changed.shape, value.shape)) != tuple(value.shape):
            raise ValueError("it would grow what it masks")
        return f"gives {shape(changed)}, which fits {shape(value)}"

    fixes = (tried("give the mask the missing axes", code, {name: mask}, masked) for code in codes)
    return next((fix for fix in fixes if fix is not None), None)


def _operands(raised: Raised, step: Step, tensors: dict[str, Tensor]) -> Diagnosis | None:
    """Two tensors of an operation that goes number by number, such as `predictions == labels`."""
    for table, positions in tensors.items():
        most = positions.shape[-2] if positions.ndim > 1 and is_positions(table) else 0
        for name, value in tensors.items():
            if value is not positions and 0 < most < max(value.shape[1:2], default=0):
                got = f"{name} {shape(value)}, {table} {shape(positions)}"
                needs = f"T at most {most}, as long as {table}: truncate, or make {table} longer"
                return raised.diagnosis("too_long", got, needs)
    pair = list(tensors.items())[:2]
    if len(pair) != 2 or _broadcasts(pair[0][1], pair[1][1]):
        return None
    (left, a), (right, b) = pair
    got = f"{left} {shape(a)}, {right} {shape(b)}"
    if is_index(step):
        return raised.diagnosis("static_length", got, "the same size on both sides")
    if a.shape[0] != b.shape[0] and 1 not in (a.shape[0], b.shape[0]):
        return raised.diagnosis("batch_target", got, "the same number of rows on both sides", certain=False)
    if a.ndim != b.ndim:
        needs = "the same axes on both sides; where one has an axis for classes, take its argmax first"
        return raised.diagnosis("needs_flatten_or_transpose", got, needs, certain=False)
    return raised.diagnosis("static_length", got, "the same size on every axis", certain=False)
