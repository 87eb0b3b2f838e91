"""Each claim's verdict, obtained by running it: a new torch that behaves otherwise turns one of these red."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

import claims
from claims import CLAIMS, VERDICTS, Claim, Found, Outcome
from claims.outcome import NotHere, in_words, observe
from claims.verdict import Prediction, judge

NOTEBOOKS = Path(claims.__file__).parents[1]
HAS_GPU = torch.cuda.is_available()

# id: the verdict, and words of what happened.
EXPECTED = {
    "000-title": ("misnamed", "RuntimeError: Expected target size [2, 3], got [2, 1]"),
    "000-title-b": ("misnamed", "RuntimeError: 0D or 1D target tensor expected, multi-target not supported"),
    "000-title-c": ("misnamed", "IndexError: Target 1 is out of bounds."),
    "000-1": ("misnamed", "IndexError: Target 1 is out of bounds."),
    "000-1a": ("true", "(1, 1)"),
    "000-1b": ("silent", "gives 0.0000; largest gradient 0.0"),
    "000-2": ("true", "logits: gives (1, 3)"),
    "000-3": ("real", "ValueError: Expected input batch_size (2) to match target batch_size (1)."),
    "000-3b": ("false", "ValueError: Expected input batch_size (2) to match target batch_size (1)."),
    "000-3c": ("true", "gives 1.1447"),
    "000-c1": ("incomplete", "one-hot, whole numbers: RuntimeError: Expected floating point type"),
    "000-c2": ("incomplete", "cross_entropy: IndexError: Target 1 is out of bounds."),
    "001-1": ("true", "(3, 3)"),
    "001-1b": ("false", "gives 0 of 20 new heads"),
    "001-2": ("true", "(1, 8, 10); counted: [CLS] this is a positive sentence . [SEP]"),
    "001-2b": ("incomplete", "of three: gives (3, 8, 10)"),
    "001-3": ("silent", "gives (1, 3); kept 1 of 2 sentences"),
    "001-c1": ("true", "both, padded: gives (2, 3)"),
    "001-c2": ("real", "as they are: ValueError: Unable to create tensor"),
    "002-1": (
        "silent",
        "a loss of 4.3, near ln 73 = 4.3, not ln 33 = 3.5; it predicts classes that don't exist",
    ),
    "002-1r": ("real", "IndexError: Target 40 is out of bounds."),
    "002-2": ("misnamed", "33 outputs: RuntimeError: 0D or 1D target tensor expected"),
    "002-2b": ("true", "gives 3.4"),
    "002-3": ("real", "UserWarning, then RuntimeError: The size of tensor a (73) must match"),
    "002-c1": ("false", "over the classes: gives the same shape"),
    "002-c2": ("incomplete", "whole numbers: RuntimeError: Expected floating point type"),
    "002-c3": ("incomplete", "cross_entropy: gives 4."),
    "003-1": ("true", "gives (3, 1)"),
    "003-1b": ("false", "AttributeError: module transformers has no attribute TFBertModel"),
    "003-2": ("false", "runs; 0 is [PAD], and the tokenizer's own padding gives the same: True"),
    "003-2b": ("real", "inhomogeneous shape"),
    "003-3": ("silent", "with padding: [False, True, True], rows that the mask changes: [False, True, True]"),
    "003-3b": ("real", 'ValueError: Layer "classifier" expects 2 named input(s)'),
    "003-c1": ("false", "ValueError: too many values to unpack (expected 2)"),
    "003-c1b": ("true", "input_ids (2, 6): gives two axes\nhidden_states: gives three axes"),
    "003-c2": ("real", "expected shape=(None, 8), found shape=(3, 6)"),
    "003-c3": ("false", "runs; as torch.int64; float32 gives the same numbers: True"),
    "003-c4": ("silent", "runs; the first tokens, where [CLS] is looked for: this, another, a"),
    "003-c5": ("real", "must match the size of tensor b (512)"),
    "003-x": ("real", "4 rows, 3 labels: ValueError: Data cardinality is ambiguous."),
    "004-1": ("false", "runs; rows and labels of each batch: [(32, 32), (32, 32), (32, 32), (4, 4)]"),
    "004-1b": ("silent", "runs; 96 of 100 rows are read"),
    "004-2": ("false", "gives 2."),
    "004-2b": ("silent", "gives 1.4612; ln(e + 10 - 1) - 1 = 1.4612 is the least"),
    "004-3": ("incomplete", "whole numbers: RuntimeError: Expected floating point type"),
    "004-3b": ("true", "the difference to float one-hot: gives 0.0000"),
    "004-c1": ("real", "a label of 10: IndexError: Target 10 is out of bounds."),
    "s-mse": ("silent", "UserWarning, then gives R² 0.00; a target of (N, 1) gives 1.00"),
    "s-token-axes": ("silent", "7 tokens, 3 classes: RuntimeError: Expected target size [2, 3], got [2, 7]"),
    "s-hint": ("silent", "it takes even a label of 6, with 3 classes"),
    "s-mask": ("silent", "with the mask: gives 0.0000\nwithout: gives 0.5 of the attention"),
    "s-squeeze": ("real", "argmax(dim=1): IndexError: Dimension out of range"),
    "s-problem-type": ("silent", "ValueError: Expected input batch_size (2) to match target batch_size (6)."),
    "s-num-labels": ("silent", "gives regression; the loss is the mean squared error"),
    "s-mask-shape": ("real", "all ones: runs; no mask at all gives the same numbers: True"),
    "s-ignore": ("silent", "gives nan"),
    "s-int32": ("real", "RuntimeError: expected target dtype to be Long or Byte, but got Int"),
    "s-cuda": ("real", "device-side assert") if HAS_GPU else ("not run", "no GPU"),
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_has_the_verdict_that_we_teach(claim: Claim) -> None:
    verdict, words = EXPECTED[claim.id]
    result = claim.check()
    assert (result.verdict.word, words in "\n".join(result.happened)) == (verdict, True), str(result)


def test_every_claim_is_there_once_and_expected() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in NOTEBOOKS.glob("claims/*.py"))
    written = re.findall(r'^@claim\(\s*"([\w-]+)"', code, re.MULTILINE)
    assert sorted(written) == sorted(claim.id for claim in CLAIMS) == sorted(EXPECTED)


def test_a_claim_stores_no_verdict() -> None:
    assert {field.name for field in fields(Claim)} == {
        "id", "says", "predicts", "run", "document", "lesson",
    }  # fmt: skip


RAN, ODD = Outcome("(4, 3)"), Outcome("gone", error="KeyError")
BOUNDS = Outcome("Target 2 is out of bounds.", error="IndexError")
WRONG = Outcome("nan", wrong=True)


@pytest.mark.parametrize(
    ("verdict", "parts"),
    [
        ("true", [("runs", RAN)]),
        ("true", [("gives (4, 3)", RAN), ("runs", RAN)]),
        ("real", [("raises", BOUNDS)]),
        ("real", [("raises IndexError: out of bounds", BOUNDS), ("runs", RAN)]),
        ("misnamed", [("raises ValueError", BOUNDS)]),
        ("misnamed", [("raises IndexError: too many", BOUNDS)]),
        ("misnamed", [("raises", BOUNDS), ("runs", BOUNDS)]),
        ("incomplete", [("runs", RAN), ("runs", BOUNDS)]),
        ("incomplete", [("raises", RAN), ("raises", BOUNDS)]),
        ("false", [("runs", BOUNDS)]),
        ("false", [("raises", RAN)]),
        ("false", [("raises", ODD)]),
        ("false", [("raises ValueError", ODD)]),
        ("false", [("gives (4, 1)", RAN)]),
        ("silent", [("runs", WRONG)]),
        ("silent", [("raises", WRONG), ("raises", BOUNDS)]),
        ("not run", [("runs", RAN), ("runs", Outcome(missing="no GPU"))]),
    ],
)
def test_each_verdict_has_its_rule(verdict: str, parts: list[tuple[str, Outcome]]) -> None:
    assert judge([(Prediction.of(text), outcome) for text, outcome in parts]).word == verdict


def test_signs_and_words_tell_the_verdicts_apart() -> None:
    assert len({verdict.sign for verdict in VERDICTS.values()}) == len(VERDICTS) == 7


@pytest.mark.parametrize("text", ["", "run", "raise", "gives", "gives ", "raises a ValueError", "runs well"])
def test_a_prediction_outside_the_vocabulary_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"got the prediction .* needs .* Try"):
        Claim("own", "", text, lambda: None)


def test_an_outcome_says_the_error_the_warnings_and_the_note() -> None:
    def warned() -> object:
        torch.nn.functional.mse_loss(torch.zeros(2, 1), torch.zeros(2))
        raise ValueError("\x1b[1mtwo\n  lines\x1b[0m")

    assert str(observe(warned)) == "UserWarning, then ValueError: two lines"
    assert str(observe(lambda: Found(1.0, "measured"))) == "gives 1.0000; measured"
    assert str(observe(lambda: Found(note="measured", wrong=torch.tensor(True)))) == "runs; measured"
    assert len(str(observe(lambda: "x" * 500))) < 200
    assert observe(lambda: Found(wrong=torch.tensor(True))).wrong is True


def test_a_result_reads_the_same_on_every_machine() -> None:
    values = (
        True,
        3,
        0.5,
        "word",
        (2, 3),
        torch.Size([2]),
        torch.ones(1, 1),
        torch.tensor(2),
        object(),
        None,
    )
    said = ["True", "3", "0.5000", "word", "(2, 3)", "(2,)", "(1, 1)", "2", "a object", ""]
    assert [in_words(value) for value in values] == said


def test_a_misspelt_experiment_is_no_outcome() -> None:
    with pytest.raises(NameError):
        Claim("own", "", "raises", lambda: eval("misspelt")).check()


def test_what_the_machine_lacks_is_said() -> None:
    def lacking() -> object:
        raise NotHere("no GPU")

    for predicts in ("runs", {"a": "runs", "b": "raises"}):
        result = Claim("own", "", predicts, lacking).check()
        assert result.verdict.word == "not run"
        assert "not run: no GPU" in str(result)


def test_parts_of_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got the parts \['b'\].* needs \['a'\].*Try"):
        Claim("own", "", {"a": "runs"}, lambda: {"b": lambda: None}).check()
