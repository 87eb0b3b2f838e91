"""The labs for a room: one at a time, large, for a teacher at the front.

The same `ShapeLab` as in the lessons. What is added is a choice among the lessons' labs, a vote before each
verdict, and larger letters.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import anywidget
import ipywidgets as widgets
import traitlets

from helpers.lab.inputs import Fold, button
from helpers.lab.presets import PRESETS
from helpers.lab.widget import ShapeLab


class Stage(anywidget.AnyWidget):
    """What the projector's page needs of the browser: large letters, a key, and the choices in its address.

    A page that is loaded again starts from nothing; its address is all that stays.
    """

    preset = traitlets.Unicode().tag(sync=True)
    asks = traitlets.Bool().tag(sync=True)

    _css = """
    .shape-clinic-present {
      /* A projector is as wide as the room's wall, whatever its pixels: letters grow with the window. */
      --size: clamp(16px, min(1.5vw, 2.6vh), 44px);
      --jp-ui-font-size1: var(--size); --jp-content-font-size1: var(--size);
      --jp-code-font-size: var(--size);
      --jp-widgets-font-size: var(--size); --jp-widgets-inline-height: calc(1.75 * var(--size));
      --jp-widgets-slider-handle-size: var(--size);
      --jp-widgets-slider-track-thickness: calc(var(--size) / 4);
      font-size: var(--size); padding: 0 1em;
    }
    .shape-clinic-present .widget-html-content, .shape-clinic-present table,
    .shape-clinic-present pre, .shape-clinic-present code { font-size: var(--size) !important; }
    .shape-clinic-present .widget-html-content, .shape-clinic-present .widget-html-content > div {
      line-height: 1.3 !important;
    }
    .shape-clinic-present .shape-clinic-choice { width: 36em; margin: 2px 1em 0.2em 2px; }
    .shape-clinic-present .shape-clinic-reveal { min-width: 8em; margin-left: 1em; }
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
    .shape-clinic-present .shape-clinic-arrays table { margin: 0 0 8px; }
    .shape-clinic-present .shape-clinic-arrays td, .shape-clinic-present .shape-clinic-arrays th {
      padding-block: 5px;
    }
    .shape-clinic-present .shape-clinic-options, .shape-clinic-present .shape-clinic-voted {
      list-style: none; margin: 0; padding: 0;
    }
    .shape-clinic-present .shape-clinic-options { font-size: 1.4em; line-height: 1.6; }
    .shape-clinic-present .shape-clinic-voted { display: flex; gap: 2em; }
    /* What the room has to see at once is the likeliest fix; the lesson has the others. */
    .shape-clinic-present tr:has(.shape-clinic-apply) ~ tr:has(.shape-clinic-apply) { display: none; }
    .shape-clinic-present .shape-clinic-apply { line-height: 1.2 !important; }
    /* There is no cell here to paste into. */
    .shape-clinic-present .shape-clinic-page { display: none; }
    """
    _esm = """
    function render({ model }) {
      const keep = () => {
        const address = new URL(location);
        address.searchParams.set("lab", model.get("preset"));
        address.searchParams.set("ask", Number(model.get("asks")));
        history.replaceState(history.state, "", address);
      };
      keep();
      model.on("change:preset change:asks", keep);
      // V, and what a clicker's button for a black screen sends. Its other keys turn sliders and scroll.
      const press = event => {
        const { target, key } = event, page = ".shape-clinic-present";
        if (target !== document.body && !target.closest(page)) return;
        if (target.matches("textarea") || !["v", "b", "."].includes(key.toLowerCase())) return;
        if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
        // Before a drop-down takes the letter for an option's first one.
        event.preventDefault();
        event.stopPropagation();
        document.querySelector(`${page} .shape-clinic-reveal`).click();
      };
      document.addEventListener("keydown", press, true);
      return () => {
        model.off("change:preset change:asks", keep);
        document.removeEventListener("keydown", press, true);
      };
    }
    export default { render };
    """


class Projector(widgets.VBox):
    """The lessons' labs, one at a time, in large letters, from one of `helpers.lab.presets.PRESETS` on.

    A room is asked before it is told, unless a teacher who only wants to show something turns that off.

    >>> page = Projector("batch_target")
    >>> page.choice.label
    '2. Rows and labels'
    >>> page.choice.value = "all_right"
    >>> print(page.lab.scene.diagnosis.outcome)
    ok
    """

    def __init__(self, preset: str = "all_right", asks: bool = True) -> None:
        titles = [(preset.title, name) for name, preset in PRESETS.items()]
        choice = {"options": titles, "value": preset, "description": "Lab"}
        self.choice = widgets.Dropdown(**choice, style={"description_width": "initial"})
        self.choice.add_class("shape-clinic-choice")
        self.asks = widgets.Checkbox(asks, description="ask first", indent=False, layout={"width": "auto"})
        self.reveal = button("", lambda: self.lab.ask(self.lab.vote != "open"))
        self.reveal.add_class("shape-clinic-reveal")
        self.stage = Stage(preset=preset, asks=asks)
        self._top = widgets.HBox([self.choice, self.asks, self.reveal, self.stage])
        self._begin(preset)
        super().__init__([self._top, self.lab])
        self.add_class("shape-clinic-present")
        self.choice.observe(lambda change: self._swap(change["new"]), "value")
        self.asks.observe(lambda change: self._switch(change["new"]), "value")

    def _begin(self, preset: str) -> None:
        self.lab = ShapeLab(preset, asks=self.asks.value)
        self.lab.observe(lambda _: self._name(), "vote")
        self._name()

    def _name(self) -> None:
        self.reveal.description = f"{'Reveal' if self.lab.vote == 'open' else 'Hide'} (V)"

    def _switch(self, asks: bool) -> None:
        self.stage.asks = self.lab.asks = asks
        self.lab.ask(asks)

    def _swap(self, preset: str) -> None:
        # The address first: who loads the page again as soon as the new lab is there must get that lab.
        self.stage.preset = preset
        old = self.lab
        self._begin(preset)
        self.children = [self._top, self.lab]
        _close(old)


def present(preset: str | None = None) -> Projector:
    """Return the projector's page.

    Args:
        preset: The lab to begin with; where none is given, the one that the page's address asks for, as in
            `http://localhost:8866/?lab=batch_target`, or else the first.
    """
    # Voilà hands the address on as web servers have always done.
    address = parse_qs(os.environ.get("QUERY_STRING", ""))
    asked, asks = address.get("lab", [""])[-1], address.get("ask", [""])[-1] != "0"
    return Projector(preset or (asked if asked in PRESETS else "all_right"), asks)


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
