"""`check_batch` beside the programs of cases/batches.txt: what it wants of a batch, and what it leaves."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from batches import MASK, PADDED, bert
from judge import Case, case_of, cases, run
from torch import nn

from helpers.diagnosis.batch.check import check_batch


def test_what_raises_for_another_reason_is_reported_as_it_is() -> None:
    class Broken(nn.Module):
        def forward(self, **inputs: Any) -> None:
            raise KeyError("pixel_values")

    diagnosis = check_batch(Broken(), {"input_ids": PADDED})
    assert (diagnosis.outcome, diagnosis.cause) == ("raises", None)
    assert diagnosis.error == "KeyError: 'pixel_values'"


def test_a_batch_has_names() -> None:
    with pytest.raises(TypeError, match="got a tuple"):
        check_batch(bert(), (PADDED, MASK))  # type: ignore[arg-type]


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


def test_a_model_of_keras_keeps_its_weights_and_needs_a_loss() -> None:
    space, _ = run(case_of("keras-asked-model-raw"))
    model, batch = space["model"], space["batch"]
    before = [weight.copy() for weight in model.get_weights()]
    check_batch(model, batch)
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    with pytest.raises(TypeError, match="compiled one"):
        check_batch(type(model)([*model.layers]), batch)
