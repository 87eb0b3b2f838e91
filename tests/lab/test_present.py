"""The projector's page: one lab at a time, in Python; then as a room sees it, served by `make present`."""

import gc
import importlib.util
import re
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from accessibility import axe_findings, misplaced
from browser_server import Server, free_port, serving
from browser_tools import LAB, new_page, refuse_or_skip, slider
from ipywidgets.widgets.widget import _instances
from notebook_tools import ROOT, code_cells, read_notebook
from playwright.sync_api import Browser, Page, expect

from helpers.lab.inputs import Fold
from helpers.lab.plain import plain
from helpers.lab.present import Projector, present
from helpers.lab.presets import PRESETS
from helpers.lab.widget import ShapeLab

NOTEBOOK = ROOT / "classroom" / "present.ipynb"
SHOTS = ROOT / "tests" / "screenshots"
LETTERS = {"ok": "A", "raises": "B", "silent": "C"}
PROJECTORS = ((1280, 720), (1920, 1080))
NO_VOILA = 'no Voilà here: pip install -c requirements.lock -e ".[present]"'


def test_every_preset_has_a_title_of_its_own() -> None:
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_choice_shows_that_lab_and_no_other(preset: str) -> None:
    page = present("all_right" if preset != "all_right" else "batch_target")
    page.choice.value = preset
    assert [type(child).__name__ for child in page.children] == ["HBox", "ShapeLab"]
    assert page.children[-1] is page.lab
    assert page.lab.experiment.settings == PRESETS[preset].settings
    assert page.choice.label == PRESETS[preset].title


def test_the_lab_before_is_closed_and_forgotten_with_all_its_parts() -> None:
    page = Projector("wrong_head_size")
    gone, before = weakref.ref(page.lab), len(_instances)
    page.choice.value = "batch_target"
    page.choice.value = "wrong_head_size"
    assert len(_instances) == before
    # A control's link to its handler holds the lab: it must go too, or a lesson's models pile up.
    gc.collect()
    assert gone() is None


def test_the_address_says_which_lab_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_STRING", "lab=broadcast_mse&theme=dark")
    assert present().choice.value == "broadcast_mse"
    assert present("batch_target").choice.value == "batch_target"
    assert present().lab.vote == "open"
    monkeypatch.setenv("QUERY_STRING", "ask=0")
    assert present().lab.vote == ""
    monkeypatch.setenv("QUERY_STRING", "lab=<script>")
    assert present().choice.value == "all_right"


def test_the_address_never_lags_behind_what_is_shown() -> None:
    # Whoever loads the page again as soon as a lab is there must get that lab.
    page = Projector("all_right")
    seen = []
    page.observe(lambda _: seen.append((page.stage.preset, page.lab.experiment.settings)), "children")
    page.choice.value = "batch_target"
    assert seen == [("batch_target", PRESETS["batch_target"].settings)]


def sent(widget: Any) -> str:
    """Return all words that the page gets of a widget and of what is in it, in sight or folded."""
    state = widget.get_state().items()
    words = [words for key, words in state if isinstance(words, str) and key not in ("_esm", "_css")]
    inside = [*getattr(widget, "children", ()), *([widget.box] if isinstance(widget, Fold) else [])]
    return "\n".join([*map(unescape, words), *widget._dom_classes, *map(sent, inside)])


