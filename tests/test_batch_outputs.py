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


class Pooled(torch.nn.Module):
    """A mean over the tokens, all of them or those that the mask leaves, with its loss inside."""

    def __init__(self, weighted: bool, sigmoid: bool = False) -> None:
        super().__init__()
        self.bert, self.classifier = bert("encoder"), torch.nn.Linear(32, 3)
        self.weighted, self.sigmoid = weighted, sigmoid

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        hidden = self.bert(input_ids, attention_mask).last_hidden_state
        kept = attention_mask.unsqueeze(-1) if self.weighted else torch.ones_like(hidden)
        logits = self.classifier((hidden * kept).sum(1) / kept.sum(1))
        logits = logits.sigmoid() if self.sigmoid else logits
        return {"loss": F.binary_cross_entropy_with_logits(logits, labels), "logits": logits}


@pytest.mark.parametrize(("weighted", "cause"), [(False, "missing_or_wrong_mask"), (True, None)])
def test_padding_that_a_mean_reads_is_noticed(weighted: bool, cause: str | None) -> None:
    diagnosis = check_batch(Pooled(weighted), {**BATCH, "labels": torch.eye(3)[:2]})
    assert diagnosis.cause == cause
    assert ("unsqueeze(-1)" in diagnosis.needs) == (cause is not None)


def test_a_loss_inside_a_plain_module_is_seen_with_its_tensors() -> None:
    ids = torch.full((4, 4), 200)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.ones(4, 3)}
    assert check_batch(Pooled(True, sigmoid=True), given).cause == "softmax_before_loss"
    assert check_batch(Pooled(True), given).cause is None


@pytest.mark.parametrize(
    ("labels", "cause"),
    [([[0.2, 0.8], [0.6, 0.4]], "problem_type"), ([[0.0, 1], [1, 0]], None), ([[0.2, 0.1], [1, 1]], None)],
)
def test_soft_labels_that_sum_to_1_are_no_several_labels(
    labels: list[list[float]], cause: str | None
) -> None:
    model = bert("sequence", 2, "multi_label_classification")
    assert check_batch(model, {**BATCH, "labels": torch.tensor(labels)}).cause == cause
