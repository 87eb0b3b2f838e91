"""The actual numbers of small tensors, on demand: what the loss reads, and the target beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import torch
from torch import Tensor

from helpers.drawing.svg import FAINT, TEXT

MOST_ROWS, MOST_COLUMNS = 12, 10


def draw_numbers(name: str, tensor: Tensor, target: Sequence[Any], rows: Sequence[str]) -> str:
    """Return a table with a row per prediction and the target's value beside it.

    Args:
        name: What the loss reads, such as "logits".
        tensor: Its values, (N, C), or (N, T, C) or (N, C, T), of which the first sentence is shown.
        target: The target's values, by row.
        rows: What each row of the batch is, such as the sentences.
    """
    if not len(tensor):
        return "<p>No row reaches the loss.</p>"
    part, of = (tensor[0], f"{name}[0], the first sentence") if tensor.ndim == 3 else (tensor, name)
    right = target[0] if tensor.ndim == 3 and target and isinstance(target[0], list) else target
    shown = part[:MOST_ROWS, :MOST_COLUMNS]
    heads = rows if tensor.ndim == 2 and len(rows) == len(part) else [str(n) for n in range(len(part))]
    lines = "".join(
        f'<tr><th scope="row">{escape(head)}</th>{_cells(values)}<td>{_written(right, place)}</td></tr>'
        for place, (head, values) in enumerate(zip(heads, shown.tolist(), strict=False))
    )
    columns = "".join(f'<th scope="col">{number}</th>' for number in range(shown.shape[1]))
    cut = " (cut)" if shown.shape != part.shape else ""
    style = f"color:{TEXT};border-spacing:10px 2px;font-variant-numeric:tabular-nums"
    caption = f'<caption style="text-align:left;color:{FAINT}">{escape(of)}{cut}, and the target</caption>'
    head = f'<tr><td></td>{columns}<th scope="col">target</th></tr>'
    region = 'tabindex="0" role="group" aria-label="the numbers" style="overflow-x:auto"'
    return f'<div {region}><table style="{style}">{caption}{head}{lines}</table></div>'


def _cells(values: Sequence[float]) -> str:
    return "".join(f'<td style="text-align:right">{value:.2f}</td>' for value in values)


def _written(target: Any, place: int) -> str:
    if not isinstance(target, list) or place >= len(target):
        return "none"
    value = target[place]
    parts = value if isinstance(value, list) else [value]
    return " ".join(
        f"{part:g}" for part in torch.tensor(parts, dtype=torch.float64).round(decimals=2).tolist()
    )
