"""The front door for a loss: torch's or Keras', each with its own order of arguments."""

from __future__ import annotations

from typing import Any

import torch

from helpers.diagnosis.keras.loss import check_keras_loss, is_keras
from helpers.diagnosis.loss.call import loss_call
from helpers.diagnosis.loss.check import diagnose
from helpers.diagnosis.said.result import Diagnosis


def check_loss(criterion: Any, logits: Any, target: Any, classes: int | None = None) -> Diagnosis:
    """Run the loss, say what it did, and prove what mends it. Nothing of the caller's is changed.

    Args:
        criterion: A loss of `torch.nn.functional`, a `functools.partial` of one, or its module, such as
            `nn.CrossEntropyLoss(ignore_index=0)`; or a function or object of `keras.losses`. Any other
            callable is run and its outcome reported.
        logits: What the model gave, such as floating point (N, C). Keras takes it second; here it is first.
        target: The labels, such as int64 class indices (N,).
        classes: How many classes the data has, where that is known. One batch alone can hardly tell an
            output that is never needed from a class that is rare.

    Returns:
        A `Diagnosis` whose outcome is "ok", "silent" or "raises". It never raises itself.

    >>> import torch.nn.functional as F
    >>> print(check_loss(F.cross_entropy, torch.zeros(4, 3), torch.tensor([[1], [0], [2], [1]])))
    ✗ RuntimeError: 0D or 1D target tensor expected, multi-target not supported
    cause  the target has an axis too many
    got    logits (N=4, C=3), target (4, 1) with labels 0 to 2
    needs  target (4,), without the axis of size 1
    try    target = target.flatten()  # loss 1.099, target (4,)
    """
    if not is_keras(criterion):
        return diagnose(loss_call(criterion, logits, target), classes=classes)
    logits, target = torch.as_tensor(logits), torch.as_tensor(target)
    if target.is_floating_point() and not logits.is_floating_point():
        logits, target = target, logits  # in the order of Keras: the labels are the whole numbers
    return check_keras_loss(criterion, logits, target, classes)
