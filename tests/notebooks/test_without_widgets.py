"""The notebooks where no widget runs: on GitHub, in nbviewer, in print. What is stored must be enough there.

nbviewer is nbconvert, whose page is opened here with JavaScript switched off. GitHub shows such a page too,
and cleans it first: its list of what may stay is public, and the stored outputs are cleaned with that.
"""

import ast
import base64
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import bleach
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from notebook_tools import ROOT, code_cells, committed_notebooks, read_notebook
from refresh import WIDGET_VIEW

from helpers import ShapeLab
from helpers.lab.presets import PRESETS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOTEBOOKS = [*committed_notebooks(), *sorted((ROOT / "notebooks" / "legacy").glob("*.ipynb"))]
WITH_LAB = [path for path in committed_notebooks() if path.stem not in {"cheatsheet", "ward"}]
# GitHub's list, as defaultSchema of the npm package hast-util-sanitize 5 follows it: its elements, and of its
# attributes those that a table, a link or a picture could need.
ELEMENTS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "picture", "pre", "q", "rp", "rt",
    "ruby", "s", "samp", "section", "source", "span", "strike", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
}  # fmt: skip
ATTRIBUTES = {
    "*": ["align", "alt", "colspan", "height", "open", "rowspan", "scope", "title", "width"],
    "a": ["href"],
    "img": ["src"],
}
WITHOUT_LOSS = {"small", "wbr"}  # GitHub drops these, and nobody misses them
PRINTED = 1026  # what A4 holds in CSS pixels, upright, at 70 % and with 1 cm left free on each side


def on_github(html: str) -> BeautifulSoup:
    """Clean as GitHub does."""
    kept = bleach.clean(html, ELEMENTS, ATTRIBUTES, ["http", "https", "mailto"], strip=True)
    return BeautifulSoup(kept, "html.parser")


def calls_of(path: Path, name: str) -> list[tuple[ast.Call, BeautifulSoup]]:
    """List the cells that end in a call of `name`: the call, and what GitHub shows below it."""
    found = []
    for cell in code_cells(read_notebook(path)):
        lines = [line for line in cell.source.splitlines() if not line.startswith("%")]
        call = next((getattr(last, "value", None) for last in ast.parse("\n".join(lines)).body[-1:]), None)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name:
            html = "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)
            found.append((call, on_github(html)))
    return found


def table_of(page: BeautifulSoup) -> dict[str, str]:
    """Read a lab's table: from each row's name to its words."""
    rows = [(row.th.get_text(), row.td.get_text(" ", strip=True)) for row in page.select("tr")]
    return dict(reversed(rows))  # of several fixes the first


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_needs_what_is_not_there(path: Path) -> None:
    for cell in code_cells(read_notebook(path)):
        for output in cell.outputs:
            data = output.get("data", {"text/plain": "a stream or an error"})
            assert data.keys() != {WIDGET_VIEW}, cell.source  # an empty one stands where outputs are folded
            # What ipywidgets say of themselves where they can't be drawn, as VBox(children=(...
            assert data.keys() != {"text/plain"} or not re.match(r"[A-Z]\w+\(\w+=", data["text/plain"])
            tags = {tag.name for tag in BeautifulSoup(data.get("text/html", ""), "html.parser").find_all()}
            assert tags <= ELEMENTS | WITHOUT_LOSS, cell.source


@pytest.mark.parametrize("path", WITH_LAB, ids=lambda path: path.stem)
def test_every_lab_is_a_table_on_github(path: Path) -> None:
    labs = calls_of(path, "ShapeLab")
    assert labs
    for call, page in labs:
        table = table_of(page)
        stages = list(table)[::-1]
        assert stages[0] == "input_ids"
        assert all(re.search(r"\(\w*=?\d", table[name]) for name in stages[: stages.index("in short")])
        assert table["in short"].endswith(".")
        says_what_is_wrong(table, ast.unparse(call))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_table_says_what_is_wrong_where_and_why(preset: str) -> None:
    says_what_is_wrong(table_of(on_github(ShapeLab(preset).as_html())), preset)


def says_what_is_wrong(table: dict[str, str], lab: str) -> None:
    sign = table["result"][0]
    assert sign in "✓⚠✗", lab
    if sign != "✓":
        assert table["cause"] and table["needs"], lab
        marked = [words for name, words in table.items() if name != "result" and sign in words]
        assert all(re.search(rf"{sign} \w+ \w", words) for words in marked), lab  # never a sign alone
        assert 1 <= len(marked) <= 2, lab


def test_a_hidden_cause_stays_hidden() -> None:
    lab = ShapeLab()
    lab.break_it.click()
    table = table_of(on_github(lab.as_html()))
    assert "result" in table and "got" in table
    assert "cause" not in lab.as_text()
    assert not {"cause", "needs", "try"} & set(table)


@pytest.mark.parametrize("path", WITH_LAB, ids=lambda path: path.stem)
def test_every_question_has_its_choices_on_github(path: Path) -> None:
    questions = calls_of(path, "predict")
    assert questions
    for call, page in questions:
        question, choices = call.args[:2]
        words = page.b.get_text()
        # Where numbers are computed, no source says which.
        assert words if isinstance(question, ast.JoinedStr) else words == ast.literal_eval(question)
        assert isinstance(choices, ast.Dict)
        keys = [ast.literal_eval(key) for key in choices.keys if key]
        assert [item.get_text() for item in page.select("li")] == keys


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_is_followed_by_its_words(path: Path) -> None:
    """JupyterLab, and the page that it exports, show a stored PNG without alt text."""
    for cell in code_cells(read_notebook(path)):
        data = [output.get("data", {}) for output in cell.outputs]
        for this, after in pairwise([*data, {}]):
            if "image/png" in this:
                assert base64.b64decode(this["image/png"]).startswith(b"\x89PNG")
                words = on_github(after.get("text/html", "")).select_one("details p")
                assert words and words.get_text() == this["text/plain"], cell.source


@pytest.fixture(scope="module")
def paper(browser: "Browser") -> Iterator["Page"]:
    """A page without JavaScript and without a network, as wide as what is printed."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": PRINTED, "height": 1400})
    context.route("http*://**", lambda route: route.abort())
    page = context.new_page()
    page.emulate_media(media="print")
    yield page
    context.close()


# What is wider than the box that cuts it off.
CUT = """elements => elements.flatMap(element => {
    let box = element;
    while (box.parentElement && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
    const right = element.getBoundingClientRect().left + element.scrollWidth;
    const edge = box.getBoundingClientRect().left + box.clientWidth;
    return right > edge + 1 ? [element.innerText.slice(0, 60)] : [];
})"""


@pytest.mark.browser
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_printed_page_holds_every_table_and_cuts_nothing(path: Path, paper: "Page") -> None:
    html, _ = HTMLExporter(template_name="lab").from_filename(str(path))
    paper.set_content(html, wait_until="domcontentloaded")
    assert paper.locator("pre, table, img").evaluate_all(CUT) == []
    seen = paper.locator("body").inner_text()
    assert not re.search(r"Loading widget|model_id|\w+\(children=|\x1b\[", seen)
    for call, page in [*calls_of(path, "ShapeLab"), *calls_of(path, "predict")]:
        for words in (cell.get_text() for cell in page.select("tr th, td > code, li, b") if cell.get_text()):
            assert words in seen, ast.unparse(call)
