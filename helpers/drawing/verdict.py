"""What stands under the picture: the verdict, and the code behind it; and all of it as a plain table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.result import CELL
from helpers.drawing.svg import BAD, FAINT, GOOD, LINE, RAISED, TEXT
from helpers.readable import SIGNS
from helpers.table import LINES, Html, table, tag

_PLAIN = "font-size:1.2em;font-weight:600;margin:0 0 2px"


# What a room votes on, by the outcome. Sentences made from the sizes on show would give the right one away:
# the others would have to be false of what everybody sees.
_OPTIONS = {
    "ok": "A: it runs, and all is right",
    "raises": "B: it raises an error",
    "silent": "C: it runs, but it is a mistake",
}


def draw_question() -> str:
    """Return what a room is asked before it is told the verdict."""
    options = (tag("li", words) for words in _OPTIONS.values())
    asked = tag("div", "What will the loss say? Hands up for …", style=_PLAIN)
    return _box("the question", FAINT, asked, tag("ul", *options, class_="shape-clinic-options"))


def draw_verdict(
    diagnosis: Diagnosis,
    notes: Mapping[str, str],
    plain: str = "",
    guesses: Iterable[str] = (),
    is_vote: bool = False,
) -> str:
    """Return one plain sentence, what Python said, what came, what is needed and what mends it.

    It is no live region: a lab has a voice for the first line, and who wants the rest finds it here.

    Args:
        diagnosis: What may be told.
        notes: Per control, why it could not be used as it is.
        plain: The sentence; without one, what Python said comes first.
        guesses: The parts of the picture that a learner may point at, in a hunt.
        is_vote: Whether a room has voted, and wants to know who was right.
    """
    rows = [*diagnosis.rows, ("needs", "nothing more")] if diagnosis.outcome == "ok" else diagnosis.rows
    told = [(name, words) for name, words in rows if name != "try"]
    tries = (
        ("try", Html(tag("code", words, style="white-space:pre-wrap") + _apply(number)))
        for number, words in enumerate(words for name, words in rows if name == "try")
    )
    head = f"text-align:left;vertical-align:top;padding:1px 16px 1px 0;color:{FAINT}"
    cell = f"text-align:left;color:{TEXT}"
    cells = [*told, *tries, *((f"⚠ {name}", words) for name, words in notes.items())]
    shown = table(cells, styles=(head, cell), style="border-spacing:0;margin:4px 0 0")
    sign, words = diagnosis.sign, diagnosis.headline.removeprefix(diagnosis.sign)
    edge = GOOD if diagnosis.outcome == "ok" else BAD
    # The sign has a name for those who listen.
    signed = tag("span", sign, role="img", aria_label=SIGNS[sign].rstrip(":"))
    said = tag("code", words if plain else Html(signed + escape(words)), style="white-space:normal")
    first = tag("div", Html(f"{signed} {escape(plain)}"), style=_PLAIN) if plain else ""
    asked = tag("p", "Where is it? ", *map(_guess, guesses), style="margin:6px 0 0") if guesses else ""
    options = (
        tag("li", tag("b", f"✓ right, {words}") if outcome == diagnosis.outcome else words)
        for outcome, words in _OPTIONS.items()
    )
    vote = tag("ul", *options, class_="shape-clinic-voted") if is_vote else ""
    return _box("the verdict", edge, vote, first, said, shown, asked)


def _box(name: str, edge: str, *inside: str) -> str:
    look = (
        f"border:1px solid {LINE};border-left:8px solid {edge};"
        f"border-radius:6px;padding:6px 14px;line-height:1.45;color:{TEXT};"
        # As high as most verdicts are, so that what stands below stays where it is.
        "min-height:11.5em;box-sizing:border-box"
    )
    return f'<div role="group" aria-label="{name}" style="{look}">{"".join(inside)}</div>'


def _apply(number: int) -> Html:
    """Return the button that lets the lab do what a fix does."""
    return _button("apply this", "shape-clinic-apply", data_fix=str(number))


def _guess(part: str) -> Html:
    """Return the button that does the same as a click on that part of the picture."""
    return _button(part, "suspect", data_part=part)


def _button(words: str, kind: str, **data: str) -> Html:
    look = "height:auto;line-height:1.5;margin:0 8px 0 4px;padding:0 8px"
    return tag("button", words, class_=f"jupyter-button {kind}", style=look, **data)


def draw_code(code: str) -> str:
    """Return the code behind the picture, folded."""
    summary = '<summary style="cursor:pointer">The code that did it</summary>'
    # It wraps: what scrolls would have to be one more stop of the Tab key.
    look = f"background:{RAISED};padding:10px;line-height:1.4;{LINES}"
    return f"<details>{summary}{tag('pre', code, style=look)}</details>"


def draw_plain(
    shapes: Sequence[tuple[str, str]], signs: Mapping[str, str], diagnosis: Diagnosis, plain: str = ""
) -> str:
    """Return the shapes in words, what is marked at some of them, and the verdict, as one plain table.

    It is for where a lab's widgets don't run: GitHub, nbviewer, print, a notebook not yet trusted. These keep
    a table and its words, and remove SVG, colours and positions. So each sign has its word beside it.

    >>> told = Diagnosis("raises", got="logits (N=4, C=1)", error="IndexError: no", needs="C = 3")
    >>> plain = draw_plain([("logits", "(N=4, C=1)")], {"logits": "✗ C doesn't fit"}, told)
    >>> [words in plain for words in ("<code>(N=4, C=1)</code> <strong>✗ C", "✗ IndexError: no", "C = 3")]
    [True, True, True]
    """
    marks = {name: Html(f" <strong>{escape(words, quote=False)}</strong>") for name, words in signs.items()}
    rows = [(name, Html(tag("code", words) + marks.get(name, ""))) for name, words in shapes]
    said = [("in short", plain)] if plain else []
    return table([*rows, *said, ("result", diagnosis.first_line), *diagnosis.cells], styles=(CELL,))
