"""A question before the run, which then shows what really happens.

A prediction made before the run is what makes the run worth watching.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from helpers.readable import ReadableVBox
from helpers.table import LINES, tag
from helpers.trial import came_of
from helpers.voice import Voice

Run = Callable[[], object]
Runs = Run | Mapping[str, Run] | None
LONGEST = 600  # characters of a result: what is longer would push the question out of sight


def predict(question: str, choices: Mapping[str, str], right: str, run: Runs = None) -> Question:
    """Ask what the next cell will do, before it runs.

    Args:
        question: One sentence.
        choices: From each choice to what its choosing says. Say why, and leave the proof to the run.
        right: The choice that is right; it is marked once it is chosen.
        run: What the question is about: a function without arguments that leaves the notebook's variables as
            they are. After each choice it is called, and its result or its error is shown. Or one such
            function per choice. Without it, the next cell is the proof.

    Raises:
        ValueError: There are fewer than two choices, none of them is right, or one has no function where
            others have.

    >>> ask = predict("Does it run?", {"Yes": "a label is missing", "No": "4 is not 1"}, right="No")
    >>> ask.buttons.value = "Yes"
    >>> ask.feedback.value
    '✗ a label is missing'
    >>> ask = predict("What is 1 / 0?", {"inf": "1.0 / 0?", "an error": "Yes"}, "an error", lambda: 1 / 0)
    >>> ask.buttons.value = "inf"
    >>> "✗ ZeroDivisionError: division by zero" in ask.happened.value
    True
    """
    if len(choices) < 2:
        raise ValueError(f"got {len(choices)} choices. predict needs two or more. Try adding what you'd say.")
    if right not in choices:
        raise ValueError(
            f"got right={right!r}. predict needs one of the choices. Try {next(iter(choices))!r}."
        )
    if isinstance(run, Mapping) and run.keys() != choices.keys():
        odd = ", ".join(map(repr, run.keys() ^ choices.keys()))
        raise ValueError(f"got a run or a choice without the other: {odd}. Try the same keys in both.")
    return Question(question, choices, right, run)


class Keyboard(anywidget.AnyWidget):
    """What ipywidgets leaves out of a group of choices: its name, the arrow keys, no shortcut in them.

    An arrow only moves, as Tab does, and Space chooses: a choice shows the answer, so none may be made in
    passing.
    """

    question = traitlets.Unicode().tag(sync=True)

    _css = """
    .shape-clinic-question input:focus-visible {
      outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: 2px;
    }
    """
    _esm = """
    const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    function care(el, question) {
      const box = el.closest(".shape-clinic-question")?.querySelector(".widget-radio-box");
      if (!box) return el.gone || requestAnimationFrame(() => care(el, question));
      const choices = [...box.querySelectorAll("input")];
      box.setAttribute("role", "radiogroup");
      box.setAttribute("aria-label", question);
      choices.forEach((choice, n) => {
        choice.setAttribute("aria-posinset", n + 1);
        choice.setAttribute("aria-setsize", choices.length);
        choice.setAttribute("data-lm-suppress-shortcuts", "true");  // else "dd" here deletes the cell
      });
      box.addEventListener("keydown", event => {
        const at = choices.indexOf(event.target);
        if (at < 0 || !(event.key in STEPS)) return;
        event.preventDefault();
        choices.at((at + STEPS[event.key]) % choices.length).focus();
      });
    }
    function render({ model, el }) {
      care(el, model.get("question"));
      return () => { el.gone = true; };
    }
    export default { render };
    """


class Question(ReadableVBox):
    """A question with choices. Each answers at once with why it is, or isn't, so, and then with what happens.

    Attributes:
        buttons: The choices; `buttons.value` is the one that is chosen.
        feedback: What this choice says.
        happened: What running gave, where there is something to run.
    """

    def __init__(self, question: str, choices: Mapping[str, str], right: str, run: Runs = None) -> None:
        self._question, self._choices, self._right, self._run = question, dict(choices), right, run
        self.buttons = widgets.RadioButtons(options=list(choices), value=None, layout={"width": "auto"})
        self.feedback, self.happened = widgets.HTML(), widgets.HTML()
        self.buttons.observe(self._answer, "value")
        self._voice, title = Voice(), widgets.HTML(f"<b>{escape(question)}</b>")
        shown = [title, self.buttons, self.feedback, self.happened]
        super().__init__([*shown, Keyboard(question=question), self._voice])
        self.add_class("shape-clinic-question")

    def _answer(self, change: Any) -> None:
        if (choice := change["new"]) is None:
            return
        self.feedback.value = f"{'✓' if choice == self._right else '✗'} {escape(self._choices[choice])}"
        said = ["Right." if choice == self._right else "Not so.", self._choices[choice]]
        run = self._run[choice] if isinstance(self._run, Mapping) else self._run
        if run is not None:
            self.happened.value = "Running it …"  # seen where it takes a while
            lines, now = outcome(run), "It was run just now:"
            self.happened.value = now + tag("pre", "\n".join(lines), style=f"{LINES};margin:0")
            said += [now, ". ".join(lines)]
        self._voice.say(" ".join(said))

    def as_text(self) -> str:
        """Return the question and its choices."""
        return "\n".join([self._question, *(f"( ) {choice}" for choice in self._choices)])

    def as_html(self) -> str:
        """Return the question and its choices as a list."""
        choices = (tag("li", choice) for choice in self._choices)
        return tag("p", tag("b", self._question)) + tag("ul", *choices)


def outcome(run: Run) -> list[str]:
    """Call `run` and say what came of it: its warnings, then its result or its error. Nothing is raised.

    What it prints is not shown, so let it return what matters. Random numbers go on after it as if it had
    drawn none, so that the cells below give what they give without an answer.

    >>> outcome(lambda: [0, 1][2]), outcome(lambda: 1 + 1)
    (['✗ IndexError: list index out of range'], ['it gives 2'])
    """
    came = came_of(lambda: None if (result := run()) is None else f"it gives {result!r}")
    ran = f"✗ {_first_line(came.error)}" if came.error else came.value or "it runs, and gives nothing back"
    # torch's kind; the others are about the libraries
    signs = dict.fromkeys(f"⚠ {_first_line(each)}" for each in came.warned if isinstance(each, UserWarning))
    return [line if len(line) <= LONGEST else f"{line[:LONGEST]} …" for line in (*signs, ran)]


def _first_line(error: Exception) -> str:
    from helpers.diagnosis.seen.frames import said  # late: it brings torch

    try:
        return said(error).splitlines()[0].removesuffix(": ")
    except Exception:  # an error whose own text fails
        return type(error).__name__
