"""What a loss call was made of: the tensors, the criterion and its options, whoever made the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# What torch calls each loss we know, as a function and as a module; the options are those it shares.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": F.cross_entropy,
    "nll_loss": F.nll_loss,
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "binary_cross_entropy": F.binary_cross_entropy,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}
MODULES: dict[type[nn.Module], str] = {
    nn.CrossEntropyLoss: "cross_entropy",
    nn.NLLLoss: "nll_loss",
    nn.MSELoss: "mse_loss",
    nn.L1Loss: "l1_loss",
    nn.SmoothL1Loss: "smooth_l1_loss",
    nn.HuberLoss: "huber_loss",
    nn.BCELoss: "binary_cross_entropy",
    nn.BCEWithLogitsLoss: "binary_cross_entropy_with_logits",
}
BY_INDEX = ("cross_entropy", "nll_loss")
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
OPTIONS = ("weight", "ignore_index", "reduction", "label_smoothing", "pos_weight", "beta", "delta")


@dataclass(frozen=True)
class LossCall:
    """One call of a loss.

    Attributes:
        loss: Its name in `torch.nn.functional`, or "" for a criterion that we don't know.
        criterion: Takes (logits, target) and holds the options.
        logits: What was passed first; (N, C), (N, C, ...), (C,) or the target's shape.
        target: What was passed second.
        options: The criterion's options that are not at their default, by name.
        hidden: The (..., H) states that the head read, where they could be found.
        folded: The two tensors as they were before the learner flattened them, where that is known.
        unread: True where values can't be read, as after a CUDA assert; then only shapes count.
    """

    loss: str
    criterion: Callable[[Tensor, Tensor], Tensor]
    logits: Tensor
    target: Tensor
    options: Mapping[str, Any] = field(default_factory=dict)
    hidden: Tensor | None = None
    folded: tuple[Tensor, Tensor] | None = None
    unread: bool = False

    @property
    def ignore_index(self) -> int:
        """The label that does not count; -100 unless said otherwise."""
        return int(self.options.get("ignore_index", -100))

    @cached_property
    def counted_labels(self) -> Tensor:
        """The labels that count, as int64 (K,): those that are not ignore_index."""
        labels = self.target.detach().flatten().to(torch.int64)
        return labels[labels != self.ignore_index]


def loss_call(criterion: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor) -> LossCall:
    """Read a criterion: a function of `torch.nn.functional`, a `partial` of one, or a module."""
    if isinstance(criterion, partial) and not criterion.args:
        inner = loss_call(criterion.func, logits, target)
        return LossCall(inner.loss, criterion, logits, target, {**inner.options, **criterion.keywords})
    if isinstance(criterion, nn.Module):
        # By exact type: a subclass may compute anything.
        name = MODULES.get(type(criterion), "")
        options = {option: getattr(criterion, option) for option in OPTIONS if hasattr(criterion, option)}
        return LossCall(name, criterion, logits, target, options if name else {})
    names = [name for name, function in FUNCTIONS.items() if function is criterion]
    return LossCall(names[0] if names else "", criterion, logits, target)
