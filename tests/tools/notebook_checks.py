"""What every notebook, and every lesson, must be: small functions from a notebook to a list of problems.

An empty list means that all is well. test_notebook_structure.py shows each of them a notebook that it must
refuse, and then the real ones.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from notebook_tools import CHECKED, MAY_RAISE, ROOT, code_cells, stored_error, tags
from refresh import WIDGET_VIEW, normalise, serialise, too_large

MAX_FAILING_LINES = 6
MAX_LINE = 88
LESSON_CELLS = range(20, 41)
# "What the document said" stands between Modify and Make in the lessons that have it.
HEADINGS = ("Predict", "Run", "Investigate", "Modify", "Make", "Recap")
OPTIONAL_HEADING = "What the document said"
ANNOUNCEMENT = "fails on purpose"
_SOMEBODYS_PATH = re.compile(
    r"(?<![\w./:<-])(?:/(?:home|root|Users|tmp|private|mnt|workspaces?)/|[A-Z]:\\Users\\)\w"
)


def _place(notebook: NotebookNode, cell: NotebookNode) -> int:
    # Not list.index: two cells may be equal.
    return next(place for place, other in enumerate(notebook.cells) if other is cell)


def _name(notebook: NotebookNode, cell: NotebookNode) -> str:
    return f"cell {_place(notebook, cell) + 1} ({cell.get('id', 'no id')})"


def _is_failing(cell: NotebookNode) -> bool:
    return MAY_RAISE in tags(cell) or stored_error(cell) is not None


def failing_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """List the cells that carry the tag or stored an error."""
    return [cell for cell in code_cells(notebook) if _is_failing(cell)]


def _markdown(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return (cell for cell in notebook.cells if cell.cell_type == "markdown")


def check_error_tags(notebook: NotebookNode) -> list[str]:
    """A failing cell has both tags, a stored error and an execution count: without one, nbval passes it."""
    problems = []
    for cell in failing_cells(notebook):
        missing = [f"the tag {tag}" for tag in (MAY_RAISE, CHECKED) if tag not in tags(cell)]
        missing += [] if stored_error(cell) else ["a stored error"]
        missing += [] if cell.execution_count else ["an execution count"]
        problems += [f"{_name(notebook, cell)} fails but lacks {' and '.join(missing)}"] if missing else []
    return problems


def check_no_skipped_cell(notebook: NotebookNode) -> list[str]:
    """No cell tells nbval to look away."""
    evasive = re.compile(
        r"nbval[-_](skip|ignore[-_]output|raises[-_]exception)|PYTEST_VALIDATE", re.IGNORECASE
    )
    return [
        f"{_name(notebook, cell)} tells nbval to look away"
        for cell in code_cells(notebook)
        if evasive.search(" ".join(tags(cell)) + cell.source)
    ]


def check_was_run_in_order(notebook: NotebookNode) -> list[str]:
    """The code cells were run from top to bottom, once, in a fresh kernel."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"execution counts are {counts}, not 1 to {len(counts)} in order: make refresh"]


def check_no_empty_cell(notebook: NotebookNode) -> list[str]:
    """Every cell says something."""
    return [f"{_name(notebook, cell)} is empty" for cell in notebook.cells if not cell.source.strip()]


def check_failing_cells_are_short(notebook: NotebookNode) -> list[str]:
    """A cell that fails on purpose can be taken in at a glance."""
    lengths = [(cell, len(cell.source.splitlines())) for cell in failing_cells(notebook)]
    return [
        f"{_name(notebook, cell)} fails and has {lines} lines, the limit is {MAX_FAILING_LINES}"
        for cell, lines in lengths
        if lines > MAX_FAILING_LINES
    ]


def check_failing_cells_are_announced(notebook: NotebookNode) -> list[str]:
    """The text right before a failing cell says that it fails on purpose."""
    problems = []
    for cell in failing_cells(notebook):
        at = _place(notebook, cell)
        before = notebook.cells[at - 1] if at else None
        announced = before and before.cell_type == "markdown" and ANNOUNCEMENT in before.source.casefold()
        problems += (
            [] if announced else [f"{_name(notebook, cell)}: the text before it doesn't say: {ANNOUNCEMENT}"]
        )
    return problems


def check_line_lengths(notebook: NotebookNode) -> list[str]:
    """Code fits the page without scrolling."""
    return [
        f"{_name(notebook, cell)} has a line of {len(line)} characters, the limit is {MAX_LINE}: {line[:40]}"
        for cell in code_cells(notebook)
        for line in cell.source.splitlines()
        if len(line) > MAX_LINE
    ]


def check_nothing_swallowed(notebook: NotebookNode) -> list[str]:
    """No exception is caught to be forgotten: this kit is about exceptions."""
    swallowing = re.compile(r"except[^\n]*:\s*(?:#[^\n]*\s*)*(?:pass|\.\.\.)\s*(?:$|#)", re.MULTILINE)
    return [
        f"{_name(notebook, cell)} swallows an exception"
        for cell in code_cells(notebook)
        if swallowing.search(cell.source) or re.search(r"\bsuppress\(", cell.source)
    ]


