"""The house has rooms in a row, and a room imports only from those further left: see CONTRIBUTING.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from notebook_tools import ROOT

HELPERS = ROOT / "helpers"
LEFT_TO_RIGHT = (
    {"data", "vocab", "threads", "readable", "server", "table", "trial"},
    {"bert", "voice"},
    {"keras_bert", "trace", "doctor"},
    {"diagnosis", "__main__"},
    {"drawing", "extension"},
    {"lab", "practice", "reference"},
)
PLACE = {room: place for place, rooms in enumerate(LEFT_TO_RIGHT) for room in rooms}
# The public names, each imported on first use, and the JSON files that Jupyter reads.
NO_ROOM = {"__init__", "jupyter", "__pycache__"}


def room_of(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, at its top or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            yield from (f"helpers.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("helpers."))


def test_every_room_has_its_place() -> None:
    assert {path.stem for path in HELPERS.iterdir()} - NO_ROOM == set(PLACE)


@pytest.mark.parametrize("room", sorted(PLACE))
def test_a_room_imports_from_itself_and_its_left(room: str) -> None:
    files = [*HELPERS.glob(f"{room}.py"), *HELPERS.glob(f"{room}/**/*.py")]
    assert files
    public = dict(re.findall(r'"(\w+)": "(\w+)', (HELPERS / "__init__.py").read_text(encoding="utf-8")))
    for path in files:
        for module in imports(path):
            other = public.get(room_of(module), room_of(module))
            assert other == room or PLACE[other] < PLACE[room], f"{path.name} imports {module}"
