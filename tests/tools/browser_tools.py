"""A real JupyterLab and a real Chromium, for the browser tests, the screenshots and the bench."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Literal
from urllib.parse import urlsplit

import pytest
from browser_server import Server, is_root
from nbformat import v4
from notebook_tools import CELL_TIMEOUT
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from refresh import serialise

Theme = Literal["light", "dark"]
NO_CHROMIUM = "no Chromium found: install Debian's package chromium, or set CHROMIUM=/path/to/it"
LAB = ".shape-clinic-lab"
HANDLE = ".noUi-handle"
PAGE_TIMEOUT = 30  # seconds for one step in the page; under a second is usual
RUN_TIMEOUT = 2 * CELL_TIMEOUT
QUIET = (  # Chromium's own calls home, and a GPU that test machines don't have
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
# What JupyterLab or ipywidgets write into a page where an output could not be shown.
BROKEN = ("Error displaying widget", "Error creating widget", "Javascript Error", "Failed to load model")
expect.set_options(timeout=PAGE_TIMEOUT * 1000)
_workspaces = count(1)


class Complaints(list[str]):
    """What went wrong in a page: console errors, uncaught exceptions, requests to other servers.

    JupyterLab 4.6 itself writes no error on a page where nothing is wrong, so none is forgiven.
    """

    def take(self) -> list[str]:
        """List them, and forget them."""
        taken = [*self]
        self.clear()
        return taken


def find_chromium() -> str | None:
    """Return the path of $CHROMIUM where that is set, else of the first Chromium installed, or None."""
    wanted = os.environ.get("CHROMIUM")
    names = [wanted] if wanted else ["chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium that `find_chromium` finds, headless."""
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(NO_CHROMIUM)
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to start as root, which is what everybody is in a container.
        sandbox = ["--no-sandbox"] if is_root() else []
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(browser: Browser, *, width: int = 1280, height: int = 900, scale: float = 1) -> Iterator[Page]:
    """Open a page that shares no cookie and no storage with any other."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, reduced_motion="reduce"
    )
    context.set_default_timeout(PAGE_TIMEOUT * 1000)
    try:
        yield context.new_page()
    finally:
        context.close()


def listen(page: Page, server: Server) -> Complaints:
    """Collect from now on what goes wrong in `page`."""
    complaints = Complaints()

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_request(request: Request) -> None:
        # data: and blob: have no host; the kernel's websocket is not a request to playwright.
        host = urlsplit(request.url).netloc
        if host and host != urlsplit(server.url).netloc:
            complaints.append(f"request to the network: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error.stack or error}"))
    page.on("request", on_request)
    return complaints


def troubles(page: Page, complaints: Complaints) -> list[str]:
    """List what went wrong up to now, each trouble once."""
    heard, shown = complaints.take(), page.locator("body").inner_text()
    dialogs = page.locator(".jp-Dialog, .Toastify__toast--error").all_inner_texts()
    return [*heard, *(words for words in BROKEN if words in shown), *dialogs]


def open_notebook(page: Page, server: Server, name: str) -> None:
    """Open a notebook in a workspace of its own, and wait until its kernel is there."""
    # A shared workspace would bring back the tabs of the test before.
    workspace = f"{server.url}lab/workspaces/page{next(_workspaces)}"
    page.goto(f"{workspace}/tree/{name}?token={server.token}")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.model")
    page.evaluate(
        """async () => {
            await jupyterapp.restored;
            const panel = jupyterapp.shell.currentWidget;
            await panel.revealed;
            await panel.sessionContext.ready;
            // An error in a slider's callback belongs to no cell and shows nowhere: tell it to `listen`.
            panel.sessionContext.iopubMessage.connect((_, {header, parent_header, content}) => {
                if (header.msg_type === 'error' && parent_header.msg_type !== 'execute_request')
                    console.error(`in a widget's callback: ${content.ename}: ${content.evalue}`);
            });
        }"""
    )
    opened = page.evaluate("jupyterapp.shell.currentWidget.context.path")
    if opened != name:
        raise AssertionError(f"JupyterLab shows {opened!r} instead of {name!r}")
    _wait_for_the_splash(page)
    wait_until_idle(page)


def wait_until_idle(page: Page, timeout: float = RUN_TIMEOUT) -> None:
    """Wait until the notebook's kernel has nothing to do."""
    status = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
    page.wait_for_function(f"{status} === 'idle'", timeout=timeout * 1000)


