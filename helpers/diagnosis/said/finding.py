"""What a rule finds: a cause, what is needed, and repairs that are still to be tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis, Fix, Mark


class Candidate(NamedTuple):
    """A repair that may work. It becomes a `Fix` when it has run and nothing is wrong any more."""

    title: str
    code: str
    when: str = ""


@dataclass(frozen=True)
class Finding:
    """A cause with its reasons; the fields are those of `Diagnosis`."""

    cause: str
    needs: str
    marks: tuple[Mark, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    certain: bool = True
    trap: str = ""
    also: str = ""
    fixes: tuple[Fix, ...] = ()  # repairs that have run already
    mistake: str = ""  # what the search calls it: several have one cause, and Keras has other words for each

    def told(self, plain: Diagnosis, fixes: tuple[Fix, ...]) -> Diagnosis:
        """Return a diagnosis that so far only says what happened, with this cause and the fixes that ran."""
        return replace(
            plain,
            cause=self.cause,
            certain=self.certain,
            needs=self.needs,
            marks=self.marks,
            fixes=fixes,
            trap=self.trap,
            also=self.also,
        )


# The places that disagree. An axis that the one tensor has and the other lacks is named at both ends.
BATCH = (Mark("logits", "N"), Mark("target", "N"))
LABEL = (Mark("logits", "C"), Mark("target", "label"))
CLASSES = (Mark("logits", "C"),)
TURNED = (Mark("logits", "C"), Mark("target", "T"))  # torch reads classes where the tokens stand
DTYPE = (Mark("target", "dtype"),)
SCORES = (Mark("logits", "values"),)
ANSWERS = (Mark("target", "values"),)


BCE = "criterion = F.binary_cross_entropy_with_logits"
FITS_BCE = "where several classes may be right at once"

# What stands between a head and these losses, which take something else than raw logits.
_AFTER_HEAD = {"nll_loss": ".log_softmax(-1)", "binary_cross_entropy": ".sigmoid()"}


def bce(target: Tensor) -> str:
    """Return code for binary cross entropy, which takes a floating-point target."""
    return BCE if target.dtype == torch.float32 else f"{BCE}\ntarget = target.float()"


def new_head(outputs: int, loss: str, then: str = "") -> str:
    """Return code that gives the head another number of outputs; `then` is applied to what comes out."""
    return f"logits = nn.Linear(hidden.shape[-1], {outputs})(hidden){_AFTER_HEAD.get(loss, '')}{then}"
