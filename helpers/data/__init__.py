"""The kit's data, written for it: 330 reviews with one label each, 240 sentences with one tag per word."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

CLASSES = ("negative", "neutral", "positive")
TAGS = ("NOUN", "VERB", "ADJ", "ADV", "PRON", "DET", "ADP", "NUM", "CONJ", "PUNCT")
DATA_FILE = Path(__file__).with_name("sentiment.csv")
TAGS_FILE = Path(__file__).with_name("tags.csv")


class Review(NamedTuple):
    """A sentence, 4 to 16 words of plain ASCII, and its place in `CLASSES`: 0, 1 or 2."""

    text: str
    label: int


class Tagged(NamedTuple):
    """A sentence with a part of speech for each of its words: one place in `TAGS`, 0 to 9.

    It has 4 to 12 words of plain ASCII; a comma and the "." or "?" at the end are words of their own.
    """

    words: tuple[str, ...]
    tags: tuple[int, ...]


def load_reviews(split: str = "train") -> list[Review]:
    """Load one part of the reviews, in the order of the file: any 8 in a row hold all three classes.

    Args:
        split: "train" gives 240 reviews to learn from, "test" gives 90 that were held out.

    Raises:
        ValueError: The split is neither of these.

    >>> reviews = load_reviews("test")
    >>> len(reviews), sorted({CLASSES[review.label] for review in reviews[:8]})
    (90, ['negative', 'neutral', 'positive'])
    """
    return [Review(row["text"], int(row["label"])) for row in _rows(DATA_FILE, split, "load_reviews")]


def load_tagged(split: str = "train") -> list[Tagged]:
    """Load one part of the tagged sentences, in the order of the file.

    Ten tags are few, so some hold more than their name says: auxiliary verbs are VERB, names NOUN, "my" and
    "your" PRON, "not" ADV; the "to" of "to sleep" and the "off" of "turn off" are ADP, "because" and "that"
    before a clause CONJ.

    Args:
        split: "train" gives 180 sentences to learn from, "test" gives 60 that were held out.

    Raises:
        ValueError: The split is neither of these.

    >>> row = load_tagged("train")[0]
    >>> len(row.words) == len(row.tags)
    True
    """
    return [
        Tagged(tuple(row["words"].split()), tuple(TAGS.index(tag) for tag in row["tags"].split()))
        for row in _rows(TAGS_FILE, split, "load_tagged")
    ]


def _rows(path: Path, split: str, caller: str) -> list[dict[str, str]]:
    if split not in ("train", "test"):
        raise ValueError(f"got split {split!r}. {caller} needs 'train' or 'test'. Try 'train'.")
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]
