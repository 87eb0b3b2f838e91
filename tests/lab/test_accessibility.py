"""Everyone can use a lab: by keyboard, with a screen reader, without colours, in a narrow window.

One server, one page and one scratch notebook for the whole file. Each test puts back the theme and the width
that it changes, and leaves the labs with every control in sight.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

import pytest
from accessibility import axe_findings, misplaced, tab_stops
from browser_server import Server
from browser_tools import (
    LAB,
    Complaints,
    Theme,
    bring_to_top,
    fold_sidebar,
    listen,
    new_page,
    open_notebook,
    run_all,
    set_theme,
    shut_down,
    slider,
    write_scratch,
)
from contrast import contrast, picture_of, texts
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.browser

THEMES = get_args(Theme)
LEAST_TEXT, LEAST_MARK = 4.5, 3.0  # WCAG 2, level AA: contrast of words, and of what is drawn
CELLS = (
    "from helpers import ShapeLab, predict",
    "ShapeLab()",
    "ShapeLab('token_vs_sequence')",
    "ShapeLab('keras_padding')",
    "predict('Does it run?', {'Yes': 'Count again.', 'No': 'One is missing.'}, 'No')",
)
RIGHT, TOKENS, KERAS = range(3)  # the labs, by their place
PICTURE = ".shape-clinic-flow svg:visible, .shape-clinic-arrays"
MARKS = "rect[stroke-dasharray], rect[style*=dasharray], .bad"


@pytest.fixture(scope="module")
def ran(browser: Browser, server: Server) -> Iterator[tuple[Page, Complaints]]:
    """The scratch notebook, run, with everything unfolded that can be."""
    write_scratch(server, "scratch.ipynb", CELLS)
    with new_page(browser) as opened:
        complaints = listen(opened, server)
        open_notebook(opened, server, "scratch.ipynb")
        run_all(opened)
        fold_sidebar(opened)
        for lab in opened.locator(LAB).all():
            lab.get_by_role("button", name="More controls").press("Enter")
            for fold in ("Show values", "Sentences and tokens"):
                lab.get_by_role("button", name=fold).press("Enter")
            lab.locator("summary").press("Enter")
            expect(lab.locator("pre")).to_be_visible()
        yield opened, complaints
        shut_down(opened)


@pytest.fixture
def page(ran: tuple[Page, Complaints]) -> Iterator[Page]:
    opened, complaints = ran
    yield opened
    opened.set_viewport_size({"width": 1280, "height": 900})
    set_theme(opened, "light")
    assert complaints.take() == []


@pytest.fixture
def labs(page: Page) -> list[Locator]:
    found = page.locator(LAB).all()
    assert len(found) == 3
    return found


@pytest.fixture
def question(page: Page) -> Locator:
    return page.locator(".jp-OutputArea-output", has=page.get_by_role("radio"))


def cell_ids(page: Page) -> list[str]:
    return page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON().cells.map(cell => cell.id)")


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(page: Page, labs: list[Locator], question: Locator, theme: Theme) -> None:
    set_theme(page, theme)
    assert [finding for part in (*labs, question) for finding in axe_findings(part)] == []


def test_axe_would_find_it(page: Page, labs: list[Locator]) -> None:
    labs[RIGHT].evaluate("lab => { lab.append(new Image()); lab.lastChild.id = 'nameless'; }")
    (finding,) = axe_findings(labs[RIGHT])
    labs[RIGHT].evaluate("lab => lab.lastChild.remove()")
    assert finding.startswith("image-alt (critical)")


@pytest.mark.parametrize("theme", THEMES)
def test_all_words_stand_out(page: Page, labs: list[Locator], question: Locator, theme: Theme) -> None:
    set_theme(page, theme)
    found = [texts(part) for part in (*labs, question)]
    assert [len(part) > 100 for part in found] == [True, True, True, False]
    assert [text for part in found for text in part if text.contrast < LEAST_TEXT] == []


def test_faint_words_would_be_found(labs: list[Locator]) -> None:
    # On paper, on a hatch, on a shape of an SVG: each is below 2.
    faint = """<p id=faint style="color:#bbb;background:#fff">paper</p>
        <p style="color:#bbb;background:repeating-linear-gradient(45deg,#000 0 5px,#bbb 5px 6px)">hatch</p>
        <svg><rect width=99 height=30 fill="#bbb"/><text x=9 y=20 fill="#fff">shape</text></svg>"""
    labs[RIGHT].evaluate("(lab, html) => lab.insertAdjacentHTML('beforeend', `<div>${html}</div>`)", faint)
    found = [text.words for text in texts(labs[RIGHT]) if text.contrast < 2]
    labs[RIGHT].evaluate("lab => lab.lastChild.remove()")
    assert found == ["paper", "hatch", "shape"]


@pytest.mark.parametrize("place", [RIGHT, TOKENS, KERAS])
def test_tab_reaches_every_control_in_reading_order(labs: list[Locator], place: int) -> None:
    bring_to_top(labs[place])
    stops, missed = tab_stops(labs[place])
    assert missed == []
    assert len(stops) > 20
    assert [stop for stop in stops if not stop.name.strip() or stop.role in ("generic", "none")] == []
    assert [(before.name, after.name) for before, after in pairwise(stops) if not after.follows(before)] == []
    assert [stop.name for stop in stops if stop.outline < 2] == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_can_be_seen(page: Page, labs: list[Locator], theme: Theme) -> None:
    set_theme(page, theme)
    bring_to_top(labs[KERAS])
    controls = ".noUi-handle", ".widget-readout", "select", "input", "button"
    for kind in (*controls, ".shape-clinic-ids", "textarea", "summary"):
        element = labs[KERAS].locator(kind).first
        page.keyboard.press("Shift")  # a focus set after a key is shown as one set by a key
        element.focus()
        focused = picture_of(element, 5)
        element.blur()
        plain = picture_of(element, 5)
        changed = contrast(focused, plain) >= LEAST_MARK
        assert changed.sum() > 40, f"{kind}: {changed.sum()} pixels say that it has the focus"


def test_a_key_on_a_control_stays_with_it(page: Page, labs: list[Locator], question: Locator) -> None:
    before, choose = cell_ids(page), labs[TOKENS].get_by_label("one prediction per")
    expect(choose).to_have_value("token")
    choose.press("ArrowUp")
    expect(choose).to_have_value("sentence")
    choose.press("ArrowDown")
    expect(choose).to_have_value("token")
    expect(labs[TOKENS].locator(PICTURE)).to_contain_text("every token")
    tick = labs[KERAS].get_by_label("mask given")
    table = labs[KERAS].locator(".shape-clinic-ids")
    for control in (choose, tick, table, labs[KERAS].locator("summary"), question.get_by_role("radio").first):
        control.focus()
        page.keyboard.type("ddbx")  # delete, insert below, cut: JupyterLab's keys for cells
        expect(control).to_be_focused()
    assert cell_ids(page) == before
    tick.press("Space")
    expect(tick).not_to_be_checked()
    tick.press("Space")
    expect(tick).to_be_checked()


def test_a_button_that_unfolds_says_so(labs: list[Locator]) -> None:
    more = labs[RIGHT].get_by_role("button", name="More controls")
    expect(more).to_have_attribute("aria-expanded", "true")
    more.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(labs[RIGHT].get_by_label("framework")).to_be_hidden()
    more.press("Space")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(labs[RIGHT].get_by_label("framework")).to_be_visible()


def test_all_is_said_by_one_region_that_stays(labs: list[Locator]) -> None:
    lab, said = labs[RIGHT], labs[RIGHT].locator(".shape-clinic-voice")
    expect(said).to_have_attribute("aria-live", "polite")
    # The other tests have moved its controls; nobody waits any more for what was said then.
    expect(said).to_be_empty()
    before = said.element_handle()
    labels = slider(lab, "num_labels")
    labels.press("ArrowLeft")
    words = (
        "A label is 2, but the 2 outputs are for labels 0 to 1. error: IndexError: Target 2 is out of bounds"
    )
    expect(said).to_have_text(words)
    expect(lab.get_by_label("the verdict")).to_contain_text("IndexError")
    labels.press("ArrowLeft")
    expect(said).to_contain_text("there is no score for it. error: IndexError: Target 2 is out of bounds")
    mend = lab.get_by_role("button", name="Fix it")
    mend.press("Enter")
    expect(said).to_contain_text("it runs: Fixed. num_labels: 1 to 3. Everything fits")
    # The button keeps the focus, though it has nothing to do now, and says so.
    expect(mend).to_be_focused()
    expect(mend).to_have_attribute("aria-disabled", "true")
    mend.press("Enter")
    expect(said).to_contain_text("Nothing to mend")
    assert said.evaluate("(now, before) => now === before", before)
    expect(said).to_be_empty()  # heard when it came, and not met later on the way through the page


def test_a_question_says_its_answer_and_then_what_happened(page: Page, question: Locator) -> None:
    question.get_by_role("radio").first.press("Space")
    expect(question.locator(".shape-clinic-voice")).to_have_text("Not so. Count again.")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("place", [TOKENS, KERAS])
def test_the_marks_remain_in_grey(page: Page, labs: list[Locator], place: int, theme: Theme) -> None:
    set_theme(page, theme)
    bring_to_top(labs[place])
    picture = labs[place].locator(PICTURE)
    picture.evaluate("picture => { picture.style.filter = 'grayscale(1)'; }")
    shown, corner = picture_of(picture), picture.bounding_box()
    marks = picture.locator(MARKS)
    boxes = marks.evaluate_all(
        """marks => marks.map(mark => {
            const {left, top, right} = mark.getBoundingClientRect();
            const out = parseFloat(getComputedStyle(mark).outlineOffset) || 0;  // of a chip in HTML
            return [left, top - out, right];
        })"""
    )
    picture.evaluate("picture => { picture.style.filter = ''; }")
    assert corner and (shown.max(axis=2) == shown.min(axis=2)).all()
    assert len(boxes) >= 3
    paper = shown[-1, -1]
    for left, top, right in boxes:
        y, x1, x2 = (round(n) for n in (top - corner["y"], left - corner["x"] + 10, right - corner["x"] - 10))
        line = (contrast(shown[max(y - 3, 0) : y + 1, x1:x2], paper) >= LEAST_MARK).any(axis=0)
        assert 0.3 < line.mean() < 0.95, f"of the line at {left:.0f}, {top:.0f} {line.mean():.0%} can be seen"
    expect(picture).to_contain_text("✗")


def test_without_a_mistake_there_are_no_marks(labs: list[Locator]) -> None:
    picture = labs[RIGHT].locator(PICTURE)
    expect(picture.locator(MARKS)).to_have_count(0)
    expect(picture).to_contain_text("✓ loss")
    expect(picture).not_to_contain_text("✗")


@pytest.mark.parametrize("width", [800, 640])  # 640 px is what is left of 1280 at a zoom of 200 %
def test_a_narrow_window_cuts_nothing(page: Page, labs: list[Locator], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    bring_to_top(labs[RIGHT])
    assert {place: found for place, lab in enumerate(labs) if (found := misplaced(lab))} == {}


def test_a_narrow_window_would_be_noticed(page: Page, labs: list[Locator]) -> None:
    page.set_viewport_size({"width": 640, "height": 900})
    select = labs[RIGHT].locator("select:visible").first
    select.evaluate("select => { select.style.minWidth = '900px'; }")
    found = misplaced(labs[RIGHT])
    select.evaluate("select => { select.style.minWidth = ''; }")
    assert any(words.startswith("cut: <select") for words in found)
    assert any(words.startswith("scrolls to the side") for words in found)
