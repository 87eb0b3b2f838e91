"""The one place where something is run to see what comes of it: a repair, a claim, a learner's guess.

Whoever asks gets the value or the error, and the warnings on the way. Nothing is raised or printed, and the
random numbers of Python, NumPy and torch go on afterwards as if none had been drawn.
"""

from __future__ import annotations

import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

_QUIET = ContextVar("_QUIET", default=False)


@dataclass(frozen=True)
class Came:
    """What came of running something."""

    value: Any = None  # what it gave; None where it raised
    error: Exception | None = None  # what it raised; None where it ran
    warned: tuple[Warning, ...] = ()  # the warnings on the way, each text once


def came_of(run: Callable[[], Any], seed: int | None = None) -> Came:
    """Run something and say what came of it. What it prints is not shown, so let it return what matters.

    Args:
        run: Takes nothing.
        seed: What Python, NumPy and torch draw from meanwhile; their own state where it is not given.

    >>> came_of(lambda: [0, 1][2]).error, came_of(lambda: 1 + 1).value
    (IndexError('list index out of range'), 2)
    """
    value, error = None, None
    with (
        kept(seed),
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(out),
    ):
        warnings.simplefilter("always")
        try:
            value = run()
        except Exception as raised:  # whatever it is: it is the result to report
            error = raised
    warned = {str(entry.message): entry.message for entry in caught if isinstance(entry.message, Warning)}
    return Came(value, error, tuple(warned.values()))


def names_after(code: str, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """Run a repair on copies of the names and return them as they are then; None where it raises.

    Random numbers, gradients and warnings are not its business: who runs many repairs opens `quiet` once.

    >>> names_after("rows = rows + [3]", {"rows": [1, 2]})["rows"]
    [1, 2, 3]
    >>> names_after("rows = rows + 3", {"rows": [1, 2]})
    """
    after = dict(names)
    try:
        exec(compiled(code), after)
    except Exception:  # a repair that raises is none
        return None
    return after


@contextmanager
def quiet(seed: int | None = None) -> Iterator[None]:
    """Run repairs: no gradients, no warnings, and nobody's random numbers move."""
    import torch

    with kept(seed), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cause is named, not a library's guess at one
        outer = _QUIET.set(True)
        try:
            yield
        finally:
            _QUIET.reset(outer)


@contextmanager
def kept(seed: int | None = None) -> Iterator[None]:
    """Give Python, NumPy and torch back where they were. Keras draws its seeds from Python.

    Inside `quiet` it only seeds: there nobody but the kit draws, and `quiet` gives back.
    """
    with nullcontext() if _QUIET.get() else _put_back():
        if seed is not None:
            random.seed(seed)
            if numpy := sys.modules.get("numpy"):
                numpy.random.seed(seed)
            if torch := sys.modules.get("torch"):
                torch.default_generator.manual_seed(seed)  # not torch.manual_seed, which seeds a GPU too
        yield


@contextmanager
def _put_back() -> Iterator[None]:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    python = random.getstate()
    numbers = numpy.random.get_state() if numpy else None
    tensors = torch.default_generator.get_state() if torch else None
    try:
        yield
    finally:
        random.setstate(python)
        if numpy:
            numpy.random.set_state(numbers)
        if torch:
            torch.default_generator.set_state(tensors)


@lru_cache(maxsize=1024)
def compiled(code: str) -> CodeType:
    """Compile code once that runs again and again."""
    return compile(code, "<fix>", "exec")
