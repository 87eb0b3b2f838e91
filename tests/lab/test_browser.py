"""The lab as a learner meets it: a real JupyterLab in a real Chromium, driven by the keyboard.

One server for the whole file, and one page in which notebook 01 has run: a test gets a lab that nobody has
touched by running the lab's cell again. What would spoil that page has one of its own.
"""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from browser_server import Server
from browser_tools import (
    HANDLE,
    LAB,
    Complaints,
    fold_sidebar,
    listen,
    new_page,
    open_notebook,
    run_all,
    run_cell,
    slider,
    troubles,
    write_scratch,
)
from notebook_tools import MAY_RAISE, ROOT
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.lab.presets import PRESETS

pytestmark = pytest.mark.browser

LESSON = "01_wrong_head_size.ipynb"
IN_SIGHT = ["num_labels", "classes in the data", "batch_size", "labels in target"]
SLIDERS = [*IN_SIGHT, "max_length"]  # the last is behind "More controls"
ATTACK = "<img src=x onerror=window.pwned=1>"


@pytest.fixture(scope="module")
def ran(browser: Browser, server: Server) -> Iterator[tuple[Page, Complaints]]:
    with new_page(browser) as opened:
        complaints = listen(opened, server)
        open_notebook(opened, server, LESSON)
        run_all(opened)
        yield opened, complaints


@pytest.fixture
def lesson(ran: tuple[Page, Complaints]) -> Iterator[Page]:
    """Notebook 01, opened and run to its end. Nothing may go wrong here either."""
    opened, complaints = ran
    yield opened
    assert troubles(opened, complaints) == []


@pytest.fixture
def fresh_copy(server: Server) -> Iterator[str]:
    """Notebook 01 as it is committed, under a name of its own, so that it gets a kernel of its own."""
    copied = server.folder / "fresh_copy.ipynb"
    shutil.copy(ROOT / "notebooks" / LESSON, copied)
    yield copied.name
    copied.unlink()


@pytest.fixture
def lab(lesson: Page) -> Locator:
    """The first lab of notebook 01, as it opens."""
    number = next(n for n, cell in enumerate(cells(lesson)) if cell["source"].startswith("ShapeLab("))
    run_cell(lesson, number)
    return lesson.locator(LAB).first


def cells(page: Page) -> list[dict[str, Any]]:
    """Read the open notebook, with its outputs, as the page holds it."""
    return page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON().cells")


def error_of(cell: dict[str, Any]) -> str:
    """Return what a code cell raised, or nothing."""
    errors = [output for output in cell["outputs"] if output["output_type"] == "error"]
    return "".join(f"{error['ename']}: {error['evalue']}" for error in errors)


def chip(lab: Locator, axis: str, nth: int = 0) -> Locator:
    """Find the text of the nth chip of an axis in the picture that is shown."""
    named = lab.page.locator("title", has_text=f"{axis}:")
    picture = lab.locator(".shape-clinic-flow svg:visible")
    return picture.locator("g.axis", has=named).nth(nth).locator("text").first


def test_a_fresh_copy_answers_nothing_before_it_is_run(fresh_copy: str, page: Page, server: Server) -> None:
    complaints = listen(page, server)
    open_notebook(page, server, fresh_copy)
    outputs = page.locator(".jp-Notebook .jp-OutputArea-output")
    expect(page.locator(".jp-OutputPlaceholder").first).to_have_text("")  # no first line of what it hides
    expect(outputs).to_have_count(0)
    run_all(page)
    expect(page.locator(".jp-OutputPlaceholder")).to_have_count(0)
    expect(outputs.filter(has_text="IndexError: Target 1 is out of bounds.").first).to_be_visible()
    expect(page.locator(".shape-clinic-question").first).to_be_visible()
    assert troubles(page, complaints) == []


def test_a_fresh_copy_shows_the_lab_as_a_table(fresh_copy: str, page: Page, server: Server) -> None:
    open_notebook(page, server, fresh_copy)
    assert not any(cell["metadata"].get("trusted") for cell in cells(page))
    page.evaluate("jupyterapp.commands.execute('notebook:show-all-cell-outputs')")
    table = page.locator(".jp-RenderedHTML", has_text="Run this cell").first

    def row(name: str) -> Locator:
        return table.locator("tr", has=page.locator("th", has_text=re.compile(f"^{name}$")))

    expect(row("logits")).to_have_text("logits(N=4, C=1) ✗ C doesn't fit")
    expect(row("result")).to_contain_text("IndexError")
    expect(row("cause")).to_contain_text("the head has the wrong size")
    expect(page.locator(LAB)).to_have_count(0)


