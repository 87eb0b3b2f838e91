"""Whole programs as beginners had them, rebuilt from real threads: they fail as told, and we say why.

Each begins with lines `# key: value`. `error` is what the exception says, so that none counts that our small
models raised; `mend` (old => new, in the program's own text) is the true fix, after which the program runs.
Where a Keras model has a metric, whether that or the loss raises first depends on what was built before: then
`raises` names both.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from programs.tiny import make_models

from helpers import check_batch, check_loss, explain
from helpers.diagnosis import Diagnosis
from helpers.diagnosis.said.causes import CAUSES
from helpers.trial import came_of

# What is said today of those that are not right yet; a program that comes right has to leave this list.
STILL_WRONG: dict[str, str] = {
    "tags_view_of_four": "classes on axis 1, or both flattened; not that the 4 of view(-1, 4) has to be 5",
}

ONE = {"url", "cause", "fix", "accept", "says", "raises"}
KEYS = {*ONE, "error", "never", "asks", "mend"}


@dataclass(frozen=True)
class Program:
    """One file: what it says of itself, and its text."""

    path: Path
    text: str
    told: dict[str, list[str]]

    def one(self, key: str) -> str:
        return self.told[key][0] if key in self.told else ""

    @property
    def is_silent(self) -> bool:
        return self.one("raises") == "nothing"

    @property
    def mended(self) -> str:
        text = self.text
        for mend in self.told["mend"]:
            old, new = mend.split(" => ")
            assert code_of(text).count(old) == 1, f"{old!r} has to stand once in {self.path.name}"
            text = text.removesuffix(code_of(text)) + code_of(text).replace(old, new)
        return text


def code_of(text: str) -> str:
    """The text below the lines on top."""
    return text[re.match(r"(?:#.*\n)+", text).end() :]


def read(path: Path) -> Program:
    text = path.read_text()
    told: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not (found := re.match(r"# (\w+): (.+)", line)):
            break
        told.setdefault(found[1], []).append(found[2])
    return Program(path, text, told)


PROGRAMS = [
    read(path)
    for path in sorted(Path(__file__).with_name("programs").glob("*.py"))
    if path.name not in ("__init__.py", "tiny.py")
]


def params(marked: dict[str, str]) -> list[Any]:
    def marks(name: str) -> tuple[pytest.MarkDecorator, ...]:
        return (pytest.mark.xfail(reason=marked[name], strict=True),) if name in marked else ()

    return [pytest.param(each, id=each.path.stem, marks=marks(each.path.stem)) for each in PROGRAMS]


@dataclass(frozen=True)
class Ran:
    """What a program raised, and what is said of it. Not the error itself: its frames hold whole models."""

    raised: str
    message: str
    said: Diagnosis | None


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a program as a script is run, in a folder that holds the small models; each text once."""
    folder = tmp_path_factory.mktemp("models")
    make_models(folder)
    ran: dict[str, Ran] = {}

    def once(program: Program, text: str) -> Ran:
        if text not in ran:
            ran[text] = run_in(folder, program, text)
        return ran[text]

    return once


def run_in(folder: Path, program: Program, text: str) -> Ran:
    script = ModuleType("__main__")
    script.__file__ = str(program.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setitem(sys.modules, "__main__", script)
        came = came_of(lambda: exec(compile(text, str(program.path), "exec"), script.__dict__), seed=0)
        if came.error is not None:
            return Ran(type(came.error).__name__, str(came.error), explain(came.error))
        asked = {**script.__dict__, "check_batch": check_batch, "check_loss": check_loss}
        return Ran("nothing", "", eval(program.one("asks"), asked) if program.is_silent else None)


def test_each_says_what_is_needed_and_no_two_are_one_thread() -> None:
    assert len(PROGRAMS) >= 110
    for program in PROGRAMS:
        assert ONE <= set(program.told) <= KEYS, program.path.name
        assert ("asks" in program.told) == program.is_silent, program.path.name
        assert ("error" in program.told) != program.is_silent, program.path.name
        assert set(program.one("accept").split()) <= set(CAUSES), program.path.name
    urls = [program.one("url") for program in PROGRAMS]
    assert len(set(urls)) == len(urls)
    assert set(STILL_WRONG) <= {program.path.stem for program in PROGRAMS}


@pytest.mark.parametrize("program", params({}))
def test_it_stops_as_it_says_and_runs_when_it_is_mended(program: Program, run: Run) -> None:
    ran = run(program, program.text)
    assert ran.raised in program.one("raises").split(), ran.message
    assert re.search(program.one("error"), ran.message)
    mended = run(program, program.mended) if "mend" in program.told else Ran("nothing", "", None)
    assert mended.raised == "nothing", mended.message


@pytest.mark.parametrize("program", params(STILL_WRONG))
def test_what_is_said_is_true_and_leads_to_the_fix(program: Program, run: Run) -> None:
    said = run(program, program.text).said
    assert said is not None, "nothing is said"
    assert said.outcome == ("silent" if program.is_silent else "raises"), said
    assert said.cause in program.one("accept").split(), said
    # Not in what stands above the cause: the exception's words and the program's own line.
    words = str(said).split("\ncause", 1)[-1]
    assert re.search(program.one("says"), words, re.DOTALL), said
    if "never" in program.told:
        assert not re.search(program.one("never"), words), said
