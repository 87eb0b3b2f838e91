"""What the tests of the extension and of the clinic share."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from notebook_tools import kernel_environment

from helpers.diagnosis.said.result import Diagnosis

HEADLINE = "✗ IndexError: Target 1 is out of bounds."


def run_script(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        cwd=folder,
        env=kernel_environment(str(folder)) | {"PYTHONIOENCODING": "utf-8"},
    )


def explained_by(monkeypatch: pytest.MonkeyPatch, explain: Any) -> None:
    # Not by its dotted name: the function of the same name hides the module.
    monkeypatch.setattr(importlib.import_module("helpers.diagnosis.explain"), "explain", explain)


def known_error(error: BaseException) -> Diagnosis:
    return Diagnosis("raises", got="logits (4, 1)", error=str(error), cause="head_size")
