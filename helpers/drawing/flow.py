"""The flow picture: pure functions from data to SVG.

Nothing here computes a shape or decides what is wrong: the stages come from `trace`, the marks from
`diagnosis`, the contents of a tensor from `cells`, the strokes from `svg`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from helpers.diagnosis import Diagnosis, Mark
from helpers.drawing import cells, svg
from helpers.drawing.cells import HIGHEST, TALLEST, Logits, Rows, Target
from helpers.readable import aloud
from helpers.trace import AXES, IGNORED, Stage

CELLS_AT = 54  # from a tensor's name down to its cells: chips and class names stand between, and never move
STEP, PILL = 52, 26  # from one operation down to the next, at most; the height of one
NOTED = 44  # a shape is written between two operations that are at least so far apart


class Layout(NamedTuple):
    """Where things stand in a picture of one width, each as its middle and how wide it may be."""

    width: int
    height: int
    top: int  # the height of the tensors' names
    sentences: tuple[int, int]  # left and width
    steps: tuple[int, int]  # the operations, below each other; with no room for them, one line above
    logits: tuple[int, int]
    loss: tuple[int, int]
    target: tuple[int, int]
    input_ids: tuple[int, int] = (0, 0)  # these three are drawn where the tokens matter, and there is room
    bert: tuple[int, int] = (0, 0)
    hidden_states: tuple[int, int] = (0, 0)

    @property
    def flow(self) -> int:
        """The height at which the arrows run, in line with the first row."""
        return self.top + CELLS_AT + HIGHEST // 2

    @property
    def loss_at(self) -> int:
        """The height of the loss's middle: beside the tensors, or below them."""
        return self.flow if self.steps[1] else self.height - 28


# The widest that fits is shown, so that no letter falls below 12 px: see STYLE, which calls it --fits.
LAYOUTS = {
    "wide": Layout(1040, 252, 30, (8, 190), (276, 116), (490, 228), (752, 124), (926, 180)),
    "middle": Layout(640, 252, 30, (4, 92), (162, 106), (304, 124), (436, 102), (556, 94)),
    "narrow": Layout(358, 342, 52, (4, 72), (0, 0), (156, 136), (188, 104), (296, 78)),
}
TOKENS = Layout(
    *(1040, 252, 30, (0, 0), (438, 116), (606, 172), (782, 124), (938, 168)),
    *((84, 156), (204, 60), (304, 104)),
)  # the wide one where the token axis matters
# For the page to hold once: in each picture, it would be read again on every move.
STYLE = """
.shape-clinic-flow{container-type:inline-size;overflow-x:auto}
.shape-clinic-flow svg{display:none;width:100%;margin:auto;font-family:var(--jp-ui-font-family,sans-serif);
--fits:narrow}
.shape-clinic-flow text{fill:var(--jp-ui-font-color1,#111);text-anchor:middle}
.shape-clinic-flow .wide{max-width:1180px}
.shape-clinic-flow .middle{max-width:760px}
.shape-clinic-flow .narrow{display:block;max-width:430px;min-width:346px}
@container (min-width:616px){
.shape-clinic-flow svg{--fits:middle}
.shape-clinic-flow .middle{display:block}.shape-clinic-flow .narrow{display:none}}
@container (min-width:1000px){
.shape-clinic-flow svg{--fits:wide}
.shape-clinic-flow .wide{display:block}.shape-clinic-flow .middle{display:none}}
.shape-clinic-flow svg:only-child{display:block}
.shape-clinic-flow .row{fill:transparent}
.shape-clinic-flow .row.pointed{fill:var(--jp-brand-color1,#1976d2);fill-opacity:.14;stroke-width:2.5}
.shape-clinic-flow .row.pointed{stroke:var(--jp-brand-color1,#1976d2)}
.shape-clinic-flow .axis.pointed>rect:first-of-type{stroke:var(--jp-ui-font-color1,#111);stroke-width:3}
.shape-clinic-flow .turn{cursor:pointer}
.shape-clinic-hunting .suspect{cursor:pointer}
.shape-clinic-hunting .suspect:hover{outline:2px solid var(--jp-brand-color1,#1976d2);outline-offset:3px}
"""