def run_all(page: Page, timeout: float = RUN_TIMEOUT) -> None:
    """Run all cells, and wait until the last one has its outputs and every lab its sliders."""
    _run(page, "notebook:run-all-cells", timeout)


def run_cell(page: Page, number: int, timeout: float = RUN_TIMEOUT) -> None:
    """Run one cell, counted from 0 with the texts, and wait as `run_all` does."""
    page.evaluate("number => { jupyterapp.shell.currentWidget.content.activeCellIndex = number; }", number)
    _run(page, "notebook:run-cell", timeout)


def _run(page: Page, command: str, timeout: float) -> None:
    # JupyterLab sends all cells at once, and its promise ends with the first that fails, meant or not; and
    # between two cells the kernel is idle. But it answers in order: after one more answer all have run.
    page.evaluate(
        """command => {
            const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
            window.ran = null;
            jupyterapp.commands.execute(command).then(() => kernel.requestKernelInfo()).then(
                () => { window.ran = 'done'; },
                error => { window.ran = String(error); },
            );
        }""",
        command,
    )
    page.wait_for_function("window.ran !== null", timeout=timeout * 1000)
    if (outcome := page.evaluate("window.ran")) != "done":
        raise AssertionError(f"{command} ended with {outcome}")
    wait_until_idle(page, timeout)
    for lab in page.locator(LAB).all():
        expect(lab.locator(HANDLE).first).to_have_attribute("aria-label", re.compile("."))


def set_theme(page: Page, theme: Theme) -> None:
    """Switch JupyterLab's theme, and wait until the page wears it."""
    name = f"JupyterLab {theme.capitalize()}"
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
    _wait_for_the_splash(page)


def _wait_for_the_splash(page: Page) -> None:
    # It fades for 200 ms. A theme changed meanwhile lets JupyterLab stumble: it removes the splash twice.
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def shut_down(page: Page) -> None:
    """End the open notebook's kernel, which would outlive the page."""
    page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")


def fold_sidebar(page: Page, folded: bool = True) -> None:
    """Fold the file browser away, or bring it back."""
    page.evaluate(
        """async folded => {
            const {shell, commands} = jupyterapp;
            if (shell.leftCollapsed !== folded) await commands.execute('application:toggle-left-area');
        }""",
        folded,
    )


def write_scratch(server: Server, name: str, sources: Iterable[str]) -> None:
    """Put a notebook of these cells where the server finds it."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    # Without a kernel's name JupyterLab asks for one.
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (server.folder / name).write_bytes(serialise(notebook))


def refuse_or_skip(why: str) -> None:
    """Skip a test that lacks something, but where nothing may be skipped let it fail."""
    if os.environ.get("SHAPE_CLINIC_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{why} (SHAPE_CLINIC_REQUIRE_BROWSER=1 forbids to skip)")
    pytest.skip(why)


def slider(lab: Locator, name: str) -> Locator:
    """Find the handle of the slider with this accessible name."""
    return lab.get_by_role("slider", name=name, exact=True)


def bring_to_top(lab: Locator) -> None:
    """Scroll the lab to just under the notebook's upper edge, and wait until it stays there."""
    # JupyterLab itself scrolls to the cell that ran last, and guesses the height of cells not drawn yet.
    still = lab.evaluate(
        """async element => {
            let still = 0, before = null;
            element.style.scrollMarginTop = '12px';
            for (let frame = 0; frame < 300 && still < 15; frame += 1) {
                element.scrollIntoView({block: 'start', behavior: 'instant'});
                await new Promise(requestAnimationFrame);
                const {top} = element.getBoundingClientRect();
                still = top === before ? still + 1 : 0;
                before = top;
            }
            return still >= 15;
        }"""
    )
    if not still:
        raise AssertionError("the notebook does not stop scrolling")
