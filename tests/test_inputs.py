"""What goes into a model or a layer: each mistake is named from the frames, whatever the message says."""

import pytest
import torch
from explained import Program, causes_with_and_without_words, explained, params, programs
from torch import nn

from helpers import explain

INPUTS = programs("inputs")
# Nothing but the text is left of these: literals, a worker's process.
WORDED = {
    "torch.tensor([[1,2,3],[4,5]])",
    "np.array([[1,2],[3]])\n",
    "num_workers=1",
}


@pytest.mark.parametrize("program", params(INPUTS))
def test_an_input_mistake_is_named(program: Program) -> None:
    diagnosis = explained(program.code)
    assert diagnosis.cause in program.causes, str(diagnosis)
    assert diagnosis.got and diagnosis.needs and diagnosis.where
    assert len(str(diagnosis).splitlines()) <= 12


@pytest.mark.parametrize(
    "program", params([p for p in INPUTS if not any(worded in p.code for worded in WORDED)])
)
def test_the_cause_does_not_come_from_the_message(program: Program) -> None:
    before, after = causes_with_and_without_words(program.code)
    assert before is not None
    assert after == before


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
    assert diagnosis.fixes[0].code.startswith("encoded = tokenizer(texts, padding=True")
    assert (tokenizer._tokenizer.padding, tokenizer._tokenizer.truncation) == before
