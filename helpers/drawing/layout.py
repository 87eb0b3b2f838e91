"""What the flow picture is made of, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from helpers.diagnosis import Diagnosis
from helpers.trace import Stage


class Marked(NamedTuple):
    """The parts of a tensor that disagree, and the sign that each gets."""

    sign: str
    parts: Sequence[str]


NOTHING = Marked("", ())


class Flow(NamedTuple):
    """One run, as the picture needs it.

    Attributes:
        stages: input_ids (N, T), hidden_states (N, T, H), what the head reads and what the loss reads.
        target: The stage of the target.
        values: The target's values, by row.
        diagnosis: Gives the outcome and the ends of a disagreement.
        classes: How many classes the data has; outputs beyond them are hatched.
        loss: The loss, by its short name.
        num_labels: The outputs of the head, whatever became of them before the loss.
        between: What is done between the head and the loss, such as "softmax"; at most two.
        changed: Which of "logits", "loss" and "target" to draw attention to.
    """

    stages: Sequence[Stage]
    target: Stage
    values: Sequence[Any]
    diagnosis: Diagnosis
    classes: int
    loss: str
    num_labels: int
    between: Sequence[str] = ()
    changed: frozenset[str] = frozenset()

    def marked(self, tensor: str) -> Marked:
        """Return what disagrees in "logits" or "target"."""
        return Marked(
            self.diagnosis.sign, [mark.part for mark in self.diagnosis.marks if mark.tensor == tensor]
        )


class Layout(NamedTuple):
    """Where things stand, by their centre and the height of their name."""

    width: int
    height: int
    places: dict[str, tuple[int, int]]


FIRST = {"input_ids": 66, "BERT": 164, "hidden_states": 292}
WIDE = {**FIRST, "keep": 418, "Linear": 502, "logits": 642, "loss": 802, "target": 951}
UPPER = {"input_ids": 110, "BERT": 238, "hidden_states": 390}
LOWER = {"keep": 62, "Linear": 152, "logits": 296, "loss": 458, "target": 604}
LAYOUTS = {
    "wide": Layout(1030, 220, {name: (x, 46) for name, x in WIDE.items()}),
    "narrow": Layout(
        682,
        430,
        {**{name: (x, 18) for name, x in UPPER.items()}, **{name: (x, 252) for name, x in LOWER.items()}},
    ),
}
# The wide picture where there is room for it, else the one that wraps: text stays readable at 800 px.
STYLE = """<style>
.shape-clinic-flow{container-type:inline-size;overflow-x:auto}
.shape-clinic-flow svg{display:block;width:100%;margin:auto;font-family:var(--jp-ui-font-family,sans-serif)}
.shape-clinic-flow .wide{display:none;max-width:1180px}
.shape-clinic-flow .narrow{min-width:480px;max-width:700px}
@container (min-width:820px){.shape-clinic-flow .wide{display:block}.shape-clinic-flow .narrow{display:none}}
</style>"""
