"""How long each lesson takes, by one rule: python tests/tools/minutes.py [NOTEBOOK ...]

`RULE` is that rule: the minutes that each thing in a lesson's core takes. A lesson's core is what a class
works through: all that stands before "If you want more". The structure test holds that a lesson never states
fewer minutes than these. The instructor guide has them section by section (`make guide`).
"""

import re
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from notebook_tools import code_cells, committed_lessons, read_notebook, stored_error, tags

MORE = "## If you want more"
TRAINS = "trains"  # the tag of a cell that trains for longer than a few seconds
ASKS = re.compile(r"(?<![\w.])predict\(")  # the kit's question, not Keras' model.predict(...)
STATED = re.compile(r"\babout (\d+) minutes\b")


def core(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without what stands under "If you want more"."""
    result = NotebookNode(notebook)
    places = [n for n, cell in enumerate(notebook.cells) if cell.source.startswith(MORE)]
    result.cells = notebook.cells[: places[0]] if places else notebook.cells
    return result


def words(notebook: NotebookNode) -> int:
    """Count the words of the text cells, without those that only point to a picture or a page."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return sum(len(re.sub(r"\]\([^)]*\)", "]", text).split()) for text in texts)


def visible(notebook: NotebookNode) -> list[NotebookNode]:
    """List the code cells that a learner reads: a question and a solution are folded."""
    return [
        cell for cell in code_cells(notebook) if not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]


def lines(cell: NotebookNode) -> int:
    """Count a code cell's lines, without the blank ones."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def asks(notebook: NotebookNode) -> bool:
    """Whether the kit asks something in a notebook."""
    return any(ASKS.search(cell.source) for cell in code_cells(notebook))


def cells_with(mark: str) -> Callable[[NotebookNode], int]:
    """Return what counts the unfolded cells that have a line which begins with the mark."""
    begins = re.compile(rf"^{re.escape(mark)}", re.MULTILINE)
    return lambda notebook: sum(bool(begins.search(cell.source)) for cell in visible(notebook))


# What is counted, how, and the minutes that one of it takes: fractions, so that sections add up to lessons.
RULE: dict[str, tuple[Callable[[NotebookNode], int], Fraction]] = {
    "words": (words, Fraction(1, 200)),
    "lines of code": (lambda notebook: sum(map(lines, visible(notebook))), Fraction(1, 15)),
    "tracebacks": (lambda notebook: len(list(filter(stored_error, code_cells(notebook)))), Fraction(1, 2)),
    "questions": (
        lambda notebook: sum(bool(ASKS.search(cell.source)) for cell in code_cells(notebook)),
        Fraction(1),
    ),
    "labs": (cells_with("ShapeLab("), Fraction(2)),
    "training": (
        lambda notebook: sum(TRAINS in tags(cell) for cell in code_cells(notebook)),
        Fraction(1, 2),
    ),
    "exercises": (cells_with("check("), Fraction(4)),
}


def counts(notebook: NotebookNode) -> dict[str, int]:
    """Count each thing of `RULE` in a lesson's core."""
    return {what: count(core(notebook)) for what, (count, _) in RULE.items()}


def taken(notebook: NotebookNode) -> Fraction:
    """Return the minutes that a lesson's core, or one of its sections, takes."""
    return sum((counts(notebook)[what] * each for what, (_, each) in RULE.items()), Fraction(0))


def minutes(notebook: NotebookNode) -> int:
    """Return the minutes that a lesson's core takes, rounded up."""
    return ceil(taken(notebook))


class Section(NamedTuple):
    """A part of a lesson: the id of the cell with its heading, the heading, and the cells."""

    id: str
    title: str
    part: NotebookNode


def sections(notebook: NotebookNode) -> list[Section]:
    """Cut a lesson's core at its headings; what stands before the first belongs to the first.

    A heading and one below it in the same cell, as "Make" and its first exercise, are one section's.

    Raises:
        ValueError: A cell begins two sections.
    """
    found: list[Section] = []
    cells: list[NotebookNode] = []  # where the next cell belongs
    for cell in core(notebook).cells:
        before, *after = re.split(r"^(?=##)", cell.source, maxsplit=1, flags=re.MULTILINE)
        if cell.cell_type != "markdown" or not after:
            cells.append(cell)
            continue
        headings = re.findall(r"^(##+) (.+)$", after[0], flags=re.MULTILINE)
        if [level for level, _ in headings] not in (["##"], ["###"], ["##", "###"]):
            raise ValueError(f"cell {cell.id} begins two sections. Try a cell for each.")
        cells.append(NotebookNode(cell, source=before))
        cells = [*([] if found else cells), NotebookNode(cell, source=after[0])]
        title = ", ".join(words for _, words in headings)
        found.append(Section(cell.id, title, NotebookNode(notebook, cells=cells)))
    return found


def stated(notebook: NotebookNode) -> int:
    """Return the minutes that a lesson says it takes, or 0."""
    found = STATED.search(notebook.cells[0].source)
    return int(found[1]) if found else 0


def main(names: Sequence[str]) -> None:
    """Print one line per notebook: what it states, what is counted, and of what."""
    print(f"{'minutes: stated, counted':38}", *RULE, sep="  ")
    for path in map(Path, names) if names else committed_lessons():
        notebook = read_notebook(path)
        columns = (f"{number:>{len(what)}}" for what, number in counts(notebook).items())
        print(f"{path.stem:24}{stated(notebook):6}{minutes(notebook):8}", *columns, sep="  ")


if __name__ == "__main__":
    main(sys.argv[1:])
