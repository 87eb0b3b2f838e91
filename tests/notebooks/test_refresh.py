"""`make refresh` stores what the next run gives again, and refuses what must not be stored."""

import base64
import json
import struct
import zlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import refresh
from nbformat import NotebookNode, v4
from notebook_tools import (
    CHECKED,
    MAY_RAISE,
    ROOT,
    SANITIZE,
    execute,
    read_notebook,
    sanitise,
    sanitise_rules,
)
from refresh import WIDGET_VIEW, normalise, serialise

# Made up, and put together here: no path of anybody's machine stands in the repository.
ANYWHERE = "/".join(["", "somewhere", "else"])
WHOLE = '<summary>The whole traceback</summary><pre style="">'
LIBRARY = f"{ANYWHERE}/.venv/lib/python3.11/site-packages/torch/x.py"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("<function f at 0x7f2c1d3b4a50>", "<function f at 0x...>"),
        (f"{LIBRARY}:3555: UserWarning: size", ".../site-packages/torch/x.py:3555: UserWarning: size"),
        (f"File \x1b[39m\x1b[32m{LIBRARY}:1", "File \x1b[39m\x1b[32m.../site-packages/torch/x.py:1"),
        (r"C:\kit\.venv\Lib\site-packages\torch\x.py", r".../site-packages\torch\x.py"),
        ("~/.pyenv/versions/3.11/lib/python3.11/json/decoder.py:3", ".../python3.11/json/decoder.py:3"),
        ("(/somewhere/kit/helpers/bert.py)", "(.../helpers/bert.py)"),
        ("File /somewhere/kit/own_project/train.py:49", "File .../own_project/train.py:49"),
        (f"{ANYWHERE}/ipykernel_123/4567.py:3: UserWarning", "Cell:3: UserWarning"),
        ("100%|██| 3/3 [00:01<00:00, 251.3it/s]", "100%|██| 3/3 [...]"),
        ("100%|██| 3/3 [1:00:01<00:00,  2.31s/it, loss=0.43]", "100%|██| 3/3 [..., loss=0.43]"),
        ("0%| | 0/3 [00:00<?, ?batch/s]", "0%| | 0/3 [...]"),
        (f"{WHOLE}Traceback\n  Cell In[6]</pre>", f"{WHOLE}Run the cell to see it.</pre>"),
        ("10/10 \x1b[1m0s\x1b[0m 2ms/step - loss: 0.5", "10/10 .../step - loss: 0.5"),
    ],
)  # fmt: skip
def test_what_differs_between_runs_is_replaced_and_stays_so(text: str, stored: str) -> None:
    assert sanitise(text) == stored
    assert sanitise(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        "Expected input batch_size (8) to match target batch_size (4).",
        "mat1 and mat2 shapes cannot be multiplied (4x768 and 512x3)",
        "Using a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1])).",
        "Target 73 is out of bounds.",
        "loss 1.0986, gradient 1.2e-07, logits (N, C) = (4, 3), mask [00, 01], 0x10",
        "tensor([[0.1, 0.2]], grad_fn=<AddmmBackward0>)",
        "<Figure size 640x480 with 1 Axes>",
        "https://pytorch.org/docs/stable/helpers/nn.py and a/helpers/b.py, and/or",
        "<b>4</b>/<b>3</b> </td></tr>",
        "10/10 - loss: 1.0986, 3 steps, 2s per epoch",
    ],
)
def test_shapes_values_and_messages_stay(text: str) -> None:
    assert sanitise(text) == text


def test_nbval_reads_every_rule() -> None:
    """It drops a rule, without a word, whose two lines don't look as it expects."""
    lines = SANITIZE.read_text(encoding="ascii").splitlines()
    assert len(sanitise_rules()) == sum(x.startswith("regex:") for x in lines)


# What is stored.


def notebook_with(*outputs: NotebookNode, **cell: object) -> NotebookNode:
    code = v4.new_code_cell("f()", outputs=list(outputs), execution_count=1)
    code.update(cell)
    return v4.new_notebook(cells=[code])


def stored_outputs(*outputs: NotebookNode) -> list[NotebookNode]:
    return normalise(notebook_with(*outputs)).cells[0].outputs


BAR = "\r 50%| | 1/2 [00:00<00:01,  1.0it/s]\r100%|#| 2/2 [00:01<00:00,  1.0it/s]\n"
FIRST_STATE = v4.new_output("display_data", {WIDGET_VIEW: {"model_id": "1"}, "text/plain": "  0%| | 0/2"})
SHOWN = v4.new_output("display_data", {"text/plain": "x"})


def out(text: str) -> NotebookNode:
    return v4.new_output("stream", name="stdout", text=text)


def err(text: str) -> NotebookNode:
    return v4.new_output("stream", name="stderr", text=text)


@pytest.mark.parametrize(
    ("outputs", "stored"),
    [
        # In one order, whatever came first.
        (
            [err("e1"), out("a"), err("e2"), out("b"), SHOWN, out("c")],
            [out("ab"), err("e1e2"), SHOWN, out("c")],
        ),
        # Of a progress bar the last state, or nothing when it has wiped itself out.
        ([err(BAR)], [err("100%|#| 2/2 [...]\n")]),
        ([err("\r 50%| | 1/2\r            \r")], []),
        # The texts on both sides of what is dropped are one.
        ([out("a\n"), FIRST_STATE, out("b\n")], [out("a\nb\n")]),
        ([err(refresh.FONT_CACHE)], []),
    ],
)
def test_of_the_streams_is_stored_what_comes_again(
    outputs: list[NotebookNode], stored: list[NotebookNode]
) -> None:
    assert stored_outputs(*deepcopy(outputs)) == stored


