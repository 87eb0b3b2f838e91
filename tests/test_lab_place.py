"""Nothing in a lab jumps: its parts stay where they are while every control goes through all its values."""

import pytest
from browser_server import jupyterlab
from browser_tools import LAB, fold_sidebar, new_page, open_notebook, run_cell, shut_down, write_scratch
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

# In the order of the lab's parts, from its top.
FIXED = ("the controls", "the buttons", "the message", "the picture", "the verdict")
VERDICT, SENTENCES = 4, 6
WALK = """
from time import sleep
def settle():
    sleep(0.06)  # the page draws in between
for control in lab.controls.values():
    start = control.value
    if hasattr(control, "options"):
        values = [value for _, value in control.options]
    else:
        values = range(control.min, control.max + 1) if hasattr(control, "max") else [not start]
    for value in (*values, start):
        control.value = value
        settle()
for _ in range(4):
    for button in (lab.break_it, lab.show_cause, lab.fix_it):
        button.click()
        settle()
"""
# After each frame, where the parts begin and how high each is.
WATCH = """lab => {
    window.places = [];
    (function look() {
        const top = lab.getBoundingClientRect().top;
        const places = [...lab.children].map(part => {
            const box = part.getBoundingClientRect();
            return [Math.round(box.top - top), Math.round(box.height)];
        });
        if (String(places) !== String(window.places.at(-1))) window.places.push(places);
        requestAnimationFrame(look);
    })();
}"""


@pytest.mark.parametrize("width", [1280, 800])
@pytest.mark.parametrize("preset", ["all_right", "keras_padding"])
def test_no_part_moves_while_the_controls_do(browser: Browser, preset: str, width: int) -> None:
    with jupyterlab() as server, new_page(browser, width=width, height=1400) as page:
        show = f'from helpers import ShapeLab\nlab = ShapeLab("{preset}")\nlab'
        write_scratch(server, "walk.ipynb", [show, WALK])
        open_notebook(page, server, "walk.ipynb")
        fold_sidebar(page)
        run_cell(page, 0)
        lab = page.locator(LAB)
        lab.get_by_role("button", name="More controls").press("Enter")
        expect(lab.locator(".widget-gridbox")).to_have_count(2)
        lab.evaluate(WATCH)
        run_cell(page, 1)
        places = page.evaluate("window.places")
        shut_down(page)
    tops = {name: {each[part][0] for each in places} for part, name in enumerate(FIXED)}
    assert {name: found for name, found in tops.items() if len(found) > 1} == {}
    below = [each[SENTENCES][0] for each in places]
    # A longer verdict may push them once, and never back and forth.
    assert below == sorted(below)
    assert len({each[VERDICT][1] for each in places}) > 1, "no verdict was longer: this test sees nothing"
