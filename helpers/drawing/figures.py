"""Matplotlib pictures of data: training curves and grids of numbers, each with the same said in words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from helpers.table import folded, tag

# Line styles tell the curves apart without colour.
STYLES = ("-", "--", ":", "-.")
INKS = ("#0072B2", "#A65E00", "#00795A", "#666666")  # the axes' hues, dark enough for a line
SHADES = "cividis"  # grows lighter evenly: it reads the same in grey, whatever colours one sees
MOST_PANELS = 3
MOST_WRITTEN, SMALLEST = 8, 7  # rows or columns, and points: beyond these, numbers can't be read
Ticks = Sequence[object] | None
# In JupyterLab's dark theme light and dark change places, and each hue stays; white becomes the page's #111.
FIGURE = "shape-clinic-figure"  # the words below a picture of ours: no other picture is touched
DARK = f"""
[data-jp-theme-light="false"] .jp-OutputArea-child:has(+ .jp-OutputArea-child .{FIGURE}) img {{
  filter: invert(0.93) hue-rotate(180deg);
}}
"""


class Figure:
    """A PNG with its text equivalent: screen readers, GitHub and a plain terminal get the words.

    nbviewer makes alt text of the metadata; JupyterLab 4.6, and the page that it exports, show a PNG without
    any. So the words also follow the picture, folded.
    """

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def _ipython_display_(self) -> None:
        from IPython.display import display  # late: a figure can be made, and read, without it

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        words = folded("The picture in words", tag("p", self.alt))
        display({"text/html": tag("div", words, class_=FIGURE)}, raw=True)
        _in_dark_theme()


@cache
def _in_dark_theme() -> object:
    """Bring `DARK` to the page by a widget that is never shown: a stored `<style>` is text on GitHub."""
    from anywidget import AnyWidget  # late: widgets take long to import

    class Style(AnyWidget):
        _css = DARK
        _esm = "export default {}"

    return Style()


def loss_curves(curves: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Draw one curve of loss values per name, over training steps.

    Args:
        curves: From a name to its losses, floats, one per step.
        title: What the reader should see.

    Raises:
        ValueError: There is no curve, or more than can be told apart.

    >>> loss_curves({"right head": [1.1, 0.4]}, "The loss falls")
    The loss falls. right head: loss from 1.10 to 0.40 in 2 steps.
    """
    _refuse_count(len(curves), "curves", "loss_curves", len(STYLES))
    canvas = _canvas(7, 3)
    axes, said = canvas.add_subplot(title=title, xlabel="training step", ylabel="loss"), []
    for (name, losses), style, ink in zip(curves.items(), STYLES, INKS, strict=False):
        axes.plot(losses, style, color=ink, linewidth=2.5, label=name)
        said.append(f"{name}: loss from {losses[0]:.2f} to {losses[-1]:.2f} in {len(losses)} steps.")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _drawn(canvas, title, said)


