"""Which exercises are done: what the small file beside the notebooks may hold, and what may happen to it."""

import json
import math
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notebook_tools import ROOT

import helpers.practice.progress
from helpers import check, progress
from helpers.practice import checks
from helpers.practice.checks import Need
from helpers.practice.progress import (
    EXERCISE,
    FILE,
    LOCK,
    Visit,
    done_in,
    remember,
    remember_visits,
    visits_in,
)

ALL = {"01_heads": ("01.2", "01.1", "01.10"), "02_batches": ("02.1",)}


def write_lessons(folder: Path, lessons: dict[str, tuple[str, ...]]) -> None:
    for name, exercises in lessons.items():
        cells = [
            {"cell_type": "code", "source": ["got = ...\n", f'check("{each}", got)\n']} for each in exercises
        ]
        if name == "01_heads":
            cells.append(
                {"cell_type": "markdown", "source": "**Next:** [2. Batches](02.ipynb), or [the end](.)."}
            )
        folder.joinpath(f"{name}.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two lessons, where this process works as a kernel would."""
    write_lessons(tmp_path, ALL)
    monkeypatch.chdir(tmp_path)
    real = checks._exercise
    monkeypatch.setattr(checks, "_exercise", lambda each: outputs if EXERCISE.fullmatch(each) else real(each))
    return tmp_path


def outputs(got: object) -> list[Need]:
    return [Need("outputs", lambda: got, 3, "count")]


def solve(exercise: str, got: object = 3) -> str:
    return str(check(exercise, got))


def kept(folder: Path) -> object:
    return json.loads(folder.joinpath(FILE).read_text(encoding="utf-8"))


def test_an_exercise_that_passes_is_kept_and_counted(folder: Path) -> None:
    assert solve("02.1") == "✓ the check passes\n1 of 1 done: that is all of this lesson"
    assert kept(folder) == {"done": ["02.1"]}
    assert str(progress()).splitlines()[:3] == [
        "  01_heads    0 of 3",
        "✓ 02_batches  1 of 1: 02.1",
        "1 of 4 exercises done.",
    ]


def test_a_right_answer_says_what_is_done_and_what_comes_next(folder: Path) -> None:
    said = [solve(exercise).splitlines()[1:] for exercise in ("01.2", "01.2", "01.1", "01.10", "07.1")]
    assert said == [
        ["1 of 3 done, next: exercise 01.1"],
        ["1 of 3 done, next: exercise 01.1"],
        ["2 of 3 done, next: exercise 01.10"],
        ["3 of 3 done: that is all of this lesson. Next lesson: 2. Batches"],
        [],  # it stands in no lesson here
    ]


def test_what_fails_leaves_no_file(folder: Path) -> None:
    solve("01.1", got=4)
    solve("01.1", got=...)
    assert [path.name for path in folder.iterdir() if path.suffix != ".ipynb"] == []


def test_an_exercise_stays_done_when_it_fails_later(folder: Path) -> None:
    solve("01.1")
    solve("01.1", got=4)
    assert done_in() == {"01.1"}


def test_the_order_is_by_number_whatever_came_first(folder: Path) -> None:
    for exercise in ("01.10", "02.1", "01.2", "01.1"):
        solve(exercise)
    assert kept(folder) == {"done": ["01.1", "01.2", "01.10", "02.1"]}
    assert "✓ 01_heads    3 of 3: 01.1, 01.2, 01.10" in str(progress())


def test_deleting_the_file_starts_over(folder: Path) -> None:
    solve("01.1")
    assert f"kept in {FILE}" in str(progress())
    folder.joinpath(FILE).unlink()
    assert "0 of 4 exercises" in str(progress())
    solve("01.2")
    assert done_in() == {"01.2"}


CUT, OTHERS = (b"", b'{"done": ["01.', b"\xff\xfe"), (b"[]", b'{"done": 3}', b'{"done": {"01.1": 1}}')
TOO_MUCH = [pytest.param(b"[" * 200_000, id="deep"), pytest.param(b"1" * 10_000, id="long")]


@pytest.mark.parametrize("content", [*CUT, *OTHERS, *TOO_MUCH])
def test_a_broken_or_foreign_file_counts_as_none_and_is_replaced(folder: Path, content: bytes) -> None:
    folder.joinpath(FILE).write_bytes(content)
    assert "0 of 4 exercises" in str(progress())
    assert solve("01.1").startswith("✓ the check passes")
    assert done_in() == {"01.1"}


def test_ids_of_no_lesson_are_not_counted_and_not_lost(folder: Path) -> None:
    odd = ["01.1", "99.1", 7, None, "<b>", "01.0", "١٢.1"]
    folder.joinpath(FILE).write_text(json.dumps({"done": odd}), encoding="utf-8")
    assert "1 of 4 exercises" in str(progress())
    solve("01.2")
    assert done_in() == {"01.1", "01.2", "99.1"}


def test_the_ward_is_kept_beside_the_exercises(folder: Path) -> None:
    visits = {3: Visit(seconds=2.5, named=True, mended=True), 4: Visit(tries=2, mended=True)}
    solve("02.1")
    assert remember_visits(7, visits)
    solve("01.1")
    assert (done_in(), visits_in()) == ({"01.1", "02.1"}, (7, visits))
    assert "1 of 24 patients of the ward mended." in str(progress())


VISITS = ([1], {"x": {}}, {"1": 3}, {"1": {"guesses": "many"}}, {"1": {"other": 1}})


@pytest.mark.parametrize(
    "ward", [3, {}, {"seed": math.inf, "visits": {}}, *({"seed": 1, "visits": visits} for visits in VISITS)]
)
def test_a_ward_of_another_form_counts_as_none(folder: Path, ward: object) -> None:
    folder.joinpath(FILE).write_text(json.dumps({"done": ["01.1"], "ward": ward}), encoding="utf-8")
    assert (done_in(), visits_in()) == ({"01.1"}, (None, {}))
    assert "0 of 24 patients" in str(progress())


def test_an_id_of_another_form_is_refused_even_before_it_is_solved() -> None:
    for exercise in ("1.1", "01", "01.x", "01.1 "):
        with pytest.raises(ValueError, match=r"got exercise .* needs .* Try '01\.1'"):
            solve(exercise, got=4)


def read_only(folder: Path) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("nothing is read-only to root, and no folder is on Windows")
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)


