"""Batches that are to be joined, one of which has lost its batch axis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import Raised, tried


def explain_squeezed(raised: Raised, name: str, parts: Any) -> Diagnosis | None:
    """Parts (32, 3), (32, 3), (3,): the last batch held one row, and squeeze() took its axis.

    Args:
        raised: The error.
        name: What the learner calls the list of parts.
        parts: The list.
    """
    if not isinstance(parts, list | tuple) or not all(isinstance(part, Tensor) for part in parts):
        return None
    sizes = [tuple(part.shape) for part in parts]
    row = max(sizes, key=len)[1:]
    odd = [place for place, size in enumerate(sizes) if size == row]
    if not odd or any(size[1:] != row for size in sizes if size != row):
        return None
    shapes = ", ".join(map(str, dict.fromkeys(sizes)))
    got = f"{name}: {len(sizes)} parts of shape {shapes}"
    needs = f"{(1, *row)} for part {odd[0]}: a batch of one, whose axis squeeze() takes with the others"
    code = f"{name} = [part if part.ndim == {len(row) + 1} else part.unsqueeze(0) for part in {name}]"

    def joined(names: SimpleNamespace) -> Tensor:
        return torch.cat(getattr(names, name))

    fix = tried("give it its axis back, then torch.cat", code, {name: parts}, joined)
    return raised.diagnosis("squeeze_mismatch", got, needs, [fix] if name.isidentifier() else [])
