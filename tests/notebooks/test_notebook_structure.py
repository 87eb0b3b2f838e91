"""Every rule refuses a toy notebook that breaks it, and accepts each notebook of the kit."""

import re
from collections.abc import Callable
from pathlib import Path

import notebook_checks as checks
import pytest
from nbformat import NotebookNode, v4
from notebook_tools import (
    CHECKED,
    MAY_RAISE,
    code_cells,
    committed_lessons,
    committed_notebooks,
    read_notebook,
)
from refresh import WIDGET_VIEW, normalise

OLD = sorted((checks.ROOT / "notebooks" / "legacy").glob("*.ipynb"))
FAILING = 7  # the place of the toy lesson's failing cell


def text(source: str) -> NotebookNode:
    return v4.new_markdown_cell(source)


def code(source: str, *tags: str, outputs: list[NotebookNode] | None = None) -> NotebookNode:
    return v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {}, outputs=outputs or [])


def toy_lesson() -> NotebookNode:
    """Make a lesson that every check accepts."""
    error = v4.new_output(
        "error", ename="ValueError", evalue="shapes (4,) and (3,)", traceback=["ValueError: no"]
    )
    cells = [
        text("# Toy lesson"),
        text("## Predict\n\n![four boxes](boxes.png)"),
        code("x = 1"),
        text("Think."),
        text("## 1. Run"),
        code("y = 2"),
        text("This cell **fails on purpose**."),
        code("raise ValueError('shapes')", MAY_RAISE, CHECKED, outputs=[error]),
        text("It said."),
        text("## Investigate"),
        code("ShapeLab()"),
        text("## Modify: the fix"),
        code("assert x == 1", CHECKED),
        text("## What the document said"),
        code("x"),
        text("## Make"),
        code("z = 3"),
        text("A hint."),
        code("try:\n    z\nexcept NameError as error:\n    print(error)"),
        text("## Recap"),
    ]
    notebook = v4.new_notebook(cells=cells)
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"toy-{number}"
    return normalise(notebook)


def set_source(at: int, source: str) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells[at].update(source=source)


def set_tags(at: int, *tags: str) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells[at].metadata.update(tags=list(tags))


def set_outputs(at: int, *outputs: NotebookNode) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells[at].update(outputs=list(outputs))


def move(at: int, to: int) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells.insert(to, notebook.cells.pop(at))


def printed(value: str) -> NotebookNode:
    return v4.new_output("stream", name="stdout", text=value)


LACKS = f"fails but lacks {MAY_RAISE}, {CHECKED} or a stored error"
SURPRISES = "cells before which no text says: fails on purpose"
UNSTORED, ORDER = "not as make refresh stores it", "not run once from top to bottom, make refresh"
TITLE, HEADINGS = "the first cell is not a title (# ...)", "headings missing or out of order"
CELLS, PATH = "a lesson, of about 25 minutes, has 20 to 40 cells", "names a path of one machine"
SWALLOWS, ALT, EVADES = "swallows an exception", "has an image without alt text", "tells nbval to look away"

