"""The words of a verdict: its titles are true, its numbers the right ones, the far-fetched is left out."""

import pytest
import torch
import torch.nn.functional as F

from helpers import check_loss
from helpers.diagnosis.said.causes import CAUSES

LABELS = torch.tensor([2, 0, 1, 2])
ONE_HOT = F.one_hot(LABELS, 3)
CE, BCE = F.cross_entropy, F.binary_cross_entropy_with_logits


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("rows", "labels", "also"),
    [
        (4, 0, ""),
        (4, 8, ""),
        (2, 4, ""),
        (4, 12, "each row has 3 labels: a label per token wants logits (N, T, C)"),
        (96, 100, "both were flattened, from 4 x 24 and 4 x 25: the lengths differ by one"),
    ],
)
def test_another_reading_of_two_counts_needs_numbers_that_support_it(
    rows: int, labels: int, also: str
) -> None:
    diagnosis = check_loss(CE, random(rows, 3), torch.arange(labels) % 3)
    assert (diagnosis.cause, diagnosis.also) == ("batch_target", also)


def test_a_float_target_is_not_made_float_again() -> None:
    multi_hot = (ONE_HOT | ONE_HOT.roll(1, 1)).float()
    assert [fix.code for fix in check_loss(CE, random(4, 3), multi_hot).fixes] == [
        "criterion = F.binary_cross_entropy_with_logits"
    ]
    fixes = check_loss(CE, random(4, 3), multi_hot.long()).fixes
    assert [fix.code for fix in fixes] == [
        "criterion = F.binary_cross_entropy_with_logits\ntarget = target.float()"
    ]


def test_the_title_of_labels_outside_their_range_is_true_of_labels_from_0() -> None:
    diagnosis = check_loss(BCE, random(4, 1), LABELS.float().unsqueeze(1))
    assert diagnosis.needs == "targets from 0 to 1; these go from 0 to 2"
    assert dict(diagnosis.rows)["cause"] == "labels outside the wanted range"


def test_a_verdict_says_sentence_as_the_lab_does() -> None:
    for cause in CAUSES.values():
        words = f"{cause.title} {cause.rule} {cause.why}".replace("sequence classification", "")
        assert "sequence" not in words
    diagnosis = check_loss(BCE, random(4, 9, 3), ONE_HOT.float())
    assert diagnosis.needs == "one prediction per sentence: logits (4, 3) with target (4, 3)"


@pytest.mark.parametrize(
    ("logits", "target", "needs"),
    [
        ((4, 1), (4,), "target (4, 1); now each logit is compared with every target: 16 differences, not 4"),
        (
            (3, 3, 1),
            (3, 3),
            "target (3, 3, 1); now each logit is compared with 3 targets: 27 differences, not 9",
        ),
        ((1, 4), (4,), "target (1, 4)"),
    ],
)
def test_a_broadcast_says_how_much_is_compared(
    logits: tuple[int, ...], target: tuple[int, ...], needs: str
) -> None:
    assert check_loss(F.mse_loss, random(*logits), random(*target)).needs == f"two equal shapes: {needs}"


def test_what_raises_broadcasts_nothing() -> None:
    assert check_loss(BCE, random(4, 1), torch.ones(4)).needs == "two equal shapes: target (4, 1)"


def test_a_softmax_is_taken_out_before_it_is_undone() -> None:
    diagnosis = check_loss(CE, random(4, 3).softmax(1), LABELS)
    assert diagnosis.needs.startswith("raw logits: take the softmax out of the model; ")
    assert [fix.when for fix in diagnosis.fixes] == ["where you can't take it out"]
    sigmoid = check_loss(BCE, random(4, 3).sigmoid(), ONE_HOT.float())
    assert "take it out" in sigmoid.needs and sigmoid.fixes[0].when == "where you can't take it out"


@pytest.mark.parametrize(
    ("target", "these"), [([3, 2, 3, 2], "these go from 2 to 3"), ([3, 3, 3, 3], "here is only 3")]
)
def test_labels_counted_from_1_need_no_label_1_in_the_batch(target: list[int], these: str) -> None:
    diagnosis = check_loss(F.cross_entropy, random(4, 3), torch.tensor(target))
    assert diagnosis.needs == f"labels from 0 to 2; {these}, as if counted from 1"
    assert diagnosis.fixes[0].code == "target = target - 1"
    assert diagnosis.fixes[0].when == "where 1 is the first class"
