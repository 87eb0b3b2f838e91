"""The controls and buttons that a lab is turned with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from helpers.lab.kind import Kind

_LABEL = "124px"
_COLUMN = 290  # pixels: two columns in a window of 800
_LONG = 24  # letters; an option that is longer needs a row of its own


def in_columns(controls: Sequence[widgets.Widget]) -> widgets.GridBox:
    """Return the controls below and beside each other, in as many columns as fit."""
    columns = f"repeat(auto-fill, minmax({_COLUMN}px, 1fr))"
    return widgets.GridBox(controls, layout={"grid_template_columns": columns, "align_items": "center"})


def make_control(kind: Kind, name: str, value: Any) -> widgets.Widget:
    """Return the tick box, drop-down or slider of a setting."""
    label = kind.labels[name]
    if isinstance(value, bool):
        ticked = {"width": "auto", "padding": f"0 0 0 {_LABEL}"}
        return widgets.Checkbox(value, description=label, indent=False, layout=ticked)
    layout = {"width": "auto", "max_width": "340px"}
    about = {"description": label, "style": {"description_width": _LABEL}, "layout": layout}
    if name in kind.choices:
        options = [(words, choice) for choice, words in kind.choices[name].items()]
        if max(len(words) for words, _ in options) > _LONG:
            # Not grid_column, which ipywidgets clears with the grid_area that it finds empty.
            layout |= {"grid_area": "auto / 1 / auto / -1", "max_width": "430px"}
        return widgets.Dropdown(options=options, value=value, **about)
    lowest, most = kind.ranges[name]
    # A lesson about 73 outputs needs a slider that goes on past them.
    return widgets.IntSlider(value, lowest, most if value <= most else value + 10, **about)


def button(words: str, press: Callable[[], None]) -> widgets.Button:
    """Return a button that calls a function without arguments."""
    made = widgets.Button(description=words, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def mark(control: widgets.DOMWidget, css_class: str, on: bool) -> None:
    """Give a control a CSS class, or take it away."""
    (control.add_class if on else control.remove_class)(css_class)


class Fold(widgets.VBox):
    """A box that is in the page only while its button is pressed. It starts folded.

    To hide it would be simpler. But of a drop-down that was hidden and is shown, Chromium tells a screen
    reader no new value (heard with Orca 43).

    Attributes:
        button: Folds and unfolds it.
        box: What is folded.
    """

    def __init__(self, words: str, box: widgets.Widget) -> None:
        self.box = box
        self.button = widgets.ToggleButton(description=words, layout={"width": "auto"})
        self.button.observe(lambda change: setattr(self, "children", [box] if change["new"] else []), "value")
        super().__init__()
