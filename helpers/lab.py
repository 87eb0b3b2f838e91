"""The lab: sliders in, shapes and the real result out.

A thin view over `Experiment`. Controls and one `ipywidgets.HTML` are joined by `observe`: `Output` and
`interact` would redraw more slowly and hang some headless runs.
"""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets

from helpers.drawing import Flow, draw_code, draw_flow, draw_verdict
from helpers.experiment import Experiment, Scene
from helpers.readable import ReadableVBox
from helpers.settings import ARRANGEMENTS, FORMATS, LOSSES, MAX_SENTENCES, PRESETS, TASKS, Settings

# Most a slider reaches, unless a preset starts beyond it.
MOST = {"num_labels": 10, "classes": 10, "batch_size": 8, "target_size": 8}
LABELS = {
    "num_labels": "num_labels",
    "classes": "classes in the data",
    "batch_size": "batch_size",
    "target_size": "labels in target",
    "task": "one prediction per",
    "arrangement": "logits",
    "softmax": "softmax before the loss",
    "target_format": "target",
    "loss": "loss",
}
CHOICES = {
    "task": {words: value for value, words in TASKS.items()},
    "arrangement": {words: value for value, (words, *_) in ARRANGEMENTS.items()},
    "target_format": {kind.title: value for value, kind in FORMATS.items()},
    "loss": {words: value for value, words in LOSSES.items()},
}
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
        **settings: Any field of `Settings` instead of the preset's, such as `num_labels=5`.

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
        self.experiment = Experiment(Settings(**{**asdict(start), **settings}))
        shown = self.experiment.settings
        self.notes = {name: widgets.HTML() for name in asdict(shown)}
        self.controls = {name: _control(name, getattr(shown, name)) for name in LABELS}
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

        others = beside([name for name in LABELS if name not in in_sight])
        others.layout.display = "none"
        self.more.observe(
            lambda change: setattr(others.layout, "display", "flex" if change["new"] else "none"), "value"
        )
        box = widgets.VBox([beside(list(in_sight)), self.more, others])
        box.add_class("shape-clinic-controls")
        return box

    @property
    def scene(self) -> Scene:
        """The last run."""
        return self.experiment.scene

    def _change(self, name: str, value: Any) -> None:
        self._show(self.experiment.change(**{name: value}))

    def _show(self, scene: Scene) -> None:
        self.picture.value = draw_flow(flow_of(scene))
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
            f"<tr><th>{escape(stage.name)}</th><td><code>{escape(stage.sizes)}</code></td></tr>"
            for stage in (*self.scene.stages, self.scene.target)
        )
        result = f"<tr><th>result</th><td>{escape(self.scene.diagnosis.headline)}</td></tr>"
        return f"<table><tbody>{rows}{result}</tbody></table><p>Run this cell to turn the sliders.</p>"


def flow_of(scene: Scene) -> Flow:
    """Return what the picture needs of a scene."""
    settings = scene.settings
    loss = LOSSES[settings.loss]
    return Flow(
        scene.stages, scene.target, scene.values, scene.diagnosis, settings.classes, loss, settings.num_labels
    )


def _control(name: str, value: Any) -> widgets.Widget:
    if name == "softmax":
        return widgets.Checkbox(value, description=LABELS[name], indent=False, layout=_WIDTH)
    about = {"description": LABELS[name], "style": {"description_width": "130px"}, "layout": _WIDTH}
    if name in CHOICES:
        return widgets.Dropdown(options=list(CHOICES[name].items()), value=value, **about)
    # A lesson about 73 outputs needs a slider that goes on past them.
    most = MOST[name] if value <= MOST[name] else value + 10
    return widgets.IntSlider(value, 0 if name == "target_size" else 1, most, **about)
