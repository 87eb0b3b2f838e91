"""Masks of torch's own attention, which has the axes in an order of its own."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.raised import Raised, shape, tried


def explain_attention(raised: Raised) -> Diagnosis | None:
    """A mask whose shape fits neither the scores nor the tokens it is for."""
    codes = (F.multi_head_attention_forward.__code__,)
    found = next((step for step in raised.steps if step.frame.f_code in codes), None)
    return _attention(raised, found) if found is not None else None


def explain_first_masked(raised: Raised) -> Diagnosis | None:
    """A loss by hand, such as a CRF, that refused a mask which is off at the first token."""
    if not raised.own or raised.steps[0] is not raised.own[0] or "mask" not in str(raised.error).lower():
        return None
    tensors = {name: value for name, value in raised.own[0].variables.items() if isinstance(value, Tensor)}
    masks = [name for name, value in tensors.items() if "mask" in name.lower() and value.ndim == 2]
    off = next((name for name in masks if tensors[name].shape[1] and not _begins(tensors[name])), None)
    return _first_masked(raised, off, tensors) if off is not None else None


def _first_masked(raised: Raised, name: str, tensors: dict[str, Tensor]) -> Diagnosis:
    mask = tensors[name]
    alike = [other for other, value in tensors.items() if value.shape[:2] == mask.shape]
    count = int((mask[:, 0] == 0).sum())
    got = f"{name} {shape(mask)}, off at the first token of {count} row{'s' * (count > 1)}"
    needs = "a mask that is on at the first token: [CLS] has the label -100 and is switched off with it. "
    needs += f"Leave [CLS] out of {', '.join(alike)} alike: [:, 1:]"
    code = "\n".join(f"{other} = {other}[:, 1:]" for other in alike)

    def begins(names: Any) -> str:
        cut = getattr(names, name)
        if not _begins(cut):
            raise ValueError("still off at the first token")
        return f"gives {shape(cut)}, on at the first token"

    return raised.diagnosis(
        "missing_or_wrong_mask", got, needs, [tried("leave out [CLS]", code, tensors, begins)]
    )


def _begins(mask: Tensor) -> bool:
    return bool((mask != 0)[:, 0].all())


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
    leaves = raised.line.operands if raised.line else ()
    same = [leaf.text for leaf in leaves if isinstance(leaf.value, Tensor) and leaf.value.shape == mask.shape]
    return same[0] if same and same[0].isidentifier() else otherwise
