import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from contrast import contrast
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text

from helpers.drawing.figures import DARK, INKS, SHADES, STYLES, Figure, heatmap, loss_curves

if TYPE_CHECKING:
    from browser_server import Server
    from playwright.sync_api import Page

TOKENS = ["[CLS]", "$a", "b$", "[PAD]"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Canvas]:
    """Collect what is about to become a PNG."""
    canvases: list[Canvas] = []
    save = Canvas.savefig

    def savefig(self: Canvas, *args: object, **kwargs: object) -> None:
        save(self, *args, **kwargs)
        canvases.append(self)

    monkeypatch.setattr(Canvas, "savefig", savefig)
    return canvases


def numbers_in(canvas: Canvas) -> list[Text]:
    return [text for axes in canvas.axes for text in axes.texts]


def test_four_curves_differ_in_style_and_colour(drawn: list[Canvas]) -> None:
    loss_curves({str(n): [float(n), 0.0] for n in range(len(STYLES))}, "Four")
    lines = drawn[0].axes[0].lines
    assert len({line.get_linestyle() for line in lines}) == len({line.get_color() for line in lines}) == 4


GRIDS = {"without": torch.tensor([[0.25, 0.5, 0.0, 0.1]]), "with": torch.tensor([[0.25, 0.0, 0.0, 0.1]])}


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (
            lambda: heatmap(GRIDS, "Attention", "to", "from", TOKENS, ["[CLS]"]),
            "Attention. without: 1 × 4 (from × to), lowest 0.00, highest 0.50 at row [CLS], column $a."
            " with: 1 × 4 (from × to), lowest 0.00, highest 0.25 at row [CLS], column [CLS].",
        ),
        (
            lambda: loss_curves({"a": [2.0, 1.0], "b": [0.0]}, "Two"),
            "Two. a: loss from 2.00 to 1.00 in 2 steps. b: loss from 0.00 to 0.00 in 1 steps.",
        ),
    ],
)
def test_a_figure_says_in_words_what_it_draws(draw: Callable[[], Figure], words: str) -> None:
    figure = draw()
    bundle, metadata = figure._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == metadata["image/png"]["alt"] == repr(figure) == words
    assert draw().png == figure.png


@pytest.mark.parametrize("count", [0, len(STYLES) + 1])
def test_curves_that_cannot_be_told_apart_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=r"got \d curves"):
        loss_curves({str(n): [1.0] for n in range(count)}, "")


def test_the_words_follow_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    loss_curves({"a": [2.0, 1.0]}, "<b>")._ipython_display_()
    assert [set(data) for data in shown] == [{"image/png", "text/plain"}, {"text/html"}]
    assert "<style" not in shown[1]["text/html"]  # GitHub would show it as text
    assert "<p>&lt;b&gt;. a: loss from 2.00 to 1.00 in 2 steps.</p>" in shown[1]["text/html"]


def test_panels_share_one_scale_and_one_bar(drawn: list[Canvas]) -> None:
    heatmap({"small": [[0.0, 1.0]], "large": [[2.0, 8.0]]}, "Two", "x", "y")
    *panels, bar = drawn[0].axes
    assert [panel.get_title() for panel in panels] == ["small", "large"]
    assert {panel.images[0].get_clim() for panel in panels} == {(0.0, 8.0)}
    assert bar.get_label() == "<colorbar>"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0, 4], [1, 9]], {"0", "4", "1", "9"}),
        ([[0.125, 1.0]], {"0.12", "1.00"}),
        ([[1e-5, -2e-5]], {"1.0e-05", "-2.0e-05"}),
        (torch.eye(2) > 0, {"0", "1"}),
    ],
)
def test_small_grids_hold_their_numbers(values: object, words: set[str], drawn: list[Canvas]) -> None:
    heatmap(values, "", "x", "y")
    assert {text.get_text() for text in numbers_in(drawn[0])} == words


@pytest.mark.parametrize(
    "values",
    [torch.rand(2, 9), torch.rand(9, 2), {str(n): torch.rand(8, 8) / 1e5 for n in range(3)}],
    ids=["columns", "rows", "long numbers in three panels"],
)
def test_numbers_too_small_to_read_are_left_out(values: object, drawn: list[Canvas]) -> None:
    heatmap(values, "", "x", "y")
    assert not numbers_in(drawn[0])


def test_every_number_stands_out_from_its_cell(drawn: list[Canvas]) -> None:
    grid = torch.arange(64.0).reshape(8, 8)
    heatmap(grid, "", "x", "y")
    for text in numbers_in(drawn[0]):
        paper, ink = colormaps[SHADES](int(text.get_text()) / 63), to_rgb(text.get_color())
        assert contrast(255 * np.array(paper[:3]), 255 * np.array(ink)) >= 4.4
        assert contrast(dark(255 * np.array(paper[:3])), dark(255 * np.array(ink))) >= 3
    assert len(numbers_in(drawn[0])) == 64


