"""One forward pass of the learner's model that leaves no trace, and what it was made of."""

from __future__ import annotations

import inspect
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
from helpers.trial import came_of

LABELS = 'batch["labels"]'  # as the learner's code, and so a fix, spells them
LOSSES = {function: name for name, function in FUNCTIONS.items()}


@dataclass(frozen=True)
class Run:
    """What went into the model, and what came out.

    Attributes:
        model: A stand-in for the learner's model.
        batch: What it was given.
        ids, mask, labels: The input_ids (N, T), the attention_mask and the labels, where it was given any.
        told: The problem_type in its configuration before; transformers fills it in on the first call.
        output: What it returned, None where it raised.
        error: What it raised.
        classes: How many classes the data has, where that is known.
        losses: The losses that the model called, with the tensors they got.
    """

    model: nn.Module
    batch: Mapping[str, Any]
    ids: Tensor | None
    mask: Tensor | None
    labels: Tensor | None
    told: str | None
    output: Any
    error: Exception | None
    classes: int | None
    losses: list[LossCall]

    @cached_property
    def config(self) -> Any:
        """The model's configuration, or that of the encoder inside it."""
        found = (getattr(module, "config", None) for module in self.model.modules())
        return next((config for config in found if config is not None), None)

    @property
    def kind(self) -> str | None:
        """The problem_type that it was told or took from these labels."""
        return getattr(self.config, "problem_type", None)

    @cached_property
    def logits(self) -> Tensor | None:
        """The logits, wherever the output keeps them."""
        parts = self.output if isinstance(self.output, tuple) else (self.output,)
        if isinstance(self.output, Mapping) or hasattr(self.output, "logits"):
            parts = (_entry(self.output, "logits"),)
        return next((part for part in parts if isinstance(part, Tensor) and part.ndim > 1), None)

    @property
    def is_token(self) -> bool:
        """Whether there is a prediction for each token."""
        return self.logits is not None and self.logits.ndim == 3

    @cached_property
    def loss(self) -> float | None:
        """The loss, where the model was given labels and gave one number back."""
        part = self.output[0] if isinstance(self.output, tuple) else _entry(self.output, "loss")
        return float(part) if isinstance(part, Tensor) and part.numel() == 1 else None

    @cached_property
    def padding(self) -> Tensor | None:
        """Where the padding is: runs of its id at either end of a row. One inside may be a token."""
        pad = getattr(self.config, "pad_token_id", None)
        if self.ids is None or not isinstance(pad, int):
            return None
        is_pad = (self.ids == pad).long()
        right = is_pad.flip(1).cumprod(1).flip(1).bool()
        if pad == getattr(self.config, "eos_token_id", None):
            # The first of them ends the sentence.
            right &= torch.cat([torch.zeros_like(right[:, :1]), right[:, :-1]], 1)
        found = right | is_pad.cumprod(1).bool()
        return found if found.any() else None

    def __str__(self) -> str:
        """The shapes of what went in and what came out."""
        parts = []
        if self.ids is not None:
            count = 0 if self.padding is None else int(self.padding.sum())
            padded = f" with {count} padding token{'s' * (count > 1)}" if count else ""
            parts.append(f"input_ids {shape(self.ids, 'NT')}{padded}")
            parts.append("no attention_mask" if self.mask is None else f"attention_mask {shape(self.mask)}")
        if self.labels is not None:
            parts.append(f"labels {shape(self.labels)} of {str(self.labels.dtype).removeprefix('torch.')}")
        if self.told is not None:
            parts.append(f"problem_type {self.told!r}")
        if self.logits is not None:
            parts.append(f"logits {shape(self.logits)}")
        return ", ".join(parts) or f"a batch of {', '.join(map(str, self.batch)) or 'nothing'}"


def _entry(output: Any, name: str) -> Any:
    return output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)


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

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Take part in one call of torch."""
        given = dict(kwargs or {})
        if func is F.embedding and self.ids is not None and self.others is not None:
            is_ids = args[0].shape == self.ids.shape and torch.equal(args[0], self.ids)
            args = (self.others if is_ids else args[0], *args[1:])
        if func in LOSSES:
            logits, target = [*args, *(given[name] for name in ("input", "target") if name in given)][:2]
            options = {name: given[name] for name in OPTIONS if given.get(name) is not None}
            self.losses.append(LossCall(LOSSES[func], func, logits, target, options))
        return func(*args, **given)


def run(
    model: nn.Module,
    batch: Mapping[str, Any],
    classes: int | None = None,
    others: tuple[Tensor, Tensor] | None = None,
) -> Run:
    """Call a stand-in with copies of what is in the batch.

    Args:
        model: A stand-in.
        batch: What it is given, by name.
        classes: How many classes the data has, where that is known.
        others: input_ids (N, T), and ids whose rows of the embedding are read in their place.
    """
    told = getattr(getattr(model, "config", None), "problem_type", None)
    tensors = {name: value for name, value in batch.items() if isinstance(value, Tensor)}
    copies = {name: value.clone() for name, value in tensors.items()}
    inside = {} if "input_ids" in batch else _given_inside(model)
    with Watch(*(others or ())) as watch:
        came = came_of(lambda: model(**{**batch, **copies}))
    named = ({**inside, **tensors}.get(name) for name in ("input_ids", "attention_mask", "labels"))
    ids, mask, labels = (value if isinstance(value, Tensor) and value.numel() else None for value in named)
    ids = ids if ids is not None and ids.ndim == 2 else None
    return Run(model, batch, ids, mask, labels, told, came.value, came.error, classes, watch.losses)


def _given_inside(model: nn.Module) -> dict[str, Any]:
    """What the encoder inside a model will be given, under its own names, where the batch has others."""
    given: dict[str, Any] = {}
    inner: Any = next(
        (part for part in model.modules() if part is not model and hasattr(part, "config")), None
    )
    if inner is not None:
        forward, names = inner.forward, inspect.signature(inner.forward).parameters

        def watched(*args: Any, **kwargs: Any) -> Any:
            given.update(dict(zip(names, args, strict=False)) | kwargs)
            return forward(*args, **kwargs)

        inner.forward = watched  # it is a stand-in's
    return given
