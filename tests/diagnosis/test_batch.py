"""`check_batch` beside the programs of cases/batches.txt: what it wants of a batch, and what it leaves."""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from batches import FULL, LEFT, MASK, PADDED, bert, given
from judge import Case, cases, run
from torch import nn

from helpers.diagnosis.batch.check import check_batch


def test_what_raises_for_another_reason_is_reported_as_it_is() -> None:
    class Broken(nn.Module):
        def forward(self, **inputs: Any) -> None:
            raise KeyError("pixel_values")

    diagnosis = check_batch(Broken(), given())
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", None)
    assert diagnosis.error == "KeyError: 'pixel_values'"


def test_a_batch_has_names() -> None:
    with pytest.raises(TypeError, match="got a tuple"):
        check_batch(bert(), (PADDED, MASK))  # type: ignore[arg-type]


def test_a_model_that_only_looks_back_needs_no_mask_for_padding_on_its_right() -> None:
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config = GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, num_labels=3, pad_token_id=0)
    model = GPT2ForSequenceClassification(config)
    assert check_batch(model, given(mask=None)).outcome == "ok"
    assert check_batch(model, given(LEFT, None)).cause == "missing_or_wrong_mask"


def test_where_padding_is_the_end_of_a_sentence_the_first_is_a_token() -> None:
    model = bert(pad_token_id=102, eos_token_id=102)
    ended = torch.tensor([[7, 200, 201, 102], [9, 202, 102, 102]])
    assert check_batch(model, given(ended, torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))).outcome == "ok"
    assert check_batch(model, given(ended[:1], None)).outcome == "ok"
    assert check_batch(model, given(ended, None)).cause == "missing_or_wrong_mask"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases("batches")])
@pytest.mark.parametrize("training", [True, False])
def test_nothing_of_the_learners_changes(case: Case, training: bool) -> None:
    space, _ = run(case)
    model, given = space["model"], space["batch"]
    model.train(training)
    first = next(model.children())
    first.eval()  # frozen by the learner; it must not wake up
    modes = [part.training for part in model.modules()]
    parts = [id(part) for part in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    config = model.config.to_dict() if hasattr(model, "config") else None
    values = {key: copy.deepcopy(value) for key, value in given.items()}
    random = torch.get_rng_state()
    check_batch(model, given)
    assert torch.equal(torch.get_rng_state(), random)
    assert [part.training for part in model.modules()] == modes
    assert [id(part) for part in model.modules()] == parts
    assert all(torch.equal(model.state_dict()[key], value) for key, value in state.items())
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())
    assert config == (model.config.to_dict() if config is not None else None)
    assert list(given) == list(values)
    assert all(torch.equal(given[key], value) for key, value in values.items() if torch.is_tensor(value))
    assert torch.is_grad_enabled()


def test_running_statistics_stay_as_they_are() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.norm = nn.Embedding(300, 8), nn.BatchNorm1d(8)

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            return self.norm(self.embedding(input_ids).mean(1))

    model = Normed().train()
    before = model.norm.running_mean.clone()  # type: ignore[union-attr, operator]
    assert check_batch(model, {"input_ids": FULL}).outcome == "ok"
    assert torch.equal(model.norm.running_mean, before)  # type: ignore[arg-type]


class Pooled(nn.Module):
    """A mean over the tokens, all of them or those that the mask leaves, with its loss inside."""

    def __init__(self, weighted: bool, sigmoid: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.bert, self.classifier = bert("encoder"), nn.Linear(32, 3)
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
    diagnosis = check_batch(Pooled(weighted), {**given(), "labels": torch.eye(3)[:2]})
    assert diagnosis.cause == cause
    assert ("unsqueeze(-1)" in diagnosis.needs) == (cause is not None)


def test_a_loss_inside_a_plain_module_is_seen_with_its_tensors() -> None:
    ids = torch.arange(200, 216).view(4, 4)  # twelve logits, and no two alike by chance
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
    model = bert("sequence", 2, problem_type="multi_label_classification")
    assert check_batch(model, {**given(), "labels": torch.tensor(labels)}).cause == cause
