"""The strokes that the flow picture is made of: chips, boxes, grids and arrows, as SVG text.

Arrow heads and hatches are drawn out in full instead of referring to `<defs>`, because ids clash when a
page shows two labs. Colours follow JupyterLab's theme, live, and have fallbacks for other hosts.
"""

from __future__ import annotations

from html import escape

from helpers.trace import AXES

FILLS = {"N": "#56B4E9", "T": "#5fc9a5", "H": "#b8b8b8", "C": "#E69F00"}  # always under black text
NO_AXIS = "an axis without a name"
BAD = "#D55E00"  # always with a sign and a dashed outline
TEXT = "var(--jp-ui-font-color1,#111)"
FAINT = "var(--jp-ui-font-color2,#555)"
LINE = "var(--jp-border-color1,#bdbdbd)"
PAPER = "var(--jp-layout-color1,#fff)"
RAISED = "var(--jp-layout-color2,#f1f1f1)"
CODE = "font-family:var(--jp-code-font-family,monospace)"

HEADS = {"right": "l-8 -4v8z", "left": "l8 -4v8z", "down": "l-4 -8h8z"}  # an arrow's, from its tip
CHIP_WIDTH, CHIP_HEIGHT = 46, 20


def chip(
    x: float, y: float, axis: str, size: int | None, sign: tuple[str, float, float] | None = None
) -> str:
    """Draw one axis of a tensor, letter and size; a bad one gets a ring, and a sign at its place.

    An axis without a size is one that is missing: only its ring is drawn, around its letter.
    """
    name, middle = AXES.get(axis, NO_AXIS), x + CHIP_WIDTH / 2
    ring = disc = ""
    if sign:
        words, at, below = sign
        ring = dashed(x - 3, y - 3, CHIP_WIDTH + 6, CHIP_HEIGHT + 6, 13)
        # On a disc of paper, so that it can be read on whatever lies below.
        disc = f'<circle cx="{at:g}" cy="{below - 5.2:g}" r="8" style="fill:{PAPER}"/>'
        disc += text(at, below, words, 15, 700)
    if size is None:
        name, inside = f"{name}, missing here", text(middle, y + 14.5, f"no {axis}", 12.5)
    else:
        inside = (
            f'<rect x="{x:g}" y="{y:g}" width="{CHIP_WIDTH}" height="{CHIP_HEIGHT}" rx="10" '
            f'fill="{FILLS.get(axis, FILLS["H"])}"/>'
            f'<text x="{middle:g}" y="{y + 14.5:g}" text-anchor="middle" font-size="12.5" fill="#111">'
            f'<tspan font-weight="700">{"" if axis == "?" else axis}</tspan> {size}</text>'
        )
    return f"<g><title>{axis}: {name}</title>{ring}{inside}</g>{disc}"


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


def lines(x: float, width: float, height: float, rows: int, columns: int) -> str:
    """Divide a box into rows and columns of equal size."""
    across = "".join(f"M{x:g} {height * row / rows:g}h{width:g}" for row in range(1, rows))
    down = "".join(f"M{x + width * column / columns:.1f} 0v{height:g}" for column in range(1, columns))
    return f'<path d="{across}{down}" style="stroke:{LINE}" fill="none"/>' if across or down else ""


def hatch(left: float, right: float, height: float) -> str:
    """Fill with slanted strokes: a part that is there and never used."""
    count = max(1, int((right - left - 3) // 6))
    strokes = "".join(f"M{left + 2 + 6 * n:.1f} {height:g}l4 {-height:g}" for n in range(count))
    return f'<path d="{strokes}" style="stroke:{FAINT}" stroke-width="1.4" fill="none"/>'


def text(
    x: float, y: float, words: str, size: float, weight: int = 400, colour: str = TEXT, style: str = ""
) -> str:
    """Write escaped words, centred on x."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size:g}" font-weight="{weight}" '
        f'style="fill:{colour};{style}">{escape(words)}</text>'
    )


def line(path: str) -> str:
    """Draw a path that leads on."""
    return f'<path d="{path}" style="stroke:{FAINT}" stroke-width="1.5" fill="none"/>'


def arrow(path: str, x: float, y: float, to: str = "right") -> str:
    """Draw a path with a head whose tip is at (x, y), pointing to one side of `HEADS`."""
    return f'{line(path)}<path d="M{x:g} {y:g}{HEADS[to]}" style="fill:{FAINT}"/>'