def heatmap(
    values: Any, title: str, xlabel: str, ylabel: str, xticks: Ticks = None, yticks: Ticks = None
) -> Figure:
    """Draw a grid of numbers, or up to three side by side on one scale of colours.

    Args:
        values: Numbers (rows, columns), or a mapping from a panel's name to such numbers.
        title: What the reader should see.
        xlabel: What the columns are.
        ylabel: What the rows are.
        xticks: A name for each column, such as its token; without names they are counted from 0.
        yticks: A name for each row.

    Raises:
        ValueError: There is no grid or too many, one isn't 2-D or holds nan, or the names don't fit it.

    >>> heatmap([[0, 4], [1, 9]], "Squared errors", "target", "logit")
    Squared errors. 2 × 2 (logit × target), lowest 0, highest 9 at row 1, column 1.
    """
    given = values if isinstance(values, Mapping) else {"": values}
    _refuse_count(len(given), "grids", "heatmap", MOST_PANELS)
    grids = {name: _grid(grid, {"yticks": yticks, "xticks": xticks}) for name, grid in given.items()}
    numbers = torch.cat([grid.flatten() for grid in grids.values()])
    low, high = float(numbers.min()), float(numbers.max())
    form = ".0f" if (numbers % 1 == 0).all() else ".2f" if 0.1 <= max(-low, high) < 1000 else ".1e"
    widths = [min(max(0.55 * grid.shape[1], 2), 8 / len(grids)) for grid in grids.values()]
    heights = {min(max(0.45 * len(grid), 1.2), 4.5) for grid in grids.values()}
    canvas, said = _canvas(sum(widths) + 1.6, max(heights) + 1.2), []
    panels = canvas.subplots(1, len(grids), squeeze=False, width_ratios=widths, sharey=bool(yticks))[0]
    for axes, width, (name, grid) in zip(panels, widths, grids.items(), strict=True):
        axes.set(title=name, xlabel=xlabel, ylabel=ylabel if axes is panels[0] else "")
        image = axes.imshow(grid.numpy(), SHADES, aspect="auto", interpolation="nearest", vmin=low, vmax=high)
        _set_ticks(axes.yaxis, yticks, grid.shape[0])
        _set_ticks(axes.xaxis, xticks, grid.shape[1], rotation=45, ha="right", rotation_mode="anchor")
        _write(axes, image, grid, form, 72 * width / grid.shape[1])
        row, column = divmod(int(grid.argmax()), grid.shape[1])
        at = f"row {yticks[row] if yticks else row}, column {xticks[column] if xticks else column}"
        size = f"{name}{': ' * bool(name)}{grid.shape[0]} × {grid.shape[1]} ({ylabel} × {xlabel})"
        said.append(f"{size}, lowest {grid.min():{form}}, highest {grid.max():{form}} at {at}.")
    canvas.colorbar(image, ax=list(panels))
    canvas.suptitle(title)
    return _drawn(canvas, title, said)


def _refuse_count(count: int, what: str, who: str, most: int) -> None:
    if not 0 < count <= most:
        raise ValueError(f"got {count} {what}. {who} needs 1 to {most}. Try the {most} that matter.")


def _canvas(width: float, height: float) -> Any:
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=(width, height), dpi=90, layout="constrained")


def _drawn(canvas: Any, title: str, said: Sequence[str]) -> Figure:
    buffer = io.BytesIO()
    canvas.savefig(buffer, dpi="figure", metadata={"Software": None})
    return Figure(buffer.getvalue(), f"{title}. {' '.join(said)}")


def _grid(values: Any, names: Mapping[str, Ticks]) -> Tensor:
    grid = torch.as_tensor(values).detach().cpu().double()
    got, needs = f"got shape {tuple(grid.shape)}", "heatmap needs"
    if grid.ndim != 2 or not grid.numel():
        raise ValueError(f"{got}. {needs} (rows, columns). Try values[0] for the first of a batch.")
    if not grid.isfinite().all():
        raise ValueError(f"{got} with nan or inf. {needs} finite numbers. Try values.nan_to_num().")
    for (name, ticks), size in zip(names.items(), grid.shape, strict=True):
        if ticks is not None and len(ticks) != size:
            raise ValueError(f"{got}, {len(ticks)} {name}. {needs} {size}. Try one name for each.")
    return grid


def _set_ticks(axis: Any, ticks: Ticks, count: int, **style: Any) -> None:
    if ticks is not None:  # a token may hold a $, which would begin a formula
        axis.set_ticks(range(count), [str(tick) for tick in ticks], parse_math=False, **style)
    elif count <= MOST_WRITTEN:
        axis.set_ticks(range(count))


def _write(axes: Any, image: Any, grid: Tensor, form: str, points: float) -> None:
    size = min(10.0, 1.3 * points / max(len(f"{number:{form}}") for number in grid.flatten()))
    if max(grid.shape) > MOST_WRITTEN or size < SMALLEST:
        return
    for row, column in torch.ones_like(grid).nonzero().tolist():
        rgb = image.to_rgba(float(grid[row, column]))[:3]
        light = sum(part * value**2.2 for part, value in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))
        ink = "black" if light > 0.179 else "white"  # where both have the same contrast
        axes.text(column, row, f"{grid[row, column]:{form}}", color=ink, size=size, ha="center", va="center")
