"""What a diagnosis says: the outcome, the cause, and the two places that disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Outcome = Literal["ok", "silent", "raises"]


class Mark(NamedTuple):
    """One end of a disagreement: an axis letter of a tensor, or "label" for a value inside the target."""

    tensor: str
    part: str


@dataclass(frozen=True)
class Diagnosis:
    """What a loss call did, and why.

    Attributes:
        outcome: "ok", "silent" (it runs, but it is a mistake) or "raises".
        loss: The number that came out, None when it raised.
        error: The exception's own type and text, None when nothing was raised.
        cause: One id of the closed list of causes, None when nothing is wrong or the cause is not known.
        certain: False when the same tensors may also be meant.
        got: The shapes that came.
        needs: What the loss needs instead; empty when nothing is wrong.
        marks: The two places that disagree.
    """

    outcome: Outcome
    got: str
    loss: float | None = None
    error: str | None = None
    cause: str | None = None
    certain: bool = True
    needs: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def headline(self) -> str:
        """The result in one line: the exception's own text, or the loss.

        >>> Diagnosis("ok", got="logits (4, 3)", loss=1.25).headline
        '✓ loss 1.250'
        """
        if self.outcome == "raises":
            return f"✗ {self.error}"
        doubt = "and still a mistake" if self.certain else "but is it meant?"
        return f"{'✓' if self.outcome == 'ok' else f'⚠ no error, {doubt}'} loss {self.loss:.3f}"

    def __str__(self) -> str:
        lines = [self.headline, f"got    {self.got}"]
        if self.needs:
            lines.append(f"needs  {self.needs}")
        return "\n".join(lines)
