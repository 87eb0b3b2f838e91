"""Whatever loss call is made: the outcome is torch's, nothing is changed, and every fix works.

5,000 examples, the same ones every time; `make fuzz` draws 100,000 others.
"""

import os
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import LOSSES, loss_calls
from torch import Tensor, nn

from helpers import check_loss
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import MOST_LINES
from helpers.threads import one_thread
from helpers.trial import came_of

ASKED = os.environ.get("SHAPE_CLINIC_FUZZ")
EXAMPLES = int(ASKED or 5_000)
FUZZ = settings(
    max_examples=-(-EXAMPLES // len(LOSSES)),
    deadline=None,
    derandomize=ASKED is None,
    suppress_health_check=[HealthCheck.too_slow],
)


def error_of(criterion: Callable[..., Tensor], *tensors: Tensor) -> str | None:
    """Make the call as the learner would, on copies, and say what it raised."""
    copies = [tensor.detach().clone().requires_grad_(tensor.requires_grad) for tensor in tensors]
    error = came_of(lambda: criterion(*copies), 0).error
    return error and f"{type(error).__name__}: {error}"


def state(tensor: Tensor) -> tuple[Any, ...]:
    """All of a tensor that a diagnosis could spoil."""
    bits = tensor.detach().clone().contiguous().reshape(-1).view(torch.uint8)
    facts = (tensor.dtype, tensor.shape, tensor.stride(), tensor.requires_grad, tensor._version)
    return (*facts, tensor.grad is None, tensor.grad_fn, bits.tolist())


@pytest.mark.parametrize("loss", LOSSES)
@FUZZ
@given(data=st.data())
def test_any_loss_call(loss: str, data: st.DataObject) -> None:
    criterion, logits, target = data.draw(loss_calls(loss))
    names = {"criterion": criterion, "logits": logits, "target": target}
    # Of two labels out of range torch names either one where there are two threads.
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        error = error_of(criterion, logits, target)
        before = state(logits), state(target), torch.get_rng_state().tolist()
        diagnosis = check_loss(**names)
        after = state(logits), state(target), torch.get_rng_state().tolist()

        assert diagnosis.error == error
        assert (diagnosis.outcome == "raises") == (error is not None), diagnosis
        assert after == before
        assert diagnosis.cause is None or diagnosis.cause in CAUSES
        if diagnosis.outcome == "ok":
            assert (diagnosis.cause, diagnosis.fixes) == (None, ())
        if diagnosis.outcome == "silent":
            assert diagnosis.cause and diagnosis.needs
        assert len(str(diagnosis).splitlines()) <= MOST_LINES
        assert "\x1b" not in str(diagnosis)
        for fix in diagnosis.fixes:
            hidden = torch.randn(*logits.shape[:-1], 768)
            space = {**names, "hidden": hidden, "torch": torch, "nn": nn, "F": F}
            exec(fix.code, space)
            repaired = check_loss(*(space[name] for name in names))
            assert repaired.outcome == "ok", f"{criterion}\n{diagnosis}\nafter {fix.code!r}:\n{repaired}"
        assert (state(logits), state(target)) == after[:2]
