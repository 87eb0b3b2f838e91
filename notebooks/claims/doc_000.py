"""Document 000: why a classifier's target and input sizes don't fit."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from claims.claim import claim
from claims.outcome import Found
from claims.tiny import cls_rows, tiny_bert, tokens
from helpers.reference.index import BATCH, HEAD, ONE_HOT, TOKENS

_TITLE = "raises ValueError: Expected target size"


@claim("000-title", _TITLE, TOKENS)
def _title() -> object:
    """The error is "ValueError: Expected target size ..., got (batch_size, 1)"."""
    logits, target = torch.randn(2, 7, 3), torch.tensor([[1], [0]])
    return F.cross_entropy(logits, target)  # one prediction per token: (N, T, C) with (N, 1)


@claim("000-title-b", _TITLE, ONE_HOT)
def _title_in_two_axes() -> object:
    """The same error comes from a classifier's (N, C) logits and a target of (N, 1)."""
    return F.cross_entropy(torch.randn(2, 3), torch.tensor([[1], [0]]))


@claim("000-title-c", {"one output": _TITLE, "one label for two sentences": _TITLE}, BATCH)
def _title_in_the_examples() -> object:
    """The answer's own examples raise the error of its title."""
    cls = cls_rows("This is one text", "This is another text")
    width = cls.shape[1]
    return {
        "one output": lambda: F.cross_entropy(nn.Linear(width, 1)(cls[:1]), torch.tensor([1])),
        "one label for two sentences": lambda: F.cross_entropy(nn.Linear(width, 3)(cls), torch.tensor([1])),
    }


@claim("000-1", "raises ValueError", HEAD)
def _one_output() -> object:
    """A head with one output raises the title's ValueError for label 1."""
    cls = cls_rows("This is an example text")
    logits = nn.Linear(cls.shape[1], 1)(cls)
    return F.cross_entropy(logits, torch.tensor([1]))


@claim("000-1a", "gives (1, 1)", HEAD)
def _one_output_shape() -> object:
    """That head's logits have the shape (1, 1)."""
    cls = cls_rows("This is an example text")
    return nn.Linear(cls.shape[1], 1)(cls)


@claim("000-1b", "raises", HEAD)
def _one_output_labels_zero() -> object:
    """A head with one output doesn't fit the loss, whatever the labels are: all 0 too."""
    cls = cls_rows("This is one text", "This is another text")
    head = nn.Linear(cls.shape[1], 1)
    loss = F.cross_entropy(head(cls), torch.tensor([0, 0]))
    (gradient,) = torch.autograd.grad(loss, head.weight)
    return Found(loss, f"largest gradient {gradient.abs().max().item()}", not gradient.any())


@claim("000-2", {"logits": "gives (1, 3)", "loss": "runs"}, HEAD)
def _three_outputs() -> object:
    """A head with three outputs gives (1, 3), and label 1 fits it."""
    cls = cls_rows("This is an example text")
    logits = nn.Linear(cls.shape[1], 3)(cls)
    return {"logits": lambda: logits, "loss": lambda: F.cross_entropy(logits, torch.tensor([1]))}


@claim("000-3", "raises ValueError", BATCH)
def _one_label_for_two() -> object:
    """Two sentences with one label raise an error about their number."""
    cls = cls_rows("This is one text", "This is another text")
    logits = nn.Linear(cls.shape[1], 3)(cls)
    return F.cross_entropy(logits, torch.tensor([1]))


@claim("000-3b", {"cross_entropy": "runs", "transformers": "runs"}, BATCH)
def _target_in_a_row() -> object:
    """A comment says that the target of two sentences should be (1, 2)."""
    row, model = torch.tensor([[1, 0]]), tiny_bert("sequence")

    def flattened() -> Found:
        loss, flat = (model(**tokens("One.", "Two."), labels=each).loss for each in (row, row[0]))
        return Found(note=f"the same loss as with (2,): {torch.equal(loss, flat)}")

    return {"cross_entropy": lambda: F.cross_entropy(torch.randn(2, 3), row), "transformers": flattened}


@claim("000-3c", "runs", BATCH)
def _two_labels_for_two() -> object:
    """Two sentences with the labels [1, 0] fit."""
    return F.cross_entropy(torch.randn(2, 3), torch.tensor([1, 0]))


@claim("000-c1", {"indices": "runs", "one-hot, whole numbers": "runs", "one-hot, floats": "runs"}, ONE_HOT)
def _one_hot_or_indices() -> object:
    """A loss wants a one-hot vector or class indices."""
    logits, target = torch.randn(2, 3), torch.tensor([1, 0])
    return {
        "indices": lambda: F.cross_entropy(logits, target),
        "one-hot, whole numbers": lambda: F.cross_entropy(logits, F.one_hot(target, 3)),
        "one-hot, floats": lambda: F.cross_entropy(logits, F.one_hot(target, 3).float()),
    }


@claim("000-c2", {"cross_entropy": "runs", "binary_cross_entropy_with_logits": "runs"}, HEAD)
def _one_output_for_two_classes() -> object:
    """One output is enough for two classes."""
    logits, target = torch.randn(2, 1), torch.tensor([1, 0])
    column = target.float().unsqueeze(1)  # (N,) -> (N, 1)
    return {
        "cross_entropy": lambda: F.cross_entropy(logits, target),
        "binary_cross_entropy_with_logits": lambda: F.binary_cross_entropy_with_logits(logits, column),
    }
