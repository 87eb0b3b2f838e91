"""The controls and buttons that a lab is turned with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import ipywidgets as widgets

from helpers.lab.control import MAX_SENTENCES, Changes, Control, Settings

_LABEL = "124px"
_COLUMN = 290  # pixels, at least
_FEW = 4  # as many controls stand in two columns, more in three: a long slider is easy to turn
_LONG = 24  # letters; an option that is longer needs a row of its own


class Inputs:
    """The controls of a lab by setting, what each is called, and a text box with a sentence per line.

    `changed` is called with what a learner has changed, as {setting: value}.
    """

    def __init__(self, settings: Settings, changed: Callable[[Changes], None]) -> None:
        start, controls = asdict(settings), settings.controls()
        self.labels = {name: control.label for name, control in controls.items()} | {"text": "sentences"}
        self._changed, self._is_set = changed, False
        self.controls = {name: _widget(control, start[name]) for name, control in controls.items()}
        self.sentences = widgets.Textarea(
            value=start["text"],
            description="sentences, one per line",
            rows=MAX_SENTENCES,
            layout={"width": "auto", "flex_flow": "column", "align_items": "stretch"},
            style={"description_width": "initial"},
        )
        can_idle = [name for name, control in controls.items() if control.idle]
        self.reasons = {name: widgets.HTML().add_class("shape-clinic-reason") for name in can_idle}
        self._all = {**self.controls, "text": self.sentences}
        for name, control in self._all.items():
            control.observe(lambda change, name=name: self._turned({name: change["new"]}), "value")

    def with_reason(self, name: str) -> widgets.VBox:
        """Return a control, with a place below it to say why it plays no part, where it ever plays none."""
        control = self.controls[name]
        return widgets.VBox([control, *filter(None, [self.reasons.get(name)])], layout=_place(control))

    def _turned(self, changes: Changes) -> None:
        if not self._is_set:
            self._changed(changes)

    def set(self, changes: Changes) -> None:
        """Set some at once, without calling `changed`."""
        self._is_set = True
        try:
            for name, value in changes.items():
                control = self._all[name]
                if isinstance(control, widgets.IntSlider):
                    control.max = max(control.max, value)
                control.value = value
        finally:
            self._is_set = False

    def show(self, noted: Collection[str], idle: Mapping[str, str], changed: Collection[str]) -> None:
        """Sign what could not be used as it is, grey what plays no part, show what was set for the learner.

        Args:
            noted: The settings that the verdict says something about.
            idle: Per setting that plays no part, why.
            changed: The settings that a button has just changed.
        """
        for name, control in self._all.items():
            mark(control, "shape-clinic-noted", name in noted)
            mark(control, "shape-clinic-unused", name in idle)
            mark(control, "changed", name in changed)
            control.tooltip = idle.get(name)
        for name, reason in self.reasons.items():
            reason.value = escape(idle.get(name, ""))


def _widget(control: Control, value: Any) -> widgets.Widget:
    """Return the tick box, drop-down or slider of a setting."""
    if isinstance(value, bool):
        ticked = {"width": "auto", "padding": f"0 0 0 {_LABEL}"}
        return widgets.Checkbox(value, description=control.label, indent=False, layout=ticked)
    layout = {"width": "auto"}
    about = {"description": control.label, "style": {"description_width": _LABEL}, "layout": layout}
    if control.range:
        lowest, most = control.range
        # A lesson about 73 outputs needs a slider that goes on past them.
        return widgets.IntSlider(value, lowest, most if value <= most else value + 10, **about)
    options = [(option.words, name) for name, option in control.options.items()]
    return widgets.Dropdown(options=options, value=value, **about)


def _place(control: widgets.Widget) -> dict[str, str]:
    """Return where a control stands: one with long options in a row of its own."""
    words = [words for words, _ in getattr(control, "options", ())]
    # Not grid_column, which ipywidgets clears with the grid_area that it finds empty.
    wide = {"grid_area": "auto / 1 / auto / -1", "max_width": "430px"}
    return wide if max(map(len, words), default=0) > _LONG else {}


def in_columns(controls: Sequence[widgets.Widget]) -> widgets.GridBox:
    """Return the controls below and beside each other, in as many columns as fit."""
    most = 2 if len(controls) <= _FEW else 3
    columns = f"repeat(auto-fill, minmax(min(100%, max({_COLUMN}px, {100 // most - 1}%)), 1fr))"
    return widgets.GridBox(controls, layout={"grid_template_columns": columns, "align_items": "center"})


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
    """

    def __init__(self, words: str, box: widgets.Widget) -> None:
        self.box = box
        self.button = widgets.ToggleButton(description=words, layout={"width": "auto"})
        self.button.observe(lambda change: setattr(self, "children", [box] if change["new"] else []), "value")
        super().__init__()
