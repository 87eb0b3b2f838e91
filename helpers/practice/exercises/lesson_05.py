"""Lesson 5: padding, and the mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from helpers.bert import load_tokenizer
from helpers.practice.checks import Need

# Three reviews of 4, 2 and 1 tokens, 2 numbers per token. What stands on padding is far from the rest.
HIDDEN_STATES = torch.tensor(
    [
        [[1.0, 8.0], [2.0, 6.0], [3.0, 4.0], [6.0, 2.0]],
        [[4.0, 1.0], [2.0, 5.0], [100.0, 100.0], [100.0, 100.0]],
        [[7.0, 9.0], [100.0, 100.0], [100.0, 100.0], [100.0, 100.0]],
    ]
)
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
WITH_PADDING, DIVIDED_BY_T = [51.5, 51.5], [1.5, 1.5]  # two ways to get the second row's [3, 3] wrong

NAMES = ("input_ids", "attention_mask")
OTHER_ID = 2054  # of a word, to stand in the padding
SHORT, LONG = "Where is my parcel?", "I was charged twice for the same order, and nobody answers."
LONGEST = " ".join([LONG] * 3)  # of more tokens than any ticket in the file
ROUTER_NEEDS = "every batch has a longest row of its own: leave the length open, or pad to it each time"


def exercise_1(mean_rows: Callable[[Any, Any], Any]) -> Iterator[Need]:
    """The mean counts the positions that the mask marks, so a review's row is the same at any length."""
    means = mean_rows(HIDDEN_STATES, MASK)
    got = torch.as_tensor(means).round(decimals=3).tolist()
    yield Need(
        "shape for 3 reviews", lambda: tuple(means.shape), (3, 2), "one row per review: the mean over T"
    )
    yield Need("a review without padding", lambda: got[0], [3.0, 5.0], _about_the_mean(got))
    yield Need("a review with padding", lambda: got[1], [3.0, 3.0], _about_the_mean(got))
    yield Need("a review of one token", lambda: got[2], [7.0, 9.0], _about_the_mean(got))


def _about_the_mean(got: list[Any]) -> str:
    if WITH_PADDING in got:
        return "padding is counted like words: tell pool which positions are tokens"
    if DIVIDED_BY_T in got:
        return "divide by the number of tokens, not by T"
    return "the mean over the positions where the mask is 1"


def exercise_2(prepare: Callable[[Any], Any], router: Any) -> Iterator[Need]:
    """Every batch fits the router, and the mask marks the tokens: padding changes no ticket's scores."""
    short, long, longest = (
        {"text": text, "team": "billing", "priority": "1"} for text in (SHORT, LONG, LONGEST)
    )
    tokenizer = load_tokenizer(pretrained=True)

    def scores(*tickets: dict[str, str]) -> Any:
        return np.asarray(router.predict(prepare(list(tickets)), verbose=0))

    def arrays() -> Any:
        made = prepare([short, long])
        return [np.asarray(part) for part in (map(made.get, NAMES) if hasattr(made, "get") else made)]

    def read(row: int) -> str:
        ids, mask = arrays()
        return str(tokenizer.decode(ids[row][mask[row] == 1]))

    def reads_padding() -> bool:
        ids, mask = arrays()
        other = np.where(mask == 1, ids, OTHER_ID)
        before, after = (router.predict([each, mask], verbose=0) for each in (ids, other))
        return not np.allclose(before, after, atol=1e-3)

    plain = isinstance(prepare([short, long]), dict | list | tuple)
    hint = ROUTER_NEEDS if plain else "Keras takes a plain dictionary: dict(...)"
    yield Need("scores of two tickets", lambda: scores(short, long).shape, (2, 3), hint, decides=True)
    # What the mask does is asked once it runs.
    yield Need("scores of one ticket", lambda: scores(short).shape, (1, 3), hint, decides=True)
    hint = "a ticket can be longer than all of these: leave the length open, or cut it too"
    yield Need("scores of a longer ticket", lambda: scores(longest).shape, (1, 3), hint)
    hint = "[CLS] comes first: pad on the right"
    yield Need("first ids", lambda: arrays()[0][:, 0].tolist(), [101, 101], hint)
    hint = "ids and mask: the mask is 1 for a token and 0 for padding, and no token is lost"
    for row, text in enumerate((SHORT, LONG)):
        whole = str(tokenizer.decode(tokenizer(text)["input_ids"]))
        yield Need("what the mask lets the router read", lambda row=row: read(row), whole, hint)  # type: ignore[misc]
    hint = "the router reads padding: hand the mask on to bert"
    yield Need("scores change with the padding", reads_padding, False, hint)