def taken_name(folder: Path) -> None:
    folder.joinpath(FILE).mkdir()


def gone(folder: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows removes no folder in which a process works")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize("spoil", [read_only, taken_name, gone])
def test_a_folder_that_keeps_nothing_spoils_no_answer(folder: Path, spoil: Callable[[Path], None]) -> None:
    spoil(folder)
    try:
        assert solve("01.1").startswith("✓ the check passes")
        assert done_in() == frozenset()
        assert "1 of" not in str(progress())
        assert not Path(f"{FILE}.new").exists()
    finally:
        if folder.exists():
            folder.chmod(stat.S_IRWXU)


def test_a_refused_write_leaves_the_old_file_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("another program reads it")

    solve("01.1")
    monkeypatch.setattr(os, "replace", refuse)
    assert solve("01.2").startswith("✓ the check passes")
    assert done_in() == {"01.1"}
    assert not folder.joinpath(f"{FILE}.new").exists()


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_kernels_that_write_at_the_same_time_lose_nothing(folder: Path) -> None:
    name = "helpers.practice.progress"
    code = f"import sys; from {name} import remember; print([remember(each) for each in sys.argv[1:]])"
    asked = [[f"{lesson:02}.{number}" for number in range(1, 41)] for lesson in (1, 2, 3)]
    kernels = [python(code, *ids) for ids in asked]
    assert [kernel.communicate(timeout=60)[0].strip() for kernel in kernels] == [str([True] * 40)] * 3
    assert done_in() == {each for ids in asked for each in ids}


def test_another_kernels_lock_is_waited_for_and_a_killed_kernel_leaves_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helpers.practice.progress, "_PATIENCE", 0.05)
    hold = "lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True)"
    kernel = python(f"import sys, time, filelock; {hold}; time.sleep(60)", LOCK)
    assert kernel.stdout
    with kernel, kernel.stdout:
        assert kernel.stdout.readline() == "held\n"
        new = folder / f"{FILE}.new"
        new.write_text('{"do', encoding="utf-8")  # as far as it came
        assert not remember("01.1")
        assert new.exists()
        kernel.kill()
    assert remember("01.1")
    assert done_in() == {"01.1"}
    assert not new.exists()


def test_a_copy_of_a_lesson_and_other_notebooks_change_nothing(folder: Path) -> None:
    before = str(progress())
    write_lessons(
        folder, {"01_heads-Copy1": ALL["01_heads"], "notes": ("01.7",), "02_batches-Copy1": ("01.8",)}
    )
    folder.joinpath("03_broken.ipynb").write_text("{", encoding="utf-8")
    folder.joinpath("04_other.ipynb").write_text('{"cells": [3]}', encoding="utf-8")
    text = {"cell_type": "markdown", "source": 'check("05.1", got)'}
    folder.joinpath("05_text.ipynb").write_text(json.dumps({"cells": [text]}), encoding="utf-8")
    assert str(progress()) == before


def test_a_folder_without_lessons_says_what_to_try(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "none"):
        assert "got no exercise in" in str(progress(where))


def test_the_table_says_the_same_as_the_text(folder: Path) -> None:
    solve("02.1")
    shown = progress()._repr_html_()
    assert "✓ 1 of 1: 02.1" in shown
    assert "delete that file" in shown
