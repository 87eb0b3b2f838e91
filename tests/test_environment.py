"""One list of dependencies: pyproject.toml, requirements.lock, environment.yml and this environment agree."""

import importlib.metadata
import json
import re
import socket
import sys
import threading
import time
import tomllib
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from itertools import chain
from pathlib import Path

import cpu_index
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "helpers" / "jupyter"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
LOCK_TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LEGACY_TEXT = (ROOT / "notebooks" / "legacy" / "requirements.txt").read_text(encoding="utf-8")
LOCK_LINES, LEGACY_LINES = (
    [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    for text in (LOCK_TEXT, LEGACY_TEXT)
)
LOCK = {pin.name: pin for pin in map(Requirement, LOCK_LINES)}
DIRECT = sorted({*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())})


def conda(name: str) -> str:
    """The version that environment.yml asks conda for."""
    (line,) = [item for item in ENVIRONMENT["dependencies"] if str(item).startswith(f"{name}=")]
    return line.partition("=")[2]


@pytest.mark.parametrize("lines", [LOCK_LINES, LEGACY_LINES])
def test_every_line_is_one_exact_version_of_another_package(lines):
    exact = re.compile(r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*( ; .+)?")
    assert [line for line in lines if not exact.fullmatch(line)] == []
    assert len({line.partition("==")[0] for line in lines}) == len(lines)


@pytest.mark.parametrize("line", DIRECT)
def test_every_direct_dependency_is_locked_within_its_range(line):
    wanted = Requirement(line)
    (pin,) = LOCK[canonicalize_name(wanted.name)].specifier
    assert pin.version in wanted.specifier


def test_the_lock_has_no_cuda_no_tensorflow_and_no_address():
    assert not [name for name in LOCK if re.match("nvidia|cuda|triton|tensorflow|tf-keras", name)]
    assert not re.search(r"://|^-", LOCK_TEXT, re.MULTILINE)


def test_this_environment_has_the_locked_versions():
    here = [pin for pin in LOCK.values() if pin.marker is None or pin.marker.evaluate()]
    # A CPU wheel of torch calls itself 2.13.0+cpu.
    installed = {pin.name: Version(importlib.metadata.version(pin.name)).public for pin in here}
    assert [
        f"{pin}, not {installed[pin.name]}" for pin in here if installed[pin.name] not in pin.specifier
    ] == []


def test_conda_takes_a_python_that_the_project_accepts():
    exact = conda("python")
    assert re.fullmatch(r"3\.\d+", exact), "repo2docker ignores anything but an exact python=3.N"
    assert f"{exact}.0" in SpecifierSet(PROJECT["requires-python"])
    assert sys.version_info[:2] >= tuple(map(int, exact.split(".")))


def test_conda_takes_the_locked_torch():
    assert LOCK["torch"].specifier == SpecifierSet(f"=={conda('pytorch-cpu')}")


def test_conda_has_no_list_of_its_own():
    names = {item.partition("=")[0] for item in ENVIRONMENT["dependencies"] if isinstance(item, str)}
    assert names == {"python", "pip", "pytorch-cpu"}
    assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-c requirements.lock", "-e ."]}


def test_what_the_lock_believes_of_torch_is_what_the_wheel_says():
    (belief,) = PYPROJECT["tool"]["uv"]["dependency-metadata"]
    # Requirements with a marker are extras, or the CUDA packages of the ordinary Linux wheel.
    plain = [line for line in importlib.metadata.requires("torch") if ";" not in line]
    assert belief["version"] == conda("pytorch-cpu")
    assert set(map(Requirement, belief["requires-dist"])) == set(map(Requirement, plain))


@pytest.mark.parametrize("path", sorted(SETTINGS.rglob("*.json")), ids=lambda path: path.name)
def test_the_lab_settings_are_installed_where_jupyter_reads_them(path):
    installed = Path(sys.prefix, "etc", "jupyter", path.relative_to(SETTINGS))
    # JupyterLab writes page_config.json anew at each start: what it holds counts, not its last line's end.
    assert json.loads(installed.read_text(encoding="utf-8")) == json.loads(path.read_text(encoding="utf-8"))


def test_an_index_that_answers_is_used(monkeypatch, tmp_path):
    (tmp_path / "whl" / "cpu" / "torch").mkdir(parents=True)
    folder = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert cpu_index.answers(f"{address}/whl/cpu")
        assert not cpu_index.answers(f"{address}/elsewhere")
        server.shutdown()


def test_an_index_that_never_answers_costs_little_time(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert not cpu_index.answers(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.3)
        assert time.monotonic() - started < 3


def test_pip_hears_only_of_an_index_that_answered(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cpu_index, "answers", lambda index: False)
    assert cpu_index.pip_flags() == []
    monkeypatch.setattr(cpu_index, "answers", lambda index: True)
    assert cpu_index.pip_flags() == ["--extra-index-url", cpu_index.INDEX]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cpu_index.pip_flags() == []
