"""Lesson 9: words are not tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from helpers.practice.checks import Need
from helpers.trace import IGNORED

PARCELS = Path("work", "parcels.csv")  # seen from the notebook


def exercise_1(word_tags: Iterable[Any], guesses: Iterable[Any], inputs: Any) -> Iterator[Need]:
    """One guess per word is left: [CLS], [SEP] and later pieces say nothing about a word of their own."""
    found, given = [int(tag) for tag in word_tags], [int(tag) for tag in guesses]
    owners = inputs.word_ids(0)
    pieces = [
        [given[at] for at, owner in enumerate(owners) if owner == word]
        for word in sorted(set(owners) - {None})
    ]
    hint = "one per word: which tokens are no first piece?"
    yield Need("number of tags", lambda: len(found), len(pieces), hint, decides=True)
    wrong = [(tag, of_word) for tag, of_word in zip(found, pieces, strict=True) if tag != of_word[0]]
    of_later_pieces = all(tag in of_word for tag, of_word in wrong)
    yield Need(
        "words with another tag than their first piece",
        lambda: len(wrong),
        0,
        "the first piece speaks for its word: which of its pieces did you take?"
        if of_later_pieces
        else "guess 0 is for [CLS], so no word has it: count the tokens, or let word_ids() do it",
    )


def exercise_2(messages: Any, message_labels: Tensor) -> Iterator[Need]:
    """Each word's tag stands on its first piece, and nothing that is no word has a say in the loss."""
    kinds = _kinds()
    labels, ids = message_labels, messages["input_ids"]
    yield Need(
        "shape of the labels",
        lambda: tuple(labels.shape),
        tuple(ids.shape),
        "one size is the tokens of a message: what does the other one count?",
        decides=True,
    )
    owners = [messages.word_ids(n) for n in range(len(kinds))]
    places = [(n, place) for n, row in enumerate(owners) for place in range(len(row))]
    nobody = [labels[at].item() for at in places if owners[at[0]][at[1]] is None]
    yield Need(
        "labels on [CLS], [SEP] and padding",
        lambda: sorted(set(nobody)),
        [IGNORED],
        "what comes from no word must not count in the loss",
    )
    first: list[tuple[str, int]] = []
    later: list[tuple[str, int]] = []
    for n, place in places:
        word = owners[n][place]
        if word is not None:
            is_first = owners[n][place - 1] != word
            (first if is_first else later).append((kinds[n][word], int(labels[n, place])))
    yield Need(
        "words whose first piece has no label",
        lambda: sum(label == IGNORED for _, label in first),
        0,
        "each word counts once: its first piece has its label",
    )
    yield Need(
        "words with a token",
        lambda: len(first),
        sum(map(len, kinds)),
        "the tokenizer must keep every word: what cut some off?",
    )
    meant = _numbers_of(kinds, first)
    yield Need(
        "words with another word's label",
        lambda: sum(label not in (meant[kind], IGNORED) for kind, label in first),
        0,
        "word 0 is not token 0: [CLS] comes first, and later pieces take places too",
    )
    yield Need(
        "later pieces with another word's label",
        lambda: sum(label not in (meant[kind], IGNORED) for kind, label in later),
        0,
        "a later piece gets -100, or the label of its own word",
    )
    yield Need("dtype", lambda: str(labels.dtype), str(torch.int64), "labels are whole numbers")


def _kinds() -> list[list[str]]:
    blocks = PARCELS.read_text(encoding="utf-8").split("\n\n")
    return [[line.split(",")[1] for line in block.split()] for block in blocks]


def _numbers_of(kinds: list[list[str]], labelled: list[tuple[str, int]]) -> dict[str, int]:
    """Return each tag's number: sorted by name as the cell does, unless the labels keep another order."""
    names = sorted({kind for row in kinds for kind in row})
    pairs = set(labelled)
    used = {number for _, number in pairs}
    if len(pairs) == len(names) == len(used) and used == set(range(len(names))):
        return dict(pairs)
    return {name: number for number, name in enumerate(names)}
