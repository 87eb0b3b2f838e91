"""`%load_ext helpers` in a real shell and a real kernel, `clinic()` in a function, a block and a script."""

import html
import importlib
import re
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nbformat import NotebookNode, v4
from notebook_tools import execute, python

from helpers import extension
from helpers.diagnosis.said.result import Diagnosis
from helpers.extension import clinic

HEADLINE = "✗ IndexError: Target 1 is out of bounds."
LOAD, UNLOAD = "%load_ext helpers", "%unload_ext helpers"
IMPORTS = "import torch\nimport torch.nn.functional as F"
LOSS = "logits = torch.zeros(4, 1)\nloss = F.cross_entropy(logits, torch.tensor([1, 0, 2, 1]))"


def explained_by(monkeypatch: pytest.MonkeyPatch, explain: Any) -> None:
    # Not by its dotted name: the function of the same name hides the module.
    monkeypatch.setattr(importlib.import_module("helpers.diagnosis.explain"), "explain", explain)


def known_error(error: BaseException) -> Diagnosis:
    return Diagnosis("raises", got="logits (4, 1)", error=str(error), cause="head_size")


# A real kernel: each cell's outputs, with the extension and without it.

CELLS = {
    "imports": IMPORTS,
    "fine": "1 + 1",
    "loss": LOSS,
    "key": "{}['missing']",
    "syntax": "F.cross_entropy(",
    "interrupt": "raise KeyboardInterrupt",
    "exit": "raise SystemExit(3)",
    "magic": f"%%time\n{LOSS}",
    "line magic": "%timeit -n 1 -r 1 F.cross_entropy(torch.zeros(4, 1), torch.ones(4).long())",
    "script": "%run failing.py",
    "async": f"import asyncio\nawait asyncio.sleep(0)\n{LOSS}",
    "function": f"def train():\n{textwrap.indent(LOSS, '    ')}\n\ntrain()",
    # In one piece: `print` writes twice, and a busy kernel may send what it has in between.
    "fine again": "import sys\n_ = sys.stdout.write('fine\\n')",
    "unload": UNLOAD,
    "loss, unloaded": LOSS,
    "load again": LOAD,
    "and again": f"{LOAD}\nimport helpers\nhelpers.load_ipython_extension(get_ipython())",
    "loss, loaded again": LOSS,
}
DIAGNOSED = {"loss", "magic", "line magic", "script", "async", "function", "loss, loaded again"}


def run_cells(first: str, folder: Path) -> dict[str, NotebookNode]:
    (folder / "failing.py").write_text(f"{IMPORTS}\n{LOSS}\n", encoding="utf-8")
    sources = {"first": first, **CELLS}
    if first != LOAD:
        sources |= dict.fromkeys(("unload", "load again", "and again"), "pass")
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources.values()])
    execute(notebook, folder, allow_errors=True)
    return dict(zip(sources, notebook.cells, strict=True))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NotebookNode]:
    return run_cells("pass", tmp_path_factory.mktemp("notebook") / ".")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NotebookNode]:
    return run_cells(LOAD, tmp_path_factory.mktemp("notebook") / ".")


def split(cell: NotebookNode) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """Return what the cell showed by itself, and what was added."""
    added = [output for output in cell.outputs if output.output_type == "display_data"]
    return [output for output in cell.outputs if output not in added], added


def test_loading_says_nothing(loaded: dict[str, NotebookNode]) -> None:
    assert [loaded[name].outputs for name in ("first", "unload", "load again")] == [[], [], []]


@pytest.mark.parametrize("name", sorted(DIAGNOSED))
def test_the_diagnosis_stands_below_the_error(loaded: dict[str, NotebookNode], name: str) -> None:
    kinds = [output.output_type for output in loaded[name].outputs if output.output_type != "stream"]
    assert kinds == ["error", "display_data"]
    data = loaded[name].outputs[-1].data
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"].startswith(HEADLINE)
    assert "needs  " in data["text/plain"]
    assert HEADLINE in data["text/html"]
    assert "<details>" in data["text/html"]


@pytest.mark.parametrize("name", sorted(set(CELLS) - DIAGNOSED))
def test_nothing_is_added_elsewhere(loaded: dict[str, NotebookNode], name: str) -> None:
    assert split(loaded[name])[1] == []


@pytest.mark.parametrize("name", sorted(set(CELLS) - {"unload", "load again", "and again"}))
def test_what_a_cell_shows_by_itself_stays_as_it_was(
    plain: dict[str, NotebookNode], loaded: dict[str, NotebookNode], name: str
) -> None:
    if name == "magic":  # the times differ
        for cell in (plain[name], loaded[name]):
            cell.outputs = [output for output in cell.outputs if output.output_type != "stream"]
    assert loaded[name].execution_count == plain[name].execution_count
    # Byte for byte, but for the folder and the number of the kernel's process, which a traceback holds.
    assert known(split(loaded[name])[0]) == known(plain[name].outputs)


