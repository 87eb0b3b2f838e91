"""Run the notebooks and store their outputs, so that running them again changes not one byte.

    python tests/tools/refresh.py [NOTEBOOK ...]

Without names: every notebook of notebooks/. A notebook is stored without whatever differs from run to
run or from machine to machine: timings, paths, addresses, widget state. Text goes through
tests/nbval_sanitize.cfg, which nbval compares by.
"""

import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import groupby
from pathlib import Path

import nbformat
from minutes import asks
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4
from nbval.plugin import carriagereturn_pat
from notebook_tools import (
    MAY_RAISE,
    committed_notebooks,
    execute,
    read_notebook,
    sanitise,
    stored_error,
    tags,
)

LIMIT = 300_000
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
FONT_CACHE = "Matplotlib is building the font cache; this may take a moment.\n"
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RefreshError(Exception):
    """A notebook that must not be stored, and why."""


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of `notebook` that holds only what the next run will give again."""
    result = deepcopy(notebook)
    result.nbformat, result.nbformat_minor = 4, 5
    result.metadata = nbformat.from_dict(
        {"kernelspec": {"display_name": "Python 3", "name": "python3"}, "language_info": {"name": "python"}}
    )
    taken: set[str] = set()
    for cell in result.cells:
        cell.id = _cell_id(cell, taken)
        cell.metadata = _cell_metadata(cell.metadata)
        if cell.cell_type == "code":
            cell.outputs = list(_outputs(cell.outputs))
            _fold(cell, asks(result) and bool(cell.outputs))
    return result


def _fold(cell: NotebookNode, folded: bool) -> None:
    """Fold the stored outputs of a notebook that asks: whoever opens it must not read the answers first.

    JupyterLab unfolds them when the cell is run. GitHub and exports show them.
    """
    if folded:
        # JupyterLab shows the first line of the first output in place of all: of an empty one, three dots.
        cell.outputs.insert(0, v4.new_output("display_data"))
    hidden = cell.metadata.get("jupyter", {}) | {"outputs_hidden": folded}
    cell.metadata = _cell_metadata(cell.metadata | {"jupyter": hidden})


def serialise(notebook: NotebookNode) -> bytes:
    """Return the bytes of a notebook file: sorted keys, indented by one, a newline at the end."""
    nbformat.validate(notebook)
    return (v4.writes(notebook) + "\n").encode("utf-8")


def _cell_id(cell: NotebookNode, taken: set[str]) -> str:
    given = cell.get("id", "")
    if not _CELL_ID.fullmatch(given) or given in taken:
        # From the source, not from the place: a cell put in before it changes nothing here.
        given = wanted = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        copies = 1
        while given in taken:
            copies += 1
            given = f"{wanted}-{copies}"
    taken.add(given)
    return given


def _cell_metadata(metadata: NotebookNode) -> NotebookNode:
    given = metadata.get("jupyter", {})
    hidden = {name: True for name in ("outputs_hidden", "source_hidden") if given.get(name)}
    kept = {"jupyter": hidden, "tags": metadata.get("tags")}
    return nbformat.from_dict({name: value for name, value in kept.items() if value})


def _outputs(outputs: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    # What is dropped goes first: the texts on both sides of a progress bar then belong together.
    kept = filter(None, (output if _is_stream(output) else _output(output) for output in outputs))
    for is_stream, group in groupby(kept, _is_stream):
        if is_stream:
            group = _streams(group)
        yield from group


def _is_stream(output: NotebookNode) -> bool:
    return output.output_type == "stream"


def _streams(outputs: Iterator[NotebookNode]) -> Iterator[NotebookNode]:
    # In which pieces they arrive, and which of the two first, depends on the machine's load.
    texts = {"stdout": "", "stderr": ""}
    for output in outputs:
        texts[output.name] += output.text
    for name, text in texts.items():
        if visible := _visible(text.replace(FONT_CACHE, "")):
            yield v4.new_output("stream", name=name, text=sanitise(visible))


def _visible(text: str) -> str:
    """Return what a terminal shows in the end: of a progress bar's many states the last."""
    if "\r" not in text:
        return text
    # As nbval does; what is left over is the blanks of a bar that has wiped itself out.
    lines = carriagereturn_pat.sub("", text).split("\n")
    shown = "\n".join(line.rstrip("\r ") for line in lines)
    return shown if shown.strip() else ""


def _output(output: NotebookNode) -> NotebookNode | None:
    if output.output_type == "error":
        output.evalue = sanitise(output.evalue)
        output.traceback = [sanitise(line) for line in output.traceback]
        return output
    is_widget = WIDGET_VIEW in output.data
    output.data = {mime: _datum(mime, value) for mime, value in output.data.items() if mime != WIDGET_VIEW}
    output.metadata.pop(WIDGET_VIEW, None)
    # All that is left of a progress bar is its first state, a bar at 0 %: that says nothing to a reader.
    says_nothing = is_widget and set(output.data) == {"text/plain"}
    return output if output.data and not says_nothing else None


def _datum(mime: str, value: object) -> object:
    if mime == "image/png":
        return base64.b64encode(strip_png(base64.b64decode(str(value)))).decode("ascii")
    return sanitise(value) if isinstance(value, str) else value


def strip_png(png: bytes) -> bytes:
    """Return the picture without its texts and dates, which name versions and moments."""
    kept, at = [png[:8]], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at : at + length + 12]
        if chunk[4:8] not in {b"tEXt", b"zTXt", b"iTXt", b"tIME"}:
            kept.append(chunk)
        at += length + 12
    return b"".join(kept)


def refreshed(path: Path) -> bytes:
    """Run a copy of a notebook and return the bytes to store.

    Raises RefreshError when a cell raises without the tag, when one with the tag doesn't, or when the
    notebook is too large.
    """
    notebook = normalise(read_notebook(path))
    try:
        execute(notebook, path.parent)
    except CellExecutionError as error:
        raise RefreshError(f"A cell raised {error.ename}: {error.evalue}\n{error}") from error
    for number, cell in enumerate(notebook.cells, start=1):
        if MAY_RAISE in tags(cell) and not stored_error(cell):
            raise RefreshError(f"Cell {number} carries {MAY_RAISE} and raised nothing:\n{cell.source}")
    notebook = normalise(notebook)
    stored = serialise(notebook)
    if problem := too_large(stored, notebook):
        raise RefreshError(problem)
    return stored


def too_large(stored: bytes, notebook: NotebookNode) -> str:
    """Say how large the notebook and its largest cell are, or nothing when that is within the limit."""
    if len(stored) <= LIMIT:
        return ""
    sizes = [len(json.dumps(cell, ensure_ascii=False).encode()) for cell in notebook.cells]
    number = sizes.index(max(sizes))
    return (
        f"{len(stored) / 1000:.0f} KB, the limit is {LIMIT // 1000} KB. The largest cell is number"
        f" {number + 1} ({notebook.cells[number].id}) with {sizes[number] / 1000:.0f} KB."
    )


def main(names: Sequence[str]) -> int:
    """Refresh the named notebooks, or all, and return the exit status."""
    status = 0
    for path in map(Path, names) if names else committed_notebooks():
        try:
            stored = refreshed(path)
        except RefreshError as error:
            print(f"{path.name}: refused. {error}", file=sys.stderr)
            status = 1
            continue
        word = "unchanged" if stored == path.read_bytes() else "written"
        path.write_bytes(stored)
        print(f"{path.name}: {word}, {len(stored) / 1000:.0f} KB", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
