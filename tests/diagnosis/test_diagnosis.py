"""What a diagnosis holds beside its words: marks at both ends, rows that were dropped."""

import pytest
import torch
import torch.nn.functional as F
from batches import bert, given

from helpers import check_batch, check_loss
from helpers.diagnosis import Mark, dropped_rows

BCE = "binary_cross_entropy_with_logits"
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


TAGS = torch.arange(48).reshape(4, 12) % 3
TWO_CLASSES = "two classes or more, and an output for each: with one class there is nothing to choose"


@pytest.mark.parametrize(
    ("loss", "sizes", "target", "classes", "cause", "needs"),
    [
        # With one class no number of outputs is right, and no verdict asks for another one.
        ("cross_entropy", (4, 1), labels(0, 0, 0, 0), 1, "head_size", f"{TWO_CLASSES}, and cross entropy"),
        ("cross_entropy", (4, 3), labels(0, 0, 0, 0), 1, "unused_outputs", TWO_CLASSES),
        # 12 is the number of tokens, and no head has an output for each.
        ("mse_loss", (4, 3), TAGS, 3, "sequence_logits_for_token", "a prediction for each label"),
        (BCE, (4, 12, 3), TAGS, 3, "index_for_multilabel", "a number for each output: target (4, 12, 3)"),
        (BCE, (4, 3, 12), TAGS, 3, "index_for_multilabel", "a number for each output: target (4, 3, 12)"),
        (BCE, (48, 3), TAGS, 3, "index_for_multilabel", "a number for each output: target (48, 3)"),
        (
            "cross_entropy",
            (4, 12, 1),
            labels(2, 0, 1, 2),
            3,
            "token_logits_for_sequence",
            "one prediction per",
        ),
        # A batch with the last class alone: the head is too small, however the labels are counted.
        ("cross_entropy", (1, 2), labels(2), 3, "head_size", "an output for every label: C is 2"),
        ("cross_entropy", (1, 2), labels(2), None, "label_range", "labels from 0 to 1; here there is only 2"),
        # One row of a batch is no row of tokens, and an empty batch has lost its rows.
        ("cross_entropy", (1, 3), labels(*[0] * 8), 3, "batch_target", "one label for each row of logits"),
        ("mse_loss", (0, 3), torch.zeros(3), 3, "dropped_rows", "at least one row"),
        # Rows with a number for each class are no labels of tokens.
        (
            "cross_entropy",
            (4, 12, 3),
            torch.eye(5)[:4] + torch.eye(5)[1:],
            5,
            "token_logits_for_sequence",
            "one prediction for",
        ),
        ("cross_entropy", (4, 4), torch.ones(4, 3), 3, "head_size", "as many outputs as target (4, 3) has"),
        ("cross_entropy", (4, 5), torch.eye(2)[:1], 2, "batch_target", "one label for each row of logits"),
    ],
)
def test_the_number_of_classes_decides_between_readings(
    loss: str, sizes: tuple[int, ...], target: torch.Tensor, classes: int | None, cause: str, needs: str
) -> None:
    told = check_loss(getattr(F, loss), torch.randn(sizes), target, classes)
    assert (told.cause, told.needs[: len(needs)]) == (cause, needs)


def test_one_hot_rows_are_called_so() -> None:
    rows = F.one_hot(labels(2, 0, 1, 2))
    assert check_loss(F.cross_entropy, LOGITS, rows).got == "logits (N=4, C=3), target (4, 3) of one-hot rows"
    assert check_loss(F.cross_entropy, LOGITS, rows + 1).got.endswith("with labels 1 to 2")
