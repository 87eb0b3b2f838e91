"""From an error message to the lesson that explains it.

The messages are not typed here: each example is run, and what it raises is what the index shows. A new
version of torch that words an error differently changes the index by itself, and turns the tests red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import default_collate

from helpers.diagnosis.seen.frames import said
from helpers.table import table, tag
from helpers.trial import came_of


class Example(NamedTuple):
    """One line of code that goes wrong, what is wrong with it in a few words, and the lesson."""

    code: str
    meaning: str
    lesson: str


HEAD, BATCH, ONE_HOT = "01_wrong_head_size", "02_batch_target", "03_one_hot_targets"
TOKENS, PADDING, SILENT = "04_token_vs_sequence", "05_keras_padding", "06_silent_mistakes"
_FITS = "F.cross_entropy(torch.randn(4, 3), "
_INDICES = "torch.tensor([2, 0, 1, 2])"
_COLUMN = "torch.tensor([[2], [0], [1], [2]])"
_PER_TOKEN = "F.cross_entropy(torch.randn(2, 7, 3), torch.tensor([[1], [0]]))"
_BCE = f"F.binary_cross_entropy_with_logits(torch.randn(4, 3), {_INDICES}.float())"
EXAMPLES = (
    Example(f"F.cross_entropy(torch.randn(4, 1), {_INDICES})", "a label has no output", HEAD),
    Example("nn.Linear(512, 3)(torch.randn(4, 768))", "the head reads another width than BERT gives", HEAD),
    Example(f"{_FITS}torch.tensor([1]))", "not one label per sentence, or per token", BATCH),
    Example("default_collate([torch.zeros(7), torch.zeros(9)])", "sentences of different lengths", PADDING),
    Example(f"{_FITS}{_COLUMN})", "labels in a column, or one per token", ONE_HOT),
    Example(f"{_FITS}F.one_hot({_INDICES}))", "integer one-hot labels", ONE_HOT),
    Example(f"{_FITS}{_INDICES}.int())", "labels are int32, not int64", ONE_HOT),
    Example(_BCE, "this loss wants a 0 or 1 for every output", ONE_HOT),
    Example(_PER_TOKEN, "logits per token, one label per sentence", TOKENS),
    Example("nn.Embedding(30, 8)(torch.tensor([[101]]))", "a token or position BERT does not have", PADDING),
    Example("F.mse_loss(torch.randn(2, 73), torch.randn(2, 33))", "73 numbers against 33", SILENT),
)


@dataclass(frozen=True)
class Index:
    """The messages of `EXAMPLES`, as they were raised a moment ago."""

    rows: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        return "\n".join(f"{message}\n    {meaning}: {lesson}" for message, meaning, lesson in self.rows)

    def _repr_html_(self) -> str:
        rows = (
            (tag("code", message), meaning, tag("a", lesson, href=f"{lesson}.ipynb"))
            for message, meaning, lesson in self.rows
        )
        return table(rows, ("the last line of the traceback", "what it means", "lesson"), named=False)


def error_index() -> Index:
    """Run every example and return its message, what it means and its lesson.

    >>> error_index().rows[0]
    ('IndexError: Target 2 is out of bounds.', 'a label has no output', '01_wrong_head_size')

    Raises:
        RuntimeError: An example ran without an error, so the index would claim what isn't true.
    """
    return Index(tuple((message_of(example.code), example.meaning, example.lesson) for example in EXAMPLES))


def message_of(code: str) -> str:
    """Run one line and return the last line of its traceback, as Python prints it."""
    return last_line(error_of(code, {"torch": torch, "F": F, "nn": nn, "default_collate": default_collate}))


def error_of(code: str, names: Mapping[str, object], or_warning: bool = False) -> Exception:
    """Run an expression with these names and return what it raises, or a warning where that will do.

    Raises:
        RuntimeError: There is neither.
    """
    came = came_of(lambda: eval(code, dict(names)))
    if came.error:
        return came.error
    if or_warning and came.warned:
        return came.warned[0]
    raise RuntimeError(f"got no error from {code}. The table needs one. Try removing the example.")


def last_line(error: Exception) -> str:
    """Return the error's type and the first line of its text, without terminal colours."""
    return said(error).splitlines()[0]
