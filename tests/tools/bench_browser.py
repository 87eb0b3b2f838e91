"""From a key press to the changed picture, in a real browser: python tests/tools/bench_browser.py

Three sliders in one notebook, moved in turns in one run: the lab's, a bare one that sets an `ipywidgets.HTML`
of the same size, and `interact` with a Matplotlib figure. Time runs from the key to the new picture in
the page; when it is painted is the screen's affair, 60 times a second.
"""

import statistics
from collections.abc import Iterable

from bench import word
from browser_server import jupyterlab
from browser_tools import HANDLE, chromium, new_page, open_notebook, run_all, write_scratch
from playwright.sync_api import Page

ROUNDS, MOVES = 5, 10  # in turns, so that a busy moment of the machine meets all three
LIMITS = {"bare slider + HTML": 1.2, "interact + Matplotlib": 1 / 3}
LET_GO = 150  # milliseconds until the last state must be on the screen
CELLS = {
    "ShapeLab": "from helpers import ShapeLab\nlab = ShapeLab()\nlab",
    "bare slider + HTML": """
import ipywidgets as widgets
slider, page = widgets.IntSlider(3, 1, 10), widgets.HTML()
picture = lab.scene.draw(widths=["wide"])  # what the lab sends, too
def show(change):
    page.value = f"<p>{change['new']}</p>{picture}"
slider.observe(show, "value")
widgets.VBox([slider, page])""",
    # The same flow, as a figure with the same boxes.
    "interact + Matplotlib": """
import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
def draw(num_labels):
    figure, axes = plt.subplots(figsize=(12, 3), dpi=90)
    sizes = {"input_ids": 12, "hidden_states": 12, "logits": num_labels, "target": 1}
    for place, (name, columns) in enumerate(sizes.items()):
        for row in range(4):
            for column in range(columns):
                axes.add_patch(Rectangle((16 * place + column, row), 1, 1, fill=False))
        axes.text(16 * place, 4.5, f"{name} (4, {columns})")
    axes.set(xlim=(-1, 64), ylim=(-1, 6))
    axes.axis("off")
    plt.show()
widgets.interact(draw, num_labels=widgets.IntSlider(3, 1, 10));""",
}
WATCH = """
cell => {
    const node = document.querySelectorAll('.jp-CodeCell')[cell];
    window.watcher?.disconnect();
    window.started = 0; window.taken = null;
    const press = event => { window.started = event.timeStamp; window.taken = null; };
    node.addEventListener('keydown', press, true);
    window.watcher = new MutationObserver(records => {
        const added = records.flatMap(record => [...record.addedNodes]);
        const inside = added.some(node => node.matches?.('svg, img') || node.querySelector?.('svg, img'));
        if (inside && window.started && window.taken === null)
            window.taken = performance.now() - window.started;
    });
    const all = {childList: true, subtree: true, characterData: true};
    window.watcher.observe(node.querySelector('.jp-OutputArea'), all);
}
"""


def key_times(page: Page, cell: int) -> list[float]:
    """Move the first slider of a cell to and fro, and return the milliseconds of each move."""
    page.evaluate(WATCH, cell)
    handle = page.locator(".jp-CodeCell").nth(cell).locator(HANDLE).first
    handle.scroll_into_view_if_needed()
    handle.focus()
    times = []
    for move in range(MOVES + 2):
        page.keyboard.press("ArrowRight" if move % 2 == 0 else "ArrowLeft")
        page.wait_for_function("window.taken !== null", polling=50)
        times.append(page.evaluate("window.taken"))
        # The next key meets a page at rest, and not always the same moment between two frames.
        page.wait_for_timeout(60 + 7 * move % 17)
    return times[2:]


def time_after_a_fast_drag(page: Page) -> float:
    """Press twenty keys as fast as they go, and return the milliseconds until the last state is shown."""
    handle = page.locator(".jp-CodeCell").nth(0).locator(HANDLE).first
    handle.focus()
    for key in ["Home"] + ["ArrowRight"] * 20:
        page.keyboard.press(key)
    return float(
        page.evaluate(
            """async () => {
                const start = performance.now();
                const picture = () => document.querySelector('.shape-clinic-flow').textContent;
                while (!picture().includes('Linear → 10')) await new Promise(requestAnimationFrame);
                return performance.now() - start;
            }"""
        )
    )


def p95(times: list[float]) -> float:
    """The time that 19 of 20 moves stay below."""
    return statistics.quantiles(times, n=20)[-1]


def lines() -> Iterable[str]:
    """Medians, 95th percentiles and ratios of the three, then the fast drag."""
    with chromium() as browser, jupyterlab() as server, new_page(browser) as page:
        write_scratch(server, "bench.ipynb", (code.strip() for code in CELLS.values()))
        open_notebook(page, server, "bench.ipynb")
        run_all(page)
        times: dict[str, list[float]] = {name: [] for name in CELLS}
        for _ in range(ROUNDS):
            for cell, name in enumerate(CELLS):
                times[name] += key_times(page, cell)
        dragged = time_after_a_fast_drag(page)
    own = statistics.median(times["ShapeLab"])
    for name, taken in times.items():
        median = statistics.median(taken)
        verdict = ""
        if name in LIMITS:
            ratio = own / median
            verdict = f"  ShapeLab is {ratio:.2f} x (limit {LIMITS[name]:.2f}: {word(ratio, LIMITS[name])})"
        yield f"{name:22} median {median:6.1f} ms  p95 {p95(taken):6.1f} ms{verdict}"
    yield f"last state after a fast drag {dragged:.0f} ms (limit {LET_GO}: {word(dragged, LET_GO)})"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