def test_a_widget_is_stored_as_its_text() -> None:
    data = {WIDGET_VIEW: {"model_id": "1"}, "text/plain": "ShapeLab()", "text/html": "<b>4</b>"}
    (stored,) = stored_outputs(v4.new_output("display_data", data, metadata={WIDGET_VIEW: {}}))
    assert stored.data == {"text/plain": "ShapeLab()", "text/html": "<b>4</b>"}
    assert stored.metadata == {}
    assert stored_outputs(v4.new_output("display_data", {WIDGET_VIEW: {"model_id": "1"}})) == []


def test_a_picture_is_stored_without_its_texts() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    start, end = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"13 bytes here"),
        chunk(b"IDAT", b"") + chunk(b"IEND", b""),
    )
    png = start + chunk(b"tEXt", b"Software\0some version") + chunk(b"tIME", b"now") + end
    (stored,) = stored_outputs(
        v4.new_output("display_data", {"image/png": base64.b64encode(png).decode() + "\n"})
    )
    assert base64.b64decode(stored.data["image/png"]) == start + end


def test_ids_are_kept_when_they_can_be() -> None:
    ids = ["mine", "mine", "", "not valid!", "x" * 65, "also-mine_2"]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("Text") for _ in ids])
    for cell, given in zip(notebook.cells, ids, strict=True):
        cell.id = given
    stored = [cell.id for cell in normalise(notebook).cells]
    assert (stored[0], stored[-1]) == ("mine", "also-mine_2")
    assert len(set(stored)) == len(ids)
    assert stored == [cell.id for cell in normalise(notebook).cells]
    assert stored == [cell.id for cell in normalise(normalise(notebook)).cells]


def test_of_the_metadata_the_tags_and_what_is_folded_are_kept() -> None:
    folded = {"source_hidden": True, "outputs_hidden": False}
    given = {
        "tags": ["b", "a"],
        "jupyter": folded,
        "execution": {"shell.execute_reply": "now"},
        "scrolled": True,
    }
    notebook = notebook_with(metadata=given)
    notebook.metadata.update(
        widgets={}, authors=["Ada"], language_info={"name": "python", "version": "3.11.7"}
    )
    stored = normalise(notebook)
    assert stored.cells[0].metadata == {"tags": ["b", "a"], "jupyter": {"source_hidden": True}}
    assert stored.metadata == {
        "kernelspec": {"display_name": "Python 3", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_a_notebook_that_asks_folds_its_outputs_and_no_other_does() -> None:
    notebook = notebook_with(out("1"))
    assert normalise(notebook).cells[0].metadata == {}
    notebook.cells += [v4.new_code_cell('predict("1 or 2?")'), v4.new_markdown_cell("Think.")]
    stored = normalise(notebook)
    assert [cell.metadata for cell in stored.cells] == [{"jupyter": {"outputs_hidden": True}}, {}, {}]
    assert stored.cells[0].outputs == [v4.new_output("display_data"), out("1")]
    assert normalise(stored) == stored


# The command.

EVERYTHING_THAT_CHANGES = """import sys, time, warnings
from tqdm import tqdm
for _ in tqdm(range(3)): time.sleep(0.01)
warnings.warn("look")
print(object(), file=sys.stderr)
print(hash("seeded"), {"a", "b", "c"})
lambda: None"""


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Path]:
    def write(*sources: str, failing: tuple[str, ...] = ()) -> Path:
        cells = [v4.new_code_cell(source) for source in (*sources, *failing)]
        for cell in cells[len(sources) :]:
            cell.metadata.tags = [MAY_RAISE, CHECKED]
        path = tmp_path / "toy.ipynb"
        path.write_bytes(serialise(v4.new_notebook(cells=cells)))
        return path

    return write


def test_a_second_refresh_changes_nothing(
    toy: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = toy(EVERYTHING_THAT_CHANGES, failing=("import json\njson.loads('{')",))
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 0
    written = path.read_bytes()
    assert written != before
    assert refresh.main([str(path)]) == 0
    assert path.read_bytes() == written
    said = [line.split(": ")[1].split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["written", "unchanged"]


@pytest.mark.parametrize(
    ("sources", "failing", "reason"),
    [
        (("1 / 0",), (), "A cell raised ZeroDivisionError: division by zero"),
        (("x = 1",), ("x",), f"Cell 2 carries {MAY_RAISE} and raised nothing"),
        (("x = 1", "print('x' * 310_000)"), (), "KB, the limit is 300 KB. The largest cell is number 2"),
    ],
)
def test_what_must_not_be_stored_is_refused(
    toy: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    sources: tuple[str, ...],
    failing: tuple[str, ...],
    reason: str,
) -> None:
    path = toy(*sources, failing=failing)
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 1
    assert reason in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_notebook_runs_in_its_own_folder_with_this_checkouts_helpers(tmp_path: Path) -> None:
    sources = ("import os\nos.getcwd()", "import helpers\nhelpers.__path__[0]")
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    execute(notebook, tmp_path)
    shown = [cell.outputs[0].data["text/plain"] for cell in notebook.cells]
    assert shown == [repr(str(tmp_path)), repr(str(ROOT / "helpers"))]


def test_a_notebook_is_read_as_it_is(tmp_path: Path) -> None:
    """nbformat.read would give the second cell a new id, another one every time."""
    path = tmp_path / "toy.ipynb"
    cell = {"cell_type": "markdown", "id": "same", "metadata": {}, "source": ["two\n", "lines"]}
    path.write_text(json.dumps({"cells": [cell, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    notebook = read_notebook(path)
    assert [(cell.id, cell.source) for cell in notebook.cells] == [("same", "two\nlines")] * 2
