"""What one experiment gave: a value or a real error, and the warnings on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from helpers.bert import SEED
from helpers.diagnosis.seen.frames import ANSI
from helpers.threads import one_thread
from helpers.trial import Came, came_of

_MOST = 170  # characters of a message: what it says stands at its beginning


class NotHere(Exception):
    """An experiment needs what this machine doesn't have."""


@dataclass(frozen=True)
class Found:
    """What an experiment measured, where a bare value would not say enough.

    Attributes:
        value: What the prediction is compared with.
        note: What was measured beside it.
        wrong: True, or a tensor of one True, where the measurement shows that the result is wrong.
    """

    value: object = None
    note: str = ""
    wrong: object = False


@dataclass(frozen=True)
class Outcome:
    """What happened, in words.

    Attributes:
        value: The value, or the error's message.
        error: The name of the error's class; empty where nothing was raised.
        note: What was measured beside the value.
        wrong: Whether the result was measured to be wrong.
        warned: The names of the warnings that came first.
        missing: What this machine lacks to run it.
    """

    value: str = ""
    error: str = ""
    note: str = ""
    wrong: bool = False
    warned: tuple[str, ...] = ()
    missing: str = ""

    def __str__(self) -> str:
        if self.missing:
            return f"not run: {self.missing}"
        short = self.value if len(self.value) <= _MOST else f"{self.value[:_MOST]}…"
        fine = f"gives {short}" if short else "runs"
        result = f"{self.error}: {short}" if self.error else fine
        before = f"{' and '.join(self.warned)}, then " if self.warned else ""
        return f"{before}{result}{f'; {self.note}' if self.note else ''}"


def observe(run: Callable[[], object]) -> Outcome:
    """Run one experiment on seeds of its own and say what it gave or raised.

    Raises:
        NameError: The experiment itself is misspelt, which says nothing about any claim.

    >>> print(observe(lambda: torch.zeros(2, 3) @ torch.zeros(2, 3)))
    RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)
    >>> print(observe(lambda: torch.zeros(2, 3).shape))
    gives (2, 3)
    """
    came = seeded(run)
    if isinstance(came.error, NameError):
        raise came.error
    if isinstance(came.error, NotHere):
        return Outcome(missing=str(came.error))
    # A UserWarning is for who called; others are between the libraries.
    warned = tuple(
        dict.fromkeys(type(each).__name__ for each in came.warned if isinstance(each, UserWarning))
    )
    if came.error:  # whatever it is: it is what the claim is judged by
        said = " ".join(ANSI.sub("", str(came.error)).split())
        return Outcome(said, type(came.error).__name__, warned=warned)
    found = came.value if isinstance(came.value, Found) else Found(came.value)
    return Outcome(in_words(found.value), note=found.note, wrong=bool(found.wrong), warned=warned)


def in_words(value: object) -> str:
    """Say a result so that it reads the same on every machine: four decimals, and shapes instead of tensors.

    >>> in_words(torch.tensor(1.23456)), in_words(torch.zeros(2, 3)), in_words(None)
    ('1.2346', '(2, 3)', '')
    """
    if value is None:
        return ""
    if isinstance(value, torch.Tensor):
        return in_words(value.item()) if value.ndim == 0 else str(tuple(value.shape))
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, tuple):
        return str(tuple(value))  # torch.Size too
    return str(value) if isinstance(value, str | int) else f"a {type(value).__name__}"


def seeded(run: Callable[[], Any]) -> Came:
    """Run something on seeds of its own, on one thread, so that it gives the same on every machine."""
    with one_thread():
        return came_of(run, SEED)
