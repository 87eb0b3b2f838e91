"""What every notebook, and every lesson, must be: tables from the words for a mistake to what finds it.

test_notebook_structure.py shows each rule a notebook that it must refuse, and then all of them the real ones.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from minutes import MORE, asks, core, counts, lines, minutes, stated, visible
from nbformat import NotebookNode
from notebook_tools import CHECKED, MAY_RAISE, ROOT, code_cells, is_failing, stored_error, tags
from refresh import normalise, serialise, too_large

MAX_FAILING_LINES = 6
MAX_LINE = 88
LESSON_CELLS = range(20, 61)
HEADINGS = ("Predict", "Run", "Investigate", "Modify", "Make", "Recap")
# What a class works through in its time; what stands under the last heading is for those who want more.
LAST_HEADING = MORE.removeprefix("## ")
MOST_MINUTES, MOST_WORDS, MOST_LINES, MOST_CELL_LINES, TRACEBACKS = 25, 1100, 120, 12, range(3, 6)
# The same in the first cell of all that ask: what a learner must know of JupyterLab to begin.
BANNER = """> **Shift + Enter** runs a cell and goes on. Folded parts (•••, ▸) open with a click. Red is meant where the text says so.
Something odd? *Kernel → Restart Kernel and Run up to Selected Cell…*"""  # noqa: E501
LOAD, UNLOAD = "%load_ext helpers.practice", "%unload_ext helpers.practice"
ANNOUNCEMENT = "fails on purpose"
EVASIVE = re.compile(r"nbval[-_](skip|ignore[-_]output|raises[-_]exception)|PYTEST_VALIDATE", re.IGNORECASE)
SWALLOWING = re.compile(
    r"except[^\n]*:\s*(?:#[^\n]*\s*)*(?:pass|\.\.\.)\s*(?:$|#)|\bsuppress\(", re.MULTILINE
)
INSTALLING = re.compile(r"\b(?:pip3?|conda|mamba|uv)\s+(?:\w+\s+)?install\b")
UNDESCRIBED = re.compile(
    r"""!\[\s*\]|<img(?![^>]*\balt\s*=\s*(?:"[^"]*[^"\s]|'[^']*[^'\s]))[^>]*>""", re.IGNORECASE
)
SOMEBODYS_PATH = re.compile(
    r"(?<![\w./:<-])(?:/(?:home|root|Users|tmp|private|mnt|workspaces?)/|[A-Z]:\\Users\\)\w"
)
HERE = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir()} - {"/"}

Cell = Notebook = NotebookNode


def is_code(cell: Cell) -> bool:
    return cell.cell_type == "code"


def is_text(cell: Cell) -> bool:
    return cell.cell_type == "markdown"


def lacks_a_mark(cell: Cell) -> bool:
    return not ({MAY_RAISE, CHECKED} <= set(tags(cell)) and stored_error(cell))


def names_a_path(cell: Cell) -> bool:
    # Colours stand between a traceback's words, and their escape sequences end in a letter.
    text = re.sub(r"\x1b\[[0-9;]*m", " ", "\n".join(texts(cell)))
    return any(f"{path}/" in text for path in HERE) or bool(SOMEBODYS_PATH.search(text))


def texts(cell: Cell) -> Iterator[str]:
    yield cell.source
    for output in cell.get("outputs", []):
        yield from (output.get("text", ""), output.get("evalue", ""), *output.get("traceback", []))
        yield from (str(value) for mime, value in output.get("data", {}).items() if mime != "image/png")


def is_long(cell: Cell) -> bool:
    return any(len(line) > MAX_LINE for line in cell.source.splitlines())


# The cells that are meant, and what is wrong with one.
CELL_RULES: dict[str, tuple[Callable[[Cell], bool], Callable[[Cell], object]]] = {
    "is empty": (lambda cell: True, lambda cell: not cell.source.strip()),
    # Without one of them nbval lets a repaired cell pass.
    f"fails but lacks {MAY_RAISE}, {CHECKED} or a stored error": (is_failing, lacks_a_mark),
    # It can be taken in at a glance.
    f"fails and has more than {MAX_FAILING_LINES} lines": (
        is_failing,
        lambda cell: len(cell.source.splitlines()) > MAX_FAILING_LINES,
    ),
    "tells nbval to look away": (is_code, lambda cell: EVASIVE.search(" ".join(tags(cell)) + cell.source)),
    # Code fits the page without scrolling.
    f"has a line of more than {MAX_LINE} characters": (is_code, is_long),
    # This kit is about exceptions.
    "swallows an exception": (is_code, lambda cell: SWALLOWING.search(cell.source)),
    # The environment is made by make.
    "installs": (is_code, lambda cell: INSTALLING.search(cell.source)),
    "has an image without alt text": (is_text, lambda cell: UNDESCRIBED.search(cell.source)),
    "names a path of one machine": (lambda cell: True, names_a_path),
}


