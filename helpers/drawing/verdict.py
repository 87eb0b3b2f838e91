"""What stands under the picture: the verdict, and the code behind it; and all of it as a plain table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.result import CELL
from helpers.drawing.svg import BAD, FAINT, LINE, RAISED, TEXT
from helpers.readable import SIGNS
from helpers.table import LINES, Html, table, tag


def draw_verdict(diagnosis: Diagnosis, notes: Mapping[str, str]) -> str:
    """Return what came, what is needed and what mends it, and per control why it could not be used as it is.

    It is no live region: a lab has a voice for the headline, and who wants the rest finds it here.
    """
    rows = [*diagnosis.rows, ("needs", "nothing more")] if diagnosis.outcome == "ok" else diagnosis.rows
    rows = [*rows, *((f"⚠ {name}", words) for name, words in notes.items())]
    head = f"text-align:left;vertical-align:top;padding:2px 16px 2px 0;color:{FAINT}"
    cell = f"text-align:left;color:{TEXT}"
    code = "white-space:pre-wrap"
    cells = ((name, tag("code", words, style=code) if name == "try" else words) for name, words in rows)
    shown = table(cells, styles=(head, cell), style="border-spacing:0;margin:4px 0 0")
    sign, words = diagnosis.sign, diagnosis.headline.removeprefix(diagnosis.sign)
    edge = FAINT if diagnosis.outcome == "ok" else BAD
    return (
        '<div role="group" aria-label="the verdict" '
        f'style="border:1px solid {LINE};border-left:6px solid {edge};'
        f"border-radius:6px;padding:8px 14px;line-height:1.5;color:{TEXT};"
        # As high as most verdicts are, so that what stands below stays where it is.
        f'min-height:10.5em;box-sizing:border-box">'
        '<code style="font-weight:700;white-space:normal">'
        # The sign has a name for those who listen.
        f'<span role="img" aria-label="{SIGNS[sign].rstrip(":")}">{sign}</span>{escape(words)}</code>'
        f"{shown}</div>"
    )


def draw_code(code: str) -> str:
    """Return the code behind the picture, folded."""
    summary = '<summary style="cursor:pointer">The code that did it</summary>'
    # It wraps: what scrolls would have to be one more stop of the Tab key.
    look = f"background:{RAISED};padding:10px;line-height:1.4;{LINES}"
    return f"<details>{summary}{tag('pre', code, style=look)}</details>"


def draw_plain(shapes: Sequence[tuple[str, str]], signs: Mapping[str, str], diagnosis: Diagnosis) -> str:
    """Return the shapes in words, what is marked at some of them, and the verdict, as one plain table.

    It is for where a lab's widgets don't run: GitHub, nbviewer, print, a notebook not yet trusted. These keep
    a table and its words, and remove SVG, colours and positions. So each sign has its word beside it.

    >>> told = Diagnosis("raises", got="logits (N=4, C=1)", error="IndexError: no", needs="C = 3")
    >>> plain = draw_plain([("logits", "(N=4, C=1)")], {"logits": "✗ C doesn't fit"}, told)
    >>> [words in plain for words in ("<code>(N=4, C=1)</code> <strong>✗ C", "✗ IndexError: no", "C = 3")]
    [True, True, True]
    """
    marks = {name: Html(f" <strong>{escape(words, quote=False)}</strong>") for name, words in signs.items()}
    rows = [(name, Html(tag("code", words) + marks.get(name, ""))) for name, words in shapes]
    return table([*rows, ("result", diagnosis.first_line), *diagnosis.cells], styles=(CELL,))
