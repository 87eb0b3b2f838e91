"""All that a lab can be set to: a control for each setting, and a text box for the sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

import ipywidgets as widgets

from helpers.lab.choices import MAX_SENTENCES
from helpers.lab.controls import make_control, mark
from helpers.lab.kind import Changes, Kind


class Inputs:
    """The controls of a lab.

    Args:
        kind: The kind of lab.
        settings: What they are set to at first.
        changed: Called with what a learner has changed, as {setting: value}.

    Attributes:
        controls: From a setting to its slider, drop-down or tick box.
        sentences: The text box, one sentence per line.
    """

    def __init__(self, kind: Kind, settings: Any, changed: Callable[[Changes], None]) -> None:
        start = asdict(settings)
        self._labels = {**kind.labels, "text": "sentences"}
        self._changed, self._is_set = changed, False
        self.controls = {name: make_control(kind, name, start[name]) for name in kind.labels}
        self.sentences = widgets.Textarea(
            value=start["text"],
            description="sentences, one per line",
            rows=MAX_SENTENCES,
            layout={"width": "auto", "flex_flow": "column", "align_items": "stretch"},
            style={"description_width": "initial"},
        )
        self._all = {**self.controls, "text": self.sentences}
        for name, control in self._all.items():
            control.observe(lambda change, name=name: self._turned(name, change["new"]), "value")

    def _turned(self, name: str, value: Any) -> None:
        if not self._is_set:
            self._changed({name: value})

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

    def note(self, names: Collection[str]) -> None:
        """Put a sign on these settings' controls, and on no others."""
        for name, control in self._all.items():
            mark(control, "shape-clinic-noted", name in names)

    def name(self, setting: str) -> str:
        """Return what a setting's control is called."""
        return self._labels[setting]