# The rule that a toy lesson breaks, how it does so, and what is said besides.
BROKEN: list[tuple[str, Callable[[NotebookNode], object], str]] = [
    (LACKS, set_tags(FAILING, MAY_RAISE), "cell 8 (toy-8)"),
    (LACKS, set_tags(FAILING, CHECKED), "cell 8"),
    (LACKS, set_outputs(FAILING), "cell 8"),
    (EVADES, set_tags(2, "nbval-skip"), "cell 3"),
    (EVADES, set_source(2, "# NBVAL_IGNORE_OUTPUT\nx"), "cell 3"),
    (ORDER, lambda nb: nb.cells[2].update(execution_count=9), "[9, 2, 3"),
    (ORDER, lambda nb: nb.cells[FAILING].update(execution_count=None), "[1, 2, None"),
    ("is empty", set_source(3, " \n"), "cell 4 (toy-4)"),
    ("fails and has more than 6 lines", set_source(FAILING, "\n".join("abcdefg")), "cell 8"),
    (SURPRISES, set_source(6, "Look:"), "[8]"),
    (SURPRISES, move(6, 3), "[8]"),
    ("has a line of more than 88 characters", set_source(2, "x = " + "1" * 85), "cell 3"),
    (SWALLOWS, set_source(2, "try:\n    x\nexcept Exception:\n    pass"), "cell 3"),
    (SWALLOWS, set_source(2, "try:\n    x\nexcept ValueError: pass  # sic"), "cell 3"),
    (SWALLOWS, set_source(2, "with suppress(ValueError):\n    x"), "cell 3"),
    ("installs", set_source(2, "%pip install torch"), "cell 3"),
    ("installs", set_source(2, "!uv pip install torch"), "cell 3"),
    (ALT, set_source(3, "![](boxes.png)"), "cell 4"),
    (ALT, set_source(3, '<img src="boxes.png" alt="">'), "cell 4"),
    (PATH, set_outputs(2, printed("in /home/ada/kit/x.py")), "cell 3"),
    (PATH, set_outputs(2, printed(f"in {checks.ROOT}/x.py")), "cell 3"),
    (PATH, set_source(3, r"Open C:\Users\ada."), "cell 4"),
    ("too large", set_outputs(2, printed("x" * 300_000)), "303 KB, the limit is 300 KB. The largest cell is"),
    (UNSTORED, lambda nb: nb.metadata.update(widgets={}), ""),
    (UNSTORED, set_outputs(2, v4.new_output("display_data", {WIDGET_VIEW: {"model_id": "1"}})), ""),
    (UNSTORED, lambda nb: nb.cells[2].metadata.update(execution={}), ""),
    (UNSTORED, lambda nb: nb.cells[3].update(id="toy-3"), ""),
    (UNSTORED, set_outputs(2, printed("<f at 0x7f0000000000>")), ""),
    (TITLE, set_source(0, "Toy lesson"), ""),
    (TITLE, set_source(0, "## Toy lesson"), ""),
    (TITLE, lambda nb: nb.cells.insert(0, code("# Toy lesson")), ""),
    (CELLS, lambda nb: nb.cells.pop(), "19"),
    (CELLS, lambda nb: nb.cells.extend(text("More.") for _ in range(21)), "41"),
    ("no cell opens a ShapeLab", set_source(10, "x"), ""),
    (HEADINGS, set_source(9, "## Look"), "Investigate"),
    (HEADINGS, set_source(4, "## Running"), "['Run']"),
    (HEADINGS, set_source(4, "```\n## Run\n```"), "['Run']"),
    (HEADINGS, move(15, 1), "['Make', 'Predict'"),
    (HEADINGS, move(13, 1), "['What the document said', 'Predict'"),
]


def test_a_good_lesson_is_accepted() -> None:
    assert checks.problems(toy_lesson(), lesson=True) == []


@pytest.mark.parametrize(("rule", "break_it", "says"), BROKEN)
def test_a_broken_lesson_is_refused(rule: str, break_it: Callable[[NotebookNode], object], says: str) -> None:
    notebook = toy_lesson()
    break_it(notebook)
    assert any(rule in found and says in found for found in checks.problems(notebook, lesson=True))


def test_every_rule_has_a_lesson_that_it_refuses() -> None:
    rules = {*checks.CELL_RULES, *checks.NOTEBOOK_RULES, *checks.LESSON_RULES}
    assert {rule for rule, _, _ in BROKEN} == rules


def test_the_optional_heading_may_be_missing_but_not_misplaced() -> None:
    notebook = toy_lesson()
    notebook.cells[13].source = "And now?"
    assert checks.problems(notebook, lesson=True) == []


def test_there_are_notebooks_to_check() -> None:
    assert committed_notebooks()[0].name == "00_start_here.ipynb"


@pytest.mark.parametrize("path", [*committed_notebooks(), *OLD], ids=lambda path: path.stem)
def test_notebook(path: Path) -> None:
    assert checks.problems(read_notebook(path), path in committed_lessons()) == []


@pytest.mark.parametrize("path", committed_lessons(), ids=lambda path: path.stem)
def test_every_exercise_of_a_lesson_is_counted(path: Path) -> None:
    """progress() knows an exercise by its mark; one with another lesson's number would never be done."""
    checks = [cell.source for cell in code_cells(read_notebook(path)) if "\ncheck(" in cell.source]
    marks = [re.findall(r'exercise="([^"]*)"', source) for source in checks]
    assert marks == [[f"{path.stem[:2]}.{number}"] for number in range(1, len(checks) + 1)]
    assert len(checks) >= 3
