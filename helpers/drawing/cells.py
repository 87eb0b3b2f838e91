"""What stands inside each tensor of the flow picture: rows are sentences, in line from left to right.

A tensor's own place is the middle of its upper edge. Each function takes how wide it may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from helpers.diagnosis import Mark
from helpers.drawing import svg
from helpers.drawing.svg import FAINT, LINE, SMALL, box, dashed, hatch, lines, shade, text
from helpers.trace import IGNORED, Stage

TALLEST, HIGHEST = 160, 30  # what all rows share, and one row at most
LEAST_WRITTEN = 14  # a row lower than this has no room for words
MOST_COLUMNS = 10  # outputs beyond this are drawn as one band
MOST_TOKENS = 32
MOST_MISSING, MISSING = 3, 26  # columns drawn for labels without an output, and the width of one
WIDEST = 84  # one column: "2 positive"
LABEL = Mark("target", "label")
LETTER = 6.6  # the width of one, about: it is set in whatever font the theme has


class Rows(NamedTuple):
    """What all tensors of one picture share."""

    height: float  # of one row
    names: Sequence[str]  # the classes', or none
    marks: Sequence[Mark]

    @classmethod
    def of(cls, most: int, names: Sequence[str], marks: Sequence[Mark]) -> Rows:
        """Divide the height among the tensor with most rows."""
        return cls(min(HIGHEST, TALLEST / max(most, 1)), names, marks)

    @property
    def written(self) -> bool:
        """Whether a row has room for words."""
        return self.height >= LEAST_WRITTEN

    def middle(self, row: int) -> float:
        """The height at which a row's words stand."""
        return (row + 0.5) * self.height + 4.5

    def overlays(self, left: float, width: float, rows: int) -> Iterator[str]:
        """Make each row one that can be pointed at, here as in every tensor."""
        if self.written:
            for row in range(rows):
                place = f'x="{left:g}" y="{row * self.height:g}" width="{width:g}" height="{self.height:g}"'
                yield f'<rect class="row" data-row="{row}" {place}/>'

    def missing(self, left: float, width: float, rows: int, of: int) -> Iterator[str]:
        """Outline the rows that the other side has and this one lacks."""
        if rows < of and self.written:
            yield dashed(left, rows * self.height + 2, width, (of - rows) * self.height - 4, 3)
            yield text(left + width / 2, (rows + of) / 2 * self.height + 5, "✗ none", SMALL)


def sentences(rows: Rows, left: float, width: float, words: Sequence[str]) -> Iterator[str]:
    """Write the sentences as the rows' names."""
    if rows.written:
        for row, sentence in enumerate(words):
            shown = _cut(f"{row}  {sentence}", width)
            yield text(left, rows.middle(row), shown, SMALL, colour=FAINT, anchor="start")
        yield from rows.overlays(left - 3, width + 3, len(words))


def input_ids(
    rows: Rows, width: float, words: Sequence[str], lengths: Sequence[int], most: int
) -> Iterator[str]:
    """Draw (N, T) with the sentence in each row, hatched where it is padding."""
    left, height = -width / 2, rows.height * len(words)
    yield box(left, 0, width, height)
    yield lines(left, width, height, len(words), 1)
    for row, (sentence, length) in enumerate(zip(words, lengths, strict=True)):
        real = width * length / most
        if length < most:
            yield hatch(left + real, left + width, rows.height - 2, row * rows.height + 1)
        if rows.written:
            yield text(
                left + 5, rows.middle(row), _cut(f"{row}  {sentence}", real - 6), SMALL, anchor="start"
            )
    yield from rows.overlays(left, width, len(words))


def tokens(rows: Rows, width: float, stage: Stage) -> Iterator[str]:
    """Draw (N, T, H) as sheets behind each other, a column per token."""
    count, columns = stage.shape[:2]
    height = rows.height * count
    yield from (box(d - width / 2, -d, width, height, LINE) for d in (8, 4))
    yield box(-width / 2, 0, width, height)
    yield lines(-width / 2, width, height, count, columns if columns <= MOST_TOKENS else 1)
    yield from rows.overlays(-width / 2, width, count)


