"""Document 004: batch sizes that don't fit in cross entropy."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from claims.claim import claim
from claims.outcome import Found
from helpers.reference.index import BATCH, HEAD, ONE_HOT, SILENT


def _loader(drop_last: bool = False, size: int = 32) -> DataLoader[tuple[torch.Tensor, ...]]:
    """Batches from 100 rows of 10 numbers, with labels of 10 classes."""
    rows = TensorDataset(torch.randn(100, 10), torch.arange(100) % 10)
    return DataLoader(rows, batch_size=size, drop_last=drop_last)


@claim("004-1", "raises", BATCH)
def _last_batch() -> object:
    """The last, smaller batch of a DataLoader makes the loss raise an error."""
    model, sizes = nn.Linear(10, 10), []
    for data, target in _loader():
        F.cross_entropy(model(data), target)
        sizes.append((len(data), len(target)))
    return Found(note=f"rows and labels of each batch: {sizes}")


@claim("004-1b", "runs", BATCH)
def _drop_last() -> object:
    """drop_last=True is the repair."""
    read, few = (sum(len(data) for data, _ in _loader(True, size)) for size in (32, 128))
    return Found(note=f"{read} of 100 rows are read; in batches of 128: {few}", wrong=read < 100)


@claim("004-2", "raises", SILENT)
def _without_softmax() -> object:
    """Cross entropy raises an error when the model has no softmax."""
    return F.cross_entropy(nn.Linear(10, 10)(torch.randn(32, 10)), torch.arange(32) % 10)


@claim("004-2b", "runs", SILENT)
def _with_softmax() -> object:
    """A softmax before cross entropy is the repair."""
    sure = 100 * torch.eye(10)  # right about everything: 10 sentences, 10 classes
    without, added = (F.cross_entropy(rows, torch.arange(10)) for rows in (sure, sure.softmax(dim=1)))
    floor = math.log(math.e + 10 - 1) - 1
    note = (
        f"ln(e + 10 - 1) - 1 = {floor:.4f} is the least it can be, where without softmax it is {without:.4f}"
    )
    return Found(added, note, added > without + 1)


@claim("004-3", {"floats": "raises", "whole numbers": "raises"}, ONE_HOT)
def _one_hot_labels() -> object:
    """One-hot labels raise an error: cross entropy needs class indices."""
    logits, one_hot = torch.randn(32, 10), torch.eye(10)[torch.arange(32) % 10]
    return {
        "floats": lambda: F.cross_entropy(logits, one_hot),
        "whole numbers": lambda: F.cross_entropy(logits, one_hot.long()),
    }


@claim("004-3b", {"indices": "runs", "the difference to float one-hot": "gives 0.0000"}, ONE_HOT)
def _class_indices() -> object:
    """Class indices run; not said there: float one-hot labels give the same loss."""
    logits, target = torch.randn(32, 10), torch.arange(32) % 10
    by_index, by_row = F.cross_entropy(logits, target), F.cross_entropy(logits, torch.eye(10)[target])
    return {"indices": lambda: None, "the difference to float one-hot": lambda: (by_index - by_row).abs()}


@claim("004-c1", {"labels 0 to 9": "runs", "a label of 10": "raises"}, HEAD)
def _range_of_labels() -> object:
    """Cross entropy takes logits (N, C) and labels (N,) from 0 to C - 1."""
    logits = torch.randn(4, 10)
    return {
        "labels 0 to 9": lambda: F.cross_entropy(logits, torch.tensor([0, 9, 3, 3])),
        "a label of 10": lambda: F.cross_entropy(logits, torch.tensor([0, 10, 3, 3])),
    }
