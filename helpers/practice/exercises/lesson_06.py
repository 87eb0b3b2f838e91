"""Lesson 6: silent mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from helpers.bert import load_bert, load_tokenizer
from helpers.data import load_reviews
from helpers.practice.checks import Need

STARS = (1, 3, 1, 4, 1, 2, 2, 3, 4, 5, 4, 2, 1, 2, 5, 5, 5, 3, 4, 3)  # the last 20 of work/scores.csv
GOOD, FAR = 0.45, 0.6  # R², and how far apart scores are whose model has learned to tell rows apart


def exercise_1(classify: Callable[[list[str]], Sequence[int]], head: nn.Module) -> Iterator[Need]:
    """A batch is a dictionary: by name each tensor reaches its own argument, by position it needn't."""
    reviews = [review.text for review in load_reviews("test")]
    together = _listed(classify(reviews))
    yield Need("number of classes for 90 reviews", lambda: len(together), 90, "give each review one class")
    tokenizer, bert = load_tokenizer(pretrained=True), load_bert("encoder", pretrained=True)
    with torch.no_grad():
        rows = bert(**tokenizer(reviews, padding=True, return_tensors="pt")).last_hidden_state[:, 0]
        meant = _listed(head(rows).argmax(dim=1))
    alone = [_listed(classify([review]))[0] for review in reviews[:12]]
    moved = sum(one != other for one, other in zip(alone, together, strict=False))
    yield Need("of 12 reviews, those with another class alone", lambda: moved, 0, _ALONE)
    if not moved:
        hits = sum(one == other for one, other in zip(together, meant, strict=False))
        yield Need("reviews with the class that their own words give", lambda: hits, 90, _WORDS)


_ALONE = "what are a review's neighbours to it? Look at what reaches attention_mask"
_WORDS = "keep every word and the order of the reviews, and let no [PAD] be read"


def exercise_2(answer: Tensor) -> Iterator[Need]:
    """Rows without a score are left out, and each score is compared with its own row's answer alone."""
    found, true = torch.as_tensor(answer).detach().double().flatten(), torch.tensor(STARS).double()
    yield Need("scores", lambda: len(found), len(true), "one for each of the last 20 comments")
    yield Need(
        "scores that are no number",
        lambda: int(found.isnan().sum()),
        0,
        "the loss is nan from the first step: what goes into it?",
    )
    if len(found) != len(true) or found.isnan().any():
        return
    apart, squares = found.std().item(), (true - true.mean()).square().sum()
    share = (1 - (found - true).square().sum() / squares).item()
    if apart < FAR:
        hint = "nearly the same for every comment: with what was each answer compared?"
        yield Need("how far the scores are apart", lambda: f"{apart:.1f}", f"{FAR} or more", hint)
    else:
        hint = "which comment belongs to which score? An empty cell is no 0"
        good = f"{GOOD} or more"
        yield Need("R², 1 is perfect", lambda: good if share >= GOOD else f"{share:.2f}", good, hint)


def _listed(classes: object) -> list[int]:
    return [int(each) for each in torch.as_tensor(classes).flatten()]


def exercise_3(model: Any) -> Iterator[Need]:
    """A number needs one output; with problem_type "regression" the loss is its mean squared error."""
    with torch.no_grad():
        logits = model(torch.full((2, 6), 101)).logits
    yield Need("shape of the logits for 2 rows", lambda: tuple(logits.shape), (2, 1), "one output per number")
    yield Need("task", lambda: model.config.problem_type, "regression", "which of the three is a number?")
