"""The Keras lab's picture: the tokens with their mask, and each shape beside the one the model was built for.

A plain function from data to HTML. Tokens are words, so this is a table and not an SVG: it stays readable at
any width, and scrolls where it is too wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from helpers.svg import BAD, FAINT, FILLS, LINE, RAISED, TEXT
from helpers.trace import AXES

Shape = tuple[int | None, ...]
AXES_OF = {"input_ids": "NT", "attention_mask": "NT", "output and y": "NC"}
_ALL = ".shape-clinic-ids"
STYLE = f"""<style>
{_ALL}{{overflow-x:auto;color:{TEXT}}}
{_ALL} table{{border-collapse:collapse;margin:6px 0 14px;font-size:13px}}
{_ALL} caption{{text-align:left;white-space:nowrap;color:{FAINT};padding-bottom:4px}}
{_ALL} td,{_ALL} th{{border:1px solid {LINE};padding:2px 7px;text-align:center;font-weight:400}}
{_ALL} .pad{{background:repeating-linear-gradient(45deg,transparent 0 5px,{LINE} 5px 6px);color:{FAINT}}}
{_ALL} .shapes td,{_ALL} .shapes th{{border:0;text-align:left;padding:4px 14px 4px 0}}
{_ALL} .axis{{display:inline-block;border-radius:10px;padding:0 10px;margin-right:5px;line-height:20px}}
{_ALL} .axis{{color:#111}}
{_ALL} .bad{{outline:2px dashed {BAD};outline-offset:2px}}
{_ALL} .none{{background:{RAISED};color:{TEXT}}}
</style>"""


class Arrays(NamedTuple):
    """What the picture needs of a run.

    Attributes:
        tokens: Per sentence, its tokens.
        ids: Per sentence, the number of each.
        mask: Per sentence, 1 for a token and 0 for padding.
        mask_is_read: Whether the model is given the mask and has an input for it.
        shapes: Per array: its name, the shape that the model was built for, and the one that came.
    """

    tokens: Sequence[Sequence[str]]
    ids: Sequence[Sequence[int]]
    mask: Sequence[Sequence[int]]
    mask_is_read: bool
    shapes: Sequence[tuple[str, Shape | None, Shape | None]]


def draw_arrays(arrays: Arrays) -> str:
    """Return the tokens with their mask, and the table of shapes."""
    return f'{STYLE}<div class="shape-clinic-ids">{_grid(arrays)}{_shapes(arrays.shapes)}</div>'


def _grid(arrays: Arrays) -> str:
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{'' if keep else ' class=pad'}><code>{escape(token)}</code><br>{number}<br>{keep}</td>"
            for token, number, keep in zip(*row, strict=True)
        )
        + "</tr>"
        for row in zip(arrays.tokens, arrays.ids, arrays.mask, strict=True)
    )
    read = (
        "1 is read, 0 is padding"
        if arrays.mask_is_read
        else "which the model does not get: it reads every token"
    )
    return f"<table><caption>Each token, its id, and its attention_mask, {read}</caption>{rows}</table>"


def _shapes(shapes: Sequence[tuple[str, Shape | None, Shape | None]]) -> str:
    head = (
        '<tr><th scope="col"></th><th scope="col">the model was built for</th><th scope="col">came</th></tr>'
    )
    rows = "".join(_row(*row) for row in shapes)
    return f'<table class="shapes">{head}{rows}</table>'


def _row(name: str, built: Shape | None, came: Shape | None) -> str:
    axes = AXES_OF[name]
    bad = [False] * len(axes)
    # Which labels fit which output depends on the loss: that is the verdict's to say.
    if name != "output and y":
        bad = [differs(built, came, place) for place in range(len(axes))]
    sign = "✗" if any(bad) else ""
    cells = f"<td>{_chips(axes, built, bad)}</td><td>{_chips(axes, came, bad)}</td>"
    return f'<tr><th scope="row">{name}</th>{cells}<td>{sign}</td></tr>'


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


def _chips(axes: str, shape: Shape | None, bad: Sequence[bool]) -> str:
    if shape is None:
        return f'<span class="axis none{" bad" * any(bad)}">none</span>'
    chips = []
    for place, size in enumerate(shape):
        axis = axes[place] if place < len(axes) else ""
        words = "any" if size is None else str(size)
        ring = " bad" if place < len(bad) and bad[place] else ""
        fill, name = FILLS.get(axis, FILLS["H"]), AXES.get(axis, "an axis without a name")
        chips.append(
            f'<span class="axis{ring}" style="background:{fill}" title="{name}"><b>{axis}</b> {words}</span>'
        )
    return "".join(chips)


def as_words(shape: Shape | None) -> str:
    """Spell a shape: "any" where it is open.

    >>> as_words((None, 8)), as_words(None)
    ('(any, 8)', 'none')
    """
    return "none" if shape is None else str(shape).replace("None", "any")