class Flow(NamedTuple):
    """One run, as the picture needs it."""

    # input_ids (N, T), hidden_states (N, T, H), what the head and what the loss reads
    stages: Sequence[Stage]
    target: Stage
    values: Sequence[Any]  # the target's, by row
    diagnosis: Diagnosis  # gives the outcome and the ends of a disagreement
    classes: int  # how many the data has; outputs beyond them are hatched
    loss: str  # its short name
    num_labels: int  # the outputs of the head, whatever became of them before the loss
    between: Sequence[str] = ()  # what is done between the head and the loss, such as "softmax"; at most two
    changed: frozenset[str] = frozenset()  # which of "logits" and "target" to draw attention to
    sentences: Sequence[str] = ()  # the rows' names
    lengths: Sequence[int] = ()  # how many tokens of each are real
    scores: Sequence[Sequence[float]] = ()  # what the loss reads, where it is (N, C)
    names: Sequence[str] = ()  # the classes', where they have some
    tokens_matter: bool = False
    turns: Mapping[tuple[str, str], str] = {}  # from a tensor and its axis to the setting that changes it

    @property
    def needed(self) -> list[int]:
        """The labels for which there is no output."""
        if cells.LABEL not in self.diagnosis.marks:
            return []
        flat = [value for row in self.values for value in (row if isinstance(row, list) else [row])]
        without = {v for v in flat if v != IGNORED and not 0 <= v < self.num_labels}
        # Of -1 and 3 the nearer side alone is drawn, beside which the labels stand.
        return sorted(v for v in without if (v < 0) == (min(without) < 0))


def draw_flow(flow: Flow, widths: Collection[str] = LAYOUTS) -> str:
    """Return HTML with SVGs of the same run in these widths; CSS shows the one that fits."""
    drawn = "".join(
        _svg(flow, name, TOKENS if flow.tokens_matter and name == "wide" else LAYOUTS[name])
        for name in widths
    )
    said = escape(json.dumps(dict(_said(flow))))
    return f'<div class="shape-clinic-flow" data-said="{said}">{drawn}</div>'


def describe(flow: Flow) -> str:
    """Return the picture in words, for those who don't see it."""
    *before, logits, target = (f"{stage.name} {stage.sizes}" for stage in (*flow.stages, flow.target))
    steps = ", then ".join([*before, *flow.between, logits, target])
    ends = " and ".join(f"{mark.part} of {mark.tensor}" for mark in flow.diagnosis.marks)
    marked = f" Marked: {ends}." if ends else ""
    return f"{steps}. Then {aloud(flow.diagnosis.headline).removesuffix('.')}.{marked}"


def _said(flow: Flow) -> Iterator[tuple[str, str]]:
    """Say what is marked when a row, by its number, or an axis, by its letter, is pointed at."""
    for axis, name in AXES.items():
        stages = (*flow.stages[:2], flow.stages[-1], flow.target)
        sizes = [f"{s.name} {s.shape[s.axes.index(axis)]}" for s in stages if axis in s.axes]
        yield axis, f"{axis}, {name}: {', '.join(sizes)}"
    for row, sentence in enumerate(flow.sentences):
        scores = " ".join(f"{score:.2f}" for score in flow.scores[row]) if row < len(flow.scores) else ""
        label = f"target {flow.values[row]}" if row < len(flow.values) else "no target"
        yield str(row), ", ".join(filter(None, (f"row {row}: {sentence}", scores, label)))


