"""One forward pass of the learner's model that leaves no trace, and what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from helpers.diagnosis.loss.call import FUNCTIONS, OPTIONS, LossCall
from helpers.diagnosis.seen.raised import shape

IGNORED = -100  # the label that the losses of transformers leave out
LABELS = 'batch["labels"]'  # as the learner's code, and so a fix, spells them
LOSSES = {function: name for name, function in FUNCTIONS.items()}


@dataclass(frozen=True)
class Run:
    """What went into the model, and what came out.

    Attributes:
        model: A stand-in for the learner's model.
        batch: What it was given.
        problem_type: What its configuration said before; transformers fills it in on the first call.
        output: What it returned, None where it raised.
        classes: How many classes the data has, where that is known.
        losses: The losses that the model called, with the tensors they got.
    """

    model: nn.Module
    batch: Mapping[str, Any]
    problem_type: str | None
    output: Any
    classes: int | None = None
    losses: tuple[LossCall, ...] = ()

    @cached_property
    def config(self) -> Any:
        """The model's configuration, or that of the encoder inside it."""
        found = (getattr(module, "config", None) for module in self.model.modules())
        return next((config for config in found if config is not None), None)

    @cached_property
    def ids(self) -> Tensor | None:
        """input_ids, where they are (N, T)."""
        ids = self.batch.get("input_ids")
        return ids if isinstance(ids, Tensor) and ids.ndim == 2 and ids.numel() else None

    @cached_property
    def mask(self) -> Tensor | None:
        """The attention mask."""
        mask = self.batch.get("attention_mask")
        return mask if isinstance(mask, Tensor) else None

    @cached_property
    def labels(self) -> Tensor | None:
        """The labels, where there are any."""
        labels = self.batch.get("labels")
        return labels if isinstance(labels, Tensor) and labels.numel() else None

    @cached_property
    def logits(self) -> Tensor | None:
        """The logits, wherever the output keeps them."""
        parts = self.output if isinstance(self.output, tuple) else (self.output,)
        if isinstance(self.output, Mapping) or hasattr(self.output, "logits"):
            parts = (_entry(self.output, "logits"),)
        return next((part for part in parts if isinstance(part, Tensor) and part.ndim > 1), None)

    @cached_property
    def loss(self) -> float | None:
        """The loss, where the model was given labels and gave one number back."""
        parts = self.output if isinstance(self.output, tuple) else (_entry(self.output, "loss"),)
        numbers = (part for part in parts[:1] if isinstance(part, Tensor) and part.numel() == 1)
        return next((float(number) for number in numbers), None)

    @property
    def pad(self) -> int | None:
        """The id of padding."""
        pad = getattr(self.config, "pad_token_id", None)
        return pad if isinstance(pad, int) else None

    @cached_property
    def padding(self) -> Tensor | None:
        """Where the padding is: runs of its id at either end of a row. One inside may be a token."""
        if self.ids is None or self.pad is None or not (self.ids == self.pad).any():
            return None
        is_pad = (self.ids == self.pad).long()
        right = is_pad.flip(1).cumprod(1).flip(1).bool()
        if self.pad == getattr(self.config, "eos_token_id", None):
            # The first of them ends the sentence.
            right &= torch.cat([torch.zeros_like(right[:, :1]), right[:, :-1]], 1)
        found = right | is_pad.cumprod(1).bool()
        return found if found.any() else None


class Watch(TorchFunctionMode):
    """Sees what a forward pass asks of torch: the losses; and it can put other tokens where some are hidden.

    Args:
        ids: The input_ids (N, T).
        others: What is looked up in their place; the model itself still reads `ids`.
    """

    def __init__(self, ids: Tensor | None = None, others: Tensor | None = None) -> None:
        super().__init__()
        self.losses: list[LossCall] = []
        self.ids, self.others = ids, others

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Take part in one call of torch."""
        given = dict(kwargs or {})
        if func is F.embedding and self.ids is not None and args and _same(args[0], self.ids):
            args = (self.others, *args[1:])
        names = ("input", "target")
        pair = [*args, *(given[name] for name in names if name in given)][:2]
        if func in LOSSES and len(pair) == 2 and all(isinstance(value, Tensor) for value in pair):
            options = {name: given[name] for name in OPTIONS if given.get(name) is not None}
            self.losses.append(LossCall(LOSSES[func], func, pair[0], pair[1], options))
        return func(*args, **given)


def _same(one: Any, other: Tensor) -> bool:
    return isinstance(one, Tensor) and one.shape == other.shape and torch.equal(one, other)


def run(
    model: nn.Module, batch: Mapping[str, Any], classes: int | None = None, others: Tensor | None = None
) -> tuple[Run, Exception | None]:
    """Call a stand-in with copies of what is in the batch; what it raises is returned.

    Args:
        model: A stand-in.
        batch: What it is given, by name.
        classes: How many classes the data has, where that is known.
        others: Ids (N, T) whose rows of the embedding are read in place of those of input_ids.
    """
    kind = getattr(getattr(model, "config", None), "problem_type", None)
    given = {name: value.clone() if isinstance(value, Tensor) else value for name, value in batch.items()}
    watch = Watch(None if others is None else batch.get("input_ids"), others)
    try:
        with watch:
            output = model(**given)
    except Exception as raised:  # whatever the learner's model raises is the result to report
        return Run(model, dict(batch), kind, None, classes), raised
    return Run(model, dict(batch), kind, output, classes, tuple(watch.losses)), None


def describe(run: Run) -> str:
    """Return the shapes of what went in and what came out."""
    parts = [f"input_ids {shape(run.ids, 'NT')}"] if run.ids is not None else []
    if run.padding is not None:
        count = int(run.padding.sum())
        parts[-1] += f" with {count} padding token{'s' * (count > 1)}"
    if run.ids is not None:
        parts.append("no attention_mask" if run.mask is None else f"attention_mask {shape(run.mask)}")
    if run.labels is not None:
        parts.append(f"labels {shape(run.labels)} of {str(run.labels.dtype).removeprefix('torch.')}")
    if run.problem_type is not None:
        parts.append(f"problem_type {run.problem_type!r}")
    if run.logits is not None:
        parts.append(f"logits {shape(run.logits)}")
    return ", ".join(parts) or f"a batch of {', '.join(map(str, run.batch)) or 'nothing'}"


def is_token(run: Run) -> bool:
    """Whether there is a prediction for each token."""
    return run.logits is not None and run.logits.ndim == 3


def _entry(output: Any, name: str) -> Any:
    return output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)
