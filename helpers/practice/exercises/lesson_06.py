"""Lesson 6: silent mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from helpers.bert import load_bert, load_tokenizer
from helpers.data import load_reviews
from helpers.practice.checks import Need
from helpers.threads import one_thread

STARS = (1, 3, 1, 4, 1, 2, 2, 3, 4, 5, 4, 2, 1, 2, 5, 5, 5, 3, 4, 3)  # the last 20 of work/scores.csv
MANY = 30  # reviews: enough to tell answers apart, and quickly read
GOOD, FAR = 0.45, 0.6  # R², and how far apart scores are whose model has learned to tell rows apart


def exercise_1(classify: Callable[[list[str]], Sequence[int]], head: nn.Module) -> Iterator[Need]:
    """A batch is a dictionary: by name each tensor reaches its own argument, by position it needn't."""
    reviews, rows = reviews_read("test", MANY)
    with one_thread():
        together = _listed(classify(reviews))
        alone = [_listed(classify([review]))[0] for review in reviews]
        meant = _listed(head(rows).argmax(dim=1))
    yield Need(
        f"number of classes for {len(reviews)} reviews", lambda: len(together), len(reviews), _EACH, True
    )
    moved = sum(one != other for one, other in zip(alone, together, strict=True))
    if together != meant and sorted(together) == sorted(meant):
        yield Need("reviews in their own order", lambda: False, True, "their order is lost")
    elif moved:
        yield Need(f"of {len(alone)} reviews, those with another class alone", lambda: moved, 0, _ALONE)
    else:
        hits = sum(one == other for one, other in zip(together, meant, strict=True))
        yield Need("reviews with the class that their own words give", lambda: hits, len(meant), _WORDS)


@cache
def reviews_read(split: str, many: int) -> tuple[list[str], Tensor]:
    """The first reviews of a split, and the row of each one's [CLS] token, read with its mask."""
    reviews = [review.text for review in load_reviews(split)[:many]]
    tokenizer, bert = load_tokenizer(pretrained=True), load_bert("encoder", pretrained=True)
    with torch.no_grad():
        batch = tokenizer(reviews, padding=True, return_tensors="pt")
        return reviews, bert(**batch).last_hidden_state[:, 0]


_EACH = "give each review one class"
_ALONE = "what are a review's neighbours to it? Look at what reaches attention_mask"
_WORDS = "let every word be read and no [PAD], and each input reach the argument of its name"


def exercise_2(answer: Tensor) -> Iterator[Need]:
    """Rows without a score are left out, and each score is compared with its own row's answer alone."""
    found, true = torch.as_tensor(answer).detach().double().flatten(), torch.tensor(STARS).double()
    yield Need("scores", lambda: len(found), len(true), "one for each of the last 20 comments", True)
    yield Need(
        "scores that are no number",
        lambda: int(found.isnan().sum()),
        0,
        "one nan makes every weight nan: which number that goes into the loss is one?",
        decides=True,
    )
    apart, squares = found.std().item(), (true - true.mean()).square().sum()
    share = (1 - (found - true).square().sum() / squares).item()
    hint, far = "nearly the same for every comment: with what was each answer compared?", f"{FAR} or more"
    yield Need("how far apart they are", lambda: far if apart >= FAR else f"{apart:.1f}", far, hint, True)
    hint, good = "which comment belongs to which score? An empty cell is no 0", f"{GOOD} or more"
    yield Need("R², 1 is perfect", lambda: good if share >= GOOD else f"{share:.2f}", good, hint)


def _listed(classes: object) -> list[int]:
    return [int(each) for each in torch.as_tensor(classes).flatten()]


def exercise_3(model: Any) -> Iterator[Need]:
    """A number needs one output; with problem_type "regression" the loss is its mean squared error."""
    with torch.no_grad():
        logits = model(torch.full((2, 6), 101)).logits
    yield Need("shape of the logits for 2 rows", lambda: tuple(logits.shape), (2, 1), "one output per number")
    yield Need("task", lambda: model.config.problem_type, "regression", "which of the three is a number?")
