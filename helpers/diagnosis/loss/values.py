"""Questions about the values of a tensor, each answered with a plain bool or number."""

from __future__ import annotations

from torch import Tensor

from helpers.diagnosis.loss.call import LossCall

TOLERANCE = 1e-3  # half precision and a softmax in float16 stay within it


def is_integer(tensor: Tensor) -> bool:
    """Whether the dtype holds whole numbers; bool counts."""
    return not tensor.is_floating_point() and not tensor.is_complex()


def is_whole(tensor: Tensor) -> bool:
    """Whether every value is a whole number, in whatever dtype."""
    return is_integer(tensor) or bool((tensor.isfinite() & (tensor == tensor.round())).all())


def is_zero_one(tensor: Tensor) -> bool:
    """Whether every value is 0 or 1."""
    return bool(((tensor == 0) | (tensor == 1)).all())


def is_one_hot(tensor: Tensor, axis: int) -> bool:
    """Whether there is exactly one 1 along the axis, and else only 0."""
    if not tensor.numel() or tensor.shape[axis] < 2:
        return False
    return is_zero_one(tensor) and bool((tensor.sum(axis) == 1).all())


def is_within_0_and_1(tensor: Tensor) -> bool:
    """Whether every value is from 0 to 1; nan is not."""
    return bool(((tensor >= 0) & (tensor <= 1)).all())


def sums_to_1(tensor: Tensor, axis: int) -> bool:
    """Whether the values along the axis are probabilities of one distribution."""
    if not tensor.numel() or not is_within_0_and_1(tensor):
        return False
    return bool(((tensor.double().sum(axis) - 1).abs() < TOLERANCE).all())


def are_log_probabilities(tensor: Tensor, axis: int) -> bool:
    """Whether the exponentials along the axis sum to 1, as after log_softmax."""
    return bool((tensor.double().logsumexp(axis).abs() < 10 * TOLERANCE).all())


def label_range(call: LossCall) -> tuple[int, int] | None:
    """Return the lowest and the highest label that counts; None where none does, or none can be read."""
    if call.unread or not is_whole(call.target):
        return None
    labels = call.counted_labels
    return (int(labels.min()), int(labels.max())) if len(labels) else None
