"""Logits with three axes: which holds the classes, where their number is known, and where it is not."""

import pytest
import torch
import torch.nn.functional as F

from helpers import check_loss, explain

LABELS = torch.tensor([2, 0, 1, 2])
ONE_HOT = F.one_hot(LABELS, 3)
TOKENS = torch.arange(36) % 3
CE = F.cross_entropy


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def diagnosis_loss() -> float:
    return float(CE(random(4, 3, 9), TOKENS.reshape(4, 9)))


@pytest.mark.parametrize("length", [2, 9])
@pytest.mark.parametrize(
    ("target", "needs"),
    [
        (LABELS, "one prediction per sentence: logits (4, 3) with target (4,)"),
        (LABELS.unsqueeze(1), "one prediction per sentence: logits (4, 3) with target (4,)"),
        (LABELS.int(), "one prediction per sentence: logits (4, 3) with target (4,)"),
        (ONE_HOT, "one prediction per sentence: logits (4, 3) for these one-hot rows"),
        (ONE_HOT.float(), "one prediction per sentence: logits (4, 3) for these one-hot rows"),
        (ONE_HOT * 0.7 + 0.1, "one prediction per sentence: logits (4, 3) for these rows of probabilities"),
    ],
)
def test_classes_on_axis_1_are_not_taken_for_tokens(length: int, target: torch.Tensor, needs: str) -> None:
    diagnosis = check_loss(CE, random(4, 3, length), target, classes=3)
    assert (diagnosis.cause, diagnosis.needs) == ("token_logits_for_sequence", needs)
    assert diagnosis.trap == ""
    first, mean = (fix.code.split("\n") for fix in diagnosis.fixes[:2])
    assert "logits = logits[:, :, 0]" in first
    assert "logits = logits.mean(2)" in mean


def test_classes_on_axis_1_and_labels_of_another_length() -> None:
    diagnosis = check_loss(CE, random(4, 3, 9), TOKENS[:32].reshape(4, 8), classes=3)
    assert diagnosis.cause == "static_length"
    assert diagnosis.needs == "one label per token: T is 9 in logits and 8 in target"


def test_a_marked_token_in_each_sentence_is_no_row_of_classes() -> None:
    marked = F.one_hot(torch.tensor([0, 8, 3, 5]), 9)
    assert check_loss(CE, random(4, 3, 9), marked, classes=3).outcome == "ok"


@pytest.mark.parametrize("classes", [None, 3])
def test_labels_flattened_beside_logits_with_classes_on_axis_1(classes: int | None) -> None:
    diagnosis = check_loss(CE, random(4, 3, 9), TOKENS, classes=classes)
    assert diagnosis.cause == "needs_flatten_or_transpose"
    assert diagnosis.needs == "both sides flattened: logits (36, 3) with target (36,)"
    assert [fix.result for fix in diagnosis.fixes] == [f"loss {diagnosis_loss():.3f}, logits (36, 3)"]


def test_labels_of_one_sentence_are_not_those_of_tokens_where_the_classes_are_known() -> None:
    assert check_loss(CE, random(4, 9, 3), TOKENS[:12], classes=3).cause == "batch_target"
    one_hot_rows = check_loss(CE, random(4, 9, 3), ONE_HOT.flatten())
    assert "flattened from" not in one_hot_rows.needs


def test_as_many_labels_as_rows_would_raise_again() -> None:
    diagnosis = check_loss(CE, random(4, 9, 3), LABELS[:2])
    assert (diagnosis.cause, diagnosis.certain) == ("batch_target", False)
    assert diagnosis.also == "one prediction per token, one label per sentence"


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize(
    ("target", "rows"),
    [
        (ONE_HOT, "one-hot rows"),
        (ONE_HOT.float(), "one-hot rows"),
        (ONE_HOT * 0.7 + 0.1, "rows of probabilities"),
        ((ONE_HOT | ONE_HOT.roll(1, 1)).float(), "rows of 0 and 1"),
    ],
)
def test_rows_of_classes_beside_token_logits(target: torch.Tensor, rows: str, classes: int | None) -> None:
    diagnosis = check_loss(CE, random(4, 9, 3), target, classes)
    if classes is None and rows == "rows of 0 and 1":  # they may be anything
        return
    assert diagnosis.cause == "token_logits_for_sequence"
    needs = (
        f"one prediction per sentence: logits (4, 3) for these {rows}; here the 9 tokens are read as classes"
    )
    assert diagnosis.needs == needs
    assert diagnosis.certain == (classes == 3)
    assert len(diagnosis.fixes) >= 2


@pytest.mark.parametrize("target", [torch.eye(5)[:4], torch.full((4, 5), 0.2)])
def test_rows_of_other_classes_beside_token_logits(target: torch.Tensor) -> None:
    diagnosis = check_loss(CE, random(4, 9, 3), target)
    assert (diagnosis.cause, diagnosis.certain) == ("token_logits_for_sequence", False)
    rows = "one-hot rows" if target[0, 0] == 1 else "rows of probabilities"
    assert diagnosis.needs == f"one prediction per sentence: logits (4, 5) for these {rows}"
    assert ", 5)(hidden)\n" in diagnosis.fixes[0].code
    assert diagnosis.fixes[0].code.endswith("logits = logits[:, 0]")
    as_long_as_the_tokens = check_loss(CE, random(4, 5, 3), target)
    assert "these rows" not in as_long_as_the_tokens.needs


@pytest.mark.parametrize("shape", [(3, 4), (3, 9, 4)])
def test_rows_of_probabilities_for_another_batch(shape: tuple[int, ...]) -> None:
    diagnosis = check_loss(CE, random(*shape), torch.full((1, 4), 0.25))
    assert diagnosis.cause == "batch_target"
    assert diagnosis.needs == "a row of probabilities for each row of logits: target (3, 4)"


def test_explain_is_asked_as_before() -> None:
    with pytest.raises(RuntimeError) as caught:
        CE(random(4, 3, 9), LABELS)
    diagnosis = explain(caught.value)  # nothing tells which axis is C: the last is likelier
    assert diagnosis is not None and "logits (4, 9)" in diagnosis.needs


def test_other_outputs_per_token_than_the_row_has_numbers() -> None:
    told = check_loss(F.binary_cross_entropy_with_logits, torch.randn(1, 12, 1), torch.tensor([[1.0, 0.0]]))
    assert (told.outcome, told.cause, told.certain) == ("raises", "token_logits_for_sequence", False)
    assert told.needs == "one prediction for each row of the target: logits (1, 2)"
