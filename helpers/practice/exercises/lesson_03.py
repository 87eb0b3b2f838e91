"""Lesson 3: one-hot rows, or indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.practice.checks import Need
from helpers.practice.exercises import work_file
from helpers.trace import IGNORED

VOTES = torch.tensor([[0, 1, 2], [3, 0, 0], [1, 2, 1], [0, 1, 1]])
TOPICS = [[0, 3], [5], [], [1, 2, 4]]
CLASSES = ("negative", "neutral", "positive")  # in the order of the file's columns


def exercise_1(probabilities: Any) -> Iterator[Need]:
    """Each row sums to 1, so a class counts in the loss as much as it had of its review's votes."""
    yield _is_tensor(probabilities)
    one_axis = "indices keep the winner alone; a doubt needs a place per class"
    hint = one_axis if probabilities.ndim == 1 else "a row per review"
    yield Need("shape", lambda: tuple(probabilities.shape), (4, 3), hint, decides=True)
    whole = "whole numbers can't say one half"
    yield Need("floating-point", probabilities.is_floating_point, True, whole, decides=True)
    sums = probabilities.double().sum(dim=1)
    by_row = "divide each row by its own sum; as they are, a row counts as often as it has voters"
    yield Need("sum of each row", lambda: _rounded(sums), [1.0] * 4, by_row)
    shares = VOTES / VOTES.sum(dim=1, keepdim=True)
    # A float16 has three decimals.
    right = [torch.allclose(*rows, atol=1e-3) for rows in zip(probabilities.float(), shares, strict=True)]
    share = "a class' share is its votes by all votes of that review, such as 1 of 3"
    yield Need("rows with the voters' shares", lambda: sum(right), 4, share)


def exercise_2(texts: Sequence[str], labels: Any) -> Iterator[Need]:
    """int64 in (N,) is read as one class per review, and no row without a 1 has become a 0."""
    array = np.asarray(labels)
    number = "a model reads numbers: the place of each class' name in the list of columns"
    kind = "numbers" if array.dtype.kind in "biuf" else array.dtype.name
    yield Need("kind of labels", lambda: kind, "numbers", number, decides=True)
    given = torch.from_numpy(array)
    if given.ndim == 2 and given.shape[1] == 1:  # transformers flattens a column
        given = given.flatten()
    rows = (
        "floating-point rows run, but as several classes at once: the loss starts near ln 2. Give indices"
        if given.is_floating_point()
        else "each number here is taken for a label; one class per review is one number per review"
    )
    yield Need("axes of the labels", lambda: given.ndim, 1, rows, decides=True)
    long = "int64 is the one dtype that is read as one class per review, here and in PyTorch: .long()"
    yield Need("dtype of the labels", lambda: given.dtype, torch.int64, long)
    count = (
        "go along each row, not down the columns: argmax(axis=1)"
        if len(given) == len(CLASSES)
        else "one label per text: what is left out must leave both"
    )
    yield Need("number of labels", lambda: len(given), len(texts), count, decides=True)
    file = _labels_of_the_file()
    pairs = [pair for pair in zip(texts, given.tolist(), strict=True) if pair[1] != IGNORED]
    unknown = [text for text, _ in pairs if file.get(text) is None]
    back = "go the way back with F.one_hot: a row that doesn't return had no 1, and argmax made it a 0"
    yield Need("labels that nobody gave", lambda: len(unknown), 0, back)
    false = [label for text, label in pairs if file.get(text) not in (None, label)]
    order = (
        "labels count from 0"
        if max(false, default=0) == len(CLASSES)
        else "the columns are 0 negative, 1 neutral, 2 positive, and texts and labels keep one order"
    )
    yield Need("labels that differ from the file's", lambda: len(false), 0, order)
    known = {text for text, label in file.items() if label is not None}
    missing = known - {text for text, _ in pairs}
    yield Need("labelled reviews left out", lambda: len(missing), 0, "leave out only what has no label")


def exercise_3(multi_hot: Any) -> Iterator[Need]:
    """A document's row has a 1.0 at each of its topics, so every topic is a yes-or-no question of its own."""
    yield _is_tensor(multi_hot)
    place = "a row per document and a place per topic: lists filled up with 0 would read as topic 0"
    yield Need("shape", lambda: tuple(multi_hot.shape), (4, 6), place, decides=True)
    floating = "this loss wants 0.0 and 1.0: .float()"
    yield Need("floating-point", multi_hot.is_floating_point, True, floating)
    yield Need("values", lambda: multi_hot.unique().tolist(), [0, 1], "1 for yes, 0 for no")
    places = [row.nonzero().flatten().tolist() for row in multi_hot]
    yield Need("places of the 1s", lambda: places, TOPICS, "each number in a list is a place in that row")


def _is_tensor(answer: Any) -> Need:
    hint = "this loss takes a tensor: torch.tensor(...) makes one"
    return Need(
        "kind of answer",
        lambda: "Tensor" if isinstance(answer, Tensor) else type(answer).__name__,
        "Tensor",
        hint,
        decides=True,
    )


def _rounded(numbers: Tensor) -> list[float]:
    return [round(number, 2) for number in numbers.tolist()]


def _labels_of_the_file() -> dict[str, int | None]:
    """Return each text's class, or None where no person gave one."""
    lines = work_file("bakery_reviews.csv")
    marks = {line["text"]: [line[name] for name in CLASSES] for line in lines}
    return {text: row.index("1") if "1" in row else None for text, row in marks.items()}
