"""Each notebook passes without the network and twice in one kernel, gives what is stored, and does no harm.

All is seen in one run with the network cut: the notebook's cells, then the same cells once more.
The last lines of the tests' output say how it was cut.
"""

import socket
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from minutes import TRAINS
from nbformat import NotebookNode, v4
from network_cut import SEEN, Cut, best_cut, harm, socket_guard
from notebook_tools import (
    code_cells,
    committed_notebooks,
    execute,
    read_notebook,
    stored_error,
    tags,
)
from refresh import normalise

# As stored, the first pass, the second; and what it did that a lesson must not.
Passes = tuple[NotebookNode, NotebookNode, NotebookNode, list[str]]


def run_twice(
    cut: Cut, notebook: NotebookNode, folder: Path, scratch: Path
) -> tuple[NotebookNode, NotebookNode]:
    """Run the notebook twice in one kernel, without the network; return its first and its second pass."""
    again = [deepcopy(cell) for cell in notebook.cells]
    for number, cell in enumerate(again):
        cell.id = f"again-{number}"
    doubled = deepcopy(notebook)
    doubled.cells += again
    doubled = cut.run(doubled, folder, scratch)
    first, second = deepcopy(doubled), doubled
    first.cells, second.cells = first.cells[: len(again)], second.cells[len(again) :]
    return first, second


def errors(notebook: NotebookNode) -> list[tuple[str, str] | None]:
    return [stored_error(cell) for cell in code_cells(notebook)]


def changes(expected: NotebookNode, seen: NotebookNode) -> list[str]:
    """List the cells that `make refresh` would store otherwise."""
    pairs = zip(code_cells(normalise(expected)), code_cells(normalise(seen)), strict=True)
    return [
        f"code cell {number} stored\n{comparable(stored)}\nand gives\n{comparable(now)}"
        for number, (stored, now) in enumerate(pairs, start=1)
        if comparable(stored) != comparable(now)
    ]


def comparable(cell: NotebookNode) -> NotebookNode:
    """Return what two machines agree on: a picture may differ in a pixel, long training in figures."""
    result = deepcopy(cell)
    if TRAINS in tags(cell):
        result.outputs = []
    for output in result.outputs:
        output.get("data", {}).pop("image/png", None)
    return result


# Toys.


def toy(*sources: str) -> NotebookNode:
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


def outward_address() -> str:
    """Return an address of this machine that isn't 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            # Nothing is sent: this only asks which address would be used.
            any_socket.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.2"
        return any_socket.getsockname()[0]


LISTEN_AND_CALL = """with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), timeout=10).close()"""


@pytest.mark.parametrize("make_cut", [best_cut, socket_guard])
def test_the_cut_cuts(make_cut: Callable[[], Cut], tmp_path: Path) -> None:
    """A server on this machine's outward address is reached without the cut, and not with it."""
    with socket.create_server(("", 0)) as server:
        address = (outward_address(), server.getsockname()[1])
        notebook = toy(
            "import socket",
            f"socket.create_connection({address!r}, timeout=10).close()",
            LISTEN_AND_CALL,
        )
        with_network = deepcopy(notebook)
        execute(with_network, tmp_path)
        without = make_cut().run(notebook, tmp_path, tmp_path)
    _, called_out, called_localhost = [stored_error(cell) for cell in without.cells]
    assert called_localhost is None
    assert called_out
    assert called_out[0] in {"OSError", "ConnectionRefusedError"}


def test_the_guard_lets_no_name_be_looked_up(tmp_path: Path) -> None:
    """In a namespace there is nobody to ask."""
    without = socket_guard().run(
        toy("import socket\nsocket.getaddrinfo('example.org', 443)"), tmp_path, tmp_path
    )
    assert "not example.org" in str(stored_error(without.cells[0]))


def test_a_second_pass_that_differs_is_noticed(tmp_path: Path) -> None:
    notebook = toy("seen = globals().get('seen', 0) + 1", "[][0] if seen == 1 else 1 / 0", "assert seen == 1")
    first, second = run_twice(socket_guard(), notebook, tmp_path, tmp_path)
    assert [error and error[0] for error in errors(first)] == [None, "IndexError", None]
    assert [error and error[0] for error in errors(second)] == [None, "ZeroDivisionError", "AssertionError"]


def test_what_differs_from_what_is_stored_is_noticed(tmp_path: Path) -> None:
    notebook = toy("1 + 1", "import random\nrandom.random()", "[][0]")
    execute(notebook, tmp_path, allow_errors=True)
    again = deepcopy(notebook)
    execute(again, tmp_path, allow_errors=True)
    again.cells[2].outputs = []
    found = [change.split(" stored")[0] for change in changes(notebook, again)]
    assert found == ["code cell 2", "code cell 3"]


def test_what_a_notebook_does_for_itself_is_no_harm(tmp_path: Path) -> None:
    socket_guard().run(toy("import socket", LISTEN_AND_CALL), tmp_path, tmp_path)
    assert harm(tmp_path / SEEN) == []


# A cell, and what is said of it. The last one's socket isn't Python's own.
HARMFUL = {
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))": "socket.sendto 192.0.2.1",
    "socket.create_connection(('192.0.2.1', 9), timeout=1)": "socket.connect 192.0.2.1",
    "socket.getaddrinfo('example.org', 443)": "socket.getaddrinfo example.org",
    "socket.create_server(('', 0)).close()": "socket.bind ",
    "pickle.loads(pickle.dumps(print))": "pickle.find_class builtins.print",
    "subprocess.run([sys.executable, '-c', 'import os; os.system(\"exit\")'])": "os.system exit",
    "heard = zmq.Context.instance().socket(zmq.PUB)\n"
    "heard.bind_to_random_port('tcp://*')\ntime.sleep(1)": "LISTEN 0.0.0.0",
}


def test_a_notebook_that_does_harm_is_noticed(tmp_path: Path) -> None:
    best_cut().run(toy("import pickle, socket, subprocess, sys, time, zmq", *HARMFUL), tmp_path, tmp_path)
    seen = harm(tmp_path / SEEN)
    assert [said for said in HARMFUL.values() if not any(each.startswith(said) for each in seen)] == []


def test_a_watch_that_saw_no_kernel_is_no_proof(tmp_path: Path) -> None:
    (tmp_path / SEEN).touch()
    assert harm(tmp_path / SEEN) == ["no LISTEN was seen", "no python was seen"]


# The kit's notebooks.


@pytest.fixture(scope="module", params=committed_notebooks(), ids=lambda path: path.stem)
def passes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Passes:
    path: Path = request.param
    stored = read_notebook(path)
    scratch = tmp_path_factory.mktemp(path.stem)
    first, second = run_twice(best_cut(), stored, path.parent, scratch)
    return stored, first, second, harm(scratch / SEEN)


def test_gives_again_what_is_stored_with_the_network_cut(
    passes: Passes, record_property: Callable[[str, object], None]
) -> None:
    """What it raises, too: only the cells raise that may (test_notebook_structure.py)."""
    record_property("network_cut", best_cut().way)
    stored, first, *_ = passes
    assert changes(stored, first) == []


def test_passes_twice_in_one_kernel(passes: Passes) -> None:
    _, first, second, _ = passes
    assert errors(second) == errors(first)


def test_leaves_this_machine_alone_loads_no_pickle_and_starts_no_program(passes: Passes) -> None:
    *_, harms = passes
    assert harms == []