def telling(lab: ShapeLab) -> tuple[list[str], list[str]]:
    """Return the words that tell how a run came out, and the signs and looks that may."""
    told = lab.scene.diagnosis
    headline = told.headline.removeprefix(told.sign).strip()
    rows = [words for name, words in told.rows if name in ("cause", "needs", "trap", "or")]
    looks = ["✓", "✗", "⚠", "dasharray", "axis bad", "shape-clinic-noted", "shape-clinic-hunting", "data-fix"]
    loss = [] if told.loss is None else [f"{told.loss:.3f}", f"loss {told.loss:.2f}"]
    return [plain(lab.scene), headline, *rows, *loss[:1]], [*looks, *loss, "Nothing came out", "fits"]


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_tells_the_outcome_while_the_room_votes(preset: str) -> None:
    page, random = Projector(preset), Random(preset)
    lab, signs = page.lab, set()
    for fold in (lab.show_values, lab.show_sentences, lab.more):
        fold.value = True
    for turn in range(12):
        for press in (lab.show_cause, lab.fix_it):
            press.click()
        words, looks = telling(lab)
        shown = sent(page)
        assert [each for each in words + looks if each in shown] == [], lab.experiment.settings
        assert page.reveal.description == "Reveal (V)"
        page.reveal.click()
        shown = sent(page)
        assert page.reveal.description == "Hide (V)"
        assert [each for each in words if each not in shown] == []
        assert f"<b>✓ right, {LETTERS[lab.scene.diagnosis.outcome]}: " in shown
        signs |= {each for each in looks if each in shown}
        for name in random.sample(list(lab.controls), 1 + turn % 3):
            control, now = lab.experiment.settings.controls()[name], lab.controls[name].value
            values = [*control.options] or ([*range(1, 7)] if control.range else [True, False])
            lab.controls[name].value = random.choice([value for value in values if value != now])
    # The page that tells does have what was looked for.
    assert "✓" in signs and signs & {"dasharray", "axis bad"}
    lab.reset.click()
    lab.break_it.click()
    words, looks = telling(lab)
    assert [each for each in words + looks if each in sent(page)] == [] and lab.message.value == ""
    page.reveal.click()
    assert "Where is it?" in sent(page) and plain(lab.scene) not in sent(page)
    assert lab.message.value.startswith("One thing is wrong now.")


def test_unused_outputs_and_rows_of_unequal_length_are_no_news_before_the_vote() -> None:
    page = Projector("unused_outputs")
    assert ">33<" not in page.lab.picture.value
    page.reveal.click()
    assert ">33<" in page.lab.picture.value
    page = Projector("keras_padding")
    page.lab.padding.value = "none"
    assert page.lab.picture.value.count("</b> 7 to 12") == 2 and "axis none" not in page.lab.picture.value
    page.reveal.click()
    assert "✗<span" in page.lab.picture.value and "7 to 12" not in page.lab.picture.value


def test_each_new_run_is_voted_on_but_what_was_mended() -> None:
    page = Projector("wrong_head_size")
    page.reveal.click()
    page.lab.num_labels.value = 2
    assert page.lab.vote == "open"
    page.reveal.click()
    page.lab.fix_it.click()
    assert page.lab.message.value.startswith("✓ Fixed") and "✓ right" not in page.lab.verdict.value
    page.choice.value = "batch_target"
    assert page.lab.vote == "open"
    page.asks.value = False
    assert page.lab.vote == "told" and not page.stage.asks
    page.lab.target_size.value = 2
    assert "the verdict" in page.lab.verdict.value and "✓ right" not in page.lab.verdict.value
    page.reveal.click()
    assert page.lab.vote == "open"


def test_the_notebook_is_one_cell_that_shows_the_page() -> None:
    notebook = read_notebook(NOTEBOOK)
    (cell,) = notebook.cells
    assert code_cells(notebook) == [cell]
    assert cell.source.splitlines()[-1] == "present()"
    assert (cell.outputs, cell.execution_count) == ([], None)
    assert notebook.metadata.kernelspec.name == "python3"


# In the browser.


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if importlib.util.find_spec("voila") is None:
        refuse_or_skip(NO_VOILA)
    with served(tmp_path_factory.mktemp("present")) as started:
        yield started


@contextmanager
def served(home: Path, *arguments: str) -> Iterator[Server]:
    """Run `make present` with the Python that runs the tests, as if all were installed already."""
    command = [
        *("make", "--silent", "--old-file=.venv/.presenter-stamp", "present", f"PY={sys.executable}"),
        f"PRESENT_ARGS=--no-browser --port={free_port()} {' '.join(arguments)}",
    ]
    with serving(command, home, ROOT) as server:
        yield server


