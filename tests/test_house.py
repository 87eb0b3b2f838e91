"""The house has rooms in a row, and a room imports only from those further left: see CONTRIBUTING.md."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from notebook_tools import ROOT

from helpers import ROOM_OF

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
# The same inside the largest room; a loss is asked for first, a whole batch asks all the others.
DIAGNOSIS = ("said", "seen", "loss", "calls", "keras", "explain", "batch", "check")
MOST_FILES = 14  # in a folder, so that it is seen at a glance
# The public names, each imported on first use, and the JSON files that Jupyter reads.
NO_ROOM = {"__init__", "jupyter", "__pycache__"}


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in HELPERS.rglob("*.py")
}


def module_of(name: str) -> str:
    """The module that `import` would read for a name in it."""
    place = ROOM_OF.get(name.removeprefix("helpers."))
    name = f"helpers.{place}" if place else name
    return name if name in MODULES else module_of(name.rpartition(".")[0])


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, or a name in it, at the file's top or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("helpers."))


def reached(*room: str) -> set[str]:
    """The rooms beside this one that its files import from."""
    own = [name for name in MODULES if tuple(name.split(".")[: len(room)]) == room]
    assert own
    others = {module_of(other) for name in own for other in imports(MODULES[name])}
    beside = [other.split(".") for other in others if other.startswith(".".join(room[:-1]) + ".")]
    return {other[len(room) - 1] for other in beside} - {room[-1]}


def test_every_room_has_its_place() -> None:
    assert {path.stem for path in HELPERS.iterdir()} - NO_ROOM == set(PLACE)
    assert {path.stem for path in (HELPERS / "diagnosis").iterdir()} - NO_ROOM == set(DIAGNOSIS)


@pytest.mark.parametrize("room", sorted(PLACE))
def test_a_room_imports_from_itself_and_its_left(room: str) -> None:
    assert [other for other in reached("helpers", room) if PLACE[other] >= PLACE[room]] == []


@pytest.mark.parametrize("place", range(len(DIAGNOSIS)), ids=DIAGNOSIS)
def test_a_room_of_diagnosis_imports_from_its_left(place: int) -> None:
    assert reached("helpers", "diagnosis", DIAGNOSIS[place]) <= set(DIAGNOSIS[:place])


@pytest.mark.parametrize("folder", ["helpers", "tests"])
def test_a_folder_is_seen_at_a_glance(folder: str) -> None:
    files = Counter(path.parent.name for path in (ROOT / folder).rglob("*.py"))
    del files["programs"]  # what is tested on, not with
    assert {name: count for name, count in files.items() if count > MOST_FILES} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    arrows = {name: {module_of(other) for other in imports(path)} - {name} for name, path in MODULES.items()}
    assert "helpers.lab.inputs" in arrows["helpers.lab.widget"]
    del arrows["helpers"]  # it imports a public name when that is first asked for, for whoever asks
    TopologicalSorter(arrows).prepare()  # which names the modules of a circle


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "classroom/security.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    words = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:helpers|tests|notebooks|classroom)/[\w./-]*\w", words))
    made = {"tests/screenshots", "notebooks/shape_clinic_progress.json"}
    assert named
    assert [name for name in sorted(named - made) if not (ROOT / name).exists()] == []


def test_every_test_that_stands_for_a_claim_is_there() -> None:
    words = (ROOT / "classroom" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", words))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 5
    assert named - set(re.findall(r"^def (test_\w+)\(", tests, re.MULTILINE)) == set()
