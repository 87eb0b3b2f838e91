"""Nothing in a lab jumps: its parts stay where they are while every control goes through all its values."""

import pytest
from browser_server import Server
from browser_tools import LAB, fold_sidebar, open_notebook, run_all, write_scratch
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# In the order of the lab's parts, from its top.
FIXED = ("the controls", "the buttons", "the message", "the picture", "the verdict")
VERDICT = 4
# The page asks for each step, so that however slow a machine is, each is drawn before the next.
SHOW = """
import ipywidgets as widgets
from IPython.display import display
from helpers import ShapeLab
lab, step = ShapeLab("{preset}"), widgets.Button(description="start")
def walk():
    for control in lab.controls.values():
        start = control.value
        if hasattr(control, "options"):
            values = [value for _, value in control.options]
        else:
            values = range(control.min, control.max + 1) if hasattr(control, "max") else [not start]
        for value in (*values, start):
            control.value = value
            yield
    for _ in range(4):
        for button in (lab.break_it, lab.show_cause, lab.fix_it):
            button.click()
            yield
steps = enumerate(walk(), 1)
def go(_):
    number, _ = next(steps, ("end", None))
    step.description = str(number)
step.on_click(go)
display(step, lab)
"""
WALK = """async step => {
    const frame = () => new Promise(requestAnimationFrame);
    while (step.textContent !== "end") {
        const before = step.textContent;
        step.click();
        while (step.textContent === before) await frame();
        await frame(); await frame();
    }
}"""
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
def test_no_part_moves_while_the_controls_do(page: Page, server: Server, preset: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 1400})
    write_scratch(server, "walk.ipynb", [SHOW.format(preset=preset)])
    open_notebook(page, server, "walk.ipynb")
    fold_sidebar(page)
    run_all(page)
    lab = page.locator(LAB)
    lab.get_by_role("button", name="More controls").press("Enter")
    expect(lab.locator(".widget-gridbox")).to_have_count(2)
    lab.evaluate(WATCH)
    page.get_by_role("button", name="start", exact=True).evaluate(WALK)
    places = page.evaluate("window.places")
    tops = {name: {each[part][0] for each in places} for part, name in enumerate(FIXED)}
    assert {name: found for name, found in tops.items() if len(found) > 1} == {}
    assert len({each[VERDICT][1] for each in places}) > 1, "no verdict was longer: this test sees nothing"
