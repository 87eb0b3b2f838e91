"""A lab where its widgets don't run: on GitHub, in nbviewer, in print, in a notebook not yet trusted.

These keep a table and its words, and remove SVG, colours and positions. So each sign has its word beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.result import CELL
from helpers.table import Html, table, tag


def draw_plain(shapes: Sequence[tuple[str, str]], signs: Mapping[str, str], diagnosis: Diagnosis) -> str:
    """Return the shapes in words, what is marked at some of them, and the verdict, as one plain table.

    >>> told = Diagnosis("raises", got="logits (N=4, C=1)", error="IndexError: no", needs="C = 3")
    >>> plain = draw_plain([("logits", "(N=4, C=1)")], {"logits": "✗ C doesn't fit"}, told)
    >>> [words in plain for words in ("<code>(N=4, C=1)</code> <strong>✗ C", "✗ IndexError: no", "C = 3")]
    [True, True, True]
    """
    marks = {name: Html(f" <strong>{escape(words, quote=False)}</strong>") for name, words in signs.items()}
    rows = [(name, Html(tag("code", words) + marks.get(name, ""))) for name, words in shapes]
    return table([*rows, ("result", diagnosis.first_line), *diagnosis.cells], styles=(CELL,))
