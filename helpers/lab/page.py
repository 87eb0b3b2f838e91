"""The part of a lab that lives in the page: names for its controls, what is pointed at, the clipboard."""

from __future__ import annotations

import anywidget
import traitlets

from helpers.drawing.flow import STYLE


class Page(anywidget.AnyWidget):
    """A button that copies `code`, and care for the lab's controls.

    ipywidgets gives a slider's handle and its number no accessible name, and a toggle no state. And
    JupyterLab takes `dd` on a focused control as "delete this cell", and an arrow key in a drop-down as "go
    to the next cell", unless the attribute that is set here keeps the control's keys from the notebook.

    Attributes:
        code: What the button copies.
        asked: What was pressed in the picture or the verdict: a setting's `name` to turn and `by` how much,
            the number of a `fix` to apply, or a `part` that is pointed at in a hunt; and `times`, so that
            each press is news.
        widths: In which of its widths the picture has been seen: the others need not be drawn.
    """

    code = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    widths: traitlets.List[str] = traitlets.List().tag(sync=True)

    _css = (
        STYLE
        + """
    .shape-clinic-lab .widget-textarea > label { text-align: left; }
    .shape-clinic-lab .widget-html-content { min-width: 0; }  /* else a wide table makes the lab scroll */
    .shape-clinic-lab .shape-clinic-noted label::before { content: "⚠ "; }
    .shape-clinic-lab .shape-clinic-message { min-height: 32px; font-weight: 600; }
    .shape-clinic-lab .shape-clinic-page { margin: 2px; }
    .shape-clinic-lab .shape-clinic-page button { min-width: 8.5em; }
    .shape-clinic-lab .shape-clinic-tools { margin-left: auto; }
    .shape-clinic-lab .shape-clinic-unused { opacity: 0.75; filter: grayscale(1); }
    /* A line that stays, so that nothing below it moves; the tip has all of a longer reason. */
    .shape-clinic-lab .shape-clinic-reason { height: 18px; margin-top: -6px; overflow: hidden; }
    .shape-clinic-lab .shape-clinic-reason .widget-html-content {
      font-size: 12px; line-height: 18px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
    }
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
    .shape-clinic-controls .changed {
      outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px;
    }
    .shape-clinic-lab .changed { animation: shape-clinic-changed 0.8s ease-out 2; }
    @media (prefers-reduced-motion: reduce) { .shape-clinic-lab .changed { animation: none; } }
    """
    )
    _esm = """
    const OURS = ".noUi-handle, button, select, input[type=checkbox], summary, [tabindex='0']";
    function name(lab) {
      keep(lab);
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
    // A press in the picture or the verdict is Python's to answer.
    const ASKS = { ".turn": ["name", "by"], ".shape-clinic-apply": ["fix"],
                   ".shape-clinic-hunting .suspect": ["part"] };
    function ask(model, target) {
      for (const [kind, keys] of Object.entries(ASKS)) {
        const pressed = target.closest(kind);
        if (!pressed) continue;
        const words = keys.map(key => [key, pressed.dataset[key]]);
        model.set("asked", { ...Object.fromEntries(words), times: (model.get("asked").times || 0) + 1 });
        model.save_changes();
        return true;
      }
    }
    // A row or an axis that is pointed at is marked in every tensor.
    function point(lab, wanted) {
      for (const marked of lab.querySelectorAll(".pointed")) marked.classList.remove("pointed");
      if (wanted) for (const found of lab.querySelectorAll(wanted)) found.classList.add("pointed");
    }
    const pointable = ({ dataset }) =>
      dataset.row ? `.row[data-row="${dataset.row}"]` : `.axis[data-axis="${dataset.axis}"]`;
    function hover(lab, { target }) {
      const found = target.closest?.(".shape-clinic-flow .row, .shape-clinic-flow .axis");
      if (found || target.closest?.(".shape-clinic-flow")) point(lab, found && pointable(found));
    }
    // The same by keyboard: arrows for rows, letters for axes, + and - to turn the one that is marked. The
    // focus is on the picture's place, which stays when the picture is drawn again.
    function keep(lab) {
      const picture = lab.querySelector(".shape-clinic-flow"), { at } = lab;
      if (!picture) return;
      const place = picture.parentElement;
      place.tabIndex = 0;
      place.setAttribute("role", "group");
      place.setAttribute("aria-label", "the picture: arrow keys mark a row, N, T, H and C an axis");
      const marked = `.row[data-row="${at}"], .axis[data-axis="${at}"]`;
      if (at && !lab.querySelector(".pointed")) point(lab, marked);
    }
    function press(model, lab, event) {
      const picture = event.target.querySelector?.(":scope > .shape-clinic-flow");
      if (!picture || event.ctrlKey || event.metaKey) return;
      const said = JSON.parse(picture.dataset.said), rows = Object.keys(said).filter(key => !isNaN(key));
      const key = event.key.toUpperCase(), step = { ARROWDOWN: 1, ARROWUP: -1 }[key];
      const by = { "+": 1, "-": -1, "−": -1 }[key], now = lab.at && !isNaN(lab.at) ? Number(lab.at) : -1;
      if (by) {
        const turn = picture.querySelector(`[data-axis="${lab.at}"] .turn[data-by="${by}"]`);
        if (turn) ask(model, turn);
      } else {
        if (step) lab.at = String(Math.min(Math.max(now + step, 0), rows.length - 1));
        else if (key in said || key === "ESCAPE") lab.at = key in said ? key : "";
        else return;
        point(lab, "");
        keep(lab);
        lab.querySelector(".shape-clinic-voice").textContent = said[lab.at] ?? "";
      }
      event.preventDefault();
      event.stopPropagation();
    }
    // More than one page can show the same lab, and each only grows the list: they never take turns.
    function measure(model, lab) {
      const drawn = lab.querySelector(".shape-clinic-flow svg"), widths = model.get("widths");
      const fits = drawn && lab.clientWidth && getComputedStyle(drawn).getPropertyValue("--fits").trim();
      if (!fits || widths.includes(fits)) return;
      model.set("widths", [...widths, fits]);
      model.save_changes();
    }
    function care(model, el) {
      let lab;
      const sizes = new ResizeObserver(() => measure(model, lab));
      const watcher = new MutationObserver(() => {
        // A move changes many parts, one after the other: they are named once, when the page is drawn.
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => name(lab));
      });
      let frame = requestAnimationFrame(function start() {
        lab = el.closest(".shape-clinic-lab");
        if (!lab) return frame = requestAnimationFrame(start);  // the lab is not in the page yet
        name(lab);
        sizes.observe(lab);
        watcher.observe(lab, { childList: true, subtree: true, attributeFilter: ["class"] });
        lab.addEventListener("click", ({ target }) => ask(model, target));
        lab.addEventListener("pointerover", event => hover(lab, event));
        lab.addEventListener("keydown", event => press(model, lab, event));
        // A selection that stays in a slider's number makes a screen reader follow that, not the focus.
        lab.addEventListener("focusin", ({ target }) => {
          if (!target.matches("textarea, [contenteditable=true]")) getSelection().removeAllRanges();
        });
      });
      return () => { cancelAnimationFrame(frame); watcher.disconnect(); sizes.disconnect(); };
    }
    function render({ model, el }) {
      el.classList.add("shape-clinic-page");
      const button = document.createElement("button");
      button.className = "jupyter-button";
      button.textContent = "Copy as code";
      const said = words => {
        // The button itself says so: nothing moves, and after a while it is as it was.
        button.textContent = words;
        const voice = el.closest(".shape-clinic-lab")?.querySelector(".shape-clinic-voice");
        if (voice) voice.textContent = words;
        clearTimeout(timer);
        timer = setTimeout(() => { button.textContent = "Copy as code"; }, 2500);
      };
      let timer;
      button.addEventListener("click", () => navigator.clipboard.writeText(model.get("code")).then(
        () => said("✓ Copied"), () => said("Not allowed: see the code"),
      ));
      el.append(button);
      return care(model, el);
    }
    export default { render };
    """
