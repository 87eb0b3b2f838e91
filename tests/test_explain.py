"""explain(): losses in their surroundings, Keras, a lost GPU, the learner's line; what it leaves alone."""

import linecache
import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from explained import Program, causes_with_and_without_words, explained, failure, params, programs
from torch import nn

from helpers import explain
from helpers.diagnosis.explain import ask
from helpers.diagnosis.seen.raised import Raised

LOSSES, KERAS = programs("losses"), programs("keras")


@pytest.mark.parametrize("program", params([*LOSSES, *KERAS]))
def test_a_mistake_is_named(program: Program) -> None:
    diagnosis = explained(program.code)
    assert diagnosis.cause in program.causes, str(diagnosis)
    assert diagnosis.got and diagnosis.needs and diagnosis.where
    assert len(str(diagnosis).splitlines()) <= 12
    assert "\x1b" not in str(diagnosis)


@pytest.mark.parametrize(
    "program", params([p for p in (*LOSSES, *KERAS) if "np.array([[1,2,3],[1,2,3,4]])" not in p.code])
)
def test_the_cause_does_not_come_from_the_message(program: Program) -> None:
    before, after = causes_with_and_without_words(program.code)
    assert before is not None
    assert after == before


@pytest.mark.parametrize("program", params(programs("nothing")))
def test_another_error_is_left_alone(program: Program) -> None:
    assert ask(Raised(failure(program.code))) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), ValueError("never raised"), None])
def test_what_has_no_frames_is_left_alone(error: BaseException | None) -> None:
    assert explain(error) is None


def test_an_error_of_the_learners_except_is_not_the_shape_error_before_it() -> None:
    code = (
        "try:\n    F.cross_entropy(torch.ones(2, 3), torch.ones(3).long())\nexcept ValueError:\n    {}['k']"
    )
    assert explain(failure(code)) is None


def test_the_last_error_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure("F.cross_entropy(torch.randn(2, 3), torch.tensor([0, 3]))")
    monkeypatch.setattr(sys, "last_exc", error, raising=False)
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    diagnosis = explain()
    assert diagnosis is not None and diagnosis.cause == "head_size"


def test_the_learners_own_line_is_named_not_the_librarys() -> None:
    source = (
        "criterion = nn.CrossEntropyLoss()\nlogits, target = torch.randn(4, 3), torch.tensor([0, 1, 2])\n"
    )
    source += "loss = criterion(logits, target)\n"
    linecache.cache["lesson.py"] = (len(source), None, source.splitlines(True), "lesson.py")
    try:
        exec(compile(source, "lesson.py", "exec"), {"nn": nn, "torch": torch})
    except ValueError as error:
        diagnosis = explain(error)
    assert diagnosis is not None
    assert diagnosis.where == "lesson.py, line 3: loss = criterion(logits, target)"


def test_without_source_the_line_has_its_number() -> None:
    assert explained("x = 1\nF.cross_entropy(torch.randn(2, 3), torch.tensor([0, 3]))").where == "line 2"


def test_the_tensors_before_view_are_found() -> None:
    diagnosis = explained(
        "logits, labels = torch.randn(4, 10, 3), torch.zeros(4).long()\n"
        "nn.CrossEntropyLoss()(logits.view(-1, 3), labels)"
    )
    assert diagnosis.cause == "token_logits_for_sequence"
    assert "(4, 10, 3)" in diagnosis.got


def test_the_states_that_the_head_read_are_found() -> None:
    diagnosis = explained(
        "head = nn.Linear(16, 2)\nF.cross_entropy(head(torch.randn(4, 16)), torch.arange(4))"
    )
    new_heads = [fix for fix in diagnosis.fixes if "hidden.shape[-1]" in fix.code]
    assert new_heads
    assert not any("stand-in" in fix.result for fix in new_heads)


def test_where_no_states_are_kept_the_fix_says_so() -> None:
    diagnosis = explained("F.cross_entropy(torch.randn(4, 2), torch.arange(4))")
    assert any("on stand-in states" in fix.result for fix in diagnosis.fixes)


def test_parts_joined_on_the_wrong_axis_are_named() -> None:
    diagnosis = explained(
        "branches = [torch.randn(10, 7) for _ in range(3)]\n"
        "F.cross_entropy(torch.cat(branches), torch.zeros(10).long())"
    )
    assert diagnosis.cause == "batch_target"
    assert "branches holds 3 tensors of 10 rows" in diagnosis.needs


def test_nothing_of_the_learners_is_changed() -> None:
    logits = torch.randn(4, 10, 3, requires_grad=True)
    target = torch.zeros(4, dtype=torch.long)
    kept = logits.detach().clone(), target.clone(), torch.get_rng_state()
    with pytest.raises(ValueError) as caught:
        F.cross_entropy(logits.view(-1, 3), target)
    assert explain(caught.value) is not None
    assert torch.equal(logits, kept[0]) and torch.equal(target, kept[1])
    assert logits.grad is None and logits.requires_grad
    assert torch.equal(torch.get_rng_state(), kept[2])


# What a tensor knows of itself without asking its device.
KNOWN = ("__get__", "dim", "size", "numel", "detach", "is_floating_point", "is_complex")


class Lost(torch.Tensor):
    """A tensor on a GPU that has stopped: its shape is known, its values are not."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in KNOWN:
            return super().__torch_function__(func, types, args, kwargs or {})
        raise RuntimeError("CUDA error: device-side assert triggered")


def lost(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.long).as_subclass(Lost)


def test_after_a_gpu_assert_only_shapes_are_used() -> None:
    with pytest.raises(RuntimeError) as caught:
        F.cross_entropy(torch.randn(4, 3), lost(4))
    diagnosis = ask(Raised(caught.value))
    assert diagnosis is not None
    assert diagnosis.cause == "head_size"
    assert not diagnosis.certain and not diagnosis.fixes
    assert "CPU" in diagnosis.also


def test_after_a_gpu_assert_an_embedding_is_named_too() -> None:
    with pytest.raises(RuntimeError) as caught:
        nn.Embedding(10, 4)(lost(2, 5))
    diagnosis = ask(Raised(caught.value))
    assert diagnosis is not None
    assert diagnosis.cause == "vocab_range"
    assert "CPU" in diagnosis.also


def test_a_gpu_assert_that_surfaces_later_says_how_to_go_on() -> None:
    logits = lost(4, 3)
    with pytest.raises(RuntimeError) as caught:
        logits.sum()
    diagnosis = ask(Raised(caught.value))
    assert diagnosis is not None
    assert not diagnosis.certain
    assert "CPU" in diagnosis.also
