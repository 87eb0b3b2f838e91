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
from helpers.experiment import MAX_SENTENCES, PRESETS, Experiment, Scene, Settings
from helpers.readable import ReadableVBox

# Most a slider reaches, unless a preset starts beyond it.
MOST = {"num_labels": 10, "classes": 10, "batch_size": 8, "target_size": 8}
LABELS = {
    "num_labels": "num_labels",
    "classes": "classes in the data",
    "batch_size": "batch_size",
    "target_size": "labels in target",
}


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
        num_labels, classes, batch_size, target_size: The sliders.
        sentences: The text box, one sentence per line.
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
        self.experiment = Experiment(Settings(**{**asdict(PRESETS[preset]), **settings}))
        shown = self.experiment.settings
        self.notes = {name: widgets.HTML() for name in asdict(shown)}
        sliders = {name: _slider(name, getattr(shown, name)) for name in LABELS}
        self.num_labels, self.classes = sliders["num_labels"], sliders["classes"]
        self.batch_size, self.target_size = sliders["batch_size"], sliders["target_size"]
        self.sentences = widgets.Textarea(
            value=shown.text,
            description="sentences, one per line",
            rows=MAX_SENTENCES,
            layout={"width": "auto", "flex_flow": "column", "align_items": "stretch"},
            style={"description_width": "initial"},
        )
        self.picture, self.verdict, self.code = (widgets.HTML() for _ in range(3))
        for name, control in {**sliders, "text": self.sentences}.items():
            control.observe(lambda change, name=name: self._change(name, change["new"]), "value")
        self._show(self.experiment.scene)
        beside = [widgets.VBox([sliders[name], self.notes[name]]) for name in sliders]
        controls = widgets.HBox(beside, layout={"flex_flow": "row wrap"})
        controls.add_class("shape-clinic-controls")
        super().__init__(
            [
                controls,
                self.picture,
                self.verdict,
                widgets.VBox([self.sentences, self.notes["text"]]),
                self.code,
                _SliderCare(),
            ]
        )
        self.add_class("shape-clinic-lab")

    @property
    def scene(self) -> Scene:
        """The last run."""
        return self.experiment.scene

    def _change(self, name: str, value: Any) -> None:
        self._show(self.experiment.change(**{name: value}))

    def _show(self, scene: Scene) -> None:
        flow = Flow(scene.stages, scene.target, scene.labels, scene.diagnosis, scene.settings.classes)
        self.picture.value = draw_flow(flow)
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


def _slider(name: str, value: int) -> widgets.IntSlider:
    lowest = 0 if name == "target_size" else 1
    # A lesson about 73 outputs needs a slider that goes on past them.
    most = MOST[name] if value <= MOST[name] else value + 10
    return widgets.IntSlider(
        value=value,
        min=lowest,
        max=most,
        description=LABELS[name],
        style={"description_width": "130px"},
        layout={"width": "294px", "margin": "0 10px 0 0"},
    )
