"""What a loss call was made of: the tensors, the criterion and its options, whoever made the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.seen.alike import UnlikeError, alike, program
from helpers.trace import IGNORED

Shape = tuple[int, ...]
Criterion = Callable[[Tensor, Tensor], Tensor]


class Loss(NamedTuple):
    """One loss: what it takes.

    Attributes:
        by_index: Whether the target holds class indices; else numbers in the shape of the logits.
        binary: Whether every output is a yes or no of its own, with targets from 0 to 1.
        module: What computes it in torch, beside the function of its name; none for a loss of Keras.
        axis: Where the classes are, with two axes or more.
    """

    by_index: bool
    binary: bool = False
    module: type[nn.Module] | None = None
    axis: int = 1


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(True, False, nn.CrossEntropyLoss),
    "nll_loss": Loss(True, False, nn.NLLLoss),
    "mse_loss": Loss(False, False, nn.MSELoss),
    "l1_loss": Loss(False, False, nn.L1Loss),
    "smooth_l1_loss": Loss(False, False, nn.SmoothL1Loss),
    "huber_loss": Loss(False, False, nn.HuberLoss),
    "binary_cross_entropy": Loss(False, True, nn.BCELoss),
    "binary_cross_entropy_with_logits": Loss(False, True, nn.BCEWithLogitsLoss),
    "sparse_categorical_crossentropy": Loss(True, axis=-1),
    "categorical_crossentropy": Loss(False, axis=-1),
    "binary_crossentropy": Loss(False, True, axis=-1),
}
UNKNOWN = Loss(False)
MODULES = {loss.module: name for name, loss in LOSSES.items() if loss.module}
FUNCTIONS: dict[str, Callable[..., Tensor]] = {name: getattr(F, name) for name in MODULES.values()}
TENSORS = ("weight", "pos_weight")  # the options that hold a number for each class
# The options of a criterion, each with what torch takes where nothing is said.
OPTIONS: dict[str, Any] = {"weight": None, "pos_weight": None, "ignore_index": IGNORED, "reduction": "mean"}
OPTIONS |= {"label_smoothing": 0.0, "beta": 1.0, "delta": 1.0}


@dataclass(frozen=True)
class LossCall:
    """One call of a loss.

    Attributes:
        loss: Its name in `LOSSES`, or "" for a criterion that we don't know.
        criterion: Takes (logits, target) and holds the options.
        logits: What was passed first; (N, C), (N, C, ...), (C,) or the target's shape.
        target: What was passed second.
        options: The criterion's options that are not at their default, by name.
        hidden: The (..., H) states that the head read, where they could be found.
        folded: The two tensors as they were before the learner flattened them, where that is known.
        unread: True where values can't be read, as after a CUDA assert; then only shapes count.
        classes: How many classes the data has, where that is known.
    """

    loss: str
    criterion: Criterion
    logits: Tensor
    target: Tensor
    options: Mapping[str, Any] = field(default_factory=dict)
    hidden: Tensor | None = None
    folded: tuple[Tensor, Tensor] | None = None
    unread: bool = False
    classes: int | None = None

    @property
    def takes(self) -> Loss:
        """What this loss takes."""
        return LOSSES.get(self.loss, UNKNOWN)

    @property
    def shapes(self) -> tuple[Shape, Shape]:
        """Those of logits and target."""
        return tuple(self.logits.shape), tuple(self.target.shape)

    @property
    def axis(self) -> int:
        """Where the loss reads the classes."""
        return self.takes.axis % max(1, self.logits.ndim) if self.logits.ndim > 1 else 0

    @property
    def outputs(self) -> int:
        """C as the loss reads it."""
        return self.logits.shape[self.axis] if self.logits.ndim else 1

    @property
    def wanted(self) -> Shape:
        """The target's shape that belongs to these logits."""
        shape = tuple(self.logits.shape)
        return shape[: self.axis] + shape[self.axis + 1 :] if self.takes.by_index else shape

    @property
    def is_turned(self) -> bool:
        """Whether the number of classes tells that they are on axis 1, before the tokens."""
        return self.logits.ndim > 2 and self.classes == self.logits.shape[1] != self.logits.shape[-1]

    @property
    def other_columns(self) -> bool:
        """Whether a target (N, K) has labels to ignore, or is known to have no number for each class."""
        is_known = self.target.ndim == 2 and self.classes not in (None, *self.target.shape[1:])
        return is_known or (self.target.ndim == 2 and bool((self.target == self.ignore_index).any()))

    @property
    def ignore_index(self) -> int:
        """The label that does not count; -100 unless said otherwise."""
        return int(self.options.get("ignore_index", IGNORED))

    def alike(self, *made: str) -> str:
        """Return a program that makes the call with tensors alike: criterion, logits and target.

        Args:
            made: Lines that make the logits, where more is to be known of them.

        Raises:
            UnlikeError: Nothing alike can be made.
        """
        module = self.takes.module
        if module is None or self.unread:
            raise UnlikeError("a criterion of the learner's own")
        options = ", ".join(f"{name}={alike(value)}" for name, value in self.options.items())
        logits, target = self.folded or (self.logits, self.target)
        lines = [f"criterion = nn.{module.__name__}({options})"]
        lines += made or [f"logits = {alike(logits)}"]
        lines += [f"target = {alike(target, exact=True)}"]
        lines += [f"classes = {self.classes}"] * (self.classes is not None)
        views = [
            name if held is passed else f"{name}.reshape({', '.join(map(str, passed.shape))})"
            for name, held, passed in (("logits", logits, self.logits), ("target", target, self.target))
        ]
        return program(*lines, f"loss = criterion({', '.join(views)})")

    @cached_property
    def counted_labels(self) -> Tensor:
        """The labels that count, as int64 (K,): those that are not ignore_index."""
        labels = self.target.detach().flatten().to(torch.int64)
        return labels[labels != self.ignore_index]


def loss_call(criterion: Criterion, logits: Tensor, target: Tensor) -> LossCall:
    """Read a criterion: a function of `torch.nn.functional`, a `partial` of one, or a module."""
    if isinstance(criterion, partial) and not criterion.args:
        inner = loss_call(criterion.func, logits, target)
        return LossCall(inner.loss, criterion, logits, target, {**inner.options, **criterion.keywords})
    if isinstance(criterion, nn.Module):
        # By exact type: a subclass may compute anything.
        name = MODULES.get(type(criterion), "")
        options = options_in({option: getattr(criterion, option, None) for option in OPTIONS}) if name else {}
        return LossCall(name, criterion, logits, target, options)
    name = next((name for name, function in FUNCTIONS.items() if function is criterion), "")
    return LossCall(name, criterion, logits, target)


def options_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are not at their default."""
    given = {name: values[name] for name in OPTIONS if values.get(name) is not None}
    return {name: own for name, own in given.items() if isinstance(own, Tensor) or own != OPTIONS[name]}


def without_ones(shape: Shape) -> list[int]:
    """The axes that are longer than 1."""
    return [size for size in shape if size != 1]