def dark(colours: Any) -> np.ndarray[Any, Any]:
    """What the filter of `DARK` makes of colours (..., 3) from 0 to 255, as the CSS standard defines it."""
    share = float(re.findall(r"invert\((.*?)\) hue-rotate\(180deg\)", DARK)[0])
    inverted = np.asarray(colours) * (1 - 2 * share) + 255 * share
    turn = 2 * np.array([0.213, 0.715, 0.072]) - np.eye(3)
    return np.clip(inverted @ turn.T, 0, 255)


def test_lines_stand_out_in_both_themes() -> None:
    inks, paper = 255 * np.array([to_rgb(ink) for ink in INKS]), np.full(3, 255)
    assert contrast(inks, paper).min() >= 4.5
    assert contrast(dark(inks), dark(paper)).min() >= 4.5
    assert contrast(dark(np.zeros(3)), dark(paper)) >= 12  # the words


def test_a_picture_of_ours_follows_the_theme_and_no_other_does(page: "Page", server: "Server") -> None:
    from browser_tools import open_notebook, run_all, set_theme, write_scratch

    lines = "from IPython.display import Image", "from helpers.drawing.figures import loss_curves"
    ours = 'loss_curves({"a": [2.0, 1.0]}, "Ours")'
    write_scratch(server, "dark.ipynb", ["\n".join(lines), ours, f"Image(({ours}).png)"])
    open_notebook(page, server, "dark.ipynb")
    run_all(page)
    pictures = page.locator(".jp-RenderedImage img")
    for theme, filters in (("light", ["none"] * 2), ("dark", [re.findall("filter: (.*);", DARK)[0], "none"])):
        set_theme(page, theme)
        assert pictures.evaluate_all("all => all.map((one) => getComputedStyle(one).filter)") == filters


def test_the_shades_grow_lighter_evenly() -> None:
    shades = 255 * colormaps[SHADES](np.linspace(0, 1, 21))[:, :3]
    light = contrast(shades, np.zeros(3)).tolist()
    assert light == sorted(light)


def test_names_of_rows_stand_at_the_first_panel_only(drawn: list[Canvas]) -> None:
    heatmap({"one": torch.rand(4, 4), "two": torch.rand(4, 4)}, "", "x", "y", yticks=TOKENS)
    first, second, _ = drawn[0].axes
    assert [label.get_text() for label in first.get_yticklabels() if label.get_visible()] == TOKENS
    assert not any(label.get_visible() for label in second.get_yticklabels())
    assert (first.get_ylabel(), second.get_ylabel()) == ("y", "")


def test_numbers_fit_their_cells(drawn: list[Canvas]) -> None:
    heatmap({str(n): torch.rand(5, 8) for n in range(3)}, "", "x", "y", yticks=[*TOKENS, "long token"])
    *panels, _ = drawn[0].axes
    for panel in panels:
        cell = panel.get_window_extent().width / 8
        assert panel.texts and all(text.get_window_extent().width < 0.95 * cell for text in panel.texts)


def test_names_of_columns_are_turned_and_never_formulas(drawn: list[Canvas]) -> None:
    heatmap(torch.rand(4, 4), "", "x", "y", TOKENS, TOKENS)
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == TOKENS
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {45}
    assert {label.get_rotation() for label in axes.get_yticklabels()} == {0}
    assert not any(label.get_parse_math() for label in [*axes.get_xticklabels(), *axes.get_yticklabels()])


def test_what_is_drawn_may_need_a_gradient_and_stays_as_it_was() -> None:
    weight = torch.ones(2, 2, dtype=torch.bfloat16, requires_grad=True)
    assert "highest 1 " in repr(heatmap(weight, "", "x", "y"))
    assert weight.requires_grad and weight.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("values", "ticks", "message"),
    [
        ({}, {}, r"got 0 grids\. heatmap needs 1 to 3\. Try"),
        ({str(n): [[1]] for n in range(4)}, {}, r"got 4 grids"),
        (
            torch.zeros(2, 3, 4),
            {},
            r"got shape \(2, 3, 4\)\. heatmap needs \(rows, columns\)\. Try values\[0\]",
        ),
        (torch.zeros(0, 3), {}, r"got shape \(0, 3\)"),
        (torch.tensor([[1.0, torch.nan]]), {}, r"with nan or inf\. heatmap needs finite numbers\. Try"),
        (torch.zeros(2, 3), {"xticks": TOKENS}, r"got shape \(2, 3\), 4 xticks\. heatmap needs 3\. Try"),
        (torch.zeros(2, 3), {"yticks": ["one"]}, r"1 yticks\. heatmap needs 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(values: object, ticks: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        heatmap(values, "", "x", "y", **ticks)
