"""Widgets in words: where none runs, on GitHub, in print, in a notebook not yet trusted; and for the ear."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

SIGNS = {"✓": "it runs:", "✗": "error:", "⚠": "warning:", "→": "to"}


def aloud(words: str) -> str:
    """Return words for those who listen. A sign has no sure name there: Orca calls ✗ "x-shaped bullet".

    >>> aloud("✗ IndexError: no"), aloud("num_labels: 1 → 3")
    ('error: IndexError: no', 'num_labels: 1 to 3')
    """
    for sign, word in SIGNS.items():
        words = words.replace(sign, word)
    return words


class ReadableVBox(widgets.VBox):
    """A `VBox` whose stored output also holds plain text and plain HTML.

    JupyterLab removes SVG, `<style>` and ids from a notebook it doesn't trust yet; a plain table survives.
    """

    def as_text(self) -> str:
        """Return what the widget says, as text."""
        raise TypeError(f"{type(self).__name__} has no as_text. A ReadableVBox needs one. Try writing it.")

    def as_html(self) -> str:
        """Return what the widget says, as HTML that needs no SVG, id or style to be understood."""
        raise TypeError(f"{type(self).__name__} has no as_html. A ReadableVBox needs one. Try writing it.")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**(data or {}), "text/plain": self.as_text(), "text/html": self.as_html()}, metadata