def test_all_cells_run_and_only_those_fail_that_are_meant_to(lesson: Page) -> None:
    code = [cell for cell in cells(lesson) if cell["cell_type"] == "code" and cell["source"]]
    failed = {cell["source"]: error for cell in code if (error := error_of(cell))}
    meant = {cell["source"] for cell in code if MAY_RAISE in cell["metadata"].get("tags", [])}
    assert {source: error for source, error in failed.items() if source not in meant} == {}
    # Where a cell fails that may not, JupyterLab skips the rest.
    assert [cell["source"] for cell in code if cell["execution_count"] is None] == []
    # The same in what is shown. JupyterLab draws an error as what it also draws stderr as.
    drawn = lesson.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]')
    expect(drawn.filter(has_text="Traceback (most recent call last)")).to_have_count(len(failed))
    assert failed, "the notebook shows no error at all: this test sees nothing"


def test_the_arrow_keys_turn_the_error_into_a_loss(lab: Locator) -> None:
    picture = lab.locator(".shape-clinic-flow svg:visible")
    verdict = lab.get_by_label("the verdict")
    expect(chip(lab, "C")).to_have_text("C 1")
    expect(picture).to_contain_text("✗ raises")
    expect(verdict).to_contain_text("IndexError: Target 2 is out of bounds.")
    slider(lab, "num_labels").focus()
    lab.page.keyboard.press("ArrowRight")
    expect(chip(lab, "C")).to_have_text("C 2")
    expect(picture).to_contain_text("✗ raises")
    lab.page.keyboard.press("ArrowRight")
    expect(chip(lab, "C")).to_have_text("C 3")
    expect(picture).to_contain_text("✓ loss 1.29")
    expect(picture).not_to_contain_text("✗")
    expect(verdict).to_contain_text("loss 1.289")
    # The keyboard's place must survive the redraw.
    expect(slider(lab, "num_labels")).to_be_focused()


def test_the_picture_turns_points_and_mends(lab: Locator) -> None:
    picture, keys = lab.locator(".shape-clinic-flow svg:visible"), lab.page.keyboard
    picture.locator('[data-axis="C"] .turn[data-by="1"]').click()
    expect(chip(lab, "C")).to_have_text("C 2")
    picture.locator('.row[data-row="1"]').last.hover()
    expect(picture.locator(".row.pointed")).to_have_count(3)
    # The same by keyboard: the picture's place has the focus, and keeps it through a redraw.
    place = lab.get_by_role("group", name="the picture")
    lab.page.mouse.move(0, 0)  # what the mouse is on is marked, and no mouse moves by itself
    place.focus()
    keys.press("c")
    expect(lab.locator(".shape-clinic-voice")).to_have_text("C, num_labels: logits 2")
    keys.press("+")
    expect(chip(lab, "C")).to_have_text("C 3")
    expect(place).to_be_focused()
    expect(picture.locator(".axis.pointed")).to_have_count(1)
    keys.press("ArrowDown")
    expect(lab.locator(".shape-clinic-voice")).to_contain_text("row 0: The film was wonderful.")
    lab.get_by_role("button", name="Reset").click()
    lab.get_by_role("button", name="apply this").first.click()
    expect(chip(lab, "C")).to_have_text("C 3")
    expect(lab.locator(".shape-clinic-message")).to_have_text("✓ Fixed. num_labels: 1 → 3")


def test_a_hunt_is_played_by_pointing(lab: Locator) -> None:
    picture = lab.locator(".shape-clinic-flow svg:visible")
    lab.get_by_role("button", name="Break it for me").click()
    expect(lab.locator(".shape-clinic-message")).to_contain_text("Where? Point at it: 3 guesses")
    expect(picture.locator(".turn").first).to_be_visible()
    for part in ("loss", "input_ids", "target"):  # one of them at the latest is right, or the third reveals
        if lab.get_by_role("button", name="logits", exact=True).count():
            picture.locator(f'.suspect[data-part="{part}"]').first.click()
    expect(lab.get_by_role("button", name="logits", exact=True)).to_have_count(0)
    expect(lab.get_by_label("the verdict")).to_contain_text("cause")
    lab.get_by_role("button", name="Fix it").click()
    expect(lab.locator(".shape-clinic-message")).to_contain_text("✓ Fixed.")
    lab.get_by_role("button", name="Next one").click()
    expect(lab.locator(".shape-clinic-message")).to_contain_text("3 guesses")


