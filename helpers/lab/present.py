"""The labs for a room: one at a time, large, for a teacher at the front.

The same `ShapeLab` as in the lessons. What is added is a choice among the lessons' labs, and larger letters.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import anywidget
import ipywidgets as widgets
import traitlets

from helpers.lab.inputs import Fold
from helpers.lab.presets import PRESETS
from helpers.lab.widget import ShapeLab


class Stage(anywidget.AnyWidget):
    """What the projector's page needs of the browser: large letters, and the choice kept in its address.

    A page that is loaded again starts from nothing; its address is all that stays.
    """

    preset = traitlets.Unicode().tag(sync=True)

    _css = """
    .shape-clinic-present {
      /* A projector is as wide as the room's wall, whatever its pixels: letters grow with the window. */
      --size: clamp(16px, min(1.5vw, 2.65vh), 44px);
      --jp-ui-font-size1: var(--size); --jp-content-font-size1: var(--size);
      --jp-code-font-size: var(--size);
      --jp-widgets-font-size: var(--size); --jp-widgets-inline-height: calc(2 * var(--size));
      --jp-widgets-slider-handle-size: var(--size);
      --jp-widgets-slider-track-thickness: calc(var(--size) / 4);
      font-size: var(--size); padding: 0 1em;
    }
    .shape-clinic-present .widget-html-content, .shape-clinic-present table,
    .shape-clinic-present pre, .shape-clinic-present code { font-size: var(--size) !important; }
    .shape-clinic-present .widget-html-content, .shape-clinic-present .widget-html-content > div {
      line-height: 1.4 !important;
    }
    .shape-clinic-present .shape-clinic-choice { width: 36em; margin-bottom: 0.4em; }
    .shape-clinic-present .shape-clinic-choice select { font-weight: 600; }
    .shape-clinic-present .shape-clinic-controls .widget-gridbox {
      grid-template-columns: repeat(auto-fill, minmax(29.5em, 1fr)) !important;
    }
    .shape-clinic-present .shape-clinic-controls .widget-inline-hbox { max-width: 31em !important; }
    .shape-clinic-present .shape-clinic-controls .widget-label { width: 9.8em !important; }
    .shape-clinic-present .shape-clinic-controls .widget-checkbox { padding-left: 10.2em !important; }
    .shape-clinic-present .widget-slider .noUi-handle { background: var(--jp-brand-color1, #1976d2); }
    .shape-clinic-present .widget-dropdown > select { appearance: auto; background-image: none; }
    [data-jp-theme-light="false"] .shape-clinic-present select { color-scheme: dark; }
    .shape-clinic-present input[type="checkbox"] { width: 1em; height: 1em; }
    .shape-clinic-present .shape-clinic-flow .wide { max-width: min(100%, 140vh); }
    .shape-clinic-present .shape-clinic-verdict .widget-html-content > div { min-height: 0 !important; }
    .shape-clinic-present .shape-clinic-arrays .axis { line-height: 1.5; border-radius: 1em; }
    /* There is no cell here to paste into. */
    .shape-clinic-present .shape-clinic-page { display: none; }
    """
    _esm = """
    function render({ model }) {
      const keep = () => {
        const address = new URL(location);
        address.searchParams.set("lab", model.get("preset"));
        history.replaceState(history.state, "", address);
      };
      keep();
      model.on("change:preset", keep);
      return () => model.off("change:preset", keep);
    }
    export default { render };
    """


class Projector(widgets.VBox):
    """The lessons' labs, one at a time, in large letters, from one of `helpers.lab.presets.PRESETS` on.

    >>> page = Projector("batch_target")
    >>> page.choice.label
    '2. Not one label per row'
    >>> page.choice.value = "all_right"
    >>> print(page.lab.scene.diagnosis.outcome)
    ok
    """

    def __init__(self, preset: str = "all_right") -> None:
        self.lab = ShapeLab(preset)
        titles = [(preset.title, name) for name, preset in PRESETS.items()]
        choice = {"options": titles, "value": preset, "description": "Lab"}
        self.choice = widgets.Dropdown(**choice, style={"description_width": "initial"})
        self.choice.add_class("shape-clinic-choice")
        self.stage = Stage(preset=preset)
        self._top = widgets.HBox([self.choice, self.stage])
        super().__init__([self._top, self.lab])
        self.add_class("shape-clinic-present")
        self.choice.observe(lambda change: self._swap(change["new"]), "value")

    def _swap(self, preset: str) -> None:
        # The address first: who loads the page again as soon as the new lab is there must get that lab.
        self.stage.preset = preset
        old, self.lab = self.lab, ShapeLab(preset)
        self.children = [self._top, self.lab]
        _close(old)


def present(preset: str | None = None) -> Projector:
    """Return the projector's page.

    Args:
        preset: The lab to begin with; where none is given, the one that the page's address asks for, as in
            `http://localhost:8866/?lab=batch_target`, or else the first.
    """
    # Voilà hands the address on as web servers have always done.
    asked = parse_qs(os.environ.get("QUERY_STRING", "")).get("lab", [""])[-1]
    return Projector(preset or (asked if asked in PRESETS else "all_right"))


def _close(widget: widgets.Widget) -> None:
    """Close a widget and all that it is made of: ipywidgets itself would close the outermost only."""
    inside = [widget.box] if isinstance(widget, Fold) else getattr(widget, "children", ())
    parts: list[Any] = [*inside, widget.layout, getattr(widget, "style", None)]
    for part in filter(None, parts):
        if isinstance(part, widgets.DOMWidget):
            _close(part)
        else:
            part.close()
    widget.close()
