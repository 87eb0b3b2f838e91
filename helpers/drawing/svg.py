"""The strokes that the flow picture is made of: chips, boxes, grids and arrows, as SVG text.

Arrow heads and hatches are drawn out in full instead of referring to `<defs>`, because ids clash when a
page shows two labs. Colours follow JupyterLab's theme, live, and have fallbacks for other hosts.
"""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from helpers.trace import AXES

FILLS = {"N": "#56B4E9", "T": "#5fc9a5", "H": "#b8b8b8", "C": "#E69F00"}  # always under black text
NO_AXIS = "an axis without a name"
BAD = "#D55E00"  # always with a sign and a dashed outline
GOOD = "#009E73"  # always with a ✓
TEXT = "var(--jp-ui-font-color1,#111)"
FAINT = "var(--jp-ui-font-color2,#555)"
LINE = "var(--jp-border-color1,#bdbdbd)"
PAPER = "var(--jp-layout-color1,#fff)"
RAISED = "var(--jp-layout-color2,#f1f1f1)"
CODE = "font-family:var(--jp-code-font-family,monospace)"

SMALL, USUAL = 12.5, 13  # letters; the picture is never scaled so far down that these fall below 12 px
HEADS = {"right": "l-8 -4v8z", "left": "l8 -4v8z", "down": "l-4 -8h8z"}  # an arrow's, from its tip
CHIP_WIDTH, CHIP_HEIGHT = 46, 20
TURN = 20  # the width of the − and the + of a chip that has them


class Chip(NamedTuple):
    """One axis of a tensor: its letter and size, and what may be drawn at it."""

    axis: str
    size: int | None  # None where the axis is missing: only its ring is drawn, around its letter
    sign: str = ""  # where it is bad
    turns: str = ""  # the setting that its − and + change

    @property
    def width(self) -> float:
        """How wide it is."""
        return CHIP_WIDTH + 2 * TURN * bool(self.turns)

    def draw(self, x: float, y: float) -> str:
        """Draw it; a bad one gets a ring, and its sign on the corner, where it covers no size."""
        name, middle, right = AXES.get(self.axis, NO_AXIS), x + self.width / 2, x + self.width
        ring = dashed(x - 3, y - 3, self.width + 6, CHIP_HEIGHT + 6, 13) if self.sign else ""
        ring += disc(right + 2, y - 1, self.sign) if self.sign else ""
        if self.size is None:
            name, inside = f"{name}, missing here", text(middle, y + 14.5, f"no {self.axis}", SMALL)
        else:
            letter = "" if self.axis == "?" else self.axis
            inside = (
                f'<rect x="{x:g}" y="{y:g}" width="{self.width:g}" height="{CHIP_HEIGHT}" rx="10" '
                f'fill="{FILLS.get(self.axis, FILLS["H"])}"/>'
                f'<text x="{middle:g}" y="{y + 14.5:g}" font-size="{SMALL}" style="fill:#111">'
                f'<tspan font-weight="700">{letter}</tspan> {self.size}</text>'
            )
            if self.turns:
                inside += self._turn(x, y, -1) + self._turn(right - TURN, y, 1)
        return f'<g class="axis" data-axis="{self.axis}"><title>{self.axis}: {name}</title>{inside}{ring}</g>'

    def _turn(self, x: float, y: float, by: int) -> str:
        """Draw what a click on turns the setting. A slider of its name does the same for the keyboard."""
        words = "+" if by > 0 else "−"
        return (
            f'<g class="turn" data-name="{self.turns}" data-by="{by}" aria-hidden="true">'
            f'<rect x="{x:g}" y="{y - 2:g}" width="{TURN}" height="{CHIP_HEIGHT + 4}" rx="10" '
            f'fill="#fff" fill-opacity="0.35"/>'
            f'<text x="{x + TURN / 2:g}" y="{y + 15:g}" font-size="15" font-weight="700" style="fill:#111">'
            f"{words}</text></g>"
        )


def disc(x: float, y: float, sign: str) -> str:
    """Draw a sign on a disc of paper, so that it can be read on whatever lies below."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="9" style="fill:{PAPER}"/>{text(x, y + 6, sign, 17, 700)}'


def dashed(x: float, y: float, width: float, height: float, radius: float) -> str:
    """Outline a place that disagrees. The caller adds a sign: never colour alone."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="none" '
        f'stroke="{BAD}" stroke-width="2.2" stroke-dasharray="5 3"/>'
    )


def box(x: float, y: float, width: float, height: float, stroke: str = TEXT) -> str:
    """Draw the outline of a tensor."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2" '
        f'style="fill:{PAPER};stroke:{stroke}" stroke-width="1.5"/>'
    )


def shade(x: float, y: float, width: float, height: float, share: float) -> str:
    """Fill a cell, the more the higher its number is; what is written on it stays readable in every theme."""
    fill = f'fill="{FILLS["C"]}" fill-opacity="{0.45 * share:.2f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {fill}/>'


def lines(x: float, width: float, height: float, rows: int, columns: int) -> str:
    """Divide a box into rows and columns of equal size."""
    across = "".join(f"M{x:g} {height * row / rows:g}h{width:g}" for row in range(1, rows))
    down = "".join(f"M{x + width * column / columns:.1f} 0v{height:g}" for column in range(1, columns))
    return f'<path d="{across}{down}" style="stroke:{LINE}" fill="none"/>' if across or down else ""


def hatch(left: float, right: float, height: float, top: float = 0) -> str:
    """Fill with slanted strokes: a part that is there and never used."""
    count = max(1, int((right - left - 3) // 6))
    strokes = "".join(f"M{left + 2 + 6 * n:.1f} {top + height:g}l4 {-height:g}" for n in range(count))
    return f'<path d="{strokes}" style="stroke:{FAINT}" stroke-width="1.4" fill="none"/>'


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    weight: int = 400,
    colour: str = TEXT,
    style: str = "",
    anchor: str = "middle",
) -> str:
    """Write escaped words, centred on x. What most words are is the page's to say: a picture stays small."""
    look = f"fill:{colour};" * (colour != TEXT) + f"text-anchor:{anchor};" * (anchor != "middle") + style
    special = f' style="{look}"' * bool(look) + f' font-weight="{weight}"' * (weight != 400)
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{special}>{escape(words)}</text>'


def line(path: str) -> str:
    """Draw a path that leads on."""
    return f'<path d="{path}" style="stroke:{FAINT}" stroke-width="1.5" fill="none"/>'


def arrow(path: str, x: float, y: float, to: str = "right") -> str:
    """Draw a path with a head whose tip is at (x, y), pointing to one side of `HEADS`."""
    return f'{line(path)}<path d="M{x:g} {y:g}{HEADS[to]}" style="fill:{FAINT}"/>'
