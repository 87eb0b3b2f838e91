from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from helpers import check_loss
from helpers.diagnosis import Mark

LOGITS = torch.randn(4, 3)


def labels(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64)


@pytest.mark.parametrize(
    ("outputs", "target", "classes", "outcome", "cause"),
    [
        (3, (2, 0, 1, 2), None, "ok", None),
        (3, (2, 0, 1, 2), 3, "ok", None),
        (3, (0, 0, 0, 0), None, "ok", None),  # one batch can't tell a rare class from an unused output
        (3, (1,), None, "raises", "batch_target"),
        (3, (), None, "raises", "batch_target"),
        (1, (1, 0, 2, 1), None, "raises", "head_size"),
        (33, (3, 40, 7, 32), None, "raises", "head_size"),
        (3, (1, 3, 2, 1), None, "raises", "label_range"),
        (2, (1, -1, 1, 1), None, "raises", "label_range"),
        (1, (0, 0, 0, 0), None, "silent", "head_size"),
        (73, (0, 32, 5, 1), 33, "silent", "unused_outputs"),
        (4, (0, 1, 2, 0), 3, "silent", "unused_outputs"),
    ],
)
def test_outcome_and_cause(
    outputs: int, target: tuple[int, ...], classes: int | None, outcome: str, cause: str | None
) -> None:
    diagnosis = check_loss(F.cross_entropy, torch.randn(4, outputs), labels(*target), classes)
    assert (diagnosis.outcome, diagnosis.cause) == (outcome, cause)
    assert bool(diagnosis.needs) == (outcome != "ok")
    assert (diagnosis.loss is None) == (outcome == "raises")


@given(
    rows=st.integers(0, 5),
    outputs=st.integers(1, 5),
    target=st.lists(st.integers(-2, 7), max_size=6),
    module=st.booleans(),
)
def test_it_always_says_what_torch_does_and_changes_nothing(
    rows: int, outputs: int, target: list[int], module: bool
) -> None:
    criterion = nn.CrossEntropyLoss() if module else F.cross_entropy
    logits, wanted = torch.randn(rows, outputs, requires_grad=True), labels(*target)
    before = logits.detach().clone(), wanted.clone()
    raised = None
    try:
        criterion(logits, wanted)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    diagnosis = check_loss(criterion, logits, wanted)
    assert diagnosis.error == raised
    assert (diagnosis.outcome == "raises") == (raised is not None)
    assert torch.equal(logits, before[0])
    assert torch.equal(wanted, before[1])
    assert logits.grad is None


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


def test_text_has_got_and_needs() -> None:
    words = str(check_loss(F.cross_entropy, LOGITS, labels(1)))
    assert words.splitlines() == [
        "✗ ValueError: Expected input batch_size (4) to match target batch_size (1).",
        "cause  not one label per row",
        "got    logits (N=4, C=3), target (N=1,) with label 1",
        "needs  one label for each row of logits: target (4,)",
    ]


@pytest.mark.parametrize(
    ("criterion", "target"),
    [(F.mse_loss, torch.randn(4, 3)), (F.cross_entropy, torch.rand(4, 3).softmax(1))],
)
def test_other_legal_uses_are_left_alone(criterion: Any, target: torch.Tensor) -> None:
    assert check_loss(criterion, LOGITS, target).outcome == "ok"


@pytest.mark.parametrize(
    ("shape", "target", "classes", "cause"),
    [
        ((4, 9, 3), torch.tensor([[8, 0, 1]] * 4), 3, "needs_flatten_or_transpose"),
        ((4, 9, 9), torch.arange(36).reshape(4, 9) % 3, 3, "needs_flatten_or_transpose"),
        (
            (4, 9, 3),
            torch.eye(4, 3, dtype=torch.int64).index_fill(0, torch.tensor(3), 0),
            None,
            "unused_outputs",
        ),  # a row without a 1
        ((3, 9, 3), torch.eye(3, dtype=torch.int64), None, "token_logits_for_sequence"),
        ((4, 3, 9), torch.arange(36).reshape(4, 9) % 3, 3, None),
        ((3, 2, 3), torch.eye(3, dtype=torch.int64), None, None),  # one marked token in each sentence
    ],
)
def test_logits_whose_tokens_are_read_as_classes_are_named(
    shape: tuple[int, ...], target: torch.Tensor, classes: int | None, cause: str | None
) -> None:
    torch.manual_seed(0)
    assert check_loss(F.cross_entropy, torch.randn(shape), target, classes).cause == cause
