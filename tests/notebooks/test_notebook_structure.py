"""Every check refuses a toy notebook that breaks its rule, and accepts each notebook of the kit."""

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

Check = Callable[[NotebookNode], list[str]]
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
    for number, cell in enumerate(checks.code_cells(notebook), start=1):
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


def shown(mime: str, value: object) -> NotebookNode:
    return v4.new_output("display_data", {mime: value})


def move(at: int, to: int) -> Callable[[NotebookNode], object]:
    return lambda notebook: notebook.cells.insert(to, notebook.cells.pop(at))


def printed(value: str) -> NotebookNode:
    return v4.new_output("stream", name="stdout", text=value)


BROKEN: list[tuple[Check, Callable[[NotebookNode], object], str]] = [
    (checks.check_error_tags, set_tags(FAILING, MAY_RAISE), "lacks the tag nbval-check-output"),
    (checks.check_error_tags, set_tags(FAILING, CHECKED), "lacks the tag raises-exception"),
    (checks.check_error_tags, set_outputs(FAILING), "lacks a stored error"),
    (
        checks.check_error_tags,
        lambda nb: nb.cells[FAILING].update(execution_count=None),
        "lacks an execution count",
    ),
    (checks.check_no_skipped_cell, set_tags(2, "nbval-skip"), "look away"),
    (checks.check_no_skipped_cell, set_source(2, "# NBVAL_IGNORE_OUTPUT\nx"), "look away"),
    (checks.check_was_run_in_order, lambda nb: nb.cells[2].update(execution_count=9), "[9, 2, 3"),
    (checks.check_was_run_in_order, lambda nb: nb.cells[2].update(execution_count=None), "[None, 2, 3"),
    (checks.check_no_empty_cell, set_source(3, " \n"), "cell 4 (toy-4) is empty"),
    (checks.check_failing_cells_are_short, set_source(FAILING, "\n".join("abcdefg")), "7 lines"),
    (checks.check_failing_cells_are_announced, set_source(6, "Look:"), "fails on purpose"),
    (checks.check_failing_cells_are_announced, move(6, 3), "fails on purpose"),
    (checks.check_line_lengths, set_source(2, "x = " + "1" * 85), "89 characters"),
    (checks.check_nothing_swallowed, set_source(2, "try:\n    x\nexcept Exception:\n    pass"), "swallows"),
    (
        checks.check_nothing_swallowed,
        set_source(2, "try:\n    x\nexcept ValueError: pass  # sic"),
        "swallows",
    ),
    (checks.check_nothing_swallowed, set_source(2, "with suppress(ValueError):\n    x"), "swallows"),
    (checks.check_installs_nothing, set_source(2, "%pip install torch"), "installs"),
    (checks.check_installs_nothing, set_source(2, "!uv pip install torch"), "installs"),
    (checks.check_images_have_alt_text, set_source(3, "![](boxes.png)"), "alt text"),
    (checks.check_images_have_alt_text, set_source(3, '<img src="boxes.png" alt="">'), "alt text"),
    (checks.check_no_machine_paths, set_outputs(2, printed("in /home/ada/kit/x.py")), "path of one machine"),
    (checks.check_no_machine_paths, set_outputs(2, printed(f"in {checks.ROOT}/x.py")), "path of one machine"),
    (checks.check_no_machine_paths, set_source(3, r"Open C:\Users\ada."), "path of one machine"),
    (checks.check_no_widget_state, lambda nb: nb.metadata.update(widgets={}), "widget state"),
    (checks.check_no_widget_state, set_outputs(2, shown(WIDGET_VIEW, {"model_id": "1"})), "widget view"),
    (checks.check_no_timing, lambda nb: nb.cells[2].metadata.update(execution={}), "when it ran"),
    (
        checks.check_size,
        set_outputs(2, printed("x" * 300_000)),
        "303 KB, the limit is 300 KB. The largest cell is",
    ),
    (checks.check_is_normalised, lambda nb: nb.metadata.update(widgets={}), "make refresh"),
    (checks.check_is_normalised, lambda nb: nb.cells[3].update(id="toy-3"), "make refresh"),
    (checks.check_is_normalised, set_outputs(2, printed("<f at 0x7f0000000000>")), "make refresh"),
    (checks.check_title, set_source(0, "Toy lesson"), "title"),
    (checks.check_title, set_source(0, "## Toy lesson"), "title"),
    (checks.check_cell_count, lambda nb: nb.cells.pop(), "19 cells"),
    (checks.check_cell_count, lambda nb: nb.cells.extend([text("More.")] * 21), "41 cells"),
    (checks.check_has_lab, set_source(10, "x"), "ShapeLab"),
    (checks.check_headings, set_source(9, "## Look"), "no heading ## Investigate"),
    (checks.check_headings, set_source(4, "## Running"), "no heading ## Run"),
    (checks.check_headings, set_source(4, "```\n## Run\n```"), "no heading ## Run"),
    (checks.check_headings, move(15, 1), "out of order"),
    (checks.check_headings, move(13, 1), "out of order"),
]


@pytest.mark.parametrize("check", [*checks.ALWAYS, *checks.LESSONS], ids=lambda check: check.__name__)
def test_a_good_lesson_is_accepted(check: Check) -> None:
    assert check(toy_lesson()) == []


@pytest.mark.parametrize(
    ("check", "break_it", "says"), BROKEN, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_broken_lesson_is_refused(
    check: Check, break_it: Callable[[NotebookNode], object], says: str
) -> None:
    notebook = toy_lesson()
    break_it(notebook)
    assert says in "\n".join(check(notebook))


def test_every_check_has_a_lesson_that_it_refuses() -> None:
    assert {check for check, _, _ in BROKEN} == {*checks.ALWAYS, *checks.LESSONS}


def test_the_optional_heading_may_be_missing_but_not_misplaced() -> None:
    notebook = toy_lesson()
    notebook.cells[13].source = "And now?"
    assert checks.check_headings(notebook) == []


def test_there_are_notebooks_to_check() -> None:
    assert [path.name for path in committed_notebooks()][:1] == ["00_start_here.ipynb"]


@pytest.mark.parametrize("check", checks.ALWAYS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", committed_notebooks(), ids=lambda path: path.stem)
def test_notebook(path: Path, check: Check) -> None:
    assert check(read_notebook(path)) == []


@pytest.mark.parametrize("check", checks.LESSONS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", committed_lessons(), ids=lambda path: path.stem)
def test_lesson(path: Path, check: Check) -> None:
    assert check(read_notebook(path)) == []


@pytest.mark.parametrize("path", committed_lessons(), ids=lambda path: path.stem)
def test_every_exercise_of_a_lesson_is_counted(path: Path) -> None:
    """progress() knows an exercise by its mark; one with another lesson's number would never be done."""
    checks = [cell.source for cell in code_cells(read_notebook(path)) if "\ncheck(" in cell.source]
    marks = [re.findall(r'exercise="([^"]*)"', source) for source in checks]
    assert marks == [[f"{path.stem[:2]}.{number}"] for number in range(1, len(checks) + 1)]
    assert len(checks) >= 3
