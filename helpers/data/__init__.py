"""The kit's labelled reviews: 330 English sentences, written for it, in three classes of equal size."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

CLASSES = ("negative", "neutral", "positive")
DATA_FILE = Path(__file__).with_name("sentiment.csv")


class Review(NamedTuple):
    """One labelled sentence.

    Attributes:
        text: The sentence, 4 to 16 words of plain ASCII.
        label: Its place in `CLASSES`: 0, 1 or 2.
    """

    text: str
    label: int


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
    if split not in ("train", "test"):
        raise ValueError(f"got split {split!r}. load_reviews needs 'train' or 'test'. Try 'train'.")
    with DATA_FILE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [Review(row["text"], int(row["label"])) for row in rows]
