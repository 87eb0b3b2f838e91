"""The archive for machines without internet: what is in it, what its installer refuses, that it works.

The last needs an archive and minutes: `make bundle-check`.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import bundle
import pytest
from network_cut import best_cut
from notebook_tools import ROOT

ARCHIVE = os.environ.get("SHAPE_CLINIC_BUNDLE")
# A Python as a system has it: no environment of ours around it.
PYTHON = os.environ.get("SHAPE_CLINIC_BUNDLE_PYTHON", sys._base_executable)
KIT = {bundle.INSTALL: (ROOT / bundle.INSTALL).read_bytes(), "helpers/__init__.py": b"# ours\n"}
NAMES = ["made_up-1.0-py3-none-any.whl", "pip-0-py3-none-any.whl"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A wheel of nothing, and this environment's pip as one."""
    folder = tmp_path_factory.mktemp("wheels")
    (folder / NAMES[0]).write_bytes(b"a wheel")
    packed = shutil.make_archive(str(folder / "pip"), "zip", sysconfig.get_path("purelib"), "pip")
    return [folder / NAMES[0], Path(packed).rename(folder / NAMES[1])]


@pytest.fixture
def unpacked(tmp_path: Path, wheels: list[Path]) -> Path:
    """A small archive's folder, unpacked by Python alone."""
    bundle.write(tmp_path / "dist" / "small.zip", KIT, wheels)
    subprocess.run([PYTHON, "-m", "zipfile", "-e", "dist/small.zip", "."], cwd=tmp_path, check=True)
    return tmp_path / bundle.FOLDER


def refused(folder: Path) -> str:
    """Run the installer, which must refuse and leave nothing behind; return what it says."""
    command = [sys.executable, "install.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr, (folder / ".venv").exists()) == (1, "", False)
    assert [line.split(":")[0].strip() for line in run.stdout.splitlines()[-3:]] == ["got", "needs", "try"]
    return run.stdout


def test_what_stands_in_it(unpacked: Path, tmp_path: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    listed = f"{bundle.WHEELS}/{bundle.LIST}"
    assert files == {*KIT, "install.py", listed, *(f"wheels/{name}" for name in NAMES)}
    assert (unpacked / "install.py").read_bytes() == KIT[bundle.INSTALL]
    made_for = json.loads((unpacked / listed).read_text())
    assert made_for["python"] == [*sys.version_info[:2]]
    assert made_for["wheels"] == {name: bundle.sha256(unpacked / "wheels" / name) for name in NAMES}
    with ZipFile(tmp_path / "dist" / "small.zip") as zipped:
        assert {(file.compress_type, file.date_time[0]) for file in zipped.infolist()} == {(ZIP_STORED, 1980)}


def test_it_is_the_last_commit_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    (tmp_path / "kept").write_text("as committed")
    for arguments in ("init --quiet", "add kept", "commit --quiet --message=first"):
        git(*arguments.split())
    assert bundle.committed() == {"kept": b"as committed"}
    assert capsys.readouterr().err == ""
    (tmp_path / "kept").write_text("changed")
    (tmp_path / "new").touch()
    assert bundle.committed() == {"kept": b"as committed"}
    assert capsys.readouterr().err.splitlines()[1:] == [" M kept", "?? new"]


def test_pip_is_asked_once_for_each_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(command: list[str], **options: object) -> "subprocess.CompletedProcess[bytes]":
        asked.append(command)
        if "pip" in command:
            folder = Path(command[command.index("--dest") + 1])
            folder.mkdir(exist_ok=True)
            (folder / f"{len(asked)}.whl").touch()
            if len(asked) == 2:
                raise OSError("the network went away")
        return subprocess.CompletedProcess(command, 0, b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "requirements.lock").write_text("torch==1")
    with pytest.raises(OSError):
        bundle.collect(tmp_path)
    assert [wheel.name for wheel in bundle.collect(tmp_path)] == ["2.whl", "4.whl"]
    assert bundle.collect(tmp_path) == bundle.collect(tmp_path)
    assert len(asked) == 4
    (tmp_path / "requirements.lock").write_text("torch==2")
    assert [wheel.name for wheel in bundle.collect(tmp_path)] == ["6.whl"]


def change(folder: Path, **values: object) -> None:
    """Make the folder say that it was made for something else."""
    path = folder / bundle.WHEELS / bundle.LIST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_another_python_is_refused(unpacked: Path) -> None:
    change(unpacked, python=[3, 99])
    said = refused(unpacked)
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in said
    assert "python3.99 install.py" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_wheel_is_named(unpacked: Path, name: str) -> None:
    with (unpacked / bundle.WHEELS / name).open("ab") as wheel:
        wheel.write(b"\0")
    assert f"{name}, which is not as it was made\n" in refused(unpacked)


def test_a_missing_wheel_is_named(unpacked: Path) -> None:
    (unpacked / bundle.WHEELS / NAMES[0]).unlink()
    assert f"no {NAMES[0]}\n" in refused(unpacked)


@pytest.mark.parametrize("tag", ["cp311-cp311-win_arm64", "cp311-cp311-manylinux_2_999_x86_64"])
def test_another_platform_is_refused(unpacked: Path, tag: str) -> None:
    name = f"made_up-1.0-{tag}.whl"
    wheel = (unpacked / bundle.WHEELS / NAMES[0]).rename(unpacked / bundle.WHEELS / name)
    sums = {NAMES[1]: bundle.sha256(unpacked / bundle.WHEELS / NAMES[1]), name: bundle.sha256(wheel)}
    change(unpacked, wheels=sums, platform="a machine of elsewhere")
    said = refused(unpacked)
    assert f"can't use {name}\n" in said
    assert "(a machine of elsewhere)" in said


def test_a_folder_without_wheels_is_refused(unpacked: Path) -> None:
    shutil.rmtree(unpacked / bundle.WHEELS)
    assert "no wheels/bundle.json" in refused(unpacked)


LESSON = "notebooks/01_wrong_head_size.ipynb"
GATE = (
    ".venv/bin/python -m pytest -c /dev/null --rootdir=. -p no:cacheprovider --nbval-lax --nbval-current-env"
    f" --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 120 {LESSON}"
)
# What a person does, and what shows that it worked. The second time finds all installed.
STEPS = {
    f"{PYTHON} install.py": "Shape Clinic is ready.",
    "make check": "Shape Clinic is ready.",
    "make --question .venv/.presenter-stamp": "",
    GATE: " passed",
    f"{PYTHON} ./install.py": "Shape Clinic is ready.",
}


@pytest.mark.skipif(not ARCHIVE, reason="make bundle-check gives it an archive")
def test_python_alone_sets_it_up_with_the_network_cut(record_property) -> None:
    cut = best_cut()
    record_property("network_cut", cut.way)
    # Not tmp_path, which is kept: this is 2.3 GB.
    with tempfile.TemporaryDirectory(prefix="shape-clinic-bundle-") as home:
        subprocess.run([PYTHON, "-m", "zipfile", "-e", ARCHIVE, home], check=True)
        own = {"PATH": os.defpath, "HOME": home, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
        env = own | cut.environment | {"OMP_NUM_THREADS": "1"}
        for step, shows in STEPS.items():
            run = subprocess.run(
                cut.around("--", *step.split()),
                cwd=Path(home, bundle.FOLDER),
                env=env,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            assert run.returncode == 0, f"{step}\n{run.stdout}\n{run.stderr}"
            assert shows in run.stdout, f"{step}\n{run.stdout}\n{run.stderr}"
