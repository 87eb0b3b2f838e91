"""Screenshots of every lesson's lab, in both themes, wide and narrow: python tests/tools/lab_pictures.py

They go to tests/screenshots, to be looked at by a person.
"""

import itertools

from browser_server import jupyterlab
from browser_tools import (
    LAB,
    ROOT,
    Theme,
    bring_to_top,
    chromium,
    fold_sidebar,
    new_page,
    open_notebook,
    run_all,
    set_theme,
    write_scratch,
)

from helpers.lab.presets import PRESETS

SHOTS = ROOT / "tests" / "screenshots"
WIDTHS = (1280, 800)
THEMES: tuple[Theme, ...] = ("light", "dark")


def take_lab_pictures() -> int:
    """Take them all, and return how many."""
    cells = ["from helpers import ShapeLab", *(f"ShapeLab({preset!r})" for preset in PRESETS)]
    SHOTS.mkdir(exist_ok=True)
    count = 0
    with chromium() as browser, jupyterlab() as server, new_page(browser) as page:
        write_scratch(server, "labs.ipynb", cells)
        open_notebook(page, server, "labs.ipynb")
        run_all(page)
        for width, theme in itertools.product(WIDTHS, THEMES):
            page.set_viewport_size({"width": width, "height": 1000})
            fold_sidebar(page, width < 1000)
            set_theme(page, theme)
            for number, preset in enumerate(PRESETS):
                bring_to_top(page.locator(LAB).nth(number))
                page.screenshot(path=SHOTS / f"lab_{preset}_{theme}_{width}.png", animations="disabled")
                count += 1
    return count


if __name__ == "__main__":
    print(f"{take_lab_pictures()} pictures in {SHOTS.relative_to(ROOT)}")
