"""The flow picture: pure functions from data to SVG.

Nothing here computes a shape or decides what is wrong: the stages come from `trace`, the marks from
`diagnosis`, the contents of a tensor from `cells`, the strokes from `svg`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from helpers.diagnosis import Diagnosis, Mark
from helpers.drawing import cells, svg
from helpers.readable import aloud
from helpers.trace import AXES, Stage

CHIP_STEP = svg.CHIP_WIDTH + 6
CELLS_AT = 50  # from a tensor's name down to its cells: the chips stand between, so they never move
FLOW_AT = CELLS_AT + cells.ROW  # the height at which the arrows run
DOWN = 46  # from the head to what is done to its logits, which has no room beside it
Place = tuple[int, int]  # the centre of a thing, and the height of its name


def _places(height: int, **centres: int) -> dict[str, Place]:
    return {name: (x, height) for name, x in centres.items()}


# Width, height, and where things stand.
WIDE = _places(
    46, input_ids=66, BERT=164, hidden_states=292, keep=418, Linear=502, logits=642, loss=802, target=951
)
UPPER = _places(18, input_ids=110, BERT=238, hidden_states=390)
LOWER = _places(252, keep=62, Linear=152, logits=296, loss=458, target=604)
LAYOUTS = {"wide": (1030, 220, WIDE), "narrow": (682, 430, UPPER | LOWER)}
# The wide picture where there is room for it, else the one that wraps: text stays readable at 800 px.
STYLE = """<style>
.shape-clinic-flow{container-type:inline-size;overflow-x:auto}
.shape-clinic-flow svg{display:block;width:100%;margin:auto;font-family:var(--jp-ui-font-family,sans-serif)}
.shape-clinic-flow .wide{display:none;max-width:1180px}
.shape-clinic-flow .narrow{min-width:480px;max-width:700px}
@container (min-width:820px){.shape-clinic-flow .wide{display:block}.shape-clinic-flow .narrow{display:none}}
</style>"""


class Flow(NamedTuple):
    """One run, as the picture needs it."""

    stages: Sequence[
        Stage
    ]  # input_ids (N, T), hidden_states (N, T, H), what the head and what the loss reads
    target: Stage
    values: Sequence[Any]  # the target's, by row
    diagnosis: Diagnosis  # gives the outcome and the ends of a disagreement
    classes: int  # how many the data has; outputs beyond them are hatched
    loss: str  # its short name
    num_labels: int  # the outputs of the head, whatever became of them before the loss
    between: Sequence[str] = ()  # what is done between the head and the loss, such as "softmax"; at most two
    changed: frozenset[str] = frozenset()  # which of "logits" and "target" to draw attention to


def draw_flow(flow: Flow) -> str:
    """Return HTML with a wide and a narrow SVG of the same run; CSS shows the one that fits."""
    return f'{STYLE}<div class="shape-clinic-flow">{"".join(_svg(flow, name) for name in LAYOUTS)}</div>'


def describe(flow: Flow) -> str:
    """Return the picture in words, for those who don't see it."""
    *before, logits, target = (f"{stage.name} {stage.sizes}" for stage in (*flow.stages, flow.target))
    steps = ", then ".join([*before, *flow.between, logits, target])
    ends = " and ".join(f"{mark.part} of {mark.tensor}" for mark in flow.diagnosis.marks)
    marked = f" Marked: {ends}." if ends else ""
    return f"{steps}. Then {aloud(flow.diagnosis.headline).removesuffix('.')}.{marked}"


