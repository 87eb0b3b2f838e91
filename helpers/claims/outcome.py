"""What one experiment gave: a value or a real error, and the warnings on the way."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from helpers.bert import SEED
from helpers.diagnosis.seen.frames import ANSI
from helpers.threads import one_thread

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
    with seeded(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = _run(run)
    names = dict.fromkeys(type(entry.message).__name__ for entry in caught if _is_meant(entry))
    return Outcome(outcome.value, outcome.error, outcome.note, outcome.wrong, tuple(names), outcome.missing)


def _run(run: Callable[[], object]) -> Outcome:
    try:
        found = run()
    except NameError:
        raise
    except NotHere as missing:
        return Outcome(missing=str(missing))
    except Exception as error:  # whatever it is: it is what the claim is judged by
        return Outcome(" ".join(ANSI.sub("", str(error)).split()), type(error).__name__)
    if isinstance(found, Found):
        return Outcome(in_words(found.value), note=found.note, wrong=bool(found.wrong))
    return Outcome(in_words(found))


def _is_meant(entry: warnings.WarningMessage) -> bool:
    # A UserWarning is for who called; others are between the libraries.
    return issubclass(entry.category, UserWarning)


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


@contextmanager
def seeded() -> Iterator[None]:
    """Seed what torch, NumPy and Keras draw from, on one thread, and give the learner's own state back."""
    theirs, numpys = random.getstate(), np.random.get_state()
    try:
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
            random.seed(SEED)
            np.random.seed(SEED)
            yield
    finally:
        random.setstate(theirs)
        np.random.set_state(numpys)
