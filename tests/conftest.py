"""What the tests share: a browser, and at the end of a run how the network was cut."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest import TerminalReporter

if TYPE_CHECKING:
    from browser_server import Server
    from playwright.sync_api import Browser, Page

# pytest imports every module that it looks at for doctests; one would cut the tests' own network, and the
# programs fail on purpose.
collect_ignore = ["socket_guard", "programs"]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print each way that a test recorded, wherever it ran (with xdist in another process)."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    properties = (item for report in reports for item in getattr(report, "user_properties", []))
    for way in sorted({way for name, way in properties if name == "network_cut"}):
        terminalreporter.write_line(f"Network cut: the notebooks ran {way}.")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium for one file of tests."""
    from browser_tools import NO_CHROMIUM, chromium, find_chromium, refuse_or_skip

    if find_chromium() is None:
        refuse_or_skip(NO_CHROMIUM)
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def server(browser: "Browser") -> "Iterator[Server]":
    """A JupyterLab for one file of tests; after the browser: where there is none, no server starts."""
    from browser_server import jupyterlab

    with jupyterlab() as started:
        yield started


@pytest.fixture
def page(browser: "Browser", server: "Server") -> "Iterator[Page]":
    """An empty page in which nothing may go wrong, whatever the test does with it."""
    from browser_tools import listen, new_page, shut_down, troubles

    with new_page(browser) as opened:
        complaints = listen(opened, server)
        yield opened
        assert troubles(opened, complaints) == []
        shut_down(opened)