def test_nobody_has_to_scroll_between_what_is_turned_and_what_it_does(page: Page, server: Server) -> None:
    write_scratch(
        server, "presets.ipynb", [f"from helpers import ShapeLab\nShapeLab({preset!r})" for preset in PRESETS]
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    open_notebook(page, server, "presets.ipynb")
    fold_sidebar(page)
    run_all(page)
    below = """lab => {
        const verdict = lab.querySelector(".shape-clinic-verdict").getBoundingClientRect();
        return verdict.bottom - lab.getBoundingClientRect().top;
    }"""
    ends = [lab.evaluate(below) for lab in page.locator(LAB).all()]
    assert len(ends) == len(PRESETS)
    assert max(ends) <= 600


def test_every_slider_has_its_name(lesson: Page) -> None:
    labs = lesson.locator(LAB).all()
    assert labs
    for lab in labs:
        more = lab.get_by_role("button", name="More controls")
        more.press("Enter")
        expect(lab.locator(HANDLE)).to_have_count(len(SLIDERS))
        handles = lab.locator(HANDLE).all()
        assert [handle.get_attribute("aria-label") for handle in handles] == SLIDERS
        for name in IN_SIGHT:
            expect(slider(lab, name)).to_have_count(1)


def test_typing_dd_on_a_slider_deletes_no_cell(fresh_copy: str, page: Page, server: Server) -> None:
    open_notebook(page, server, fresh_copy)
    run_all(page)
    handle = slider(page.locator(LAB).first, "num_labels")
    before = [cell["id"] for cell in cells(page)]
    handle.focus()
    page.keyboard.type("dd")
    assert [cell["id"] for cell in cells(page)] == before
    # The control: without our attribute JupyterLab does delete the cell, so this test can fail.
    handle.evaluate("element => element.removeAttribute('data-lm-suppress-shortcuts')")
    handle.focus()
    page.keyboard.type("dd")
    assert len(cells(page)) == len(before) - 1


def test_a_question_is_answered_by_keyboard_and_no_key_deletes_its_cell(lesson: Page) -> None:
    number = next(n for n, cell in enumerate(cells(lesson)) if cell["source"].startswith("predict("))
    run_cell(lesson, number)
    asked = lesson.locator(".shape-clinic-question").first
    group = asked.get_by_role("radiogroup", name=re.compile("What does the last line do"))
    choices = group.get_by_role("radio")
    expect(choices.first).to_have_attribute("data-lm-suppress-shortcuts", "true")
    before = len(cells(lesson))
    choices.first.focus()
    lesson.keyboard.press("ArrowDown")  # moves, and chooses nothing: a choice shows the answer
    expect(choices.nth(1)).to_be_focused()
    expect(group.locator("input:checked")).to_have_count(0)
    lesson.keyboard.type("dd")
    lesson.keyboard.press("Space")
    expect(choices.nth(1)).to_be_checked()
    assert len(cells(lesson)) == before
    expect(asked).to_contain_text("It was run just now:")


def test_a_lab_whose_kernel_has_ended_says_so(fresh_copy: str, page: Page, server: Server) -> None:
    open_notebook(page, server, fresh_copy)
    run_all(page)
    lab = page.locator(LAB).first
    note = "lab => getComputedStyle(lab, '::before').content"
    assert lab.evaluate(note) == "none"
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(lab).to_have_class(re.compile("jupyter-widgets-disconnected"))
    assert "The kernel has ended" in lab.evaluate(note)


def test_typed_html_is_a_sentence_and_never_runs(lab: Locator) -> None:
    lab.get_by_role("button", name="Sentences and tokens").press("Enter")
    tokens = lab.locator(".shape-clinic-ids td").count()
    lab.locator("textarea").focus()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.type(ATTACK)
    expect(chip(lab, "N")).to_have_text("N 1")
    expect(lab.locator(".shape-clinic-ids td")).not_to_have_count(tokens)
    # It is in the page, as text.
    expect(lab.locator("pre")).to_contain_text(ATTACK)
    assert lab.locator("img").count() == 0
    assert lab.page.evaluate("window.pwned") is None


def test_the_attack_is_a_real_one(browser: Browser, server: Server) -> None:
    # The control of the test above, in a page of its own, which complains of the picture that is not there.
    with new_page(browser) as page:
        page.goto(f"{server.url}lab/workspaces/attack?token={server.token}")
        page.evaluate("attack => { document.body.innerHTML = attack; }", ATTACK)
        page.wait_for_function("window.pwned === 1")
