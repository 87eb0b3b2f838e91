"""A diagnosis as HTML: every row of the text, everything escaped, nothing an untrusted notebook drops."""

from html import escape

import pytest
import torch
import torch.nn.functional as F
from judge import explained

from helpers import check_loss
from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.html import as_html

# A trap, a fix and a line; a fix with a choice of when; a silent mistake; nothing wrong.
SHOWN = {
    "trap": lambda: explained("F.cross_entropy(torch.randn(2, 7, 3), torch.tensor([[1], [0]]))"),
    "range": lambda: explained("F.cross_entropy(torch.randn(4, 3), torch.tensor([1, 3, 2, 1]))"),
    "also": lambda: explained("F.cross_entropy(torch.randn(60, 7), torch.zeros(10).long())"),
    "silent": lambda: check_loss(F.mse_loss, torch.randn(4, 1), torch.randn(4)),
    "ok": lambda: check_loss(F.mse_loss, torch.randn(4), torch.randn(4)),
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_row_of_the_text_is_there(name: str) -> None:
    diagnosis = SHOWN[name]()
    html = as_html(diagnosis)
    names = [row for row, _ in diagnosis.rows]
    assert {row: html.count(f">{row}</th>") for row in names} == {row: names.count(row) for row in names}
    assert html.count("</th>") == len(names)
    assert all(f"<pre>{escape(fix.code)}</pre>" in html for fix in diagnosis.fixes)
    assert ("Why this happens" in html) == (diagnosis.cause is not None)
    assert 'role="status"' in html
    for forbidden in ("<style", "<svg", " id=", "var(", "<script", " onerror="):
        assert forbidden not in html


def test_the_examples_show_every_kind_of_row() -> None:
    shown = {row for make in SHOWN.values() for row, _ in make().rows}
    assert shown == {"at", "cause", "got", "needs", "or", "trap", "try"}


def test_what_a_learner_typed_is_escaped() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    html = as_html(Diagnosis("raises", got=nasty, error=nasty, needs=nasty, where=nasty, also=nasty))
    assert "<img" not in html
    assert html.count("&lt;img") == 5
