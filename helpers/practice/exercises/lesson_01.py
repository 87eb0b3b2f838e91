"""Lesson 1: the head has the wrong size."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.practice.checks import Need


def exercise_1(num_labels: int) -> Iterator[Need]:
    """Labels count from 0, so the highest label is one less than the number of outputs."""
    yield Need("labels with an output", lambda: min(num_labels, 22), 22, "label 21 is the 22nd: count 0 too")
    yield Need(
        "outputs without a label", lambda: max(num_labels - 22, 0), 0, "one output per intent, not more"
    )
