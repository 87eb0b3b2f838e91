"""The Keras lab's picture: each shape beside the one that the model was built for.

A plain function from data to HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.drawing.svg import BAD, FILLS, NO_AXIS, RAISED, TEXT
from helpers.table import Html, row, table, tag
from helpers.trace import AXES

Shape = tuple[Any, ...]  # a size per axis: None where any fits, words where the rows differ
# Per array its name, the shape that the model was built for, and the one that came; None where there is none.
Shapes = list[tuple[str, Shape | None, Shape | None]]
AXES_OF = {"input_ids": "NT", "attention_mask": "NT", "output and y": "NC"}
_ALL = ".shape-clinic-arrays"
STYLE = f"""<style>
{_ALL}{{container-type:inline-size;overflow-x:auto;color:{TEXT}}}
{_ALL} table{{border-collapse:collapse;margin:6px 0 14px;font-size:15px}}
{_ALL} td,{_ALL} th{{text-align:left;padding:7px 20px 7px 0;font-weight:400;white-space:nowrap}}
{_ALL} .axis{{display:inline-block;border-radius:12px;padding:0 12px;margin-right:8px;line-height:24px}}
{_ALL} .axis{{color:#111}}
{_ALL} .bad{{outline:2px dashed {BAD};outline-offset:2px}}
@container (max-width:640px){{{_ALL} table{{font-size:13px}} {_ALL} td,{_ALL} th{{padding-right:8px}}}}
@container (max-width:480px){{{_ALL} .axis{{padding:0 6px;margin-right:3px}} {_ALL} .words{{display:none}}}}
{_ALL} .none{{background:{RAISED};color:{TEXT}}}
</style>"""


def draw_arrays(
    shapes: Shapes,
    signs: Mapping[str, str],
    changed: frozenset[str] = frozenset(),
    is_told: bool = True,
) -> str:
    """Return a table: each array, both shapes, and its sign, as `in_words` gives it; unmarked in a hunt."""
    rows = []
    for name, built, came in shapes:
        bad = misfits(name, built, came) if is_told else []
        sign = signs.get(name, "")
        marked = tag("b", sign[:1], tag("span", sign[1:], class_="words"))
        cells = (name, _chips(AXES_OF[name], built, bad), _chips(AXES_OF[name], came, bad), marked)
        look = "suspect changed" if name in changed else "suspect"
        rows.append(row(cells, styles=("",), class_=look, data_part=name))
    shown = table(rows, ("", "built for", "came", ""), heads="")
    return f'{STYLE}<div class="shape-clinic-arrays">{shown}</div>'


def misfits(name: str, built: Shape | None, came: Shape | None) -> list[bool]:
    """Say of each axis of an array whether it cannot fit.

    >>> misfits("input_ids", (None, 8), (4, 12))
    [False, True]
    """
    # Which labels fit which output depends on the loss: that is the verdict's to say.
    return [name != "output and y" and differs(built, came, place) for place in range(len(AXES_OF[name]))]


def in_words(name: str, built: Shape | None, came: Shape | None) -> str:
    """Return which axes of an array cannot fit, and nothing where all do.

    >>> in_words("input_ids", (None, 8), (4, 12)), in_words("attention_mask", (None, 8), None)
    ("✗ T doesn't fit", '✗ none came')
    """
    bad = [axis for axis, wrong in zip(AXES_OF[name], misfits(name, built, came), strict=True) if wrong]
    if bad and (built is None or came is None):
        return "✗ none came" if came is None else "✗ not asked for"
    return f"✗ {' and '.join(bad)} {'don' if len(bad) > 1 else 'doesn'}'t fit" if bad else ""


def differs(built: Shape | None, came: Shape | None, place: int) -> bool:
    """Whether an axis cannot fit: one side is missing, or has a fixed size and the other another one.

    >>> differs((None, 8), (4, 12), 1), differs((None, None), (4, 12), 1)
    (True, False)
    """
    if built is None or came is None:
        return built is not came
    if place >= min(len(built), len(came)):
        return len(built) != len(came)
    return built[place] is not None and built[place] != came[place]


def _chips(axes: str, shape: Shape | None, bad: Sequence[bool]) -> Html:
    if shape is None:
        return tag("span", "none", class_=f"axis none{' bad' * any(bad)}")
    chips = []
    for place, size in enumerate(shape):
        axis = axes[place] if place < len(axes) else ""
        look = f"background:{FILLS.get(axis, FILLS['H'])}"
        ring = "axis bad" if place < len(bad) and bad[place] else "axis"
        words = (tag("b", axis), " any" if size is None else f" {size}")
        chips.append(tag("span", *words, class_=ring, style=look, title=AXES.get(axis, NO_AXIS)))
    return Html("".join(chips))


def as_words(shape: Shape | None) -> str:
    """Spell a shape: "any" where it is open.

    >>> as_words((None, 8)), as_words(None)
    ('(any, 8)', 'none')
    """
    return "none" if shape is None else str(shape).replace("None", "any")
