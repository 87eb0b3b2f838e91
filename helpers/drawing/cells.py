"""What stands inside each tensor of the flow picture: rows are sentences, in line from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from helpers.diagnosis import Mark
from helpers.drawing.svg import FAINT, LINE, box, dashed, hatch, lines, text
from helpers.trace import Stage

ROW = 14  # the height of one sentence, in every tensor
TALLEST = 8 * ROW  # flattened tokens are many rows: they share this height
MOST_COLUMNS = 10  # outputs beyond this are drawn as one band
MOST_TOKENS = 32
GRID = 96  # the width of a tensor with a column per token
LABEL = Mark("target", "label")
IGNORED = -100


def tokens(stage: Stage) -> Iterator[str]:
    """Draw (N, T) as a grid and (N, T, H) as sheets behind each other."""
    rows, columns = stage.shape[:2]
    height = _height(rows)
    if len(stage.shape) == 3:
        yield from (box(d - GRID / 2, -d, GRID, height, LINE) for d in (8, 4))
    yield box(-GRID / 2, 0, GRID, height)
    yield lines(-GRID / 2, GRID, height, rows, columns if columns <= MOST_TOKENS else 1)


def logits_half_width(stage: Stage) -> float:
    """Half the width of the logits' box, whose centre is its place in the picture."""
    return GRID / 2 if len(stage.shape) == 3 else min(stage.shape[-1], MOST_COLUMNS) * 6


def logits(stage: Stage, values: Sequence[Any], marks: Sequence[Mark], classes: int) -> Iterator[str]:
    """Draw a numbered column per output; outputs that no label needs are hatched, a missing one is dashed."""
    if len(stage.shape) == 3:
        yield from tokens(stage)
        return
    rows, outputs = stage.shape
    left, width, height = -logits_half_width(stage), 2 * logits_half_width(stage), _height(rows)
    few = outputs <= MOST_COLUMNS
    yield box(left, 0, width, height)
    yield lines(left, width, height, rows, outputs if few else 1)
    for number in range(outputs) if few else (0, outputs - 1):
        yield text(left + width * (number + 0.5) / outputs, -5, str(number), 12, colour=FAINT)
    if classes < outputs:
        yield hatch(left + width * classes / outputs, left + width, height)
    if LABEL in marks:
        labels = [value for row in values for value in _row(row) if value != IGNORED]
        missing = min(labels) if min(labels) < 0 else max(labels)
        side = left - 24 if missing < 0 else left + width + 8
        yield dashed(side, 0, 16, height, 3)
        yield text(side + 8, -5, str(missing), 12, 700)
        yield text(side + 8, height / 2 + 5, "✗", 13, 700)


def target_half_width(stage: Stage) -> float:
    """Half the width of the target's box."""
    return _column(stage) * _columns(stage) / 2


def target(stage: Stage, values: Sequence[Any], outputs: int, marks: Sequence[Mark]) -> Iterator[str]:
    """Write the target's values, one row each, in line with the rows of the logits."""
    half, rows, columns, wide = target_half_width(stage), stage.shape[0], _columns(stage), _column(stage)
    height = max(_height(rows), 3)  # an empty target is a flat line, not nothing
    yield box(-half, 0, 2 * half, height)
    yield lines(-half, 2 * half, height, rows, columns)
    if not rows:
        yield text(0, 18, "empty", 12, colour=FAINT)
    if rows * ROW > TALLEST:
        return  # rows too thin to write in
    for place, row in enumerate(values):
        for column, value in enumerate(_row(row)):
            words = _written(value)
            if 6.2 * len(words) <= wide:
                yield text(-half + wide * (column + 0.5), place * ROW + 11.5, words, 12 if wide > 11 else 11)
            elif value:
                yield text(-half + wide * (column + 0.5), place * ROW + 11, "•", 11)
            if LABEL in marks and value != IGNORED and not 0 <= value < outputs:
                yield dashed(-half + wide * column, place * ROW, wide, ROW, 2)
                yield text(half + 9, place * ROW + 12, "✗", 12, 700)


def _height(rows: int) -> float:
    return min(rows * ROW, TALLEST)


def _columns(stage: Stage) -> int:
    return stage.shape[1] if len(stage.shape) == 2 else 1


def _column(stage: Stage) -> float:
    """The width of one column: enough for "0.93" where there are few, for one digit where there are many."""
    return max(min(30.0, 108 / max(_columns(stage), 1)), 3.0 if _columns(stage) > MOST_TOKENS else 0.0)


def _row(row: Any) -> Sequence[Any]:
    return row if isinstance(row, list) else [row]


def _written(value: float) -> str:
    return "·" if value == IGNORED else f"{round(value, 2):g}"
