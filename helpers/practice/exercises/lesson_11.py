"""Lesson 11: a training loop of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.bert import load_bert, load_tokenizer
from helpers.data import load_reviews
from helpers.practice.checks import Need

Row = Mapping[str, Any]
MANY, BATCHES = 4, 3
SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.0,  # two runs on the same batches give the same weights
    "attention_probs_dropout_prob": 0.0,
}


def exercise_1(
    as_row: Callable[[Any], Row],
    collate: Callable[[Sequence[Row]], Mapping[str, Tensor]],
    accuracy: Callable[[Any], Mapping[str, float]],
) -> Iterator[Need]:
    """Labels are numbers, the collator pads the rows, and each row of logits has its own maximum."""
    reviews = load_reviews()[:MANY]
    rows, texts = [as_row(review) for review in reviews], [review.text for review in reviews]
    meant = [review.label for review in reviews]
    words = "a label is a number, and load_reviews gives it as one"
    yield Need(f"labels of {MANY} rows", lambda: [_label(row) for row in rows], meant, words)
    # With right labels, so that the collator is told apart from what the rows still lack.
    right = [{**_without_label(row), "labels": n} for row, n in zip(rows, meant, strict=True)]
    longest = max(len(row["input_ids"]) for row in rows)
    pads = "rows differ in length: which collator fills the shorter ones with [PAD]? It needs the tokenizer"
    yield Need(
        "shape of those rows' ids",
        lambda: tuple(collate(right)["input_ids"].shape),
        (MANY, longest),
        pads,
        decides=True,
    )
    tokens = sum(map(len, load_tokenizer(pretrained=True)(texts)["input_ids"]))
    seen = "the mask has a 1 for every token and a 0 for every [PAD]: cut nothing, and hand it on"
    yield Need("tokens that the mask lets through", lambda: _ones(collate(right)), tokens, seen)
    whole = "one whole number per row"
    yield Need("dtype of the labels", lambda: collate(rows)["labels"].dtype, torch.int64, whole)
    axis = "logits are (N, C): each row needs its own maximum. Over which axis?"
    yield Need("accuracy where 4 of 6 are right", lambda: _percent(accuracy), "67%", axis)


def _label(row: Row) -> Any:
    return row.get("labels", row.get("label"))


def _without_label(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("label", "labels")}


def _ones(batch: Mapping[str, Tensor]) -> int:
    return int(batch["attention_mask"].sum())


def _percent(accuracy: Callable[[Any], Mapping[str, float]]) -> str:
    """Measure six rows as the Trainer would, of which two are wrong."""
    from transformers import EvalPrediction

    guessed, true = torch.tensor([0, 1, 2, 0, 1, 2]), torch.tensor([0, 1, 2, 0, 2, 1])
    logits = F.one_hot(guessed, 3).float() * torch.arange(1, 7).unsqueeze(1) - 2
    (share,) = accuracy(EvalPrediction(logits.numpy(), true.numpy())).values()
    return f"{float(share):.0%}"


def exercise_2(
    new_model: Callable[[], Any],
    one_epoch: Callable[[Any, torch.optim.Optimizer, Iterable[dict[str, Tensor]]], Any],
) -> Iterator[Need]:
    """One output per class, a loss of logits, and each step takes its own batch's gradients alone."""
    three = "three classes, three outputs"
    yield Need("outputs", lambda: new_model().config.num_labels, 3, three)
    watched = cache(lambda: Watched(one_epoch))
    part = "a model of transformers gives an object: which part of it does a loss compare with the labels?"
    yield Need("batches whose loss went back", lambda: watched().backward, BATCHES, part, True)
    yield Need("steps", lambda: len(watched().alone), BATCHES, "after each batch one step", True)
    zero = "backward adds to the gradients that are there. When are they set back to zero?"
    own = "steps taken with the gradients of their own batch alone"
    yield Need(own, lambda: sum(watched().alone), BATCHES, zero)
    mode = "model.train() switches dropout on, and nothing in an epoch may switch it off"
    yield Need("batches in training mode", lambda: watched().training, BATCHES, mode)
    if all(watched().alone):
        raw = "the loss is the cross entropy of raw logits and labels: add nothing to it"
        yield Need("weights that a right epoch gives", lambda: watched().learned, True, raw)


class Watched:
    """What an epoch does to a small BERT in three batches.

    Attributes:
        backward: How often a loss went back.
        alone: Per step, whether the gradients were those that came since the step before, and no others.
        training: How many forward passes were made in training mode.
        learned: Whether the weights are those that a right epoch gives.
    """

    def __init__(self, one_epoch: Callable[..., Any]) -> None:
        self.backward, self.training, self.alone = 0, 0, list[bool]()
        model = load_bert("sequence", num_labels=3, **SMALL)
        right = deepcopy(model)
        bias = model.classifier.bias
        self._fresh = torch.zeros_like(bias)
        bias.register_hook(self._came)
        model.register_forward_pre_hook(self._forward)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizer.register_step_pre_hook(lambda *_: self._step(bias))
        one_epoch(model, optimizer, _batches())
        _learn(right)
        pairs = zip(model.parameters(), right.parameters(), strict=True)
        self.learned = all(torch.allclose(one, other, atol=1e-5) for one, other in pairs)

    def _came(self, gradient: Tensor) -> None:
        self.backward += 1
        self._fresh = self._fresh + gradient

    def _forward(self, model: nn.Module, _: Any) -> None:
        self.training += model.training

    def _step(self, bias: Tensor) -> None:
        kept = torch.zeros_like(self._fresh) if bias.grad is None else bias.grad
        self.alone.append(torch.allclose(kept, self._fresh))
        self._fresh = torch.zeros_like(self._fresh)


def _batches() -> list[dict[str, Tensor]]:
    ids = torch.arange(1000, 1000 + BATCHES * 8).reshape(BATCHES, 2, 4)
    labels = torch.tensor([[0, 1], [2, 0], [1, 2]])
    return [
        {"input_ids": some, "attention_mask": torch.ones_like(some), "labels": own}
        for some, own in zip(ids, labels, strict=True)
    ]


def _learn(model: Any) -> None:
    """A right epoch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for batch in _batches():
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
