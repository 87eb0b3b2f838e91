"""The lab: sliders in, shapes and the real result out.

A thin view over an experiment. Controls and one `ipywidgets.HTML` are joined by `observe`: `Output` and
`interact` would redraw more slowly and hang some headless runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from html import escape
from typing import Any, NamedTuple

import anywidget
import ipywidgets as widgets

from helpers.choices import MAX_SENTENCES
from helpers.drawing import draw_code, draw_verdict
from helpers.keras_settings import KerasSettings
from helpers.readable import ReadableVBox
from helpers.settings import PRESETS, Settings


class Kind(NamedTuple):
    """What one kind of lab is made of; the view below is the same for all.

    Attributes:
        experiment: From settings to what runs them.
        labels: From a setting to what its control says, in the order of the controls.
        choices: From a setting to its drop-down's options.
        ranges: From a setting to its slider's lowest and highest value; the highest grows with a preset's.
        draw: From a scene to its picture.
        table: From a scene to what it shows, as (name, words), for those who don't see the picture.
    """

    experiment: Callable[[Any], Any]
    labels: Mapping[str, str]
    choices: Mapping[str, Mapping[str, str]]
    ranges: Mapping[str, tuple[int, int]]
    draw: Callable[[Any], str]
    table: Callable[[Any], list[tuple[str, str]]]


_WIDTH = {"width": "294px", "margin": "0 10px 0 0"}


class _SliderCare(anywidget.AnyWidget):
    """Gives each slider's handle its accessible name, and keeps its keys from the notebook.

    Without the attribute, JupyterLab takes `dd` typed on a focused slider as "delete this cell".
    """

    _css = ".shape-clinic-lab .widget-textarea > label { text-align: left; }"
    _esm = """
    function care(el) {
      const lab = el.closest(".shape-clinic-lab");
      if (!lab) return requestAnimationFrame(() => el.isConnected !== false && care(el));
      const name = () => {
        for (const handle of lab.querySelectorAll(".noUi-handle")) {
          const label = handle.closest(".widget-slider").querySelector("label");
          handle.setAttribute("aria-label", label.textContent);
          handle.setAttribute("data-lm-suppress-shortcuts", "true");
        }
      };
      name();
      const watcher = new MutationObserver(name);
      watcher.observe(lab.querySelector(".shape-clinic-controls"), { childList: true, subtree: true });
      return watcher;
    }
    function render({ el }) {
      el.style.display = "none";
      const watcher = care(el);
      return () => watcher?.disconnect?.();
    }
    export default { render };
    """


class ShapeLab(ReadableVBox):
    """A classifier to take apart: turn a slider, and the real head and the real loss run again.

    Args:
        preset: A lesson's case, one of `PRESETS`.
        **settings: Any field of the preset's settings instead of the preset's, such as `num_labels=5`.

    Attributes:
        controls: A slider, a drop-down or a tick box per setting, each also an attribute of its own name,
            such as `num_labels`.
        sentences: The text box, one sentence per line.
        more: Shows the controls that this preset does without.
        picture, verdict, code: What is shown, each an `ipywidgets.HTML`.
        notes: Per setting, why its value could not be used; shown beside its control.
        scene: The last run, with its shapes, labels and `diagnosis`.

    Raises:
        ValueError: There is no such preset.
        TypeError: There is no such setting.

    >>> lab = ShapeLab("wrong_head_size")
    >>> print(lab.scene.diagnosis.headline)
    ✗ IndexError: Target 2 is out of bounds.
    >>> lab.num_labels.value = 3
    >>> lab.scene.diagnosis.outcome
    'ok'
    """

    def __init__(self, preset: str = "all_right", **settings: Any) -> None:
        if preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"got preset {preset!r}. ShapeLab needs one of {known}. Try 'all_right'.")
        start, in_sight = PRESETS[preset]
        shown = type(start)(**{**asdict(start), **settings})
        self._kind = kind_of(shown)
        self.experiment = self._kind.experiment(shown)
        self.notes = {name: widgets.HTML() for name in asdict(shown)}
        self.controls = {name: self._control(name, getattr(shown, name)) for name in self._kind.labels}
        for name, control in self.controls.items():
            setattr(self, name, control)
        self.sentences = widgets.Textarea(
            value=shown.text,
            description="sentences, one per line",
            rows=MAX_SENTENCES,
            layout={"width": "auto", "flex_flow": "column", "align_items": "stretch"},
            style={"description_width": "initial"},
        )
        self.more = widgets.ToggleButton(description="More controls", layout={"width": "auto"})
        self.picture, self.verdict, self.code = (widgets.HTML() for _ in range(3))
        for name, control in {**self.controls, "text": self.sentences}.items():
            control.observe(lambda change, name=name: self._change(name, change["new"]), "value")
        self._show(self.experiment.scene)
        super().__init__(
            [
                self._controls(in_sight),
                self.picture,
                self.verdict,
                widgets.VBox([self.sentences, self.notes["text"]]),
                self.code,
                _SliderCare(),
            ]
        )
        self.add_class("shape-clinic-lab")

    def _controls(self, in_sight: tuple[str, ...]) -> widgets.VBox:
        """Put the lesson's controls in sight and the others behind "More"."""

        def beside(names: list[str]) -> widgets.HBox:
            boxes = [widgets.VBox([self.controls[name], self.notes[name]]) for name in names]
            return widgets.HBox(boxes, layout={"flex_flow": "row wrap"})

        others = beside([name for name in self.controls if name not in in_sight])
        others.layout.display = "none"
        self.more.observe(
            lambda change: setattr(others.layout, "display", "flex" if change["new"] else "none"), "value"
        )
        box = widgets.VBox([beside(list(in_sight)), self.more, others])
        box.add_class("shape-clinic-controls")
        return box

    def _control(self, name: str, value: Any) -> widgets.Widget:
        label, kind = self._kind.labels[name], self._kind
        if isinstance(value, bool):
            return widgets.Checkbox(value, description=label, indent=False, layout=_WIDTH)
        about = {"description": label, "style": {"description_width": "130px"}, "layout": _WIDTH}
        if name in kind.choices:
            options = [(words, choice) for choice, words in kind.choices[name].items()]
            return widgets.Dropdown(options=options, value=value, **about)
        lowest, most = kind.ranges[name]
        # A lesson about 73 outputs needs a slider that goes on past them.
        return widgets.IntSlider(value, lowest, most if value <= most else value + 10, **about)

    @property
    def scene(self) -> Any:
        """The last run."""
        return self.experiment.scene

    def _change(self, name: str, value: Any) -> None:
        self._show(self.experiment.change(**{name: value}))

    def _show(self, scene: Any) -> None:
        self.picture.value = self._kind.draw(scene)
        self.verdict.value = draw_verdict(scene.diagnosis)
        self.code.value = draw_code(scene.code)
        for name, note in self.notes.items():
            words = scene.notes.get(name)
            note.value = f'<span role="alert">⚠ {escape(words)}</span>' if words else ""

    def as_text(self) -> str:
        """Return the diagnosis of the last run."""
        return str(self.scene.diagnosis)

    def as_html(self) -> str:
        """Return the shapes and the result of the last run as a plain table."""
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td><code>{escape(words)}</code></td></tr>"
            for name, words in self._kind.table(self.scene)
        )
        result = f"<tr><th>result</th><td>{escape(self.scene.diagnosis.headline)}</td></tr>"
        return f"<table><tbody>{rows}{result}</tbody></table><p>Run this cell to turn the sliders.</p>"


def kind_of(settings: Settings | KerasSettings) -> Kind:
    """Return the kind of lab that these settings belong to. Keras is imported when its lab first runs."""
    if isinstance(settings, KerasSettings):
        from helpers.keras_lab import KERAS

        return KERAS
    from helpers.bert_lab import BERT

    return BERT
