"""Lesson 1: the head has the wrong size."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from helpers.practice.checks import Need


def exercise_1(num_labels: int) -> Iterator[Need]:
    """Labels count from 0, so the highest label is one less than the number of outputs."""
    missing, spare = max(22 - num_labels, 0), max(num_labels - 22, 0)
    yield Need("labels without an output", lambda: missing, 0, "the last label is 21: count 0 too")
    yield Need("outputs without a label", lambda: spare, 0, "one output per intent, not more")


def exercise_2(triage: Any, priority: Tensor) -> Iterator[Need]:
    """Four classes, four outputs, and each priority has one of the numbers 0 to 3."""
    with Path("work", "tickets.csv").open(encoding="utf-8") as file:
        written = [int(ticket["priority"]) for ticket in csv.DictReader(file)]
    given = torch.as_tensor(priority).tolist()
    classes = dict(sorted(zip(written, given, strict=False)))
    yield Need("labels", lambda: len(given), len(written), "keep one label per ticket")
    yield Need("outputs", lambda: triage.config.num_labels, 4, "four priorities, four outputs")
    yield Need("lowest label", lambda: min(given), 0, "labels count from 0")
    yield Need("highest label", lambda: max(given), 3, "no number is left out: 1, 2, 4, 5 become 0, 1, 2, 3")
    yield Need(
        "one number for each priority",
        lambda: [classes[one] for one in written] == given and len(set(given)) == 4,
        True,
        "tickets of one priority get one label, and no other priority gets it",
    )
    yield Need(
        "in their order",
        lambda: sorted(classes.values()) == list(classes.values()),
        True,
        "a higher priority keeps the higher label",
    )
    yield Need(
        "dtype", lambda: torch.as_tensor(priority).dtype, torch.int64, "labels are whole numbers: int64"
    )


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
