"""What a rule finds: a cause, what is needed, and repairs, of which some are still to be tried."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from helpers.diagnosis.said.result import Diagnosis, Fix, Mark


@dataclass(frozen=True)
class Finding:
    """A cause with its reasons; the fields are those of `Diagnosis`. A fix without a result has not run."""

    cause: str
    needs: str
    marks: tuple[Mark, ...] = ()
    fixes: tuple[Fix, ...] = ()
    certain: bool = True
    trap: str = ""
    also: str = ""
    mistake: str = ""  # what the search calls it: several have one cause, and Keras has other words for each

    def told(self, plain: Diagnosis, fixes: tuple[Fix, ...]) -> Diagnosis:
        """Return a diagnosis that so far only says what happened, with this cause and the fixes that ran."""
        found = {name: value for name, value in vars(self).items() if name != "mistake"}
        return replace(plain, **{**found, "fixes": fixes})


# The places that disagree. An axis that the one tensor has and the other lacks is named at both ends.
BATCH = (Mark("logits", "N"), Mark("target", "N"))
LABEL = (Mark("logits", "C"), Mark("target", "label"))
CLASSES = (Mark("logits", "C"),)
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


def new_head(outputs: int, loss: str) -> str:
    """Return code that runs a head with this many outputs beside the learner's own: no more than a proof."""
    return f"logits = nn.Linear(hidden.shape[-1], {outputs})(hidden){_AFTER_HEAD.get(loss, '')}"


_NEW_HEAD = re.compile(r"logits = nn\.Linear\(hidden\.shape\[-1\], (\d+)\)\(hidden\).*")


def outputs_of(fix: Fix) -> int:
    """Return how many outputs a fix gives the head; 0 where it leaves that alone."""
    head = _NEW_HEAD.search(fix.code)
    return int(head[1]) if head else 0


def with_head(fix: Fix, made: str) -> Fix:
    """Say in the place of the proof how the head is made, which is what a person changes."""
    return replace(fix, typed=_NEW_HEAD.sub(lambda _: made, fix.code))
