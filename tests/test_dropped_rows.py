"""Rows that a mask took out on the way to the loss."""

import pytest
import torch
from judge import explained

from helpers.diagnosis import Mark, dropped_rows

MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
FILTER = "mask = torch.tensor({mask})\nlogits = torch.randn(4, 3)[mask.bool().all(dim=1)]\n"
FILTER += "F.cross_entropy(logits, torch.arange({labels}) % 3)"


@pytest.mark.parametrize(
    ("labels", "certain", "also"), [(4, True, ""), (2, False, "not one label per row"), (0, False, None)]
)
def test_dropped_rows_are_found_however_many_labels_there_are(
    labels: int, certain: bool, also: str | None
) -> None:
    diagnosis = explained(FILTER.format(mask=MASK.tolist(), labels=labels))
    assert (diagnosis.cause, diagnosis.certain) == ("dropped_rows", certain)
    assert diagnosis.needs == "all 4 rows; 3 have padding and were left out"
    assert diagnosis.got.endswith(", mask (4, 4)")
    assert also is None or diagnosis.also == also


@pytest.mark.parametrize(
    ("kept", "needs"),
    [
        ([0, 0, 1, 0], "3 have padding and were left out, and the 1st label now goes to the 3rd row"),
        ([1, 1, 1, 0], "1 has padding and was left out"),
        ([1, 0, 0, 1], "2 were left out, and the 2nd label now goes to the 4th row"),
    ],
)
def test_a_loss_of_a_part_of_the_batch_is_silent(kept: list[int], needs: str) -> None:
    diagnosis = dropped_rows(MASK, torch.tensor(kept).bool(), sum(kept), 1.5)
    assert diagnosis is not None
    assert (diagnosis.outcome, diagnosis.cause, diagnosis.loss) == ("silent", "dropped_rows", 1.5)
    assert diagnosis.certain
    assert diagnosis.needs == f"all 4 rows; {needs}"
    rows = "1 row" if sum(kept) == 1 else f"{sum(kept)} rows"
    assert diagnosis.got == f"mask (4, 4), logits of {rows}, target of {rows}"
    assert diagnosis.marks == (Mark("logits", "N"), Mark("target", "N"))


def test_nothing_is_said_of_a_whole_batch_nor_of_a_loss_that_raised() -> None:
    everything = torch.ones(4, dtype=torch.bool)
    assert dropped_rows(MASK, everything, 4, 1.0) is None
    assert dropped_rows(MASK, MASK.bool().all(1), 4, None) is None