@dataclass(frozen=True)
class Logits:
    """What the loss reads, drawn with a column per output."""

    stage: Stage
    scores: Sequence[Sequence[float]]  # of (N, C)
    classes: int  # how many the data has; outputs beyond them are hatched
    needed: Sequence[int]  # labels that have no output
    most: float  # how wide it may be

    @cached_property
    def is_sheets(self) -> bool:
        """Whether it has a third axis."""
        return len(self.stage.shape) == 3

    @cached_property
    def absent(self) -> Sequence[int]:
        """The labels for which a dashed column is drawn."""
        return [] if self.is_sheets else self.needed[:MOST_MISSING]

    @cached_property
    def column(self) -> float:
        """The width of one column."""
        room = self.most - MISSING * len(self.absent)
        return min(WIDEST, room / min(self.stage.shape[-1], MOST_COLUMNS))

    @cached_property
    def width(self) -> float:
        """The width of its box."""
        return self.most if self.is_sheets else self.column * min(self.stage.shape[-1], MOST_COLUMNS)

    @cached_property
    def left(self) -> float:
        """Where its box begins: with the dashed columns beside it, it stands in the middle of its place."""
        beside = MISSING * len(self.absent) * (1 if min(self.absent, default=0) < 0 else -1)
        return (beside - self.width) / 2

    @cached_property
    def reach(self) -> float:
        """How far all that is drawn reaches to each side."""
        return (self.width + MISSING * len(self.absent)) / 2 + 8 * self.is_sheets

    def draw(self, rows: Rows) -> Iterator[str]:
        """Draw the cells, with their numbers where there is room; what no label needs is hatched."""
        if self.is_sheets:
            yield from tokens(rows, self.most, self.stage)
            return
        count, outputs = self.stage.shape
        left, width, height, few = self.left, self.width, rows.height * count, outputs <= MOST_COLUMNS
        yield box(left, 0, width, height)
        if few:
            yield from self._scores(rows)
        yield lines(left, width, height, count, outputs if few else 1)
        for number in range(outputs) if few else (0, outputs - 1):
            at = left + width * (number + 0.5) / outputs
            name = rows.names[number : number + 1]
            words = f"{number} {name[0]}" if name and self.column >= 76 else str(number)
            yield text(at, -6, words, SMALL, colour=FAINT)
        if self.classes < outputs:
            unused = left + width * self.classes / outputs
            yield hatch(unused, left + width, height)
            if not few:
                yield text(unused, -6, str(self.classes), SMALL, colour=FAINT)
        yield from self._absent(height)
        yield from rows.overlays(left, width, count)

    def _scores(self, rows: Rows) -> Iterator[str]:
        numbers = [number for row in self.scores for number in row]
        low, high = min(numbers, default=0.0), max(numbers, default=0.0)
        wide = self.column
        for row, scores in enumerate(self.scores if rows.height >= 4 else ()):
            for column, score in enumerate(scores):
                at = self.left + wide * column
                share = (score - low) / (high - low) if high > low else 0.5
                yield shade(at, row * rows.height, wide, rows.height, share)
                if wide >= 36 and rows.written and column < self.classes:
                    yield text(at + wide / 2, rows.middle(row), f"{score:.2f}", SMALL)

    def _absent(self, height: float) -> Iterator[str]:
        """Draw a dashed column for each label that has no output; the last one stands for all that follow."""
        for place, label in enumerate(self.absent):
            x = (
                self.left - MISSING * (place + 1)
                if label < 0
                else self.left + self.width + MISSING * place + 2
            )
            more = place == MOST_MISSING - 1 and len(self.needed) > MOST_MISSING
            yield dashed(x + 2, 0, MISSING - 6, height, 3)
            yield text(x + MISSING / 2 - 1, -6, f"{label}…" if more else str(label), SMALL, 700)
            yield text(x + MISSING / 2 - 1, height / 2 + 5, "✗", svg.USUAL, 700)


class Target(NamedTuple):
    """The labels, a row each."""

    stage: Stage
    values: Sequence[Any]  # by row
    most: float  # how wide it may be
    names: Sequence[str]  # the classes', or none

    @property
    def columns(self) -> int:
        """How many numbers a row has."""
        return self.stage.shape[1] if len(self.stage.shape) == 2 else 1

    @property
    def column(self) -> float:
        """The width of one: enough for "0.93" where there are few, for one digit where there are many."""
        widest = WIDEST if self.columns == 1 and self.names else 34
        return max(min(widest, self.most / max(self.columns, 1)), 3 if self.columns > MOST_TOKENS else 0)

    @property
    def width(self) -> float:
        """The width of its box."""
        return self.column * self.columns

    @property
    def left(self) -> float:
        """Where its box begins: it stands in the middle of its place."""
        return -self.width / 2

    def draw(self, rows: Rows, outputs: int) -> Iterator[str]:
        """Write the values in line with the rows of the logits, and sign those that no output is for."""
        left, width, count, wide = self.left, self.width, self.stage.shape[0], self.column
        height = max(rows.height * count, 3)  # an empty target is a flat line, not nothing
        yield box(left, 0, width, height)
        yield lines(left, width, height, count, self.columns)
        for place, row in enumerate(self.values if rows.written else ()):
            for column, value in enumerate(row if isinstance(row, list) else [row]):
                at = left + wide * (column + 0.5)
                words = self._words(value)
                shown = words if LETTER * len(words) <= wide else f"{round(value, 2):g}"
                shown = shown if LETTER * len(shown) + 2 <= wide else "•" * bool(value)
                yield text(at, rows.middle(place), shown, SMALL)
                if LABEL in rows.marks and value != IGNORED and not 0 <= value < outputs:
                    top = place * rows.height
                    yield dashed(at - wide / 2 + 1, top + 2, wide - 2, rows.height - 4, 2)
                    yield text(left + width + 10, rows.middle(place), "✗", svg.USUAL, 700)
        yield from rows.overlays(left, width, count)

    def _words(self, value: float) -> str:
        if value == IGNORED:
            return "·"
        named = self.columns == 1 and isinstance(value, int) and 0 <= value < len(self.names)
        return f"{value} {self.names[int(value)]}" if named else f"{round(value, 2):g}"


def _cut(words: str, width: float) -> str:
    """Cut words so that they fit."""
    most = int(width / LETTER)
    return words if len(words) <= most else f"{words[: max(most - 1, 0)].rstrip()}…"
