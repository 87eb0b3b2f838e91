"""Document 002: predictions of (2, 73) against a target of (2, 33)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from claims.claim import claim
from claims.outcome import Found
from helpers.reference.index import HEAD, ONE_HOT, SILENT, TOKENS


def _mlp(outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, outputs))


class _Reader(nn.Module):
    """An LSTM that gives one prediction per sequence, (N, T) -> (N, C), or one per step, (N, T, C)."""

    def __init__(self, outputs: int, every_step: bool = False) -> None:
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(1000, 32), nn.LSTM(32, 32, batch_first=True)
        self.head, self.every_step = nn.Linear(32, outputs), every_step

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        steps, (last, _) = self.lstm(self.embedding(ids))
        return self.head(steps if self.every_step else last[-1])


@claim("002-1", "raises", HEAD)
def _too_many_outputs() -> object:
    """A head with 73 outputs raises an error on labels of 33 classes."""
    logits, target = _mlp(73)(torch.randn(330, 100)), torch.arange(330) % 33
    loss = F.cross_entropy(logits, target).item()
    named = [_mlp(73)(torch.randn(100)).argmax().item() for _ in range(100)]
    unreal = sum(name >= 33 for name in named)
    starts = f"a loss of {loss:.1f}, near ln 73 = {math.log(73):.1f}, not ln 33 = {math.log(33):.1f}"
    return Found(starts, f"{unreal} of 100 new heads name a class that doesn't exist", unreal > 0)


@claim("002-1r", "raises", HEAD)
def _too_few_outputs() -> object:
    """Not said there: the reverse, a label of 40 and 33 outputs, raises an error."""
    return F.cross_entropy(_mlp(33)(torch.randn(2, 100)), torch.tensor([3, 40]))


@claim("002-2", {"73 outputs": "raises", "33 outputs": "runs"}, TOKENS)
def _one_prediction_per_sequence() -> object:
    """An LSTM's logits (2, 73) and a target (2, 20) don't fit because 73 is not 33."""
    ids, target = torch.randint(0, 1000, (2, 20)), torch.randint(0, 33, (2, 20))
    return {
        "73 outputs": lambda: F.cross_entropy(_Reader(73)(ids), target),
        "33 outputs": lambda: F.cross_entropy(_Reader(33)(ids), target),
    }


@claim("002-2b", "runs", TOKENS)
def _one_prediction_per_step() -> object:
    """Not said there: one prediction per step, its classes moved to axis 1, takes this target."""
    ids, target = torch.randint(0, 1000, (2, 20)), torch.randint(0, 33, (2, 20))
    logits = _Reader(33, every_step=True)(ids)  # (N, T, C)
    return Found(F.cross_entropy(logits.transpose(1, 2), target))


@claim("002-3", {"73 outputs": "raises", "33 outputs": "runs"}, SILENT)
def _mean_squared_error() -> object:
    """The mean squared error of (2, 73) and (2, 33) raises an error; 33 outputs mend it."""
    inputs, target = torch.randn(2, 100), torch.randn(2, 33)
    return {
        "73 outputs": lambda: F.mse_loss(_mlp(73)(inputs), target),
        "33 outputs": lambda: F.mse_loss(_mlp(33)(inputs), target),
    }


@claim("002-c1", {"over the batch": "gives another shape", "over the classes": "gives another shape"}, SILENT)
def _softmax_and_shape() -> object:
    """A softmax can change the size of the output, depending on where it stands."""
    logits = torch.randn(2, 73)

    def compare(axis: int) -> str:
        return "the same shape" if logits.softmax(axis).shape == logits.shape else "another shape"

    return {"over the batch": lambda: compare(0), "over the classes": lambda: compare(1)}


@claim("002-c2", {"whole numbers": "runs", "floats": "runs"}, ONE_HOT)
def _one_hot_target() -> object:
    """Cross entropy takes one-hot labels of (N, C)."""
    logits, one_hot = torch.randn(2, 33), F.one_hot(torch.tensor([3, 32]), 33)
    return {
        "whole numbers": lambda: F.cross_entropy(logits, one_hot),
        "floats": lambda: F.cross_entropy(logits, one_hot.float()),
    }


@claim("002-c3", {"mse_loss": "raises", "cross_entropy": "raises"}, ONE_HOT)
def _shapes_must_match() -> object:
    """Predictions and target must have matching shapes, or shapes that broadcast; (2, 33) and (2,) don't."""
    logits, target = torch.randn(2, 33), torch.tensor([3, 32])
    return {
        "mse_loss": lambda: F.mse_loss(logits, target.float()),
        "cross_entropy": lambda: F.cross_entropy(logits, target),
    }
