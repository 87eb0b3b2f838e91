"""Lesson 7: your own error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from helpers.practice.checks import Need

NAMES = ["attention_mask", "input_ids", "labels"]


def exercise_1(batch: Any) -> Iterator[Need]:
    """Now the looks can read this loader too: [as_dictionary(batch) for batch in tuples]."""
    yield Need("kind of batch", lambda: _kind(batch), "dictionary", "dict(zip(names, batch)) makes one", True)
    names = "the model's own: input_ids, attention_mask, labels, with an s"
    yield Need("names", lambda: sorted(batch), NAMES, names, decides=True)
    ids, mask, labels = (batch[name] for name in ("input_ids", "attention_mask", "labels"))
    order = "the tuple is (ids, mask, answers): the names in that order"
    yield Need("first token of each row: [CLS]", lambda: ids[:, 0].tolist(), [101] * 8, order)
    yield Need("the mask's numbers", lambda: mask.unique().tolist(), [0, 1], order)
    yield Need("shape of the labels", lambda: tuple(labels.shape), (8,), order)


def exercise_2(batch: Any) -> Iterator[Need]:
    """Look 1 sees floats, which transformers reads as several yes or no. Look 2 sees ones over [PAD]."""
    yield Need("kind of batch", lambda: _kind(batch), "dictionary", "return the three as they were", True)
    yield Need("names", lambda: sorted(batch), NAMES, "return all three, under their names", decides=True)
    ids, mask, labels = (batch[name] for name in ("input_ids", "attention_mask", "labels"))
    both = "both messages, each with all its tokens: leave the ids as they were"
    yield Need("tokens", lambda: int((ids != 0).sum()), 14, both, decides=True)
    yield Need(
        "dtype of the labels", lambda: labels.dtype, torch.int64, "labels are whole numbers: int(float(...))"
    )
    yield Need("labels", lambda: labels.tolist(), [1, 3], "one per message, and the numbers of the file")
    shape = "one number for each id, and nothing else"
    yield Need("shape of the mask", lambda: tuple(mask.shape), tuple(ids.shape), shape, decides=True)
    padding = "1 for a token, 0 for [PAD]: compare the ids with 0"
    yield Need("the mask is 1 for tokens alone", lambda: torch.equal(mask.bool(), ids != 0), True, padding)


def _kind(batch: Any) -> str:
    return "dictionary" if hasattr(batch, "keys") else type(batch).__name__
