"""one_hot and to_categorical, where a label has no column."""

from __future__ import annotations

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.names import called, named, numbers
from helpers.diagnosis.seen.raised import Raised, shape


def explain_one_hot(raised: Raised) -> Diagnosis | None:
    """Labels that go beyond the number of classes they are to be spread over."""
    step = raised.own[0] if raised.own else None
    if step is None or raised.is_unread or not called(step, ("one_hot", "to_categorical")):
        return None
    classes = [number for number in numbers(step) if number > 0]
    for name, value in named(step).items():
        if not hasattr(value, "min") or not getattr(value, "shape", ()) or not len(value):
            continue
        lowest, highest = int(value.min()), int(value.max())
        got = f"{name} {shape(value)} with labels {lowest} to {highest}"
        if lowest < 0:
            return raised.diagnosis("label_range", got, "labels that count from 0")
        if classes and highest >= classes[-1]:
            needs = f"num_classes {highest + 1} for labels up to {highest}; it is {classes[-1]}"
            return raised.diagnosis("head_size", got, needs)
    return None