def open_lab(page: Page, server: Server, preset: str, ask: int = 0) -> None:
    """Open the page, and wait until its lab is there and cared for."""
    page.goto(f"{server.url}?token={server.token}&lab={preset}&ask={ask}", timeout=120_000)
    expect(page.locator(LAB)).to_have_count(1, timeout=120_000)
    for handle in page.locator(f"{LAB} .noUi-handle:visible").all():
        expect(handle).to_have_attribute("aria-label", re.compile("."))


def kernels_ended(server: Server) -> int:
    """Count the kernels that Voilà says it has shut down."""
    return server.log.read_text(encoding="utf-8").count("Kernel shutdown")


@pytest.mark.browser
def test_a_room_sees_the_lab_alone_and_large(page: Page, server: Server) -> None:
    open_lab(page, server, "wrong_head_size")
    verdict = page.locator(LAB).get_by_role("group", name="the verdict")
    expect(verdict).to_contain_text("IndexError: Target 2 is out of bounds.")
    # No cell's code, and the code behind the picture only for who asks.
    assert "from helpers" not in page.locator("body").inner_text()
    assert page.locator("pre:visible, .jp-InputArea:visible").count() == 0
    expect(page.get_by_role("button", name="Copy as code")).to_have_count(0)
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    for words in (page.locator(f"{LAB} label:visible").first, verdict.locator("td").first):
        assert words.evaluate(size) >= 1.4 * 13  # what JupyterLab writes in
    slider(page.locator(LAB), "num_labels").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(verdict).to_contain_text("loss 1.289")


@pytest.mark.browser
def test_nobody_else_on_this_machine_gets_in(server: Server) -> None:
    assert len(server.token) >= 32
    for path in ("", "api/kernels", "api/kernels/1/channels", "voila/render/present.ipynb"):
        with urlopen(f"{server.url}{path}", timeout=60) as answer:
            assert urlsplit(answer.url).path == "/login", path


@pytest.mark.browser
def test_another_choice_swaps_the_lab_and_survives_a_reload(page: Page, server: Server) -> None:
    open_lab(page, server, "all_right")
    choice = page.get_by_label("Lab", exact=True)
    choice.select_option(PRESETS["batch_target"].title)
    expect(page.locator(LAB)).to_contain_text("ValueError: Expected input batch_size (4)")
    expect(page.locator(LAB)).to_have_count(1)
    before = kernels_ended(server)
    page.reload(timeout=120_000)
    expect(page.locator(LAB)).to_contain_text("ValueError: Expected input batch_size (4)")
    expect(page.get_by_label("Lab", exact=True).locator("option:checked")).to_have_text(
        PRESETS["batch_target"].title
    )
    # The page that was left took its kernel along, some 450 MB.
    until = time.monotonic() + 30
    while kernels_ended(server) == before and time.monotonic() < until:
        time.sleep(0.2)
    assert kernels_ended(server) == before + 1


@pytest.mark.browser
@pytest.mark.parametrize("key", ["v", "V", "b", "."])
def test_a_key_or_a_clickers_reveals_and_hides(page: Page, server: Server, key: str) -> None:
    open_lab(page, server, "wrong_head_size", ask=1)
    expect_told(page, False)
    page.keyboard.press(key)
    expect_told(page, True)
    page.keyboard.press(key)
    expect_told(page, False)
    # A drop-down would take a letter as the first one of an option.
    choice = page.get_by_label("Lab", exact=True)
    choice.focus()
    page.keyboard.press(key)
    expect_told(page, True)
    expect(choice.locator("option:checked")).to_have_text(PRESETS["wrong_head_size"].title)
    slider(page.locator(LAB), "num_labels").focus()
    page.keyboard.press("ArrowRight")
    expect_told(page, False)
    page.get_by_role("button", name="Sentences and tokens").click()
    typed = page.get_by_label("sentences, one per line")
    typed.fill("")
    typed.press_sequentially(key)
    expect(typed).to_have_value(key)
    expect_told(page, False)


