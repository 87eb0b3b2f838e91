"""What five answers on the web claim, as experiments that anybody can run.

No verdict is written down here: a claim holds what would happen if it were right, and code that finds out.
A new version of torch, transformers or Keras that behaves otherwise turns tests/notebooks/test_claims.py
red and says which claim it was. Importing this imports neither transformers nor Keras.
"""

from __future__ import annotations

# Importing a document registers its claims, in the order in which they are to be read.
from claims import doc_000, doc_001, doc_002, doc_003, doc_004, silent  # noqa: F401
from claims.claim import CLAIMS, Checked, Claim
from claims.outcome import Found, Outcome
from claims.table import DOCUMENTS, Claims
from claims.verdict import VERDICTS, Verdict

__all__ = [
    "CLAIMS",
    "DOCUMENTS",
    "VERDICTS",
    "Checked",
    "Claim",
    "Claims",
    "Found",
    "Outcome",
    "Verdict",
    "check_claims",
]


def check_claims(document: str | None = None) -> Claims:
    """Run claims and show what happened, each with its verdict and its code.

    Args:
        document: "000" to "004", "silent" or "gpu", or the id of one claim. None runs all but "gpu", whose
            experiment gives something else on every machine.

    Raises:
        ValueError: There is no such document or claim.

    >>> check_claims("002-c1").summary
    '1 claim: ✗ 1 false'
    """
    chosen = tuple(
        claim
        for claim in CLAIMS
        if (document is None and claim.document != "gpu") or document in (claim.document, claim.id)
    )
    if not chosen:
        raise ValueError(
            f"got {document!r}. check_claims needs one of {', '.join(DOCUMENTS)}, or a claim's id."
            " Try check_claims('004')."
        )
    return Claims(tuple(claim.check() for claim in chosen))
