"""What a diagnosis holds beside its words: marks at both ends, rows that were dropped."""

import pytest
import torch
import torch.nn.functional as F
from batches import bert, given

from helpers import check_batch, check_loss
from helpers.diagnosis import Mark, dropped_rows

LOGITS = torch.randn(4, 3)
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])


def labels(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64)


def test_the_cause_does_not_hang_on_the_wording() -> None:
    def reworded(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("x")

    # Only a criterion that is known to be cross entropy gets a cause: anything else is reported as it is.
    assert check_loss(reworded, LOGITS, labels(1)).cause is None
    assert check_loss(reworded, LOGITS, labels(1)).error == "RuntimeError: x"


@pytest.mark.parametrize(
    ("target", "marks"),
    [
        (labels(1), (Mark("logits", "N"), Mark("target", "N"))),
        (labels(0, 1, 2, 3), (Mark("logits", "C"), Mark("target", "label"))),
        (labels(0, 1, 2, 0), ()),
        (labels(0, 1, 2, 0)[:, None], (Mark("target", "?"),)),
        (labels(0, 1, 2, 0).int(), (Mark("target", "dtype"),)),
    ],
)
def test_marks_name_both_ends(target: torch.Tensor, marks: tuple[Mark, ...]) -> None:
    assert check_loss(F.cross_entropy, LOGITS, target).marks == marks


@pytest.mark.parametrize(
    "labels", [torch.tensor([[0, 0, 1], [1, 0, 0]]), torch.tensor([[0.0, 0, 1], [1, 0, 0]])]
)
def test_a_label_with_a_column_is_not_marked_as_if_it_had_none(labels: torch.Tensor) -> None:
    diagnosis = check_batch(bert("sequence", 3), {**given(), "labels": labels})
    assert diagnosis.marks == (Mark("target", "dtype"),)


@pytest.mark.parametrize(("highest", "part"), [(2, "label"), (0, "C")])
def test_with_one_output_a_label_is_marked_where_it_has_no_column(highest: int, part: str) -> None:
    diagnosis = check_batch(bert("sequence", 1), {**given(), "labels": torch.tensor([highest, 0])})
    assert diagnosis.cause == "problem_type"
    assert diagnosis.marks[-1].part == part


@pytest.mark.parametrize(
    ("kept", "needs"),
    [
        ([0, 0, 1, 0], "3 have padding and were left out, and label 1 now goes to row 3"),
        ([1, 1, 1, 0], "1 has padding and was left out"),
        ([1, 0, 0, 1], "2 were left out, and label 2 now goes to row 4"),
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
