"""The checks behind `python -m helpers`: does this installation work?

A learner whose lab does not open needs to know which part is at fault before a lesson can start. Each
check gives one line when all is well and raises `Unfit` when not. Nothing here may import torch or Jupyter
at the top: a check must be able to say that they are missing.
"""

import ast
import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
INSTALL = f'"{sys.executable}" -m pip install -c requirements.lock -e . (in {ROOT})'

# Name to version, or None where the package is not installed.
Versions = dict[str, str | None]


class Unfit(Exception):
    """A check failed: what came, what is needed, what to try."""

    def __init__(self, what: str, got: str, needs: str, hint: str) -> None:
        """Put the three answers on a line each.

        Args:
            what: The kind of check, for example "packages".
            got: What was found.
            needs: What would be right.
            hint: What to do about it.
        """
        super().__init__(f"{what}\n    got:   {got}\n    needs: {needs}\n    try:   {hint}")


def check_python(version: Sequence[int] = sys.version_info[:3]) -> str:
    """Check that this Python is new enough.

    Raises:
        Unfit: Python is older than 3.11.

    Example:
        >>> check_python((3, 11, 7))
        'python 3.11.7'
    """
    text = ".".join(map(str, version))
    if tuple(version) < (3, 11):
        raise Unfit("python", text, "3.11 or newer", "make clean, then make lab PYTHON=python3.12")
    return f"python {text}"


def check_packages(lock: Path = LOCK, installed: Callable[[], Versions] | None = None) -> str:
    """Check every package that a learner needs against the lock.

    Args:
        lock: The file of exact versions.
        installed: Gives the versions that are installed here.

    Raises:
        Unfit: The lock or the project is not there, or packages are missing or at another version.
    """
    if not lock.is_file():
        hint = "pip install -e . in a checkout of the project, which must stay where it is"
        raise Unfit("packages", f"no {lock.name} in {lock.parent}", "the lock beside helpers/", hint)
    try:
        pins = locked(lock.read_text(encoding="utf-8"))
        found = (installed or learner_packages)()
    except ImportError as error:  # PackageNotFoundError is one
        raise Unfit("packages", f"{error}", "the project, installed by pip", INSTALL) from error
    wrong = [name for name in pins if name in found and not _same(found[name], pins[name])]
    if wrong:
        got = ", ".join(f"{name} {found[name] or 'missing'}" for name in wrong)
        raise Unfit("packages", got, ", ".join(f"{name} {pins[name]}" for name in wrong), INSTALL)
    return f"packages: {len(pins.keys() & found.keys())} at the versions of {lock.name}"


def check_kernel(ask: Callable[[], str] | None = None) -> str:
    """Check that a Jupyter kernel starts, answers, and runs in this very environment.

    Args:
        ask: Starts a kernel and gives its `sys.prefix`.

    Raises:
        Unfit: No kernel answered, or one of another environment did.
    """
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
    """Check that BERT loads without a network and computes logits (N, C).

    Args:
        run: Runs two sentences through a three-class BERT and gives the shape of its logits.

    Raises:
        Unfit: Loading or running it failed, or the logits are not (2, 3).
    """
    hint = "unset SHAPE_CLINIC_MODEL if it is set, then git status helpers: is a file missing or changed?"
    try:
        shape = (run or _run_bert)()
    except Exception as error:
        raise Unfit("BERT", _words(error), "the BERT that comes with the helpers", hint) from error
    if shape != (2, 3):
        raise Unfit("BERT", f"logits {shape}", "logits (2, 3) for 2 sentences and num_labels=3", hint)
    return "BERT: loaded, logits (2, 3)"


CHECKS: tuple[Callable[[], str], ...] = (check_python, check_packages, check_kernel, check_bert)


def locked(text: str) -> dict[str, str]:
    r"""Give the pins of a lock file that apply to this machine.

    Example:
        >>> locked('torch==2.13.0\ncolorama==0.4.6 ; python_version < "3"')
        {'torch': '2.13.0'}
    """
    from packaging.requirements import Requirement

    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    pins = [Requirement(line) for line in lines if line]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in here}


def learner_packages(project: str = "shape-clinic") -> Versions:
    """Follow the installed project's requirements, their requirements, and so on.

    Test tools are an extra, so they are left out. On Linux an ordinary torch adds CUDA packages, which the
    lock does not name.

    Raises:
        ImportError: The project itself, or `packaging`, is not installed.
    """
    importlib.metadata.distribution(project)
    versions: Versions = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(project, "")]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        versions[node[0]] = _version(node[0])
        waiting += _requirements(*node)
    del versions[project]
    return versions


def _requirements(name: str, extra: str) -> Iterator[tuple[str, str]]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    if _version(name) is None:
        return
    for requirement in map(Requirement, importlib.metadata.requires(name) or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            wanted = canonicalize_name(requirement.name)
            yield from ((wanted, each) for each in ("", *requirement.extras))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _same(version: str | None, pin: str) -> bool:
    # torch 2.13.0+cpu is torch 2.13.0 with another set of libraries.
    return version is not None and version.partition("+")[0] == pin


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


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
