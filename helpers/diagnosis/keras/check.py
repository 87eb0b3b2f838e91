"""Mistakes that raise nothing in a loss of Keras, found by asking torch's loss of the same kind."""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.keras.loss import BINARY, SPARSE
from helpers.diagnosis.loss.check import check_loss
from helpers.diagnosis.said.result import Diagnosis


def check_keras_loss(loss: str, output: Tensor, labels: Tensor, classes: int | None = None) -> Diagnosis:
    """Say what is wrong with a loss that ran in Keras.

    Args:
        loss: Its name, such as "sparse_categorical_crossentropy".
        output: What the last layer gave, probabilities (N, C): softmax, or sigmoid where the loss is binary.
        labels: y as Keras got it, such as (N,) or (N, C).
        classes: How many classes the data has, where that is known.

    Returns:
        A `Diagnosis` without fixes: a repair that ran in PyTorch is none in Keras. Its loss is torch's.

    >>> import torch
    >>> output = torch.full((2, 5), 0.2)
    >>> told = check_keras_loss("sparse_categorical_crossentropy", output, torch.tensor([2, 0]), classes=3)
    >>> told.outcome, told.cause
    ('silent', 'unused_outputs')
    """
    # Keras adds an axis of size 1 by itself.
    target = labels.reshape(output.shape) if labels.numel() == output.numel() else labels
    if loss == BINARY:
        told = check_loss(F.binary_cross_entropy, output, target.to(output.dtype))
    else:
        target = labels.flatten().long() if loss == SPARSE else target.to(output.dtype)
        logits = output.clamp_min(1e-12).log()  # softmax of these is the output again
        told = check_loss(F.cross_entropy, logits, target, classes=classes)
    return replace(told, fixes=())
