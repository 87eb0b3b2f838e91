"""explain(): what it finds around a loss or a layer, a lost GPU, the learner's line; it changes nothing."""

import linecache
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from judge import case_of, explained, failure
from torch import nn

from helpers import explain
from helpers.diagnosis.explain import ask
from helpers.diagnosis.seen.raised import Raised


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), ValueError("never raised"), None])
def test_what_has_no_frames_is_left_alone(error: BaseException | None) -> None:
    assert explain(error) is None


def test_what_stops_a_program_is_left_alone() -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        exec("logits = torch.randn(4, 3)\nraise KeyboardInterrupt", {"torch": torch})
    assert explain(caught.value) is None


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


def test_labels_below_0_do_not_hide_how_many_classes_there_are() -> None:
    labels = explained(case_of("words-keras-minus-1-for-1").code, "keras")
    assert "Dense(3)" in labels.needs  # which of the labels is refused first is left to chance


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


def test_a_fix_of_a_head_has_the_learners_name_and_leaves_the_model_alone() -> None:
    model = nn.Module()
    model.classifier = nn.Linear(768, 3)
    kept = model.classifier.weight
    try:
        model.classifier(torch.randn(4, 512))
    except RuntimeError as error:
        diagnosis = explain(error)
    assert diagnosis is not None
    assert [fix.code for fix in diagnosis.fixes] == ["model.classifier = nn.Linear(512, 3)"]
    assert diagnosis.fixes[0].result == "gives (4, 3)"
    assert model.classifier.weight is kept


def test_the_tokenizer_pads_as_before_afterwards() -> None:
    from helpers import load_tokenizer

    tokenizer = load_tokenizer()
    texts = ["a film", "a film that nobody wanted to end"]
    before = tokenizer._tokenizer.padding, tokenizer._tokenizer.truncation
    try:
        tokenizer(texts, return_tensors="pt")
    except ValueError as error:
        diagnosis = explain(error)
    assert diagnosis is not None and diagnosis.fixes
    assert diagnosis.fixes[0].code.startswith("tokenizer(texts, padding=True")
    assert (tokenizer._tokenizer.padding, tokenizer._tokenizer.truncation) == before


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


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        (lambda: F.cross_entropy(torch.randn(4, 3), lost(4)), "head_size"),
        (lambda: nn.Embedding(10, 4)(lost(2, 5)), "vocab_range"),
        (lambda: lost(4, 3).sum(), "head_size"),  # it surfaces later than it happened
    ],
)
def test_after_a_gpu_assert_only_shapes_are_used(call: Callable[[], object], cause: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        call()
    diagnosis = ask(Raised(caught.value))
    assert diagnosis is not None
    assert (diagnosis.cause, diagnosis.certain, diagnosis.fixes) == (cause, False, ())
    assert "CPU" in diagnosis.also


@pytest.mark.parametrize("line", ["data[0] @ x", "data.rows @ x", "torch.stack([data.kept(), x])"])
def test_no_method_or_property_of_the_learners_own_objects_is_run(line: str) -> None:
    members = {"__getitem__": lambda self, place: self.kept(), "rows": property(lambda self: self.kept())}

    def kept(_: object) -> torch.Tensor:
        asked.append(1)
        return torch.zeros(2, 4)

    asked: list[int] = []
    data = type("Data", (), {**members, "kept": kept, "__module__": "__main__"})()
    with pytest.raises(RuntimeError) as caught:
        exec(line, {"torch": torch, "data": data, "x": torch.zeros(2, 5)})
    ask(Raised(caught.value))
    assert len(asked) == 1
