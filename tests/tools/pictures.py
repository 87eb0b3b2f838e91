"""Take the screenshots in a real browser: python tests/tools/pictures.py

notebooks/images/lab.png, for the README, is the first lab of notebook 01. Every lesson's lab, in both themes,
wide and narrow, goes to tests/screenshots, to be looked at by a person.
"""

import itertools
from typing import get_args

from browser_server import Server, jupyterlab
from browser_tools import (
    LAB,
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
from notebook_tools import ROOT
from playwright.sync_api import Browser

from helpers.lab.presets import PRESETS

SHOTS = ROOT / "tests" / "screenshots"
README_PICTURE = ROOT / "notebooks" / "images" / "lab.png"
MOST_README_BYTES = 150_000


def take_readme_picture(browser: Browser, server: Server) -> int:
    """Save it, in the largest scale that is small enough; return the file's size in bytes."""
    for scale in (2, 1.5, 1):
        # As wide as README.md shows it, nearly, so that its words stay readable there.
        with new_page(browser, width=1080, height=1000, scale=scale) as page:
            open_notebook(page, server, "01_wrong_head_size.ipynb")
            set_theme(page, "light")
            fold_sidebar(page)
            run_all(page)
            lab = page.locator(LAB).first
            bring_to_top(lab)
            lab.screenshot(path=README_PICTURE, animations="disabled")
        if README_PICTURE.stat().st_size < MOST_README_BYTES:
            break
    return README_PICTURE.stat().st_size


def take_lab_pictures(browser: Browser, server: Server) -> None:
    cells = ["from helpers import ShapeLab", *(f"ShapeLab({preset!r})" for preset in PRESETS)]
    SHOTS.mkdir(exist_ok=True)
    write_scratch(server, "labs.ipynb", cells)
    with new_page(browser) as page:
        open_notebook(page, server, "labs.ipynb")
        run_all(page)
        for width, theme in itertools.product((1280, 800), get_args(Theme)):
            page.set_viewport_size({"width": width, "height": 1000})
            fold_sidebar(page, width < 1000)
            set_theme(page, theme)
            for number, preset in enumerate(PRESETS):
                bring_to_top(page.locator(LAB).nth(number))
                page.screenshot(path=SHOTS / f"lab_{preset}_{theme}_{width}.png", animations="disabled")


if __name__ == "__main__":
    with chromium() as browser, jupyterlab() as server:
        size = take_readme_picture(browser, server)
        take_lab_pictures(browser, server)
    print(
        f"{README_PICTURE.relative_to(ROOT)}: {size / 1000:.0f} KB; the others in {SHOTS.relative_to(ROOT)}"
    )
    raise SystemExit(size >= MOST_README_BYTES)
