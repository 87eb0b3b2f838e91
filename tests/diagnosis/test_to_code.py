"""`to_code`: a program of shapes alone does the same, in a process that has never seen the learner's."""

from pathlib import Path

import pytest
import torch
from examples import code_of, expected, seen_afresh
from judge import case_of, explained, judge
from torch import nn

from helpers import check_loss, explain
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.seen.alike import alike
from helpers.diagnosis.seen.frames import words
from helpers.trial import came_of

# For every cause: losses, lines, layers, models, collators, checkpoints, batches, Keras.
PROGRAMS = sorted(
    words("""
check-all-ignored silent-all-ignored-own-index axis-labels-of-one-sentence batch-branches-joined-as-rows
keras-batch-target-1 batch-filter-drops-padded-sentences rows-dropped-2-labels squeeze-column-of-a-table
check-label-beyond-the-head input-head-size-1 input-head-size-12 keras-asked-one-output loss-head-size-1
silent-head-of-one kind-bce-indices keras-index-for-multilabel-1 head-counts-from-1
silent-mse-of-ignored-tokens keras-asked-binary-raw silent-nll-of-raw-logits input-missing-input-1
keras-missing-input-1 check-no-mask-left-padding mask-multihead-attention mask-scores-of-heads
flat-lstm-tagger input-ids-with-three-axes output-unpacked-to-text check-one-hot-integers
keras-one-hot-index-1 kind-hf-multi-label-model-with-indices check-remembered-floats ragged-cat-of-logits
input-ragged-padding-12 keras-ragged-lists sequence-flattened-tags keras-sequence-logits-for-token-1
silent-softmax-first keras-asked-softmax-of-one squeeze-bce-head-of-one words-broadcast-column-and-row
input-static-length-1 keras-static-length-1 dtype-bce-long input-dtype-linear axis-1-one-hot-9-tokens
keras-no-pooling input-too-long-7 long-distilbert outputs-token-5-for-3 tokens-a-row-without-a-1
vocab-embedding-bag keras-vocab-range-1
""")
)


def test_every_example_does_the_same_in_a_fresh_process() -> None:
    verdicts = [judge(case_of(name)) for name in PROGRAMS]
    codes = [code_of(verdict) for verdict in verdicts]
    assert [name for name, code in zip(PROGRAMS, codes, strict=True) if not code] == []
    wanted = [expected(verdict) for verdict in verdicts]
    assert dict(zip(PROGRAMS, seen_afresh(codes), strict=True)) == dict(zip(PROGRAMS, wanted, strict=True))
    assert {each.cause for each in wanted} == CAUSES.keys()


def test_an_example_is_short_and_says_what_it_needs() -> None:
    said = check_loss(nn.CrossEntropyLoss(), torch.randn(4, 1), torch.tensor([2, 0, 1, 2]))
    assert said.to_code().splitlines() == [
        "import torch",
        "from torch import nn",
        "torch.manual_seed(0)",
        "criterion = nn.CrossEntropyLoss()",
        "logits = torch.randn(4, 1)",
        "target = torch.tensor([2, 0, 1, 2])",
        "loss = criterion(logits, target)",
    ]


@pytest.mark.parametrize(
    "line", ['diabetes(records["patient"])', "torch.stack([patient[1:] for patient in [blood, patients]])"]
)
def test_nothing_of_the_learners_is_in_it(line: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"""
import torch
patients, blood, diabetes = torch.randn(2, 5), torch.full((3,), 0.1234), torch.nn.Linear(3, 2)
records = {{"patient": patients, "blood": 0.1234}}
{line}
""")
    program = compile(script.read_text(), str(script), "exec")
    said = explain(came_of(lambda: exec(program, {"__name__": "__main__"})).error)
    assert said is not None
    code = said.to_code()
    assert "torch.randn(" in code and "F.torch" not in code
    own = ("patient", "diabetes", "records", "blood", "0.12")
    assert [word for word in own if word in code] == []


def test_the_learners_random_numbers_stay() -> None:
    said = check_loss(nn.CrossEntropyLoss(), torch.randn(4, 1), torch.tensor([2, 0, 1, 2]))
    before = torch.get_rng_state()
    said.to_code()
    assert torch.equal(torch.get_rng_state(), before)


def test_where_nothing_can_be_made_it_says_so() -> None:
    said = explained("""
class Pair(nn.Module):
    def forward(self, input_ids, attention_mask):
        return input_ids
Pair()(torch.ones(2, 8))
""")
    with pytest.raises(ValueError, match=r"got .* Needed are tensors.* Try "):
        said.to_code()


@pytest.mark.parametrize(
    "code",
    [
        "torch.zeros(0, 6)",
        "torch.ones(2, 3).bool()",
        "torch.full((3,), 7.0).long()",
        "torch.tensor([0, 1, 1])",
        "torch.tensor([True, False])",
        "(torch.arange(100) % 5 + 3).reshape(4, 25)",
        "torch.linspace(0, 900, 7, dtype=torch.float64).round().long()",
        "torch.cat([torch.full((90,), -100), torch.arange(10) % 4])",
        "F.one_hot(torch.arange(99) % 3, 3).float()",
        "torch.randn(4, 3).softmax(1)",
        "torch.randn(4, 3).log_softmax(1)",
        "torch.rand(4, 3) * 9",
        "torch.randn(4, 3).to(torch.float16)",
        "torch.tensor(0.5)",
        "nn.Linear(in_features=3, out_features=2, bias=True)",
        "[torch.ones(2), (torch.zeros(3),)]",
        '{"input_ids": torch.zeros(1, 2).long(), "x": float("-inf")}',
    ],
)
def test_what_is_alike_has_the_shape_the_dtype_and_the_range(code: str) -> None:
    space = {"torch": torch, "nn": nn, "F": nn.functional}
    value = eval(code, dict(space))
    made = alike(value)
    again = eval(made, dict(space))
    assert "rand" in made or alike(again) == made
    if isinstance(value, torch.Tensor):
        assert (again.shape, again.dtype) == (value.shape, value.dtype)
        if value.numel() and not value.is_floating_point():
            assert (again.min(), again.max()) == (value.min(), value.max())
