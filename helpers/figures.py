"""Matplotlib pictures of data: a training run's curves, in the kit's colours and with words beside them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.svg import FILLS

# Line styles tell the curves apart without colour.
STYLES = ("-", "--", ":", "-.")
INKS = (FILLS["N"], FILLS["C"], FILLS["T"], FILLS["H"])


class Figure:
    """A PNG with its text equivalent: screen readers, GitHub and a plain terminal get the words."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


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
    if not 0 < len(curves) <= len(STYLES):
        most = len(STYLES)
        raise ValueError(
            f"got {len(curves)} curves. loss_curves needs 1 to {most}. Try the {most} that matter."
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(7, 3), dpi=90, layout="constrained")
    axes = canvas.add_subplot(title=title, xlabel="training step", ylabel="loss")
    for (name, losses), style, ink in zip(curves.items(), STYLES, INKS, strict=False):
        axes.plot(losses, style, color=ink, linewidth=2.5, label=name)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    FigureCanvasAgg(canvas).print_png(buffer, metadata={"Software": None})
    ends = (
        f"{name}: loss from {row[0]:.2f} to {row[-1]:.2f} in {len(row)} steps."
        for name, row in curves.items()
    )
    return Figure(buffer.getvalue(), f"{title}. {' '.join(ends)}")