def execution_counts(notebook: Notebook) -> list[int | None]:
    """They are in order when the cells were run from top to bottom, once, in a fresh kernel."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else counts


def surprises(notebook: Notebook) -> list[int]:
    """Count the cells, from 1, before whose failure no text says that it is meant."""
    pairs = enumerate(pairwise(notebook.cells), start=2)
    return [
        number
        for number, (before, cell) in pairs
        if is_failing(cell) and not (is_text(before) and ANNOUNCEMENT in before.source.casefold())
    ]


def wrong_headings(notebook: Notebook) -> list[str]:
    """A lesson's parts come in PRIMM's order, and last what is for those who want more."""
    text = "\n".join(
        re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) for cell in notebook.cells if is_text(cell)
    )
    found = re.findall(r"^## +(?:\W*\d+\W+)?(.+)$", text, flags=re.MULTILINE)
    wanted = [*HEADINGS, LAST_HEADING]
    places = {
        name: [at for at, heading in enumerate(found) if re.match(rf"{name}\b", heading)] for name in wanted
    }
    firsts = [at[0] for at in places.values() if at]
    missing = [name for name in HEADINGS if not places[name]]
    return missing or ([] if firsts == sorted(firsts) else found)


# What is wrong with the whole, or nothing.
NOTEBOOK_RULES: dict[str, Callable[[Notebook], object]] = {
    "the first cell is not a title (# ...)": lambda nb: (
        not (is_text(nb.cells[0]) and re.match(r"# \S", nb.cells[0].source))
    ),
    "asks, and its first cell lacks the banner": lambda nb: asks(nb) and BANNER not in nb.cells[0].source,
    "not run once from top to bottom, make refresh": execution_counts,
    f"cells before which no text says: {ANNOUNCEMENT}": surprises,
    # An honest number is worth more than a small one: the rule stands in minutes.py.
    "states fewer minutes than are counted": lambda nb: (
        [stated(nb), minutes(nb)] if 0 < stated(nb) < minutes(nb) else []
    ),
    # Without widget state, timings, addresses and whatever else another run gives otherwise.
    "not as make refresh stores it": lambda nb: normalise(nb) != nb,
    # The last: nbformat corrects ids in what it is given.
    "too large": lambda nb: too_large(serialise(nb), nb),
}
LESSON_RULES: dict[str, Callable[[Notebook], object]] = {
    "a lesson has 20 to 60 cells": lambda nb: [] if len(nb.cells) in LESSON_CELLS else len(nb.cells),
    "states no minutes": lambda nb: not stated(nb),
    "no cell opens a ShapeLab": lambda nb: not any("ShapeLab(" in cell.source for cell in code_cells(nb)),
    "headings missing or out of order": wrong_headings,
}


def tracebacks(notebook: Notebook) -> list[tuple[str, str]]:
    """List what the failing cells of the core raised, in their order."""
    return [error for cell in code_cells(core(notebook)) if (error := stored_error(cell))]


def unaided(notebook: Notebook) -> bool:
    """Whether the core's last exercise comes after the kit's diagnosis was switched off."""
    text = "\n".join(cell.source for cell in code_cells(core(notebook)))
    return text.startswith(LOAD) and text.rfind("check(") > text.rfind(UNLOAD) > text.rfind(LOAD)


# A lesson that one class works through: one idea, each thing once. 08 is a table to look things up in.
CORE_RULES: dict[str, Callable[[Notebook], object]] = {
    f"states more than {MOST_MINUTES} minutes": lambda nb: stated(nb) > MOST_MINUTES and stated(nb),
    f"more than {MOST_WORDS} words": lambda nb: counts(nb)["words"] > MOST_WORDS and counts(nb)["words"],
    f"more than {MOST_LINES} lines of code": lambda nb: (
        counts(nb)["lines of code"] > MOST_LINES and counts(nb)["lines of code"]
    ),
    f"cells of more than {MOST_CELL_LINES} lines": lambda nb: [
        cell.id for cell in visible(core(nb)) if lines(cell) > MOST_CELL_LINES
    ],
    "not three to five tracebacks, each once": lambda nb: (
        tracebacks(nb)
        if len(tracebacks(nb)) not in TRACEBACKS or len(set(tracebacks(nb))) < len(tracebacks(nb))
        else []
    ),
    "the last exercise is not done without the kit": lambda nb: not unaided(nb),
}


def problems(notebook: Notebook, lesson: bool = False, one_idea: bool = False) -> list[str]:
    """List what is wrong with a notebook; an empty list means that all is well."""
    found = [
        f"cell {number} ({cell.get('id')}) {words}"
        for number, cell in enumerate(notebook.cells, start=1)
        for words, (is_meant, is_wrong) in CELL_RULES.items()
        if is_meant(cell) and is_wrong(cell)
    ]
    rules = {**NOTEBOOK_RULES, **(LESSON_RULES if lesson else {}), **(CORE_RULES if one_idea else {})}
    return found + [f"{words}: {detail}" for words, rule in rules.items() if (detail := rule(notebook))]
