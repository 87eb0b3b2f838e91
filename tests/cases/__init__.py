"""Our own rebuilt cases, one file per family: what people did, and the causes that are right answers.

`python tests/score_cases.py` prints how many are named; tests/test_cases.py holds them to it.
"""

from . import axes, batch, head, inputs, keras_models, kinds, legal, not_ours, padding, silent, tokens
from .base import Case

FAMILIES = (head, batch, axes, tokens, kinds, padding, inputs, keras_models, silent)
# Every mistake; what is legal; what is not ours.
MISTAKES: list[Case] = [case for family in FAMILIES for case in family.CASES]
LEGAL: list[Case] = legal.CASES
NOT_OURS: list[Case] = not_ours.CASES

__all__ = ["LEGAL", "MISTAKES", "NOT_OURS", "Case"]
