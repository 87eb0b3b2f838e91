"""The states that a head read, from what autograd keeps of its product."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from torch import Tensor

# How far above the logits the head's own product is looked for: views, squeezes and transposes lie between.
STEPS_UP = 6


def states_behind(logits: Tensor) -> Tensor | None:
    """Return the (..., H) states from which a linear head made these (..., C) logits, or None."""
    if not logits.ndim:
        return None
    for states in _products(logits):
        width = states.shape[-1]
        if width != logits.shape[-1] and states.numel() == prod(logits.shape[:-1]) * width:
            return states.detach().reshape(*logits.shape[:-1], width)
    return None


def _products(logits: Tensor) -> Iterator[Tensor]:
    node = logits.grad_fn
    for _ in range(STEPS_UP):
        if node is None:
            return
        for kept in ("_saved_mat1", "_saved_self"):
            if node.name().startswith(("Addmm", "Mm")) and isinstance(states := saved(node, kept), Tensor):
                yield states
                return
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)


def saved(node: Any, name: str) -> Any:
    """Return what a step of autograd keeps under a name, or None where it keeps nothing any more."""
    try:
        return getattr(node, name, None)
    except RuntimeError:  # backward() has already freed it
        return None
