"""The gate notices: each failing cell is repaired, changed and reworded, and each time the gate goes red.

One run per notebook shows all three. In a copy, each failing cell is preceded by its mutants, which carry its
tags and its stored outputs: the state they meet is the state it meets, and they leave none. So the gate must
refuse exactly the mutants, and pass every cell of the notebook itself.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4
from notebook_checks import failing_cells
from notebook_tools import (
    CHECKED,
    MAY_RAISE,
    RECIPE,
    ROOT,
    code_cells,
    committed_lessons,
    committed_notebooks,
    execute,
    read_notebook,
    run_gate,
    stored_error,
)
from refresh import normalise, serialise

Which = dict[int, tuple[int, str]]  # of which failing cell, and what was done to it, by the mutant's number
Verdicts = dict[str, dict[int, str]]  # by notebook, then by code cell
MUTATIONS = ("repaired", "another exception", "another message")
REFUSED = "Cell outputs differ"


def mutants(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the cell repaired, with another exception, and with its own exception in other words."""
    ename, _ = stored_error(cell) or ("", "")
    # nbval compares names, so a class of that name stands for any library's own exception.
    reworded = f"raise type({ename!r}, (Exception,), {{}})('other words')"
    for source in ("pass", "raise KeyError('another error')", reworded):
        yield v4.new_code_cell(
            source, metadata=cell.metadata, outputs=cell.outputs, execution_count=cell.execution_count
        )


def with_mutants(notebook: NotebookNode) -> tuple[NotebookNode, Which]:
    """Return the copy, and which of its code cells are mutants of what."""
    copy, which = deepcopy(notebook), Which()
    copy.cells, failing = [], failing_cells(notebook)
    for cell in notebook.cells:
        # Before the cell, not after: the next cell may ask for the last exception.
        for place in [place for place, other in enumerate(failing) if other is cell]:
            for mutation, mutant in zip(MUTATIONS, mutants(cell), strict=True):
                which[len(code_cells(copy))] = (place, mutation)
                copy.cells.append(mutant)
        copy.cells.append(cell)
    return copy, which


def gate(notebooks: Mapping[str, NotebookNode], folder: Path) -> Verdicts:
    """Run the gate over all of them at once."""
    paths = {name: folder / f"{name}.ipynb" for name in notebooks}
    for name, path in paths.items():
        path.write_bytes(serialise(notebooks[name]))
    results = run_gate(paths.values(), folder)
    return {
        name: {number: text for (other, number), text in results.items() if other == name}
        for name in notebooks
    }


# Toys: three cells, of which the second fails and the third asks what was raised.

REPLACED = {
    "as_it_was": "[][0]",
    "other_code_same_error": "[][7]",
    "repaired": "x = 1",
    "repaired_with_a_value": "1 + 1",
    "another_exception": "1 / 0",
    "another_message": "()[0]",
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    sources = ("x = []", "[][0]", "import sys\nrepr(sys.last_value)")
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    notebook.cells[1].metadata.tags = [MAY_RAISE, CHECKED]
    notebook.cells[2].metadata.tags = [CHECKED]
    execute(notebook, tmp_path_factory.mktemp("toy"))
    return normalise(notebook)


@pytest.fixture(scope="module")
def toy_verdicts(toy: NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    notebooks = {name: deepcopy(toy) for name in (*REPLACED, "one_tag")}
    for name, source in REPLACED.items():
        notebooks[name].cells[1].source = source
    notebooks["one_tag"].cells[1].update(source="x = 1", metadata={"tags": [MAY_RAISE]})
    notebooks["mutants"], _ = with_mutants(toy)
    return gate(notebooks, tmp_path_factory.mktemp("toys"))


@pytest.mark.parametrize("name", REPLACED)
def test_a_replaced_cell_is_refused_unless_it_fails_the_same_way(toy_verdicts: Verdicts, name: str) -> None:
    fails_the_same_way = name in {"as_it_was", "other_code_same_error"}
    assert (toy_verdicts[name][1] == "passed") is fails_the_same_way
    assert (REFUSED in toy_verdicts[name][1]) is not fails_the_same_way


def test_one_tag_alone_lets_a_repaired_cell_pass(toy_verdicts: Verdicts) -> None:
    """Why the structure test asks for both tags; when this fails, nbval has become stricter."""
    assert toy_verdicts["one_tag"][1] == "passed"


def test_mutants_are_refused_and_leave_no_trace(toy: NotebookNode, toy_verdicts: Verdicts) -> None:
    _, which = with_mutants(toy)
    assert which == {1: (0, MUTATIONS[0]), 2: (0, MUTATIONS[1]), 3: (0, MUTATIONS[2])}
    assert {number for number, text in toy_verdicts["mutants"].items() if text != "passed"} == set(which)


# The kit's notebooks.

FAILING = [
    (path.stem, place)
    for path in committed_notebooks()
    for place in range(len(failing_cells(read_notebook(path))))
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    notebooks = {path.stem: with_mutants(read_notebook(path))[0] for path in committed_notebooks()}
    return gate(notebooks, tmp_path_factory.mktemp("mutated"))


def which_of(name: str) -> Which:
    return with_mutants(read_notebook(ROOT / "notebooks" / f"{name}.ipynb"))[1]


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(("name", "place"), FAILING)
def test_the_gate_refuses_a_mutated_cell(verdicts: Verdicts, name: str, place: int, mutation: str) -> None:
    number = next(number for number, which in which_of(name).items() if which == (place, mutation))
    assert REFUSED in verdicts[name][number]


@pytest.mark.parametrize("path", committed_notebooks(), ids=lambda path: path.stem)
def test_the_gate_passes_every_other_cell(verdicts: Verdicts, path: Path) -> None:
    own = {number: text for number, text in verdicts[path.stem].items() if number not in which_of(path.stem)}
    assert len(own) == len(code_cells(read_notebook(path)))
    assert {number: text for number, text in own.items() if text != "passed"} == {}


def test_every_lesson_has_a_cell_that_fails() -> None:
    lessons = {path.stem for path in committed_lessons()}
    assert lessons
    assert lessons <= {name for name, _ in FAILING}


def test_make_test_runs_this_very_gate() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert RECIPE in " ".join(makefile.replace("\\\n", " ").split())
