"""What stands inside each tensor of the flow picture: rows are sentences, in line from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.diagnosis import Mark
from helpers.svg import FAINT, LINE, box, dashed, hatch, lines, text
from helpers.trace import Stage

ROW = 14  # the height of one sentence, in every tensor
MOST_COLUMNS = 10  # outputs beyond this are drawn as one band
MOST_TOKENS = 32
LABEL = Mark("target", "label")


def tokens(stage: Stage) -> Iterator[str]:
    """Draw (N, T) as a grid and (N, T, H) as sheets behind each other."""
    width = 96
    rows, columns = stage.shape[:2]
    if len(stage.shape) == 3:
        yield from (box(d - width / 2, -d, width, rows * ROW, LINE) for d in (8, 4))
    yield box(-width / 2, 0, width, rows * ROW)
    yield lines(-width / 2, width, rows * ROW, rows, columns if columns <= MOST_TOKENS else 1)


def logits_half_width(stage: Stage) -> float:
    """Half the width of the logits' box, whose centre is its place in the picture."""
    return min(stage.shape[-1], MOST_COLUMNS) * 6


def logits(stage: Stage, labels: Sequence[int], marks: Sequence[Mark], classes: int) -> Iterator[str]:
    """Draw a numbered column per output; outputs that no label needs are hatched, a missing one is dashed."""
    rows, outputs = stage.shape
    left, width, height = -logits_half_width(stage), 2 * logits_half_width(stage), rows * ROW
    few = outputs <= MOST_COLUMNS
    yield box(left, 0, width, height)
    yield lines(left, width, height, rows, outputs if few else 1)
    for number in range(outputs) if few else (0, outputs - 1):
        yield text(left + width * (number + 0.5) / outputs, -5, str(number), 12, colour=FAINT)
    if classes < outputs:
        yield hatch(left + width * classes / outputs, left + width, height)
    if LABEL in marks:
        missing = min(labels) if min(labels) < 0 else max(labels)
        side = left - 24 if missing < 0 else left + width + 8
        yield dashed(side, 0, 16, height, 3)
        yield text(side + 8, -5, str(missing), 12, 700)
        yield text(side + 8, height / 2 + 5, "✗", 13, 700)


def target(labels: Sequence[int], outputs: int, marks: Sequence[Mark]) -> Iterator[str]:
    """Write the labels, one row each, in line with the rows of the logits."""
    half = 15
    height = max(len(labels) * ROW, 3)  # an empty target is a flat line, not nothing
    yield box(-half, 0, 2 * half, height)
    yield lines(-half, 2 * half, height, len(labels), 1)
    if not labels:
        yield text(0, 18, "empty", 12, colour=FAINT)
    for row, label in enumerate(labels):
        yield text(0, row * ROW + 11.5, str(label), 12)
        if LABEL in marks and not 0 <= label < outputs:
            yield dashed(-half, row * ROW, 2 * half, ROW, 2)
            yield text(half + 9, row * ROW + 12, "✗", 12, 700)
