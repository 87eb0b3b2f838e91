"""The notebook on old TensorFlow code: how it is stored, and that no learner's environment gets TensorFlow.

`make legacy` runs it, in an environment of its own. What can be seen without TensorFlow is tested here.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from nbformat import NotebookNode
from notebook_tools import ROOT, code_cells, committed_notebooks, is_failing, read_notebook, stored_error
from packaging.utils import canonicalize_name

FOLDER = ROOT / "notebooks" / "legacy"
NOTEBOOK = FOLDER / "05_tensorflow.ipynb"
PIN_LINES = [
    line for line in (FOLDER / "requirements.txt").read_text().splitlines() if line and line[0] != "#"
]
PINS = dict(line.split("==") for line in PIN_LINES)

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    return read_notebook(NOTEBOOK)


def printed(notebook: NotebookNode) -> str:
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return "\n".join(output.text for output in outputs if output.output_type == "stream")


def prepared(target: str) -> str:
    """What make would run for a target in a checkout where nothing has been built."""
    command = ["make", "--dry-run", "LEGACY_VENV=.not-built", target]
    # `make test` hands its own flags down to the tests, and these are not for this make.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return run.stdout


def test_it_is_the_only_one_and_outside_the_main_gate():
    assert list(FOLDER.glob("*.ipynb")) == [NOTEBOOK]
    assert NOTEBOOK not in committed_notebooks()


def test_its_failing_cells_hold_the_libraries_own_words(notebook):
    errors = [stored_error(cell) for cell in notebook.cells if is_failing(cell)]
    assert [name for name, _ in errors] == ["ValueError", "ValueError"]
    assert re.search(r"keras_tensor\.KerasTensor'> is not allowed", errors[0][1])
    assert "inhomogeneous shape after 1 dimensions" in errors[1][1]


def test_it_was_run_with_the_pinned_versions(notebook):
    stated = dict(
        re.findall(r"^(tensorflow|keras|tf_keras|transformers) (\d[\d.]+)$", printed(notebook), re.M)
    )
    pinned = {name: PINS[canonicalize_name(name)] for name in stated}
    assert len(stated) == 4
    assert stated == pinned


def test_it_measured_the_trap(notebook):
    assert "wrapped: 0 parameters" in printed(notebook)
    assert "Keras 3, wrapped: {'bert': 0, 'head': 2}" in printed(notebook)


def test_make_legacy_builds_from_the_pins_and_runs_the_main_gate_on_it():
    recipe = prepared("legacy")
    (flags,) = re.findall(r"^NBVAL := ((?:.*\\\n)*.*)$", MAKEFILE, re.M)
    assert "pip install --quiet -r notebooks/legacy/requirements.txt" in recipe
    assert " ".join(flags.replace("\\\n", " ").split()) in " ".join(recipe.replace("\\\n", " ").split())
    assert str(NOTEBOOK.relative_to(ROOT).parent) + "/*.ipynb" in recipe


@pytest.mark.parametrize("target", ["lab", "test", "lint", "check"])
def test_nothing_that_a_learner_runs_builds_it(target):
    assert "legacy" not in prepared(target)


def test_ci_runs_it():
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "make legacy"


def test_its_links_lead_somewhere(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert links
    assert [link for link in links if not Path(FOLDER, link).exists()] == []


# Keras gives it whenever it reads a torch tensor.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_program_that_it_ends_with_runs_in_this_environment(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    before, to_train = program.rsplit("model.fit", 1)
    scope: dict = {}
    exec(before, scope)
    parts = [scope["bert"], scope["head"]]
    old = [[weight.copy() for weight in part.get_weights()] for part in parts]
    exec("model.fit" + to_train, scope)
    moved = [
        sum((a != b).any() for a, b in zip(was, part.get_weights(), strict=True))
        for was, part in zip(old, parts, strict=True)
    ]
    assert scope["bert"].count_params() > 1_000_000
    assert moved[0] > 0.9 * len(old[0])
    assert moved[1] == 2
