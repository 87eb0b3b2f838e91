"""From what was predicted and what happened to a verdict: one table, a rule each, nothing decided by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from claims.outcome import Outcome


class Verdict(NamedTuple):
    """A word, its sign, and when it is given."""

    word: str
    sign: str
    rule: str

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


VERDICTS = {
    verdict.word: verdict
    for verdict in (
        Verdict("true", "✓", "it happened as predicted"),
        Verdict("real", "!", "an error was predicted, and that error came"),
        Verdict("misnamed", "≠", "an error came, but not the one named, or it stays after the cure"),
        Verdict("incomplete", "◐", "one part happened as predicted, another didn't"),
        Verdict("false", "✗", "something else happened"),
        Verdict("silent", "⚠", "nothing was raised, and the result was measured to be wrong"),
        Verdict("not run", "–", "this machine lacks what it needs"),
    )
}
# What torch, transformers, NumPy and Keras raise when sizes, types or values don't fit each other.
FITTING = ("ValueError", "RuntimeError", "IndexError", "TypeError")


class Prediction(NamedTuple):
    """What should happen, taken apart: `word` is "runs", "gives" or "raises"."""

    word: str
    kind: str = ""
    words: str = ""

    @classmethod
    def of(cls, text: str) -> Prediction:
        """Read a prediction.

        Args:
            text: "runs", "gives VALUE", "raises" (an error about sizes, types or values), "raises ValueError"
                or "raises ValueError: WORDS OF ITS MESSAGE".

        Raises:
            ValueError: It is none of these.
        """
        word, _, rest = text.partition(" ")
        kind, _, words = rest.partition(": ")
        if word == "raises" and (not kind or kind.isidentifier()):
            return cls(word, kind, words)
        if text == "runs" or (word == "gives" and rest):
            return cls(word, words=rest)
        raise ValueError(
            f"got the prediction {text!r}. A claim needs 'runs', 'gives VALUE', 'raises' or"
            " 'raises ValueError: WORDS'. Try 'runs'."
        )

    def holds(self, outcome: Outcome) -> bool:
        """Say whether this is what happened."""
        if outcome.missing:
            return False
        if self.word == "raises":
            known = outcome.error == self.kind if self.kind else outcome.error in FITTING
            return known and self.words in outcome.value
        return not outcome.error and self.word in ("runs", "gives") and self.words in ("", outcome.value)


def judge(parts: Sequence[tuple[Prediction, Outcome]]) -> Verdict:
    """Return the first verdict whose rule fits; a claim has one part or several.

    >>> print(judge([(Prediction.of("raises ValueError"), Outcome("(4, 1)"))]))
    ✗ false
    """
    held = [prediction.holds(outcome) for prediction, outcome in parts]
    outcomes = [outcome for _, outcome in parts]
    expects_error = any(prediction.word == "raises" for prediction, _ in parts)
    if any(outcome.missing for outcome in outcomes):
        return VERDICTS["not run"]
    if any(outcome.wrong and not outcome.error for outcome in outcomes):
        return VERDICTS["silent"]
    if all(held):
        return VERDICTS["real" if expects_error else "true"]
    others = [outcome for outcome, is_held in zip(outcomes, held, strict=True) if not is_held]
    if expects_error and all(outcome.error in FITTING for outcome in others):
        return VERDICTS["misnamed"]
    return VERDICTS["incomplete" if any(held) else "false"]