@pytest.mark.browser
def test_to_ask_first_is_chosen_once_and_the_button_is_reached_by_tab(page: Page, server: Server) -> None:
    open_lab(page, server, "wrong_head_size", ask=1)
    page.get_by_label("ask first").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reveal (V)")).to_be_focused()
    page.keyboard.press("Enter")
    expect_told(page, True)
    expect(page.get_by_role("button", name="Hide (V)")).to_be_focused()
    assert axe_findings(page.locator(".shape-clinic-present")) == []
    page.get_by_label("ask first").uncheck()
    page.wait_for_url(re.compile("[?&]ask=0"))
    page.reload(timeout=120_000)
    expect_told(page, True)
    expect(page.get_by_label("ask first")).not_to_be_checked()


@pytest.mark.browser
def test_the_verdict_never_falls_below_the_edge(page: Page, server: Server) -> None:
    open_lab(page, server, "batch_target", ask=1)
    page.keyboard.press("v")
    for preset in PRESETS:
        # The address names the next lab before that is there; a question after a verdict is the next lab's.
        expect_told(page, True)
        page.get_by_label("Lab", exact=True).select_option(PRESETS[preset].title)
        expect(page).to_have_url(re.compile(f"lab={preset}&"))
        expect_told(page, False)
        save(page, f"{preset}_asked")
        page.keyboard.press("v")
        expect_told(page, True)
        save(page, preset)
        # Which mistakes are made depends on the kind of lab alone.
        mistakes = PRESETS[preset].experiment.mistakes() if preset in ("all_right", "keras_padding") else ()
        for _ in mistakes:
            page.get_by_role("button", name=re.compile("Break it for me|Next one")).click()
            expect_told(page, False)
            page.keyboard.press("v")
            expect_told(page, True)
            assert_in_sight(page)
            page.get_by_role("button", name="Show the cause").click()
            expect(page.locator(f"{LAB} th", has_text="cause")).to_be_visible()
            assert_in_sight(page)


@pytest.mark.browser
def test_screenshots_in_the_dark(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path, "--theme=dark") as server, new_page(browser) as page:
        open_lab(page, server, "token_vs_sequence", ask=1)
        assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
        expect_told(page, False)
        save(page, "token_vs_sequence_asked", "dark")
        page.keyboard.press("v")
        expect_told(page, True)
        save(page, "token_vs_sequence", "dark")


def expect_told(page: Page, told: bool) -> None:
    """Expect the verdict, or the question and no verdict."""
    for name, there in (("the verdict", told), ("the question", not told)):
        expect(page.locator(LAB).get_by_role("group", name=name)).to_have_count(int(there))


def sizes(page: Page) -> Iterator[tuple[int, int]]:
    """Show the page in each size, once Voilà has laid it out anew."""
    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        edge = "document.querySelector('.shape-clinic-present').getBoundingClientRect().right"
        page.wait_for_function(f"Math.abs(innerWidth - {edge}) < 60")
        yield width, height


def assert_in_sight(page: Page) -> None:
    """Check that the verdict, or the question, ends above the edge of the page as it was opened."""
    for _, height in sizes(page):
        group = "document.querySelector('.shape-clinic-verdict [role=group]')"
        box = page.wait_for_function(f"{group}?.getBoundingClientRect().toJSON()").json_value()
        assert height / 2 < box["top"] and box["bottom"] < height, box


def save(page: Page, name: str, theme: str = "light") -> None:
    """Save what the room sees, and check that nothing is cut off and that the verdict is in sight."""
    SHOTS.mkdir(exist_ok=True)
    assert_in_sight(page)
    for width, _ in sizes(page):
        assert misplaced(page.locator(".shape-clinic-present")) == []
        page.screenshot(path=SHOTS / f"present_{name}_{theme}_{width}.png", animations="disabled")
