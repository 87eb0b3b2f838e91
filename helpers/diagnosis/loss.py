"""Run a criterion on logits and target, and say which axis disagrees.

The cause is read from shapes and values, never from the exception's wording: messages change between
versions of torch, shapes do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.result import Diagnosis, Mark


def check_loss(
    criterion: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor, classes: int | None = None
) -> Diagnosis:
    """Run the loss and say what it did. Nothing of the caller's is changed.

    Args:
        criterion: `F.cross_entropy` or a module such as `nn.CrossEntropyLoss()`. Other losses are run
            and their outcome reported, without a cause.
        logits: Floating point, (N, C).
        target: int64 class indices, (N,), from 0 to C - 1 (the rule of torch's page "CrossEntropyLoss").
        classes: How many classes the data has, where that is known. One batch alone cannot tell an
            output that is never needed from a class that is only rare.

    >>> print(check_loss(F.cross_entropy, torch.zeros(4, 1), torch.tensor([1, 0, 2, 1])))
    ✗ IndexError: Target 1 is out of bounds.
    got    logits (N=4, C=1), target (N=4,) with labels 0 to 2
    needs  an output for every label: C is 1, so only label 0 fits, and the labels go up to 2
    """
    got = _describe(logits, target)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the lab shows a cause, not torch's guess at one
            loss = float(criterion(logits.detach(), target.detach()))
    except Exception as error:  # whatever the learner's loss raises is the result to report
        said = f"{type(error).__name__}: {error}"
        return Diagnosis("raises", got, error=said, **_why_it_raised(criterion, logits, target))
    silent = _what_is_silent(criterion, logits, target, classes)
    return Diagnosis("silent" if silent else "ok", got, loss=loss, **silent)


def _is_cross_entropy(criterion: Any, logits: Tensor, target: Tensor) -> bool:
    known = criterion is F.cross_entropy or isinstance(criterion, nn.CrossEntropyLoss)
    return known and logits.ndim == 2 and target.ndim == 1 and not target.is_floating_point()


def _why_it_raised(criterion: Any, logits: Tensor, target: Tensor) -> dict[str, Any]:
    if not _is_cross_entropy(criterion, logits, target):
        return {}
    rows, outputs = logits.shape
    if rows != len(target):
        return {
            "cause": "batch_target",
            "needs": f"one label for each row of logits: target ({rows},)",
            "marks": (Mark("logits", "N"), Mark("target", "N")),
        }
    lowest, highest = int(target.min()), int(target.max())
    if lowest >= 0 and highest < outputs:
        return {}
    fits = "only label 0 fits" if outputs == 1 else f"labels 0 to {outputs - 1} fit"
    out_of_range = {
        "cause": "head_size",
        "needs": f"an output for every label: C is {outputs}, so {fits}, and the labels go up to {highest}",
        "marks": (Mark("logits", "C"), Mark("target", "label")),
    }
    if lowest < 0:
        out_of_range["cause"] = "label_range"
        out_of_range["needs"] = f"labels from 0 to {outputs - 1}, and label {lowest} came"
    elif lowest > 0 and highest == outputs:
        out_of_range["cause"] = "label_range"
        out_of_range["needs"] = (
            f"labels from 0 to {outputs - 1}; these go from {lowest} to {highest}, as if counted from 1"
        )
    return out_of_range


def _what_is_silent(criterion: Any, logits: Tensor, target: Tensor, classes: int | None) -> dict[str, Any]:
    if not _is_cross_entropy(criterion, logits, target):
        return {}
    outputs = logits.shape[1]
    if outputs == 1:
        return {
            "cause": "head_size",
            "needs": "two outputs or more: the softmax of one number is always 1, so the loss is always 0",
            "marks": (Mark("logits", "C"),),
        }
    if classes is not None and classes < outputs:
        unused = f"output {classes}" if classes == outputs - 1 else f"outputs {classes} to {outputs - 1}"
        return {
            "cause": "unused_outputs",
            "certain": False,
            "needs": f"{classes} outputs for {classes} classes: no label ever asks for {unused}",
            "marks": (Mark("logits", "C"),),
        }
    return {}


def _describe(logits: Tensor, target: Tensor) -> str:
    if logits.ndim == 2 and target.ndim == 1:
        shapes = f"logits (N={logits.shape[0]}, C={logits.shape[1]}), target (N={target.shape[0]},)"
    else:
        shapes = f"logits {tuple(logits.shape)}, target {tuple(target.shape)}"
    if target.is_floating_point() or not target.numel():
        return shapes
    lowest, highest = int(target.min()), int(target.max())
    labels = f"label {lowest}" if lowest == highest else f"labels {lowest} to {highest}"
    return f"{shapes} with {labels}"
