"""`clinic()` adds what the kit says to an exception, in a function, a block and a script."""

from pathlib import Path

import pytest
from extension_tools import HEADLINE, explained_by, known_error, run_script

from helpers.extension import clinic


def test_the_clinic_adds_a_note_once_and_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    explained_by(monkeypatch, known_error)
    raised = RuntimeError("x")

    @clinic()
    def train() -> None:
        with clinic():
            raise raised

    with pytest.raises(RuntimeError) as caught:
        train()
    assert caught.value is raised
    assert raised.args == ("x",)
    assert raised.__cause__ is raised.__context__ is None
    assert raised.__notes__ == [str(known_error(raised))]


def test_the_clinic_is_silent_where_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    explained_by(monkeypatch, lambda error: None)
    for error in (RuntimeError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)), clinic():
            raise error
        assert not hasattr(error, "__notes__")


def test_the_clinic_returns_what_a_function_returns() -> None:
    @clinic()
    def double(number: int) -> int:
        """Double it."""
        return 2 * number

    assert double(2) == 4
    assert double.__doc__ == "Double it."


def test_a_script_ends_as_it_would_have_with_a_note(tmp_path: Path) -> None:
    done = run_script(
        """
        import sys
        from helpers.extension import clinic
        heavy = {"torch", "transformers", "keras", "numpy", "IPython"} & set(sys.modules)
        assert not heavy, heavy
        import torch, torch.nn.functional as F
        with clinic():
            F.cross_entropy(torch.zeros(4, 1), torch.tensor([1, 0, 2, 1]))
        """,
        tmp_path,
    )
    assert done.returncode == 1
    error, _, note = done.stderr.partition("\nIndexError: Target 1 is out of bounds.\n")
    assert error.startswith("Traceback (most recent call last):")
    assert "extension.py" not in error
    assert note.startswith(f"{HEADLINE}\nat     script.py, line 8: F.cross_entropy(")
