"""Lesson 1: the head has the wrong size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.practice.checks import Need
from helpers.practice.exercises import work_file


def exercise_1(num_labels: int) -> Iterator[Need]:
    """Labels count from 0, so the highest label is one less than the number of outputs."""
    missing, spare = max(22 - num_labels, 0), max(num_labels - 22, 0)
    yield Need("labels without an output", lambda: missing, 0, "the last label is 21: count 0 too")
    yield Need("outputs without a label", lambda: spare, 0, "one output per intent, not more")


def exercise_2(triage: Any, priority: Any) -> Iterator[Need]:
    """Each priority has an output of its own. Keep the old numbers beside the new: guesses must go back."""
    written = [int(ticket["priority"]) for ticket in work_file("tickets.csv")]
    kind = (
        "unique gives two tensors: the labels are the second"
        if isinstance(priority, tuple)
        else "the model takes a tensor: torch.tensor(...) makes one"
    )
    yield Need("kind of labels", lambda: type(priority).__name__, "Tensor", kind, decides=True)
    shape = "one number per ticket, and a label for every ticket"
    yield Need("shape of the labels", lambda: tuple(priority.shape), (len(written),), shape, decides=True)
    yield Need("dtype", lambda: priority.dtype, torch.int64, "labels are whole numbers: int64")
    yield Need("outputs", lambda: triage.config.num_labels, 4, "four priorities, four outputs")
    given = priority.tolist()
    yield Need("lowest label", lambda: min(given), 0, "labels count from 0", decides=True)
    gap = "four classes have the numbers 0 to 3: which number stands at no ticket?"
    yield Need("highest label", lambda: max(given), 3, gap, decides=True)
    pairs = len(set(zip(written, given, strict=True)))
    shared = "tickets of one priority get one label, and no other priority gets it"
    yield Need("one number for each priority", lambda: pairs == len(set(given)) == 4, True, shared)


def exercise_3(rebuilt: nn.Linear, saved: dict[str, Tensor]) -> Iterator[Need]:
    """A head has H inputs and C outputs, and its weight is stored as (C, H)."""
    yield Need(
        "shape of the logits of 4 reviews",
        lambda: tuple(rebuilt(torch.zeros(4, 768)).shape),
        (4, 3),
        "768 numbers come in, and 3 scores go out",
    )
    yield Need(
        "loading the saved weights",
        lambda: str(rebuilt.load_state_dict(saved)),
        "<All keys matched successfully>",
        "give the head one output per row of saved['weight']",
    )
