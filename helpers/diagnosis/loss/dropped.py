"""Rows that a mask for tokens took out of the batch, which the tensors of a loss alone don't show."""

from __future__ import annotations

from torch import Tensor

from helpers.diagnosis.said.finding import BATCH
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import shape


def dropped_rows(mask: Tensor, kept: Tensor, target_rows: int, loss: float | None) -> Diagnosis | None:
    """Say that a loss ran on a part of the batch; only a caller who holds the whole batch can know.

    Args:
        mask: The batch's attention_mask (N, T).
        kept: Which rows reached the loss: bool (N,), such as `mask.bool().all(dim=1)`.
        target_rows: How many labels the loss got.
        loss: What it gave.

    Returns:
        The diagnosis, or None where every row was kept. Also where labels and kept rows are not equally many:
        that raises, and `explain` names it.

    >>> import torch
    >>> mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0]])
    >>> print(dropped_rows(mask, mask.bool().all(dim=1), 1, 0.75))
    ⚠ no error, and still a mistake: loss 0.750
    cause  rows were lost on the way to the loss
    got    mask (3, 3), logits of 1 row, target of 1 row
    needs  all 3 rows; 2 have padding and were left out, and the 1st label now goes to the 2nd row
    """
    places = kept.bool().nonzero().flatten().tolist()
    if len(places) == len(mask) or len(places) != target_rows:
        return None
    rows = "1 row" if target_rows == 1 else f"{target_rows} rows"
    moved = next(((label, row) for label, row in enumerate(places, 1) if label != row + 1), None)
    needs = needs_all(mask, kept)
    if moved is not None:
        needs += f", and the {_ordinal(moved[0])} label now goes to the {_ordinal(moved[1] + 1)} row"
    got = f"mask {shape(mask)}, logits of {rows}, target of {rows}"
    return Diagnosis("silent", got, loss, cause="dropped_rows", needs=needs, marks=BATCH)


def needs_all(mask: Tensor, kept: Tensor) -> str:
    """Say how many rows are missing, and that it is for their padding where it is.

    >>> import torch
    >>> needs_all(torch.tensor([[1, 1], [1, 0]]), torch.tensor([True, False]))
    'all 2 rows; 1 has padding and was left out'
    """
    left_out = ~kept.bool()
    count = int(left_out.sum())
    has, were = ("has", "was") if count == 1 else ("have", "were")
    padding = f"{has} padding and " if bool((mask == 0).any(1)[left_out].all()) else ""
    if len(mask) == 1:
        return f"the only row; it {padding}was left out"
    return f"all {len(mask)} rows; {count} {padding}{were} left out"


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
