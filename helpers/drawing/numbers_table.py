"""The actual numbers of small tensors, on demand: what the loss reads, and the target beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from helpers.drawing.svg import FAINT, TEXT
from helpers.table import LEFT, table, tag

MOST_ROWS, MOST_COLUMNS = 12, 10


def draw_numbers(
    name: str,
    tensor: Tensor,
    axes: str,
    target: Sequence[Any],
    sentences: Sequence[str],
    tokens: Sequence[str],
) -> str:
    """Return a table with a row per prediction and, where there is one for it, the target's value beside it.

    Args:
        name: What the loss reads, such as "logits".
        tensor: Its values. Of (N, T, C) and (N, C, T) the first sentence is shown, a row per token.
        axes: A letter per axis: "NC", "NTC" or "NCT".
        target: The target's values, by row.
        sentences: The batch.
        tokens: Those of the first sentence.
    """
    if not len(tensor):
        return "<p>No row reaches the loss.</p>"
    if tensor.ndim == 3:
        rows = tensor[0] if axes == "NTC" else tensor[0].T  # (T, C)
        per_token = bool(target) and isinstance(target[0], list) and len(target[0]) == len(rows)
        heads, right, of = tokens, target[0] if per_token else None, f"{name}: the first sentence, per token"
    else:
        rows, right, of = tensor, target, name
        heads = sentences if len(sentences) == len(rows) else [f"row {number}" for number in range(len(rows))]
    shown = rows[:MOST_ROWS, :MOST_COLUMNS]
    lines = (
        (head, *(f"{value:.2f}" for value in values), *_beside(right, place))
        for place, (head, values) in enumerate(zip(heads, shown.tolist(), strict=False))
    )
    classes = [f"class {number}" for number in range(shown.shape[1])]
    names = ("", *classes, *(["target"] if right is not None else []))
    styles = (LEFT, *["text-align:right"] * len(classes), "")
    sizes = zip(("rows", "classes"), rows.shape, shown.shape, strict=True)
    parts = [f"{less} of {size} {name}" for name, size, less in sizes if less < size]
    cut = f" (the first {' and '.join(parts)})" if parts else ""
    caption = f"{of}{cut}{'' if right is not None else '; the target has no label per token'}"
    style = f"color:{TEXT};border-spacing:10px 2px;font-variant-numeric:tabular-nums"
    title = tag("caption", caption, style=f"{LEFT};color:{FAINT}")
    region = 'tabindex="0" role="group" aria-label="the numbers" style="overflow-x:auto"'
    return f"<div {region}>{table(lines, names, styles, heads='', caption=title, style=style)}</div>"


def _beside(target: Sequence[Any] | None, place: int) -> list[str]:
    """Return the cell with a row's target: none where there is no label for it."""
    if target is None:
        return []
    if place >= len(target):
        return ["none"]
    parts = target[place] if isinstance(target[place], list) else [target[place]]
    rounded = torch.tensor(parts, dtype=torch.float64).round(decimals=2).tolist()
    return [" ".join(f"{part:g}" for part in rounded)]
