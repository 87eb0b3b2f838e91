"""A GPU that stopped on an index which does not exist: no value on it can be read any more."""

from __future__ import annotations

from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import Raised, shape

RERUN = "no value on the GPU can be read any more: restart, and run this on the CPU, which names the value"


def explain_gpu(raised: Raised) -> Diagnosis | None:
    """Say what a device-side assert means where it surfaced too late to see which call it was."""
    if not raised.is_unread or not raised.own:
        return None
    tensors = [(name, value) for name, value in raised.own[0].variables.items() if isinstance(value, Tensor)]
    got = ", ".join(f"{name} {shape(value)}" for name, value in tensors[:4]) or "a stopped GPU"
    needs = "labels from 0 to C - 1, and ids from 0 to num_embeddings - 1: an index had no place"
    also = f"an id has no row in the embedding; {RERUN}"
    return raised.diagnosis("head_size", got, needs, certain=False, also=also)
