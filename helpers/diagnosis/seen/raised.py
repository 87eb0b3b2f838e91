"""What was raised, as every reader gets it, and how a repair is tried away from the learner's own objects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step, is_learners, said, steps_of, where


@dataclass(frozen=True)
class Raised:
    """An error with the frames it came through.

    Attributes:
        error: The exception.
    """

    error: BaseException

    @cached_property
    def steps(self) -> list[Step]:
        """The frames, the innermost first."""
        return steps_of(self.error)

    @cached_property
    def own(self) -> list[Step]:
        """Those of the learner's own code."""
        return [step for step in self.steps if is_learners(step)]

    @cached_property
    def where(self) -> str:
        """The learner's own innermost line."""
        return where(self.steps)

    @cached_property
    def is_unread(self) -> bool:
        """Whether a GPU has stopped, so that no value on it can be read any more."""
        lost: Any = getattr(torch, "AcceleratorError", ())
        return isinstance(self.error, lost) or "device-side assert" in str(self.error)

    def diagnosis(
        self, cause: str, got: str, needs: str, fixes: Iterable[Fix | None] = (), **more: Any
    ) -> Diagnosis:
        """Return what was found; a fix that did not run is left out."""
        ran = tuple(fix for fix in fixes if fix is not None)
        return Diagnosis(
            "raises",
            got,
            error=said(self.error),
            cause=cause,
            needs=needs,
            fixes=ran,
            where=self.where,
            **more,
        )


def tried(
    title: str, code: str, values: dict[str, Any], proof: Callable[[SimpleNamespace], Any], when: str = ""
) -> Fix | None:
    """Run a repair and its proof; None when either raises, which says that it is none.

    Args:
        title: What the repair does.
        code: Python that rebinds one of the values.
        values: The learner's objects by the learner's names. For "self.head" the code gets a stand-in for
            `self`, so that what it assigns does not reach the learner's model.
        proof: Gets the names afterwards and returns what came out: a tensor, or words.
        when: When to choose this repair.
    """
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F}
    for name, value in values.items():
        _put(space, name, value.detach() if isinstance(value, Tensor) else value)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, "<fix>", "exec"), space)
            came = proof(SimpleNamespace(**space))
        except Exception:
            return None
    return Fix(title, code, f"gives {shape(came)}" if isinstance(came, Tensor) else str(came), when)


def _put(space: dict[str, Any], name: str, value: Any) -> None:
    *owners, last = name.split(".")
    if not owners:
        space[last] = value
        return
    owner = space.setdefault(owners[0], SimpleNamespace())
    for part in owners[1:]:
        if not hasattr(owner, part):
            setattr(owner, part, SimpleNamespace())
        owner = getattr(owner, part)
    setattr(owner, last, value)


def shape(value: Any, axes: str = "") -> str:
    """Spell a shape, with the axes' letters where they are known: "(N=2, T=7)"."""
    sizes = [int(size) for size in value.shape]
    if len(axes) == len(sizes):
        inner = ", ".join(f"{axis}={size}" for axis, size in zip(axes, sizes, strict=True))
    else:
        inner = ", ".join(map(str, sizes))
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"
