"""What a learner calls does no harm: no markup runs, no random number is drawn, nothing heavy is imported."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from notebook_tools import ROOT, python, raising
from torch import nn

from claims import Claim, Claims, check_claims
from helpers import ShapeLab, cheat_sheet, compare_errors, error_index, load_bert, predict
from helpers.diagnosis import Diagnosis
from helpers.drawing.flow import draw_flow
from helpers.drawing.verdict import draw_code, draw_verdict
from helpers.lab.bert_lab import BertExperiment
from helpers.practice.checks import Need, judged
from helpers.practice.progress import Lesson, Progress
from helpers.practice.ward import Link, Sheet
from helpers.trace import trace_shapes

NASTY = "<img src=x onerror=alert(1)>"
TYPED = Diagnosis("raises", got=NASTY, error=NASTY, needs=NASTY, where=NASTY, also=NASTY)
CLAIM = Claim(NASTY, NASTY, f"gives {NASTY}", lambda: NASTY, NASTY, NASTY)
DONE = Progress((Lesson(NASTY, ("01.1",), ("01.1",)),), NASTY)
NAMED = nn.Sequential()
NAMED.add_module(NASTY, nn.Linear(3, 3))


def an_answer() -> str:
    question = predict(NASTY, {NASTY: NASTY, "b": NASTY}, right="b", run=lambda: NASTY)
    question.buttons.value = NASTY
    return question.feedback.value + question.happened.value


def live_labs() -> str:
    labs = [ShapeLab(preset, text=NASTY) for preset in ("all_right", "keras_padding")]
    for lab in labs:
        lab.show_values.value = True
    return "".join(lab.picture.value + lab.verdict.value + lab.code.value + lab.numbers.value for lab in labs)


def a_picture() -> str:
    return draw_flow(BertExperiment().scene.flow()._replace(diagnosis=TYPED, loss=NASTY))


# What is shown as HTML, and how often it holds what somebody typed.
LIVE: dict[str, tuple[Callable[[], str], int]] = {
    "an answer": (an_answer, 2),
    "labs": (live_labs, 7),
    "a picture": (a_picture, 6),
    "a verdict": (lambda: draw_verdict(TYPED, {NASTY: NASTY}) + draw_code(NASTY), 8),
}
# What a notebook stores.
STORED: dict[str, tuple[Callable[[], str], int]] = {
    "a diagnosis": (TYPED._repr_html_, 5),
    "a trace": (trace_shapes(NAMED, input=torch.zeros(2, 3))._repr_html_, 1),
    "two errors": (compare_errors(dict.fromkeys((NASTY, "b"), raising(ValueError(NASTY))))._repr_html_, 3),
    "a check": (judged(lambda: [Need(NASTY, lambda: NASTY, 1, NASTY)])._repr_html_, 3),
    "a claim": (lambda: CLAIM.check()._repr_html_(), 4),
    "claims": (lambda: Claims((CLAIM.check(),))._repr_html_(), 7),
    "progress": (DONE._repr_html_, 1),
    "no progress": (Progress((), NASTY)._repr_html_, 1),
    "a patient": (Sheet((NASTY, Link(NASTY, "ward.ipynb")), NASTY, NASTY)._repr_html_, 4),
    "a question": (predict(NASTY, {NASTY: NASTY, "b": NASTY}, "b").as_html, 2),
    "our claims": (lambda: check_claims()._repr_html_(), 0),
    "the index": (lambda: error_index()._repr_html_(), 0),
    "the sheets": (lambda: cheat_sheet()._repr_html_() + cheat_sheet("keras")._repr_html_(), 0),
    "a silent mistake": (lambda: ShapeLab("broadcast_mse").scene.diagnosis._repr_html_(), 0),
    "a lab": (lambda: ShapeLab("batch_target").as_html(), 0),
}
# What JupyterLab keeps of a notebook that nobody trusts.
TAGS = {
    *("a", "b", "br", "code", "details", "div", "li", "p", "pre", "small", "strong", "summary", "ul", "wbr"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
ATTRIBUTES = {"style", "scope", "colspan", "href", "role"}
STYLES = {
    *("text-align", "vertical-align", "white-space", "word-break", "overflow-wrap"),
    *("border-left", "padding-left", "margin"),
}


@pytest.mark.parametrize("name", [*LIVE, *STORED])
def test_what_somebody_typed_is_escaped(name: str) -> None:
    make, times = {**LIVE, **STORED}[name]
    shown = make()
    assert "<img" not in shown
    assert shown.count("&lt;img") == times


@pytest.mark.parametrize("name", STORED)
def test_an_untrusted_notebook_shows_all_of_it(name: str) -> None:
    shown = STORED[name][0]()
    tags = BeautifulSoup(shown, "html.parser").find_all()
    assert {tag.name for tag in tags} <= TAGS
    assert {attribute for tag in tags for attribute in tag.attrs} <= ATTRIBUTES
    styles = {style for tag in tags for style in tag.get("style", "").split(";") if style}
    assert {style.partition(":")[0] for style in styles} <= STYLES
    assert not any("(" in style for style in styles)  # no var(), no url()
    links = {tag["href"] for tag in tags if "href" in tag.attrs} - {f"{NASTY}.ipynb"}
    assert [link for link in links if not (ROOT / "notebooks" / link).exists()] == []
    assert "\x1b" not in shown


DRAWS: dict[str, Callable[[], object]] = {
    "load_bert": lambda: load_bert(num_labels=3),
    "cheat_sheet": cheat_sheet,
    "check_claims": lambda: [check_claims("003-1"), check_claims("002")],
    "ShapeLab": lambda: setattr(ShapeLab().num_labels, "value", 4),
    "ShapeLab in Keras": lambda: setattr(ShapeLab("keras_padding").units, "value", 4),
    "error_index": error_index,
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_learners_random_numbers_and_settings_stay(name: str) -> None:
    def state() -> tuple[object, ...]:
        torchs = torch.get_rng_state().tolist(), torch.get_num_threads(), torch.is_grad_enabled()
        return random.getstate(), str(np.random.get_state()), torchs

    torch.manual_seed(7)
    before = state()
    DRAWS[name]()
    assert state() == before


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        (
            "from helpers.extension import clinic",
            "torch transformers keras numpy IPython matplotlib ipywidgets",
        ),
        ("from helpers import ShapeLab, check_loss, clinic, explain, predict; ShapeLab()", "keras"),
        ("from helpers import cheat_sheet; cheat_sheet()", "keras"),
        ("import claims", "keras transformers"),
    ],
)
def test_nothing_is_imported_before_it_is_needed(code: str, heavy: str, tmp_path: Path) -> None:
    script = f"import sys; {code}; print({set(heavy.split())} & {{*sys.modules}})"
    done = python(script, tmp_path, PYTHONPATH=os.pathsep.join(map(str, (ROOT, ROOT / "notebooks"))))
    assert done.stdout == "set()\n", done.stderr
