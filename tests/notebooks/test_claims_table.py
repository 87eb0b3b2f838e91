"""The table of claims as it is read: stable, followed by its links, safe in an untrusted notebook."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import claims
from claims import CLAIMS, Claim, check_claims

ROOT = Path(__file__).parents[2]


def test_the_table_reads_the_same_each_time() -> None:
    first, second = check_claims(), check_claims()
    assert str(first) == str(second)
    assert first._repr_html_() == second._repr_html_()
    assert "gpu" not in {result.claim.document for result in first}
    assert len(first) == len(CLAIMS) - 1 == sum(first.counts.values())
    assert first.summary in str(first)
    for result in first:
        assert f'<td style="text-align:left">{result.verdict}</td>' in first._repr_html_()  # never broken


def test_documents_and_ids_choose() -> None:
    assert {result.claim.document for result in check_claims("004")} == {"004"}
    assert [result.claim.id for result in check_claims("004-2")] == ["004-2"]
    assert check_claims("004")["004-2"].claim.id == "004-2"
    assert check_claims("gpu").summary.startswith("1 claim: ")
    with pytest.raises(ValueError, match=r"got '005'.* needs one of 000, .*Try"):
        check_claims("005")
    with pytest.raises(KeyError, match="004-2"):
        check_claims("004")["000-1"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_can_be_read_and_followed(claim: Claim) -> None:
    assert claim.document in claims.DOCUMENTS
    assert 10 < len(claim.says) < 110
    assert (ROOT / "notebooks" / f"{claim.lesson}.ipynb").exists()
    lines = claim.code.splitlines()
    assert lines[0].startswith("def _") and len(lines) <= 20
    assert '"""' not in claim.code
    compile(claim.code, claim.id, "exec")


def test_the_code_of_a_lambda_is_its_line() -> None:
    own = Claim("own", "", "runs", lambda: torch.zeros(2))
    assert "torch.zeros(2)" in own.code
    assert replace(own, run=print).code == ""