def _svg(flow: Flow, name: str) -> str:
    width, height, places = LAYOUTS[name]
    input_ids, hidden_states, read, logits = flow.stages
    told, target, outputs = flow.diagnosis, flow.target, flow.num_labels
    keep, what = ("[:, 0]", "[CLS] only") if len(read.shape) == 2 else ("[:, :]", "every token")
    size = f"{hidden_states.shape[-1]} → {outputs}"
    in_logits = cells.logits(logits, flow.values, told.marks, flow.classes)
    in_target = cells.target(target, flow.values, outputs, told.marks)
    bad = {end: [mark.part for mark in told.marks if mark.tensor == end] for end in ("logits", "target")}
    ends = {
        "logits": _tensor(places["logits"], logits, in_logits, told.sign, bad["logits"]),
        "loss": _loss(places["loss"], flow.loss, told),
        "target": _tensor(places["target"], target, in_target, told.sign, bad["target"], target.dtype),
    }
    return "".join(
        [
            f'<svg class="{name}" viewBox="0 0 {width} {height}" role="img">',
            f"<title>Shapes from sentences to loss</title><desc>{escape(describe(flow))}</desc>",
            *_arrows(places, flow),
            _tensor(places["input_ids"], input_ids, cells.tokens(input_ids)),
            _operation(places["BERT"], "BERT", 56),
            _tensor(places["hidden_states"], hidden_states, cells.tokens(hidden_states)),
            _operation(places["keep"], keep, 56, what),
            _operation(places["Linear"], "Linear", 76, size),
            *(f'<g class="changed">{end}</g>' if name in flow.changed else end for name, end in ends.items()),
            _link(places, told.marks, logits.name),
            "</svg>",
        ]
    )


def _tensor(
    place: Place,
    stage: Stage,
    inside: Iterable[str],
    sign: str = "",
    bad: Sequence[str] = (),
    dtype: str = "",
) -> str:
    """Draw a tensor: its name, a chip per axis, its cells, and a sign at the parts that disagree."""
    x, y = place
    axes: list[tuple[str, int | None]] = list(zip(stage.axes, stage.shape, strict=True))
    # An axis that the other side has and this one lacks is drawn where it would be.
    axes[1:1] = [(part, None) for part in bad if part in AXES and part not in stage.axes]
    left = x - (len(axes) * CHIP_STEP - 6) / 2
    chips = []
    for k, (axis, size) in enumerate(axes):
        at = left + k * CHIP_STEP
        # The sign stands outside the row of chips, where it covers no size; in the middle, on the corner.
        beside = (at - 12, y + 25) if k == 0 and len(axes) > 1 else (at + svg.CHIP_WIDTH + 12, y + 25)
        if 0 < k < len(axes) - 1:
            beside = (at + svg.CHIP_WIDTH + 2, y + 14)
        chips.append(svg.chip(at, y + 10, axis, size, (sign, *beside) if axis in bad else None))
    body = f'<g transform="translate({x} {y + CELLS_AT})">{"".join(inside)}</g>'
    name = f"{stage.name} {dtype}" if dtype else stage.name
    if "dtype" in bad or "values" in bad:
        half = _half_width(name) + 8
        chips += [svg.dashed(x - half, y - 14, 2 * half, 20, 8), svg.text(x + half + 9, y + 1, sign, 15, 700)]
    return f"{svg.text(x, y, name, 13, 600)}{''.join(chips)}{body}"


def _operation(place: Place, name: str, width: float, note: str = "") -> str:
    x, y = place[0], place[1] + FLOW_AT
    return (
        f'<rect x="{x - width / 2:g}" y="{y - 14}" width="{width:g}" height="28" rx="14" '
        f'style="fill:{svg.RAISED};stroke:{svg.LINE}"/>{svg.text(x, y + 4.5, name, 12.5, style=svg.CODE)}'
        f"{svg.text(x, y - 22, note, 12.5, colour=svg.FAINT) if note else ''}"
    )


