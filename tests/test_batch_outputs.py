"""A model with its loss inside: the outputs that are not used, what is marked, and what is said of a mask."""

import pytest
import torch
import torch.nn.functional as F
from batches import bert

from helpers import check_batch, check_loss
from helpers.diagnosis import Mark

IDS = torch.tensor([[101, 200, 201, 102], [101, 202, 102, 0]])
BATCH = {"input_ids": IDS, "attention_mask": (IDS != 0).long()}


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize(
    ("num_labels", "classes", "cause"),
    [(5, 3, "unused_outputs"), (5, 5, None), (5, None, None), (3, 3, None)],
)
def test_the_number_of_classes_tells_which_outputs_are_not_used(
    task: str, num_labels: int, classes: int | None, cause: str | None
) -> None:
    labels = torch.tensor([2, 0]) if task == "sequence" else torch.tensor([[2, 0, 1, 0], [1, 1, 2, -100]])
    model, given = bert(task, num_labels), {**BATCH, "labels": labels}
    diagnosis = check_batch(model, given, classes=classes)
    assert diagnosis.cause == cause
    if cause is not None:
        by_hand = check_loss(
            F.cross_entropy, torch.randn(2, num_labels), torch.tensor([2, 0]), classes=classes
        )
        assert diagnosis.needs == by_hand.needs
        assert diagnosis.needs == "3 outputs for 3 classes: no label ever asks for outputs 3 and 4"
        assert diagnosis.fixes[0].code.endswith("num_labels = 3")


def test_an_output_that_a_label_asks_for_is_used_whatever_the_number_of_classes() -> None:
    diagnosis = check_loss(F.cross_entropy, torch.randn(4, 6), torch.tensor([4, 0, 1, 2]), classes=3)
    assert diagnosis.needs == "5 outputs for 5 classes: no label ever asks for output 5"


@pytest.mark.parametrize(
    "labels", [torch.tensor([[0, 0, 1], [1, 0, 0]]), torch.tensor([[0.0, 0, 1], [1, 0, 0]])]
)
def test_a_label_with_a_column_is_not_marked_as_if_it_had_none(labels: torch.Tensor) -> None:
    diagnosis = check_batch(bert("sequence", 3), {**BATCH, "labels": labels})
    assert diagnosis.marks == (Mark("target", "dtype"),)


@pytest.mark.parametrize(("highest", "part"), [(2, "label"), (0, "C")])
def test_with_one_output_a_label_is_marked_where_it_has_no_column(highest: int, part: str) -> None:
    diagnosis = check_batch(bert("sequence", 1), {**BATCH, "labels": torch.tensor([highest, 0])})
    assert diagnosis.cause == "problem_type"
    assert diagnosis.marks[-1].part == part


def test_padding_is_counted_in_tokens() -> None:
    assert check_batch(bert("sequence", 3), {"input_ids": IDS}).got.startswith(
        "input_ids (N=2, T=4) with 1 padding token, "
    )
    padded = torch.cat([IDS, torch.zeros(2, 1, dtype=torch.long)], 1)
    assert " with 3 padding tokens, " in check_batch(bert("sequence", 3), {"input_ids": padded}).got


@pytest.mark.parametrize("mask", [None, torch.ones(2, 3).long()])
def test_the_title_fits_a_mask_that_is_missing_and_one_of_another_shape(mask: torch.Tensor | None) -> None:
    given = {"input_ids": IDS} if mask is None else {"input_ids": IDS, "attention_mask": mask}
    assert dict(check_batch(bert("sequence", 3), given).rows)["cause"] == "no mask that fits"
