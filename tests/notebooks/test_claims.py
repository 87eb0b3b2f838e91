"""Each claim's verdict, obtained by running it: a new torch that behaves otherwise turns one of these red."""

import re
from dataclasses import fields

import pytest
import torch
from notebook_tools import ROOT

from claims import CLAIMS, VERDICTS, Claim, Found, Outcome
from claims.outcome import NotHere, in_words, observe
from claims.verdict import Prediction, judge

# id -> the verdict, and words of what happened; written by hand.
LINES = (ROOT / "tests" / "golden" / "claims.txt").read_text(encoding="utf-8").splitlines()
EXPECTED = {name: (verdict, words) for name, verdict, words in (line.split(" | ") for line in LINES)}
if torch.cuda.is_available():
    EXPECTED["s-cuda"] = ("real", "device-side assert")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_claim_has_the_verdict_that_we_teach(claim: Claim) -> None:
    verdict, words = EXPECTED[claim.id]
    result = claim.check()
    assert (result.verdict.word, words in "; ".join(result.happened)) == (verdict, True), str(result)


def test_every_claim_is_there_once_and_expected() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("claims/*.py"))
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