def known(outputs: list[NotebookNode]) -> str:
    text = re.sub(r"notebook\d+", "notebook", repr(outputs))
    return re.sub(r"ipykernel_\d+", "ipykernel", text)


# A terminal.

SHELL = f"""
from IPython.core.interactiveshell import InteractiveShell
import sys
shell = InteractiveShell.instance(colors="nocolor")
before = {{event: list(callbacks) for event, callbacks in shell.events.callbacks.items()}}
shell.run_cell({LOAD!r})
assert "torch" not in sys.modules and "transformers" not in sys.modules
shell.run_cell("raise RuntimeError('no tensor anywhere')")
assert "torch" not in sys.modules, "a learner waits for nothing"
shell.run_cell({IMPORTS!r})
print("=== error")
shell.run_cell({LOSS!r})
print("=== key")
shell.run_cell("{{}}['missing']")
print("=== end")
error = sys.last_value
shell.run_cell({UNLOAD!r})
assert shell.events.callbacks == before
shell.run_cell({LOSS!r})
assert sys.last_value is not error
"""


def test_a_terminal_prints_the_text(tmp_path: Path) -> None:
    done = python(SHELL, tmp_path)
    assert done.returncode == 0, done.stderr
    error, _, rest = done.stdout.partition("=== error\n")[2].partition("=== key")
    traceback, _, diagnosis = error.partition(HEADLINE)
    assert "Traceback (most recent call last)" in traceback
    assert traceback.rstrip().endswith("IndexError: Target 1 is out of bounds.")
    assert diagnosis.splitlines()[1].startswith("at     ")
    assert done.stdout.count(HEADLINE) == 1
    assert "needs" not in rest.partition("=== end")[0]


# What goes wrong in it, and the same from Python.


def test_an_error_of_ours_adds_nothing_and_is_logged(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(error: BaseException) -> Diagnosis:
        raise AssertionError("our own mistake")

    shown: list[Diagnosis] = []
    monkeypatch.setattr(extension, "display", shown.append)
    explained_by(monkeypatch, broken)
    extension._watch.before_cell(None)
    extension._watch.after_cell(None)  # a cell that was cancelled has no result
    with caplog.at_level("DEBUG", logger="helpers.extension"):
        extension._watch.after_cell(SimpleNamespace(error_in_exec=RuntimeError("x")))
    assert shown == []
    assert capsys.readouterr() == ("", "")
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["our own mistake"]
    with pytest.raises(RuntimeError, match="x") as caught, clinic():
        raise RuntimeError("x")
    assert not hasattr(caught.value, "__notes__")


def test_the_clinic_adds_a_note_once_and_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    explained_by(monkeypatch, known_error)
    raised = RuntimeError("x")

    @clinic()
    def train() -> None:
        with clinic():
            raise raised

    with pytest.raises(RuntimeError) as caught:
        train()
    assert caught.value is raised
    assert raised.args == ("x",)
    assert raised.__cause__ is raised.__context__ is None
    assert raised.__notes__ == [str(known_error(raised))]


def test_the_clinic_is_silent_where_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    explained_by(monkeypatch, lambda error: None)
    for error in (RuntimeError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)), clinic():
            raise error
        assert not hasattr(error, "__notes__")


def test_the_clinic_returns_what_a_function_returns() -> None:
    @clinic()
    def double(number: int) -> int:
        """Double it."""
        return 2 * number

    assert double(2) == 4
    assert double.__doc__ == "Double it."


def test_a_script_ends_as_it_would_have_with_a_note(tmp_path: Path) -> None:
    done = python(
        """
        from helpers.extension import clinic
        import torch, torch.nn.functional as F
        with clinic():
            F.cross_entropy(torch.zeros(4, 1), torch.tensor([1, 0, 2, 1]))
        """,
        tmp_path,
    )
    assert done.returncode == 1
    error, _, note = done.stderr.partition("\nIndexError: Target 1 is out of bounds.\n")
    assert error.startswith("Traceback (most recent call last):")
    assert "extension.py" not in error
    assert note.startswith(f"{HEADLINE}\nat     script.py, line 5: F.cross_entropy(")


