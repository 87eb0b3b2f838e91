"""The controls and buttons that a lab is turned with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from helpers.lab.kind import Kind

_WIDTH = {"width": "294px", "margin": "0 10px 0 0"}
_TICKED = {**_WIDTH, "padding": "0 0 0 24px"}


def make_control(kind: Kind, name: str, value: Any) -> widgets.Widget:
    """Return the tick box, drop-down or slider of a setting."""
    label = kind.labels[name]
    if isinstance(value, bool):
        return widgets.Checkbox(value, description=label, indent=False, layout=_TICKED)
    about = {"description": label, "style": {"description_width": "130px"}, "layout": _WIDTH}
    if name in kind.choices:
        options = [(words, choice) for choice, words in kind.choices[name].items()]
        about["layout"] = {"width": "max-content", "margin": "0 10px 0 0"}  # no option is cut
        return widgets.Dropdown(options=options, value=value, **about)
    lowest, most = kind.ranges[name]
    # A lesson about 73 outputs needs a slider that goes on past them.
    return widgets.IntSlider(value, lowest, most if value <= most else value + 10, **about)


def button(words: str, press: Callable[[], None]) -> widgets.Button:
    """Return a button that calls a function without arguments."""
    made = widgets.Button(description=words, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def toggle(words: str, box: widgets.Widget) -> widgets.ToggleButton:
    """Return a button that shows and hides a box, which starts hidden."""
    made = widgets.ToggleButton(description=words, layout={"width": "auto"})
    box.layout.display = "none"
    made.observe(lambda change: setattr(box.layout, "display", "flex" if change["new"] else "none"), "value")
    return made