def _svg(flow: Flow, name: str, layout: Layout) -> str:
    input_ids, hidden_states, _, read = flow.stages
    most = max(len(flow.sentences), read.shape[0], flow.target.shape[0])
    rows = Rows.of(most, flow.names, flow.diagnosis.marks)
    # The hatching of outputs that no label needs would tell a room that votes.
    classes = flow.num_labels if flow.diagnosis.outcome == "untold" else flow.classes
    logits = Logits(read, flow.scores, classes, flow.needed, layout.logits[1])
    target = Target(flow.target, flow.values, layout.target[1], flow.names)
    # Flattened tokens are too many rows to name: the sentences then keep their own height.
    first = rows if rows.written else Rows.of(len(flow.sentences), (), ())
    parts = [*_before(flow, layout, first), *_arrows(flow, layout, rows, logits, target)]
    if layout.bert[1]:
        lengths = flow.lengths, input_ids.shape[1]
        inside = cells.input_ids(first, layout.input_ids[1], flow.sentences, *lengths)
        parts.append(_tensor(flow, layout, "input_ids", input_ids, inside))
        inside = cells.tokens(first, layout.hidden_states[1], hidden_states)
        parts.append(_tensor(flow, layout, "hidden_states", hidden_states, inside))
    ends = {
        "logits": _tensor(flow, layout, "logits", read, _with_missing(flow, rows, logits)),
        "target": _tensor(flow, layout, "target", flow.target, _with_missing(flow, rows, target)),
    }
    parts += [f'<g class="changed">{end}</g>' if key in flow.changed else end for key, end in ends.items()]
    parts += [_loss(layout, flow.loss, flow.diagnosis), _link(flow, layout)]
    return (
        f'<svg class="{name}" viewBox="0 0 {layout.width} {layout.height}" role="img">'
        f"<title>Shapes from sentences to loss</title><desc>{escape(describe(flow))}</desc>"
        f"{''.join(parts)}</svg>"
    )


def _with_missing(flow: Flow, rows: Rows, end: Logits | Target) -> Iterator[str]:
    """Draw one side of the loss, and the rows that the other side has and it lacks."""
    yield from end.draw(rows) if isinstance(end, Logits) else end.draw(rows, flow.num_labels)
    mine, other = end.stage, flow.target if isinstance(end, Logits) else flow.stages[-1]
    if Mark("target", "N") in flow.diagnosis.marks and len(mine.shape) <= 2:
        yield from rows.missing(end.left, end.width, mine.shape[0], other.shape[0])


def _tensor(flow: Flow, layout: Layout, key: str, stage: Stage, inside: Iterable[str]) -> str:
    """Draw a tensor: its name, a chip per axis, its cells, and a sign at the parts that disagree."""
    x, y, told = getattr(layout, key)[0], layout.top, flow.diagnosis
    drawn = [chip.draw(left, y + 8) for chip, left in _chips(flow, layout, key, stage)]
    bad = [mark.part for mark in told.marks if mark.tensor == key]
    name = _title(key, stage)
    if "dtype" in bad or "values" in bad:
        half = _half_width(name) + 8
        drawn += [svg.dashed(x - half, y - 15, 2 * half, 21, 8), svg.disc(x + half + 2, y - 12, told.sign)]
    body = f'<g transform="translate({x} {y + CELLS_AT})">{"".join(inside)}</g>'
    # All of its place can be pointed at, whatever is drawn there.
    wide, high = getattr(layout, key)[1], CELLS_AT + TALLEST
    place = f'<rect x="{x - wide / 2:g}" y="{y - 14}" width="{wide}" height="{high}" fill="transparent"/>'
    name = svg.text(x, y, name, svg.USUAL, 600)
    words = f'<g class="suspect" data-part="{key}">{place}{name}{body}</g>'
    return f"{words}{''.join(drawn)}"


def _chips(flow: Flow, layout: Layout, key: str, stage: Stage) -> list[tuple[svg.Chip, float]]:
    """Return a tensor's chips, each with its left edge."""
    told = flow.diagnosis
    bad = [mark.part for mark in told.marks if mark.tensor == key]
    axes: list[tuple[str, int | None]] = list(zip(stage.axes, stage.shape, strict=True))
    # An axis that the other side has and this one lacks is drawn where it would be.
    axes[1:1] = [(part, None) for part in bad if part in AXES and part not in stage.axes]
    # In the narrow picture there is no room for − and +.
    turns = flow.turns if layout.steps[1] else {}
    chips = [
        svg.Chip(
            axis, size, told.sign * (axis in bad), turns.get((key, axis), "") if size is not None else ""
        )
        for axis, size in axes
    ]
    lefts = accumulate((chip.width + 8 for chip in chips), initial=4 - sum(c.width + 8 for c in chips) / 2)
    return [(chip, getattr(layout, key)[0] + left) for chip, left in zip(chips, lefts, strict=False)]


