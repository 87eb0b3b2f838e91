"""The part of a lab that lives in the page: names for the sliders' handles, and the clipboard."""

from __future__ import annotations

import anywidget
import traitlets


class Page(anywidget.AnyWidget):
    """A button that copies `code`, and care for the lab's controls.

    A slider's handle has no accessible name of its own. And JupyterLab takes `dd` typed on a focused slider
    as "delete this cell", unless the attribute that is set here keeps its keys from the notebook.
    """

    code = traitlets.Unicode().tag(sync=True)

    _css = """
    .shape-clinic-lab .widget-textarea > label { text-align: left; }
    .shape-clinic-lab .shape-clinic-page { margin: 2px; }
    .shape-clinic-lab button:focus-visible, .shape-clinic-lab select:focus-visible,
    .shape-clinic-lab input:focus-visible, .shape-clinic-lab textarea:focus-visible,
    .shape-clinic-lab summary:focus-visible, .shape-clinic-lab .noUi-handle:focus-visible {
      outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: 2px;
    }
    @keyframes shape-clinic-changed { from { opacity: 0.15; } to { opacity: 1; } }
    .shape-clinic-lab .changed { animation: shape-clinic-changed 0.8s ease-out 2; }
    @media (prefers-reduced-motion: reduce) { .shape-clinic-lab .changed { animation: none; } }
    """
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
    function render({ model, el }) {
      el.classList.add("shape-clinic-page");
      const button = document.createElement("button");
      button.className = "jupyter-button";
      button.textContent = "Copy as code";
      const said = document.createElement("span");
      said.setAttribute("role", "status");
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(model.get("code"));
          said.textContent = " copied: paste it into a cell";
        } catch (refused) {
          said.textContent = " the browser allows no copying here: open the code below";
        }
      });
      el.append(button, said);
      const watcher = care(el);
      return () => watcher?.disconnect?.();
    }
    export default { render };
    """
