"""Lesson 8: claims, checked. An experiment is judged by what it gives, as the notebook's own `Claim` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from helpers.practice.checks import Need
from helpers.trial import came_of


def exercise_1(predicts: str, run: Callable[[], object]) -> Iterator[Need]:
    """Cross entropy reads indices of int64 or uint8: the promise doesn't hold, so the verdict is "false"."""
    came = came_of(run)
    said = str(came.error or "no error")
    yield Need(
        "prediction", lambda: predicts, "runs", "predict what the sentence promises, as if it were true"
    )
    yield Need("the error names int32", lambda: "got Int" in said, True, "give the loss the labels as int32")


def exercise_2(run: Callable[[torch.Tensor, torch.Tensor], object]) -> Iterator[Need]:
    """A loss that runs is "silent" where a measurement shows that it is another than the one meant."""
    torch.manual_seed(0)
    measured = torch.randn(16)
    near = measured + 0.1
    for shape, wrong in {(16, 1): True, (16,): False}.items():
        predicted = near.reshape(shape)

        def told(predicted: torch.Tensor = predicted) -> bool:
            return bool(getattr(came_of(lambda: run(predicted, measured)).value, "wrong", False))

        hint = "compare two losses, and return a Found" if wrong else "wrong must come from a measurement"
        yield Need(f"wrong for predictions of {shape}", told, wrong, hint)
    exact = came_of(lambda: run(measured.flip(0), measured)).value
    hint = "a loss may be large and still be the one that is meant"
    yield Need(
        "wrong for poor predictions of (16,)", lambda: bool(getattr(exact, "wrong", False)), False, hint
    )
