"""The projector's page: one lab at a time, in Python; then as a room sees it, served by `make present`."""

import gc
import importlib.util
import re
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from accessibility import misplaced
from browser_server import Server, free_port, serving
from browser_tools import LAB, new_page, refuse_or_skip, slider
from ipywidgets.widgets.widget import _instances
from notebook_tools import ROOT, code_cells, read_notebook
from playwright.sync_api import Browser, Page, expect

from helpers.lab.present import Projector, present
from helpers.lab.presets import PRESETS

NOTEBOOK = ROOT / "classroom" / "present.ipynb"
SHOTS = ROOT / "tests" / "screenshots"
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
    monkeypatch.setenv("QUERY_STRING", "lab=<script>")
    assert present().choice.value == "all_right"


def test_the_address_never_lags_behind_what_is_shown() -> None:
    # Whoever loads the page again as soon as a lab is there must get that lab.
    page = Projector("all_right")
    seen = []
    page.observe(lambda _: seen.append((page.stage.preset, page.lab.experiment.settings)), "children")
    page.choice.value = "batch_target"
    assert seen == [("batch_target", PRESETS["batch_target"].settings)]


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


def open_lab(page: Page, server: Server, preset: str) -> None:
    """Open the page, and wait until its lab is there and cared for."""
    page.goto(f"{server.url}?token={server.token}&lab={preset}", timeout=120_000)
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
    save(page, "wrong_head_size", "light")
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
def test_screenshots_of_the_lab_with_most_controls(page: Page, server: Server) -> None:
    open_lab(page, server, "keras_padding")
    save(page, "keras_padding", "light")


@pytest.mark.browser
def test_screenshots_in_the_dark(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path, "--theme=dark") as server, new_page(browser) as page:
        open_lab(page, server, "token_vs_sequence")
        assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
        save(page, "token_vs_sequence", "dark")


def save(page: Page, preset: str, theme: str) -> None:
    """Save what the room sees, and check that nothing is cut off and that the verdict is in sight."""
    SHOTS.mkdir(exist_ok=True)
    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        assert misplaced(page.locator(".shape-clinic-present")) == []
        cause = page.locator(f"{LAB} th", has_text="cause")
        expect(cause).to_be_in_viewport()
        page.screenshot(path=SHOTS / f"present_{preset}_{theme}_{width}.png", animations="disabled")
