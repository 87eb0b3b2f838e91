"""The part of a lab that lives in the page: names for its controls, places that stay, the clipboard."""

from __future__ import annotations

import anywidget
import traitlets


class Page(anywidget.AnyWidget):
    """A button that copies `code`, and care for the lab's controls.

    ipywidgets gives a slider's handle and its number no accessible name, and a toggle no state. And
    JupyterLab takes `dd` on a focused control as "delete this cell", and an arrow key in a drop-down as "go
    to the next cell", unless the attribute that is set here keeps the control's keys from the notebook.

    Attributes:
        code: What the button copies.
    """

    code = traitlets.Unicode().tag(sync=True)

    _css = """
    .shape-clinic-lab .widget-textarea > label { text-align: left; }
    .shape-clinic-lab .widget-html-content { min-width: 0; }  /* else a wide table makes the lab scroll */
    .shape-clinic-lab .shape-clinic-noted label::before { content: "⚠ "; }
    .shape-clinic-lab .shape-clinic-message { min-height: 28px; }
    .shape-clinic-lab .shape-clinic-page { margin: 2px; }
    .shape-clinic-lab .shape-clinic-idle { background: none; }
    .shape-clinic-lab :focus-visible {
      /* Beyond 2 px the boxes that ipywidgets puts around everything would cut it. */
      outline: 3px solid var(--jp-brand-color1, #1976d2) !important; outline-offset: -1px;
    }
    .shape-clinic-lab input[type=checkbox]:focus-visible { outline-offset: 2px; }
    [data-jp-theme-light=false] .shape-clinic-lab {  /* ipywidgets' own arrow is black in every theme */
      --jp-widgets-dropdown-arrow: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
viewBox='0 0 18 18'%3E%3Cpath d='M5.2 5.9 9 9.7l3.8-3.8L14 7.1l-5 5-5-5z' fill='%23fff'/%3E%3C/svg%3E");
    }
    /* ipywidgets gives each part a broken link, and lets the controls move without a kernel. */
    .shape-clinic-lab .jupyter-widgets-disconnected::before { display: none; }
    .shape-clinic-lab.jupyter-widgets-disconnected::before {
      content: "The kernel has ended. Run the first cell, then this one."; color: inherit; width: auto;
      font: 600 var(--jp-ui-font-size1) var(--jp-ui-font-family); margin: 6px 2px;
    }
    .shape-clinic-lab.jupyter-widgets-disconnected > * { opacity: 0.45; pointer-events: none; }
    @keyframes shape-clinic-changed { from { opacity: 0.15; } to { opacity: 1; } }
    .shape-clinic-lab .changed { animation: shape-clinic-changed 0.8s ease-out 2; }
    @media (prefers-reduced-motion: reduce) { .shape-clinic-lab .changed { animation: none; } }
    """
    _esm = """
    const OURS = ".noUi-handle, button, select, input[type=checkbox], summary, [tabindex='0']";
    function name(lab) {
      for (const control of lab.querySelectorAll(OURS))
        control.setAttribute("data-lm-suppress-shortcuts", "true");
      for (const slider of lab.querySelectorAll(".widget-slider")) {
        const label = slider.querySelector("label").textContent;
        slider.querySelector(".noUi-handle").setAttribute("aria-label", label);
        const number = slider.querySelector(".widget-readout");
        number.setAttribute("role", "textbox");
        number.setAttribute("aria-label", `${label}, as a number`);
      }
      for (const toggle of lab.querySelectorAll(".widget-toggle-button"))
        toggle.setAttribute("aria-expanded", toggle.classList.contains("mod-active"));
      // A button with nothing to do says so when it is pressed. Disabled, it would lose the focus.
      for (const button of lab.querySelectorAll("button"))
        button.setAttribute("aria-disabled", button.classList.contains("shape-clinic-idle"));
      // ipywidgets shows "null" as the tip of what has none.
      for (const named of lab.querySelectorAll("[title=null]")) named.removeAttribute("title");
    }
    // The verdict's place grows with the longest so far and doesn't shrink: nothing below it jumps.
    function hold([{ target }]) {
      if (target.offsetWidth !== target.width) target.style.minHeight = "";
      target.width = target.offsetWidth;
      target.style.minHeight = `${target.offsetHeight}px`;
    }
    function care(el) {
      let lab;
      const watcher = new MutationObserver(() => name(lab)), holder = new ResizeObserver(hold);
      let frame = requestAnimationFrame(function start() {
        lab = el.closest(".shape-clinic-lab");
        if (!lab) return frame = requestAnimationFrame(start);  // the lab is not in the page yet
        name(lab);
        watcher.observe(lab, { childList: true, subtree: true, attributeFilter: ["class"] });
        holder.observe(lab.querySelector(".shape-clinic-verdict"));
        // A selection that stays in a slider's number makes a screen reader follow that, not the focus.
        lab.addEventListener("focusin", ({ target }) => {
          if (!target.matches("textarea, [contenteditable=true]")) getSelection().removeAllRanges();
        });
      });
      return () => { cancelAnimationFrame(frame); watcher.disconnect(); holder.disconnect(); };
    }
    function render({ model, el }) {
      el.classList.add("shape-clinic-page");
      const button = document.createElement("button");
      button.className = "jupyter-button";
      button.textContent = "Copy as code";
      const copied = document.createElement("span");
      copied.setAttribute("role", "status");
      let times = 0;
      button.addEventListener("click", async () => {
        times += 1;
        try {
          await navigator.clipboard.writeText(model.get("code"));
          // What is said again must differ, or no screen reader says it.
          copied.textContent = " copied: paste it into a cell" + (times % 2 ? "" : "\u00a0");
        } catch (refused) {
          copied.textContent = " the browser allows no copying here: open the code below";
        }
      });
      el.append(button, copied);
      return care(el);
    }
    export default { render };
    """
