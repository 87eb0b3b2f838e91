"""`%load_ext helpers` and `clinic()`: the diagnosis under an error, which itself stays as it was.

Nothing heavy is imported until an error has happened, and a cell that succeeds costs two attribute
look-ups. IPython's events are used, not its exception handlers: they fire when the traceback has been
shown, so that it can't be changed, and `%debug`, `%tb` and other extensions go on working.

When the clinic itself fails, nothing is added: the learner's error is what matters. The failure goes to
the logger "helpers.extension" at level DEBUG, where `logging.basicConfig(level="DEBUG")` shows it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from helpers.diagnosis.said.result import Diagnosis

_log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


class clinic:
    """Add the diagnosis to a shape error as a note: `with clinic():` in a script, `@clinic()` on a function.

    The exception goes on, the same object with the same traceback; Python prints its notes below its
    message. Any other exception is left alone.

    >>> with clinic():
    ...     "no error, nothing to say"
    'no error, nothing to say'
    """

    def __enter__(self) -> None:
        """Do nothing: there is no error yet."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Add the note; returning None lets the exception go on."""
        if error is not None:
            _note(error)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with the same notes; where nothing is raised, it takes no time."""

        @wraps(function)
        def watched(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except BaseException as error:
                _note(error)
                raise

        return watched


def _note(error: BaseException) -> None:
    diagnosis = _explained(error)
    # Where one clinic stands inside another, the inner one has said it.
    if diagnosis and str(diagnosis) not in getattr(error, "__notes__", ()):
        error.add_note(str(diagnosis))


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Show the diagnosis under every uncaught shape error from now on: `%load_ext helpers` calls this."""
    show_as(None)
    _watch.last_shown = last_shown()
    # An event keeps a callback once, however often it is registered.
    for event, callback in _watch.callbacks.items():
        ipython.events.register(event, callback)


def show_as(form: Callable[[Diagnosis], object] | None) -> None:
    """Show what `form` makes of each diagnosis, instead of the diagnosis itself."""
    _watch.form = form


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Leave the shell as it was before: `%unload_ext helpers` calls this."""
    for event, callback in _watch.callbacks.items():
        if callback in ipython.events.callbacks[event]:
            ipython.events.unregister(event, callback)


class _Watch:
    """Notices at the end of a cell which error, if any, was shown in it."""

    def __init__(self) -> None:
        self.last_shown = 0
        self.form: Callable[[Diagnosis], object] | None = None
        self.callbacks = {"pre_run_cell": self.before_cell, "post_run_cell": self.after_cell}

    def before_cell(self, info: Any) -> None:
        self.last_shown = last_shown()

    def after_cell(self, result: Any) -> None:
        error = getattr(result, "error_in_exec", None)  # the result is None for a cell that was cancelled
        if error is None and last_shown() != self.last_shown:
            # `%run` shows the error of a script by itself, and its cell then counts as a success.
            error = sys.last_value
        self.last_shown = last_shown()
        diagnosis = _explained(error)
        if diagnosis:
            display(self.form(diagnosis) if self.form else diagnosis)


def last_shown() -> int:
    """Identify the error that IPython showed last, without keeping it (and its tensors) alive."""
    return id(getattr(sys, "last_value", None))


def _explained(error: BaseException | None) -> Diagnosis | None:
    # Not an Exception: an interrupt, sys.exit(), a cancelled task. They are nobody's mistake.
    if not isinstance(error, Exception) or isinstance(error, SyntaxError):
        return None
    # Without any of these there is nothing that has a shape, and a typing error need not wait for torch.
    if not any(library in sys.modules for library in ("torch", "numpy", "keras")):
        return None
    try:
        from helpers.diagnosis.explain import explain

        return explain(error)
    except Exception as own:
        _log.debug("the clinic failed on %s", type(error).__name__, exc_info=own)
        return None


def display(shown: object) -> None:
    """Show it below the cell that runs."""
    from IPython.display import display as show

    # The front end picks: a terminal prints the text, a notebook shows the HTML.
    show(shown)


_watch = _Watch()
