"""`check_batch` names each silent mistake, offers what mends it, leaves right uses alone, changes nothing."""

import copy
from typing import Any

import pytest
import torch
from batches import (
    FULL,
    LABELS,
    LEFT,
    MASK,
    MISTAKES,
    MULTI,
    NUMBERS,
    ONE_HOT,
    PADDED,
    RIGHT_USES,
    SINGLE,
    TWO,
    batch,
    bert,
)
from torch import nn

from helpers import explain
from helpers.diagnosis.batch.check import check_batch


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_mended(name: str) -> None:
    model, given, cause, certain, first = MISTAKES[name]
    diagnosis = check_batch(model, given)
    assert (diagnosis.outcome, diagnosis.cause, diagnosis.certain) == ("silent", cause, certain)
    assert diagnosis.got
    assert diagnosis.needs
    codes = [fix.code for fix in diagnosis.fixes]
    assert codes[0].startswith(first) if first else not codes
    # As the learner would run them, each on the batch as it was.
    for fix in diagnosis.fixes:
        names = {"torch": torch, "model": copy.deepcopy(model), "batch": dict(given)}
        exec(fix.code, names)
        assert fix.result
        after = check_batch(names["model"], names["batch"])
        if name.startswith("no mask, "):  # two mistakes: the next check names the other
            assert after.cause != cause
        else:
            assert after.outcome == "ok"


@pytest.mark.parametrize("name", RIGHT_USES)
def test_a_right_use_is_left_alone(name: str) -> None:
    model, given = RIGHT_USES[name]
    diagnosis = check_batch(model, given)
    assert diagnosis.outcome == "ok", str(diagnosis)
    assert (diagnosis.cause, diagnosis.fixes, diagnosis.needs) == (None, (), "")
    assert (diagnosis.loss is None) == ("labels" not in given)


def test_one_class_in_a_batch_says_nothing_about_a_smaller_head() -> None:
    diagnosis = check_batch(bert(num_labels=73), batch(labels=TWO * 0))
    assert (diagnosis.cause, diagnosis.fixes) == ("unused_outputs", ())


@pytest.mark.parametrize(
    ("kind", "labels", "first"),
    [
        (SINGLE, ONE_HOT, f"{LABELS} = {LABELS}.argmax(1)"),
        (SINGLE, torch.tensor([[1.0, 1, 0], [0, 0, 1]]), "model.config.problem_type"),
        (SINGLE, TWO.float(), f"{LABELS} = {LABELS}.long()"),
        (MULTI, TWO, "model.config.problem_type"),
        (MULTI, torch.tensor([[1, 1, 0], [0, 0, 1]]), f"{LABELS} = {LABELS}.float()"),
        (NUMBERS, TWO, "model.config.problem_type"),
    ],
)
def test_a_remembered_problem_type_is_blamed_for_what_it_raises(
    kind: str, labels: torch.Tensor, first: str
) -> None:
    diagnosis = check_batch(bert(problem_type=kind), batch(labels=labels))
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", "problem_type")
    assert diagnosis.error
    assert diagnosis.fixes[0].code.startswith(first)


def test_integer_one_hot_labels_have_one_fix_that_the_model_takes() -> None:
    """Made floats they'd be probabilities to cross entropy, and one 0 or 1 per output to this model."""
    model, labels = bert(), ONE_HOT.long()
    diagnosis = check_batch(model, batch(labels=labels))
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", "one_hot_index")
    assert [fix.code for fix in diagnosis.fixes] == [f"{LABELS} = {LABELS}.argmax(1)"]
    with pytest.raises(ValueError, match="batch_size") as caught:
        bert()(**batch(labels=labels))
    explained = explain(caught.value)
    assert explained is not None
    assert [fix.code for fix in explained.fixes] == ["target = target.long().argmax(1)"]


def test_an_encoder_has_no_logits_to_speak_of() -> None:
    lines = str(check_batch(bert("encoder"), batch(mask=None))).splitlines()
    assert lines[-1].endswith("# or the tokenizer's own")


def test_what_raises_is_explained() -> None:
    diagnosis = check_batch(bert(), batch(labels=torch.tensor([0, 3])))
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", "head_size")
    assert diagnosis.error == "IndexError: Target 3 is out of bounds."


def test_what_raises_for_another_reason_is_reported_as_it_is() -> None:
    class Broken(nn.Module):
        def forward(self, **inputs: Any) -> None:
            raise KeyError("pixel_values")

    diagnosis = check_batch(Broken(), batch())
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", None)
    assert diagnosis.error == "KeyError: 'pixel_values'"


def test_a_batch_has_names() -> None:
    with pytest.raises(TypeError, match="got a tuple"):
        check_batch(bert(), (PADDED, MASK))  # type: ignore[arg-type]


def test_a_model_that_only_looks_back_needs_no_mask_for_padding_on_its_right() -> None:
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config = GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, num_labels=3, pad_token_id=0)
    model = GPT2ForSequenceClassification(config)
    assert check_batch(model, batch(mask=None)).outcome == "ok"
    assert check_batch(model, batch(LEFT, None)).cause == "missing_or_wrong_mask"


def test_where_padding_is_the_end_of_a_sentence_the_first_is_a_token() -> None:
    model = bert(pad_token_id=102, eos_token_id=102)
    ended = torch.tensor([[7, 200, 201, 102], [9, 202, 102, 102]])
    assert check_batch(model, batch(ended, torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))).outcome == "ok"
    assert check_batch(model, batch(ended[:1], None)).outcome == "ok"
    assert check_batch(model, batch(ended, None)).cause == "missing_or_wrong_mask"


@pytest.mark.parametrize("name", [*MISTAKES, *RIGHT_USES])
@pytest.mark.parametrize("training", [True, False])
def test_nothing_of_the_learners_changes(name: str, training: bool) -> None:
    model, given = (MISTAKES.get(name) or RIGHT_USES[name])[:2]
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