def _loss(place: Place, name: str, diagnosis: Diagnosis) -> str:
    x, y = place[0], place[1] + FLOW_AT
    word = f"{diagnosis.sign} {'raises' if diagnosis.outcome == 'raises' else 'runs'}"
    edge = f"stroke:{svg.TEXT}" if diagnosis.outcome == "ok" else f"stroke:{svg.BAD};stroke-dasharray:6 3"
    return (
        f'<rect x="{x - 56}" y="{y - 25}" width="112" height="50" rx="8" stroke-width="2" '
        f'style="fill:{svg.PAPER};{edge}"/>'
        f"{svg.text(x, y - 4, name, 12.5)}{svg.text(x, y + 15, word, 13, 700)}"
    )


def _arrows(places: dict[str, Place], flow: Flow) -> Iterator[str]:
    """One arrow per step; where the flow wraps, it runs back to the left between the two rows."""
    logits = flow.stages[-1]
    column_is_missing = cells.LABEL in flow.diagnosis.marks and len(logits.shape) == 2
    reach: dict[str, float] = {"input_ids": 48, "BERT": 28, "hidden_states": 56, "keep": 28, "Linear": 38}
    reach |= {"logits": cells.logits_half_width(logits), "loss": 56}
    for first, second in pairwise(reach):
        (x1, y1), (x2, y2) = places[first], places[second]
        start, end = x1 + reach[first] + 4, x2 - reach[second] - 4
        if first == "Linear" and flow.between:
            yield from _detour(places["Linear"], flow.between, end)
            continue
        if first == "logits":
            # Past the dashed column, or the sheets behind.
            start += 26 if column_is_missing else 8 * (len(logits.shape) == 3)
        if y1 == y2:
            yield svg.arrow(f"M{start:g} {y1 + FLOW_AT}H{end - 6:g}", end, y2 + FLOW_AT)
        else:
            yield svg.line(f"M{start:g} {y1 + FLOW_AT}h20V{y2 - 50}H{end - 24:g}")
            yield svg.arrow(f"M{end - 24:g} {y2 - 50}V{y2 + FLOW_AT}h18", end, y2 + FLOW_AT)
    (x1, y1), (x2, _) = places["target"], places["loss"]
    start = x1 - cells.target_half_width(flow.target) - 4
    yield svg.arrow(f"M{start:g} {y1 + FLOW_AT}H{x2 + 66}", x2 + 60, y1 + FLOW_AT, "left")


def _detour(head: Place, between: Sequence[str], end: float) -> Iterator[str]:
    """Go down from the head through what is done to its logits, and up again to them."""
    (x, y), half = head, 0.0
    for name in between:
        yield svg.arrow(f"M{x} {y + FLOW_AT + 14}v{DOWN - 34}", x, y + FLOW_AT + DOWN - 15, "down")
        y, half = y + DOWN, 4 * len(name) + 10
        yield _operation((x, y), name, 2 * half)
    top = head[1] + FLOW_AT
    yield svg.arrow(f"M{x + half:g} {y + FLOW_AT}H{end - 16:g}V{top}H{end - 6:g}", end, top)


def _half_width(name: str) -> float:
    """Half the width of a tensor's name, about: it is set in whatever font the theme has."""
    return 3.7 * len(name)


def _link(places: dict[str, Place], marks: Sequence[Mark], name: str) -> str:
    """Join the two ends of a disagreement by a dashed line above the loss."""
    if len(marks) != 2:
        return ""
    (x1, y), (x2, _) = places["logits"], places["target"]
    beside = _half_width(name) + 16  # the tensor's name, not through it
    # Chips stand in the order N, T, C: the one in the middle is reached from above the name.
    start = x1 + {"N": -beside, "C": beside}.get(marks[0].part, 0)
    rise = f"M{start:g} {y - 13 if start == x1 else y + 5}C{start:g} {y - 28} {start + 20:g} {y - 28}"
    path = f"{rise} {start + 50:g} {y - 28}H{x2 - 50}C{x2 - 10} {y - 28} {x2} {y - 28} {x2} {y - 12}"
    return f'<path d="{path}" stroke="{svg.BAD}" stroke-width="2" stroke-dasharray="5 3" fill="none"/>'