def _before(flow: Flow, layout: Layout, rows: Rows) -> Iterator[str]:
    """Draw what leads to the logits: the sentences, and the operations below each other, or in one line."""
    hidden_states, read = flow.stages[1:3]
    keep = "[:, 0]" if len(read.shape) == 2 else "[:, :]"
    no_mask = f"{flow.diagnosis.sign} no mask" * (flow.diagnosis.cause == "missing_or_wrong_mask")
    steps = {
        f"BERT {no_mask}".strip(): hidden_states.shape,
        keep: read.shape,
        f"Linear → {flow.num_labels}": (),
    }
    steps |= dict.fromkeys(flow.between, ())
    if layout.sentences[1]:
        inside = "".join(cells.sentences(rows, *layout.sentences, flow.sentences))
        body = f'<g transform="translate(0 {layout.top + CELLS_AT})">{inside}</g>'
        yield f'<g class="suspect" data-part="input_ids">{body}</g>'
    if layout.bert[1]:
        yield _operation(layout.bert, layout.flow, "BERT", "input_ids")
        yield svg.text(layout.bert[0], layout.flow + 34, no_mask, svg.SMALL, 700)
        del steps[next(iter(steps))]
    if not layout.steps[1]:
        yield from _in_a_line(steps, layout)
        return
    places, x = list(_down(layout, len(steps))), layout.steps[0]
    for (name, shape), (y, after) in zip(steps.items(), pairwise([*places, 0]), strict=True):
        yield _operation(layout.steps, y, name, "head")
        if after:
            yield svg.arrow(f"M{x} {y + 13}V{after - 20}", x, after - 14, "down")
            if shape and after - y >= NOTED and layout is LAYOUTS["wide"]:
                words = str(tuple(shape))
                yield svg.text(x + 8, y + 30, words, svg.SMALL, colour=svg.FAINT, anchor="start")


def _down(layout: Layout, steps: int) -> Iterator[float]:
    """The heights of the operations."""
    for step in range(steps):
        yield layout.flow + step * min(STEP, (TALLEST - PILL) / max(steps - 1, 1))


def _in_a_line(steps: Iterable[str], layout: Layout) -> Iterator[str]:
    """Write the operations where there is no room to draw them."""
    words = textwrap.wrap(" → ".join(["sentences", *steps, "logits"]), int(layout.width / cells.LETTER))
    for row, part in enumerate(words):
        yield svg.text(6, 14 + 16 * row, part, svg.SMALL, colour=svg.FAINT, anchor="start")


def _operation(place: tuple[int, int], y: float, name: str, part: str) -> str:
    x, width = place
    words = svg.text(x, y + 4.5, name, svg.SMALL, style=svg.CODE)
    return (
        f'<g class="suspect" data-part="{part}">'
        f'<rect x="{x - width / 2:g}" y="{y - PILL / 2:g}" width="{width}" height="{PILL}" rx="13" '
        f'style="fill:{svg.RAISED};stroke:{svg.LINE}"/>{words}</g>'
    )


def _loss(layout: Layout, name: str, diagnosis: Diagnosis) -> str:
    (x, width), y = layout.loss, layout.loss_at
    runs = "runs" if diagnosis.loss is None else f"loss {diagnosis.loss:.2f}"
    word = f"{diagnosis.sign} {({'raises': 'raises', 'untold': ''}).get(diagnosis.outcome, runs)}".strip()
    edges = {"ok": f"stroke:{svg.GOOD}", "untold": f"stroke:{svg.LINE}"}
    edge = edges.get(diagnosis.outcome, f"stroke:{svg.BAD};stroke-dasharray:6 3")
    return (
        f'<g class="suspect" data-part="loss"><rect x="{x - width // 2}" y="{y - 25}" width="{width}" '
        f'height="50" rx="8" stroke-width="2" style="fill:{svg.PAPER};{edge}"/>'
        f"{svg.text(x, y - 4, name, svg.SMALL)}{svg.text(x, y + 16, word, svg.USUAL, 700)}</g>"
    )


