"""What the notebook tests share: where the notebooks are, how one is read and run, how the gate is run.

The tests run notebooks with the Python that runs them, like nbval's --nbval-current-env: a kernel that
somebody has installed under the name python3 plays no part.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager
from nbval.plugin import get_sanitize_patterns

ROOT = Path(__file__).resolve().parents[2]
SANITIZE = ROOT / "tests" / "nbval_sanitize.cfg"
MAY_RAISE = "raises-exception"
CHECKED = "nbval-check-output"
CELL_TIMEOUT = 120
# The gate of DESIGN.md, word for word.
RECIPE = (
    f"--nbval-lax --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg"
    f" --nbval-cell-timeout {CELL_TIMEOUT} -n 2 --dist loadscope"
)


def committed_notebooks() -> list[Path]:
    """List the kit's notebooks, in the order a learner meets them."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def committed_lessons() -> list[Path]:
    """List the lessons, which have a number; 00 leads to them, the cheat sheet and the ward have none."""
    return [path for path in committed_notebooks() if re.match(r"(?!00)\d\d_", path.name)]


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook as it is; nbformat.read would quietly replace cell ids that it doesn't like."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """List the code cells: nbval's "Cell 3" is number 3 of these, from 0."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """List a cell's tags."""
    return list(cell.metadata.get("tags", []))


def stored_error(cell: NotebookNode) -> tuple[str, str] | None:
    """Return the (ename, evalue) that a code cell raised, sanitised, or None."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return output.ename, sanitise(output.evalue)
    return None


def is_failing(cell: NotebookNode) -> bool:
    """Whether a cell carries the tag or stored an error."""
    return cell.cell_type == "code" and (MAY_RAISE in tags(cell) or stored_error(cell) is not None)


@cache
def sanitise_rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the substitutions of tests/nbval_sanitize.cfg."""
    rules = get_sanitize_patterns(SANITIZE.read_text(encoding="utf-8"))
    return tuple((re.compile(pattern), replacement) for pattern, replacement in rules)


def sanitise(text: str) -> str:
    """Do to a text what nbval does before it compares."""
    for pattern, replacement in sanitise_rules():
        text = pattern.sub(replacement, text)
    return text


def kernel_environment(ipython_dir: str) -> dict[str, str]:
    """Make the environment of a kernel whose outputs don't depend on who runs it."""
    # With MPLBACKEND set, as in many CI images, a notebook would show no figures.
    kept = {name: value for name, value in os.environ.items() if name not in {"MPLBACKEND", "PYTHONSTARTUP"}}
    # This checkout's helpers, not some other one's; after what is there, which may be the socket guard.
    python_path = os.pathsep.join(filter(None, [kept.get("PYTHONPATH"), str(ROOT)]))
    fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "IPYTHONDIR": ipython_dir}
    return kept | fixed | {"PYTHONPATH": python_path}


def raising(error: BaseException) -> Callable[[], object]:
    """Return a call that raises."""

    def call() -> object:
        raise error

    return call


def python(code: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in `folder`, with this checkout's helpers."""
    (folder / "script.py").write_text(textwrap.dedent(code), encoding="utf-8")
    run = [sys.executable, "script.py"]
    env = kernel_environment(str(folder)) | {"PYTHONIOENCODING": "utf-8"} | variables
    return subprocess.run(run, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=120)


class _Client(NotebookClient):
    def create_kernel_manager(self) -> AsyncKernelManager:
        self.km = AsyncKernelManager(
            kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
        )
        return self.km


def execute(
    notebook: NotebookNode,
    folder: Path,
    *,
    allow_errors: bool = False,
    on_executed: Callable[..., Any] | None = None,
) -> None:
    """Run all cells, in a fresh kernel that works in `folder`; outputs and counts are stored in `notebook`.

    Raises nbclient's CellExecutionError when a cell without the tag raises, unless `allow_errors`.
    """
    client = _Client(
        notebook,
        timeout=CELL_TIMEOUT,
        allow_errors=allow_errors,
        record_timing=False,
        store_widget_state=False,
        on_cell_executed=on_executed,
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as ipython_dir:
        # The kernel's own log is a warning about TCP on every start.
        client.execute(env=kernel_environment(ipython_dir), stderr=subprocess.DEVNULL)


class Ran(NamedTuple):
    """What the gate says of a cell: "passed" or the failure's text, and the seconds that it took."""

    verdict: str
    seconds: float


def run_gate(notebooks: Iterable[Path], folder: Path) -> dict[tuple[str, int], Ran]:
    """Run the gate on copies that stand in `folder`, in a process of its own.

    Returns what it says of each (notebook's name, code cell's number).
    """
    # The files that exercises read stand beside the originals.
    if not (folder / "work").exists():
        (folder / "work").symlink_to(ROOT / "notebooks" / "work")
    report = folder / "gate.xml"
    own = f"-c {os.devnull} -p no:cacheprovider --color=no".split()
    own += [f"--junitxml={report}", f"--rootdir={folder}"]
    command = [sys.executable, "-m", "pytest", *RECIPE.split(), *own, *map(str, notebooks)]
    # The tests that call this are themselves run by pytest, whose variables are not for this one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # And so do the claims.
    env |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "notebooks")]), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=1800, check=False
    )
    if run.returncode not in {0, 1}:
        raise RuntimeError(f"The gate itself failed ({run.returncode}):\n{run.stdout}\n{run.stderr}")
    results = {}
    for case in ElementTree.parse(report).iter("testcase"):
        # nbval's case is named "Cell 3" and its class after the notebook's path, with dots.
        notebook = case.get("classname", "").removesuffix(".ipynb").rpartition(".")[2]
        troubles = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        text = "\n".join(f"{child.get('message')}\n{child.text}" for child in troubles) or "passed"
        number = int(case.get("name", "").split()[-1])
        results[notebook, number] = Ran(text, float(case.get("time", "nan")))
    if (run.returncode == 0) != all(ran.verdict == "passed" for ran in results.values()):
        raise RuntimeError(f"The gate's exit status {run.returncode} contradicts its report:\n{run.stdout}")
    return results