def check_installs_nothing(notebook: NotebookNode) -> list[str]:
    """The environment is made by make, not by a cell."""
    installing = re.compile(r"\b(?:pip3?|conda|mamba|uv)\s+(?:\w+\s+)?install\b")
    cells = [cell for cell in code_cells(notebook) if installing.search(cell.source)]
    return [f"{_name(notebook, cell)} installs" for cell in cells]


def check_images_have_alt_text(notebook: NotebookNode) -> list[str]:
    """Every picture in the text is described for those who don't see it."""
    undescribed = re.compile(
        r"""!\[\s*\]|<img(?![^>]*\balt\s*=\s*(?:"[^"]*[^"\s]|'[^']*[^'\s]))[^>]*>""", re.IGNORECASE
    )
    cells = [cell for cell in _markdown(notebook) if undescribed.search(cell.source)]
    return [f"{_name(notebook, cell)} has an image without alt text" for cell in cells]


def _texts(cell: NotebookNode) -> Iterator[str]:
    yield cell.source
    for output in cell.get("outputs", []):
        yield from (output.get("text", ""), output.get("evalue", ""), *output.get("traceback", []))
        yield from (str(value) for mime, value in output.get("data", {}).items() if mime != "image/png")


def check_no_machine_paths(notebook: NotebookNode) -> list[str]:
    """Nothing says on which machine the notebook was run."""
    here = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir()} - {"/"}
    problems = []
    for cell in notebook.cells:
        # Colours stand between a traceback's words, and their escape sequences end in a letter.
        text = re.sub(r"\x1b\[[0-9;]*m", " ", "\n".join(_texts(cell)))
        found = [path for path in here if f"{path}/" in text] + _SOMEBODYS_PATH.findall(text)
        problems += [f"{_name(notebook, cell)} names a path of one machine: {found[0]}"] if found else []
    return problems


def check_no_widget_state(notebook: NotebookNode) -> list[str]:
    """Widgets live in a kernel; what is stored of them is their text."""
    problems = ["the notebook stores widget state"] if "widgets" in notebook.metadata else []
    for cell in code_cells(notebook):
        views = [output for output in cell.outputs if WIDGET_VIEW in output.get("data", {})]
        problems += [f"{_name(notebook, cell)} stores a widget view"] if views else []
    return problems


def check_no_timing(notebook: NotebookNode) -> list[str]:
    """No cell stores when it ran."""
    cells = [cell for cell in code_cells(notebook) if "execution" in cell.metadata]
    return [f"{_name(notebook, cell)} stores when it ran" for cell in cells]


def check_size(notebook: NotebookNode) -> list[str]:
    """The notebook can be read on GitHub and reviewed in a diff."""
    problem = too_large(serialise(notebook), notebook)
    return [problem] if problem else []


def check_is_normalised(notebook: NotebookNode) -> list[str]:
    """The notebook is as make refresh stores it."""
    return [] if normalise(notebook) == notebook else ["not as make refresh stores it: make refresh"]


def check_title(notebook: NotebookNode) -> list[str]:
    """The notebook opens with its title."""
    first = notebook.cells[0]
    is_title = first.cell_type == "markdown" and re.match(r"# \S", first.source)
    return [] if is_title else ["the first cell is not a title (# ...)"]


def check_cell_count(notebook: NotebookNode) -> list[str]:
    """A lesson is about 25 minutes."""
    count = len(notebook.cells)
    low, high = LESSON_CELLS[0], LESSON_CELLS[-1]
    return [] if count in LESSON_CELLS else [f"{count} cells; a lesson has {low} to {high}"]


def check_has_lab(notebook: NotebookNode) -> list[str]:
    """A lesson has sliders to turn."""
    opens = any("ShapeLab(" in cell.source for cell in code_cells(notebook))
    return [] if opens else ["no cell opens a ShapeLab"]


def check_headings(notebook: NotebookNode) -> list[str]:
    """A lesson's parts come in PRIMM's order; other headings may stand between them."""
    text = "\n".join(re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) for cell in _markdown(notebook))
    found = re.findall(r"^## +(?:\W*\d+\W+)?(.+)$", text, flags=re.MULTILINE)
    wanted = [*HEADINGS[:4], OPTIONAL_HEADING, *HEADINGS[4:]]
    places = {
        name: [at for at, heading in enumerate(found) if re.match(rf"{name}\b", heading)] for name in wanted
    }
    problems = [f"no heading ## {name}" for name in HEADINGS if not places[name]]
    firsts = [at[0] for at in places.values() if at]
    return problems + ([] if firsts == sorted(firsts) else [f"headings out of order: {', '.join(found)}"])


ALWAYS = (
    check_title, check_error_tags, check_no_skipped_cell, check_was_run_in_order, check_no_empty_cell,
    check_failing_cells_are_short, check_failing_cells_are_announced, check_line_lengths,
    check_nothing_swallowed, check_installs_nothing, check_images_have_alt_text, check_no_machine_paths,
    check_no_widget_state, check_no_timing, check_size, check_is_normalised,
)  # fmt: skip
LESSONS = (check_cell_count, check_has_lab, check_headings)
