"""Repairs of a Keras model's loss or labels, run on the batch that failed."""

from __future__ import annotations

import sys
from typing import Any

from helpers.diagnosis.keras.find import KerasLoss
from helpers.diagnosis.said.result import Fix
from helpers.diagnosis.seen.raised import shape, tried


def other_loss(loss: KerasLoss, name: str) -> Fix | None:
    """Give the model another loss."""
    keras: Any = sys.modules.get("keras")

    def runs(names: Any) -> str:
        return f"loss {float(keras.losses.get(names.loss)(loss.target, loss.output.detach()).mean()):.3f}"

    return tried("compile with the loss for these labels", f'loss = "{name}"', {}, runs)


def other_target(loss: KerasLoss, y: str, code: str, name: str) -> Fix | None:
    """Give the loss `name` other labels."""
    keras: Any = sys.modules.get("keras")
    if not y:  # the learner has no name for the labels
        return None
    target = loss.target.detach().cpu().numpy()

    def runs(names: Any) -> str:
        changed = getattr(names, y)
        value = float(keras.losses.get(name)(changed, loss.output.detach()).mean())
        return f"{shape(changed)} per batch, loss {value:.3f}"

    return tried("change the labels", f"{y} = {code}", {y: target, "keras": keras}, runs)
