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

from helpers.practice.progress import MARK

OLD = sorted((checks.ROOT / "notebooks" / "legacy").glob("*.ipynb"))
LOOKED_UP = {"08_claims_checked"}  # a table, not one idea
FAILING = 7  # the place of the toy lesson's failing cell


def text(source: str) -> NotebookNode:
    return v4.new_markdown_cell(source)


def code(source: str, *tags: str, outputs: list[NotebookNode] | None = None) -> NotebookNode:
    return v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {}, outputs=outputs or [])


def toy_lesson() -> NotebookNode:
    """Make a lesson that every check accepts."""
    error, second, third = (
        v4.new_output("error", ename=name, evalue="(4,) and (3,)", traceback=[f"{name}: no"])
        for name in ("ValueError", "IndexError", "TypeError")
    )
    cells = [
        text(f"# Toy lesson\n\nIn about 20 minutes\n\n{checks.BANNER}"),
        text("## Predict\n\n![four boxes](boxes.png)"),
        code("%load_ext helpers.practice\nx = 1"),
        text("Think."),
        text("## 1. Run"),
        code('predict("y?")', outputs=[printed("( ) 1")]),
        text("This cell **fails on purpose**."),
        code("raise ValueError('shapes')", MAY_RAISE, CHECKED, outputs=[error]),
        text("It said."),
        text("## Investigate"),
        code("ShapeLab()"),
        text("## Modify: the fix"),
        code("assert x == 1", CHECKED),
        text("It **fails on purpose**."),
        code("[][1]", MAY_RAISE, CHECKED, outputs=[second]),
        text("## Make"),
        code("%unload_ext helpers.practice\nz = 3"),
        text("It **fails on purpose**."),
        code("1 + '1'", MAY_RAISE, CHECKED, outputs=[third]),
        code('check("98.1", z)'),
        text("## Recap"),
        text("## If you want more"),
        code("\n".join("abcdefghijklmn")),
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
FEWER = "states fewer minutes than are counted"
TITLE, HEADINGS = "the first cell is not a title (# ...)", "headings missing or out of order"
CELLS, PATH = "a lesson has 20 to 60 cells", "names a path of one machine"
TRACEBACKS = "not three to five tracebacks, each once"
UNAIDED = "the last exercise is not done without the kit"
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
    ("too large", set_outputs(2, printed("x" * 300_000)), "305 KB, the limit is 300 KB. The largest cell is"),
    (UNSTORED, lambda nb: nb.metadata.update(widgets={}), ""),
    (UNSTORED, set_outputs(2, v4.new_output("display_data", {WIDGET_VIEW: {"model_id": "1"}})), ""),
    (UNSTORED, lambda nb: nb.cells[2].metadata.update(execution={}), ""),
    (UNSTORED, lambda nb: nb.cells[3].update(id="toy-3"), ""),
    (UNSTORED, set_outputs(2, printed("<f at 0x7f0000000000>")), ""),
    (UNSTORED, lambda nb: nb.cells[FAILING].metadata.pop("jupyter"), ""),  # its answer is not folded
    ("asks, and its first cell lacks the banner", set_source(0, "# Toy lesson"), ""),
    (TITLE, set_source(0, "Toy lesson"), ""),
    (TITLE, set_source(0, "## Toy lesson"), ""),
    (TITLE, lambda nb: nb.cells.insert(0, code("# Toy lesson")), ""),
    (CELLS, lambda nb: [nb.cells.pop() for _ in range(4)], "19"),
    (CELLS, lambda nb: nb.cells.extend(text("More.") for _ in range(38)), "61"),
    (FEWER, set_source(0, "# Toy lesson\n\nIn about 5 minutes"), "[5, 10]"),
    ("states no minutes", set_source(0, "# Toy lesson"), ""),
    ("states more than 25 minutes", set_source(0, "# Toy lesson\n\nIn about 30 minutes"), "30"),
    ("more than 1100 words", set_source(3, "word " * 1101), "11"),
    ("more than 120 lines of code", set_source(5, "x\n" * 111), "121"),
    ("cells of more than 12 lines", set_source(5, "x\n" * 13), "toy-6"),
    (TRACEBACKS, set_outputs(14), "ValueError"),
    (TRACEBACKS, lambda nb: nb.cells[14].update(outputs=nb.cells[FAILING].outputs), "ValueError"),
    (UNAIDED, set_source(16, "z = 3"), ""),
    (UNAIDED, set_source(2, "%load_ext helpers"), ""),
    (UNAIDED, set_source(19, "%load_ext helpers.practice\ncheck('98.1', z)"), ""),
    ("no cell opens a ShapeLab", set_source(10, "x"), ""),
    (HEADINGS, set_source(9, "## Look"), "Investigate"),
    (HEADINGS, set_source(4, "## Running"), "['Run']"),
    (HEADINGS, set_source(4, "```\n## Run\n```"), "['Run']"),
    (HEADINGS, move(15, 1), "['Make', 'Predict'"),
    (HEADINGS, move(21, 1), "['If you want more', 'Predict'"),
]


def test_a_good_lesson_is_accepted() -> None:
    assert checks.problems(toy_lesson(), lesson=True, one_idea=True) == []


@pytest.mark.parametrize(("rule", "break_it", "says"), BROKEN)
def test_a_broken_lesson_is_refused(rule: str, break_it: Callable[[NotebookNode], object], says: str) -> None:
    notebook = toy_lesson()
    break_it(notebook)
    assert any(rule in found and says in found for found in checks.problems(notebook, True, one_idea=True))


def test_every_rule_has_a_lesson_that_it_refuses() -> None:
    rules = {*checks.CELL_RULES, *checks.NOTEBOOK_RULES, *checks.LESSON_RULES, *checks.CORE_RULES}
    assert {rule for rule, _, _ in BROKEN} == rules


def test_there_are_notebooks_to_check() -> None:
    assert committed_notebooks()[0].name == "00_start_here.ipynb"


@pytest.mark.parametrize("path", [*committed_notebooks(), *OLD], ids=lambda path: path.stem)
def test_notebook(path: Path) -> None:
    lesson = path in committed_lessons()
    assert checks.problems(read_notebook(path), lesson, lesson and path.stem not in LOOKED_UP) == []


@pytest.mark.parametrize("path", committed_lessons(), ids=lambda path: path.stem)
def test_every_exercise_of_a_lesson_is_counted(path: Path) -> None:
    """progress() knows an exercise by its mark; one with another lesson's number would never be done."""
    checks = [
        cell.source
        for cell in code_cells(read_notebook(path))
        if re.search(r"^check\(", cell.source, re.MULTILINE)
    ]
    marks = [[found["exercise"] for found in MARK.finditer(source)] for source in checks]
    assert marks == [[f"{path.stem[:2]}.{number}"] for number in range(1, len(checks) + 1)]
    assert len(checks) >= 2