def test_in_a_lesson_three_questions_stand_before_the_folded_diagnosis(tmp_path: Path) -> None:
    sources = ["%load_ext helpers.practice", IMPORTS, LOSS, LOAD, LOSS, "%unload_ext helpers.practice", LOSS]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    execute(notebook, tmp_path, allow_errors=True)
    _, _, asked, _, plain, _, off = (
        [output.data for output in cell.outputs if "data" in output] for cell in notebook.cells
    )
    page = asked[-1]["text/html"]
    assert "logits (N=__, C=__)" in page.partition("<summary>")[0]
    assert page.count("<details>") == 5  # three rules, the diagnosis, and its own why
    assert page.count("✓ Yes: the head has the wrong size.") == 1
    folded = page[page.index("Then open the diagnosis</summary>") :]
    assert HEADLINE in folded
    assert HEADLINE not in page.replace(folded, "")
    assert "The lesson:" in plain[-1]["text/html"]
    assert "The lesson:" not in page
    assert asked[-1]["text/plain"].endswith(plain[-1]["text/plain"])
    assert HEADLINE in plain[-1]["text/html"]
    assert "<summary>" not in plain[-1]["text/html"].partition(HEADLINE)[0]
    assert off == []


# The short traceback of a lesson: what a cell raises, and what its error output then shows.

JSON_LINES = """Traceback (most recent call last):
  Cell In[], line 2
    json.loads("{")
  … 3 frames inside Python …
JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
"""
OWN = """Traceback (most recent call last):
  Cell In[], line 1
    {}["a"]
KeyError: 'a'
"""
SHORT = {
    'import json\njson.loads("{")': JSON_LINES,
    f"import torch\nimport torch.nn.functional as F\n{LOSS}": """Traceback (most recent call last):
  Cell In[], line 4
    loss = F.cross_entropy(logits, torch.tensor([1, 0, 2, 1]))
  … 1 frame inside torch …
IndexError: Target 1 is out of bounds.
""",
    'try:\n    json.loads("{")\nexcept ValueError as error:\n    raise KeyError("a") from error': JSON_LINES
    + """
The above exception was the direct cause of the following exception:
Traceback (most recent call last):
  Cell In[], line 4
    raise KeyError("a") from error
KeyError: 'a'
""",
    "from helpers import check\ncheck()": """Traceback (most recent call last):
  Cell In[], line 2
    check()
TypeError: check() missing 1 required positional argument: 'exercise'
""",
    "check('99.1')": """Traceback (most recent call last):
  Cell In[], line 1
    check('99.1')
  … 2 frames inside helpers …
ValueError: got exercise '99.1'. check needs the number of one that exists. Try '01.1'.
""",
    '{}["a"]': OWN,
    '%xmode Plain\n{}["a"]': OWN.replace("line 1", "line 2"),
}  # fmt: skip


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NotebookNode]:
    whole = ["%xmode Context\njson.loads('{')", "%unload_ext helpers.practice", "json.loads('{') # unloaded"]
    sources = ["%load_ext helpers.practice", *SHORT, *GROUP, "json.loads('[')", "%tb", *whole]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    execute(notebook, tmp_path_factory.mktemp("short"), allow_errors=True)
    return {cell.source: cell for cell in notebook.cells}


GROUP = ["raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])", "1 +"]


def traceback_of(cell: NotebookNode) -> str:
    (error,) = (output for output in cell.outputs if output.output_type == "error")
    return re.sub(r"In\[\d+\]", "In[]", "".join(error.traceback))


@pytest.mark.parametrize("source", SHORT)
def test_a_traceback_is_the_learners_own_lines_and_the_last_one(
    short: dict[str, NotebookNode], source: str
) -> None:
    assert traceback_of(short[source]) == SHORT[source]
    folded = [output for output in split(short[source])[1] if "The whole" in output.data["text/plain"]]
    assert len(folded) == ("…" in SHORT[source])
    for output in folded:
        pages = output.data["text/html"]
        assert pages.startswith("<details><summary>The whole traceback</summary><pre")
        assert re.search(r"\.py:\d+ in \w+\n", pages)
        assert html.escape(SHORT[source].splitlines()[-1]) in pages


def test_the_whole_traceback_comes_when_it_is_asked_for(short: dict[str, NotebookNode]) -> None:
    assert "… 3 frames" in traceback_of(short["json.loads('[')"])
    for source in ("%tb", "%xmode Context\njson.loads('{')", "json.loads('{') # unloaded"):
        assert "decoder.py" in traceback_of(short[source])
        assert split(short[source])[1] == []
    assert "---->" in traceback_of(short["json.loads('{') # unloaded"])  # as IPython shows it


def test_other_errors_are_shown_as_ipython_shows_them(short: dict[str, NotebookNode]) -> None:
    group, syntax = (short[source] for source in GROUP)
    assert "ValueError: a" in "".join(output.get("text", "") for output in group.outputs)
    assert "SyntaxError" in traceback_of(syntax)
    assert split(group)[1] == split(syntax)[1] == []
