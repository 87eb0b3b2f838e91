"""The lab: sliders in, shapes and the real result out.

A thin view over an experiment. Controls and a few `ipywidgets.HTML` are joined by `observe`: `Output` and
`interact` would redraw more slowly and hang some headless runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from html import escape
from typing import Any

import ipywidgets as widgets
import traitlets

from helpers.drawing.flow import LAYOUTS
from helpers.drawing.tokens import draw_tokens
from helpers.drawing.verdict import draw_code, draw_plain, draw_question, draw_verdict
from helpers.lab.control import Changes
from helpers.lab.hunt import Hunt
from helpers.lab.inputs import Fold, Inputs, button, in_columns, mark
from helpers.lab.mending import does, in_words, mend
from helpers.lab.page import Page
from helpers.lab.plain import plain
from helpers.lab.presets import PRESETS
from helpers.readable import ReadableVBox
from helpers.voice import Voice


class ShapeLab(ReadableVBox):
    """A classifier to take apart: turn a slider, and the real head and the real loss run again.

    Args:
        preset: A lesson's case, one of `PRESETS`.
        asks: As the attribute.
        **settings: Any field of the preset's settings instead of the preset's, such as `num_labels=5`.

    Attributes:
        controls: A slider, a drop-down or a tick box per setting, each also an attribute of its own name,
            such as `num_labels`.
        sentences: The text box, one sentence per line.
        more: Shows the controls that this preset does without.
        break_it, show_cause, fix_it, reset, show_values, show_sentences: The buttons.
        picture, verdict, tokens, numbers, code, message: What is shown, each an `ipywidgets.HTML`.
        hunt: The mistake that `break_it` has made, while it is looked for.
        asks: Whether a room votes on each new run before it is told the verdict.
        vote: "open" while it does, "told" afterwards, "" where there is none.
        scene: The last run, with its shapes, labels and `diagnosis`.

    Raises:
        ValueError: There is no such preset.
        TypeError: There is no such setting.

    >>> lab = ShapeLab("wrong_head_size")
    >>> print(lab.scene.diagnosis.headline)
    ✗ IndexError: Target 2 is out of bounds.
    >>> lab.fix_it.click()
    >>> lab.num_labels.value, lab.scene.diagnosis.outcome
    (3, 'ok')
    """

    vote = traitlets.Unicode()

    def __init__(self, preset: str = "all_right", *, asks: bool = False, **settings: Any) -> None:
        if preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"got preset {preset!r}. ShapeLab needs one of {known}. Try 'all_right'.")
        _, experiment, start, in_sight = PRESETS[preset]
        self._start, self._in_sight = replace(start, **settings), in_sight
        self.hunt = Hunt(experiment.mistakes(), in_sight)
        self.asks, self.vote, self._words = asks, "open" if asks else "", ""
        self.experiment = experiment(self._start)
        self._inputs = Inputs(self._start, self._change)
        self.controls, self.sentences = self._inputs.controls, self._inputs.sentences
        for name, control in self.controls.items():
            setattr(self, name, control)
        self.picture, self.tokens, self.numbers, self.code = (widgets.HTML() for _ in range(4))
        self.message = widgets.HTML().add_class("shape-clinic-message")
        self.verdict = widgets.HTML().add_class("shape-clinic-verdict")
        self._page, self._voice = Page(), Voice()
        self._page.observe(lambda change: self._answer(change["new"]), "asked")
        self._page.observe(lambda change: self._draw(), "widths")
        self._values = Fold("Show values", self.numbers)
        self._typed = Fold("Sentences and tokens", widgets.VBox([self.sentences, self.tokens]))
        top = [self._boxes(in_sight), self._buttons(), self.message]
        self._show()
        # What changes its height stands below what is turned or read on every move.
        super().__init__(
            [*top, self.picture, self.verdict, self._values, self._typed, self.code, self._voice]
        )
        self.add_class("shape-clinic-lab")

    # The controls.

    def _boxes(self, in_sight: tuple[str, ...]) -> widgets.VBox:
        """Put the lesson's controls in sight and the others behind "More", in the order of the flow."""
        others = in_columns(
            [self._inputs.with_reason(name) for name in self.controls if name not in in_sight]
        )
        fold = Fold("More controls", others)
        self.more = fold.button
        lesson = in_columns([self.controls[name] for name in in_sight])
        return widgets.VBox([lesson, fold]).add_class("shape-clinic-controls")

    def _buttons(self) -> widgets.HBox:
        """Return two groups: to play, and the tools."""
        self.break_it = button("Break it for me", self._break)
        self.show_cause = button("Show the cause", self._once_told(self._reveal))
        self.fix_it = button("Fix it", self._once_told(self._fix))
        self.reset = button("Reset", self._reset)
        self.show_values, self.show_sentences = self._values.button, self._typed.button
        folds = [self.show_values, self.show_sentences, self.more]
        for fold in folds[:2]:
            fold.observe(lambda change: self._show_folded(), "value")
        play = _in_a_row([self.break_it, self.show_cause, self.fix_it])
        tools = _in_a_row([self.reset, self._page, *folds]).add_class("shape-clinic-tools")
        return _in_a_row([play, tools])

    # What the buttons do.

    def _answer(self, asked: dict[str, Any]) -> None:
        """Do what was asked for in the page: turn a setting, apply a fix, or judge a guess."""
        if "name" in asked:
            self.controls[asked["name"]].value += int(asked["by"])
        elif "fix" in asked:
            self._do(int(asked["fix"]))
        elif self.hunt.is_hidden and self.vote != "open":
            self._point(asked["part"])

    def ask(self, on: bool) -> None:
        """Let a room vote on what is on show, or tell it the verdict."""
        self.vote = "open" if on else "told"
        self._show(self._words)

    def _once_told(self, press: Callable[[], None]) -> Callable[[], None]:
        """Return what a button does that tells what is wrong: nothing while a room votes."""

        def pressed() -> None:
            if self.vote != "open":
                press()
            else:
                self.message.value = "First the vote."
                self._voice.say(self.message.value)

        return pressed

    def _reset(self) -> None:
        self.hunt.end()
        for fold in (self.more, self.show_values, self.show_sentences):
            fold.value = False
        self._apply(asdict(self._start))
        self._show(aloud="As it was at the start.")

    def _break(self) -> None:
        self._apply(self.hunt.begin(self.experiment))
        self.break_it.description = "Next one"
        self._show(f"One thing is wrong now. Where? Point at it: {self.hunt.left} guesses.")

    def _point(self, part: str) -> None:
        self._show(self.hunt.point(part, self.scene))

    def _reveal(self) -> None:
        self.hunt.is_hidden = False
        cause = dict(self.scene.diagnosis.rows).get("cause")
        self._show(f"The cause: {cause}." if cause else "There is no cause to show: nothing is wrong.")

    def _fix(self) -> None:
        if self.scene.diagnosis.outcome == "ok":
            self._show("Nothing to mend.")
            return
        self.message.value = "Trying what mends it …"  # in Keras that can take half a second
        changes = self.hunt.undone(self.experiment.settings) or mend(self.experiment)
        self.hunt.end()
        self._turned(changes, "No control mends this by itself: the verdict says what is needed.")

    def _do(self, number: int) -> None:
        """Do what one of the fixes does."""
        fix = self.scene.diagnosis.fixes[number]
        self._turned(
            does(self.experiment, fix), "No control stands for this line. It is one for your own code."
        )

    def _turned(self, changes: Changes | None, otherwise: str) -> None:
        """Set what mends something, and show what that has changed."""
        before, shown = self.experiment.settings, dict(self.scene.table())
        if changes is None:
            self._show(otherwise)
            return
        self._apply(changes)
        self.vote = ""  # what has just been mended is nothing to vote on
        self.more.value |= not changes.keys() <= set(self._in_sight)  # or nobody sees it move
        fixed = "One is fixed"
        if self.scene.diagnosis.outcome == "ok":
            fixed = "✓ Fixed"
            self.hunt.end()
        changed = {name for name, words in self.scene.table() if words != shown.get(name)}
        self._show(f"{fixed}. {in_words(before, changes)}", frozenset(changed), changes)

    def _apply(self, changes: Changes) -> None:
        """Set some controls at once, and run once."""
        self._inputs.set(changes)
        self._run(changes)

    def _run(self, changes: Changes) -> Any:
        scene = self.experiment.change(**changes)
        self.vote = "open" if self.asks else ""
        return scene

    # What is shown.

    @property
    def scene(self) -> Any:
        """The last run."""
        return self.experiment.scene

    @property
    def _told(self) -> Any:
        """What may be shown of it."""
        return self.scene.untold() if self.vote == "open" else self.hunt.told(self.scene)

    @property
    def _short(self) -> str:
        """The same in one sentence; none while the learner looks for it."""
        return plain(self.scene) if self._told.is_told else ""

    def _change(self, settings: Changes) -> None:
        self._show(self.hunt.follow(self._run(settings)))

    def _show(
        self,
        words: str = "",
        changed: frozenset[str] = frozenset(),
        turned: Collection[str] = (),
        aloud: str = "",
    ) -> None:
        self._draw(changed)  # first: it is what is looked at
        scene, is_asked, self._words = self._told, self.vote == "open", words
        words, is_hunt = "" if is_asked else words, self.hunt.is_hidden and not is_asked
        self.message.value, short = escape(words), self._short
        mark(self, "shape-clinic-hunting", is_hunt)
        notes = {self._inputs.labels[name]: why for name, why in scene.notes.items()}
        shown = scene.diagnosis, notes, short, scene.parts if is_hunt else (), bool(self.vote)
        self.verdict.value = draw_question() if is_asked else draw_verdict(*shown)
        self._show_folded()
        self.code.value = draw_code(scene.code)
        self._page.code = scene.code
        noted = [f'Note on the control "{name}": {why}' for name, why in notes.items()]
        said = [aloud or words, short, scene.diagnosis.headline, *noted]
        self._voice.say(". ".join(part.rstrip(".") for part in said if part))
        for answers in (self.show_cause, self.fix_it):
            mark(answers, "shape-clinic-idle", scene.diagnosis.outcome in ("ok", "untold"))
        self._inputs.show(scene.notes, scene.settings.idle(), turned)

    def _draw(self, changed: frozenset[str] = frozenset()) -> None:
        """Draw the picture in the widths in which it is seen; before a page has said so, in all."""
        self.picture.value = self._told.draw(changed, self._page.widths or LAYOUTS)

    def _show_folded(self) -> None:
        """Draw the numbers and the tokens while somebody looks at them."""
        scene = self._told
        given = scene.tokens, scene.ids, scene.mask, scene.mask_is_read, scene.with_ids
        self.numbers.value = scene.numbers() if self.show_values.value else ""
        self.tokens.value = draw_tokens(*given) if self.show_sentences.value else ""

    def as_text(self) -> str:
        """Return the diagnosis of the last run."""
        return f"{self._short}\n{self._told.diagnosis}".lstrip()

    def as_html(self) -> str:
        """Return the shapes and the verdict of the last run as a plain table."""
        scene = self._told
        table = draw_plain(scene.table(), scene.signs(), scene.diagnosis, self._short)
        return f"{table}<p>In JupyterLab, run this cell to turn the sliders.</p>"


def _in_a_row(parts: Sequence[widgets.Widget]) -> widgets.HBox:
    """Return the parts beside each other, and below where they don't fit."""
    return widgets.HBox(parts, layout={"flex_flow": "row wrap", "align_items": "center"})
