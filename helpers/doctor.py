"""The checks behind `python -m helpers`: does this installation work?

A learner whose lab does not open needs to know which part is at fault before a lesson can start. Each
check gives one line when all is well and raises `Unfit` when not. Nothing here may import torch or Jupyter
at the top: a check must be able to say that they are missing.
"""

import ast
import importlib.metadata
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSTALL = f'"{sys.executable}" -m pip install -c requirements.lock -e . (in {ROOT})'


class Unfit(Exception):
    """A check failed: its kind, and on a line each what came, what is needed, what to try."""

    def __init__(self, what: str, got: str, needs: str, hint: str) -> None:
        super().__init__(f"{what}\n    got:   {got}\n    needs: {needs}\n    try:   {hint}")


def check_python(version: Sequence[int] = sys.version_info[:3]) -> str:
    """Check that this Python is new enough.

    >>> check_python((3, 11, 7))
    'python 3.11.7'
    """
    text = ".".join(map(str, version))
    if tuple(version) < (3, 11):
        raise Unfit("python", text, "3.11 or newer", "make clean, then make lab PYTHON=python3.12")
    return f"python {text}"


def check_packages(project: str = "shape-clinic", ask: Callable[[], str] | None = None) -> str:
    """Check that the project is installed, and that pip, when asked, has nothing against its packages."""
    try:
        importlib.metadata.distribution(project)
    except importlib.metadata.PackageNotFoundError as error:
        raise Unfit("packages", str(error), "the project, installed by pip", INSTALL) from error
    if broken := (ask or _ask_pip)():
        raise Unfit("packages", broken, "packages that fit each other", INSTALL)
    return "packages: all there, at versions that fit each other"


def check_kernel(ask: Callable[[], str] | None = None) -> str:
    """Check that a Jupyter kernel starts and, asked for its `sys.prefix`, runs in this very environment."""
    try:
        prefix = (ask or _ask_kernel)()
    except Exception as error:
        needs = "a python3 kernel that answers within a minute"
        raise Unfit("kernel", _words(error), needs, INSTALL) from error
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        hint = "jupyter kernelspec remove python3, for the one that is not in this environment"
        raise Unfit("kernel", f"a kernel of {prefix}", f"one of {sys.prefix}", hint)
    return "kernel: started and answered"


def check_bert(run: Callable[[], tuple[int, ...]] | None = None) -> str:
    """Check that BERT loads without a network and gives logits (2, 3) for two sentences and three classes."""
    hint = "unset SHAPE_CLINIC_MODEL if it is set, then git status helpers: is a file missing or changed?"
    try:
        shape = (run or _run_bert)()
    except Exception as error:
        raise Unfit("BERT", _words(error), "the BERT that comes with the helpers", hint) from error
    if shape != (2, 3):
        raise Unfit("BERT", f"logits {shape}", "logits (2, 3) for 2 sentences and num_labels=3", hint)
    return "BERT for shapes: random weights, 2 layers, H 768; logits (2, 3)"


def check_pretrained(find: Callable[[], object] | None = None) -> str:
    """Check that the files of the BERT that has learned are there, each with its own checksum."""
    try:
        (find or _find_pretrained)()
    except Exception as error:
        needs = "the files of all-MiniLM-L6-v2, as pip installed them"
        raise Unfit("pretrained BERT", _words(error), needs, INSTALL) from error
    return "BERT for numbers: all-MiniLM-L6-v2, pretrained, 6 layers, H 384; its checksums hold"


CHECKS: tuple[Callable[[], str], ...] = (
    check_python,
    check_packages,
    check_kernel,
    check_bert,
    check_pretrained,
)


def _ask_pip() -> str:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    run = subprocess.run(pip, capture_output=True, text=True, check=False)
    return "; ".join((run.stdout + run.stderr).split("\n")).strip("; ") if run.returncode else ""


def _ask_kernel() -> str:
    from jupyter_client.manager import start_new_kernel

    quiet = ["--log-level=ERROR"]
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60, extra_arguments=quiet)
    try:
        question = {"prefix": "__import__('sys').prefix"}
        reply = client.execute_interactive("", user_expressions=question, silent=True, timeout=60)
        return str(ast.literal_eval(reply["content"]["user_expressions"]["prefix"]["data"]["text/plain"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run_bert() -> tuple[int, ...]:
    import torch

    from helpers import load_bert, load_tokenizer

    inputs = load_tokenizer()(["A shape is a promise.", "Read it."], padding=True, return_tensors="pt")
    with torch.no_grad():
        return tuple(load_bert("sequence", num_labels=3)(**inputs).logits.shape)


def _find_pretrained() -> str:
    from helpers.bert import verified_folder

    return verified_folder()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