def _arrows(flow: Flow, layout: Layout, rows: Rows, logits: Logits, target: Target) -> Iterator[str]:
    """Lead from the sentences through the operations to the logits, and from both sides to the loss."""
    (loss, wide), y = layout.loss, layout.flow
    if not layout.steps[1]:
        yield from _from_above(layout)
        return
    yield from (_ahead(start, end, y) for start, end in _between(layout))
    *_, last = _down(layout, 2 + len(flow.between) + (not layout.bert[1]))
    reached = min(last, max(y, layout.top + CELLS_AT + rows.height * flow.stages[-1].shape[0] - 12))
    start, end = layout.steps[0] + layout.steps[1] / 2 + 4, layout.logits[0] - logits.reach - 6
    yield svg.arrow(f"M{start:g} {last:g}H{(start + end) / 2:g}V{reached:g}H{end - 6:g}", end, reached)
    yield _ahead(layout.logits[0] + logits.reach + 6, loss - wide / 2 - 4, y)
    start, end = layout.target[0] + target.left - 6, loss + wide / 2 + 4
    yield svg.arrow(f"M{start:g} {y}H{end + 6:g}", end, y, "left")


def _between(layout: Layout) -> Iterator[tuple[float, float]]:
    """Where the arrows before the operations begin and end."""
    steps = layout.steps[0] - layout.steps[1] / 2 - 4
    if not layout.bert[1]:
        yield sum(layout.sentences) + 4, steps
        return
    (bert, wide), (states, width) = layout.bert, layout.hidden_states
    yield layout.input_ids[0] + layout.input_ids[1] / 2 + 4, bert - wide / 2 - 4
    yield bert + wide / 2 + 4, states - width / 2 - 6
    yield states + width / 2 + 14, steps


def _from_above(layout: Layout) -> Iterator[str]:
    """Lead down from both tensors into the loss below them."""
    below, (loss, wide) = layout.top + CELLS_AT + TALLEST + 4, layout.loss
    for x, _ in (layout.logits, layout.target):
        end, top = min(x, loss + wide // 2 - 14), layout.loss_at - 27
        yield svg.arrow(f"M{x} {below}V{below + 10}H{end}V{top - 6}", end, top, "down")


def _ahead(start: float, end: float, y: float) -> str:
    """Draw an arrow to the right. Where there is hardly room, its head alone says it."""
    return svg.arrow(f"M{min(start, end - 8):g} {y:g}H{end - 6:g}", end, y)


def _title(key: str, stage: Stage) -> str:
    """What stands above a tensor."""
    return f"{stage.name} {stage.dtype}" if key == "target" else stage.name


def _half_width(name: str) -> float:
    """Half the width of a tensor's name, about: it is set in whatever font the theme has."""
    return 3.7 * len(name)


def _link(flow: Flow, layout: Layout) -> str:
    """Join the two ends of a disagreement by a dashed line above the loss."""
    marks, y = flow.diagnosis.marks, layout.top
    if len(marks) != 2:
        return ""
    ends = []
    for key, stage in (("logits", flow.stages[-1]), ("target", flow.target)):
        middle, part = getattr(layout, key)[0], next((m.part for m in marks if m.tensor == key), "")
        chips = {chip.axis: left + chip.width / 2 for chip, left in _chips(flow, layout, key, stage)}
        at = chips.get(part, middle)
        # Down to the axis, but for where the tensor's name stands in between.
        beside = abs(at - middle) > _half_width(_title(key, stage))
        ends.append((at, y + 5 if beside else y - 13))
    (x1, y1), (x2, y2) = ends
    path = (
        f"M{x1:g} {y1}C{x1:g} {y - 26} {x1 + 20:g} {y - 26} {x1 + 40:g} {y - 26}"
        f"H{x2 - 40:g}C{x2 - 10:g} {y - 26} {x2:g} {y - 26} {x2:g} {y2}"
    )
    return f'<path d="{path}" stroke="{svg.BAD}" stroke-width="2" stroke-dasharray="5 3" fill="none"/>'
