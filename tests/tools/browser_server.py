"""A real JupyterLab over a copy of the notebooks, as a fresh clone has it, for the browser tests."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from notebook_tools import ROOT, kernel_environment

START_TIMEOUT = 60  # seconds; 3 to 6 are usual, twice that beside another busy process


@dataclass
class Server:
    """A running JupyterLab over a copy of the notebooks.

    Attributes:
        url: Where it answers, with a slash at the end.
        token: What opens it.
        folder: The copy; what the browser saves lands here.
        log: The server's own output, for a failure's report.
    """

    url: str
    token: str
    folder: Path
    log: Path


@contextmanager
def jupyterlab(notebooks: Path = ROOT / "notebooks") -> Iterator[Server]:
    """Serve a copy of `notebooks` as a fresh clone has it: nothing trusted, no settings of yours."""
    with tempfile.TemporaryDirectory(prefix="shape-clinic-browser-") as name:
        home = Path(name)
        folder, log = home / "notebooks", home / "jupyterlab.log"
        shutil.copytree(notebooks, folder, ignore=shutil.ignore_patterns(".*"))
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={_free_port()}",
            f"--ServerApp.root_dir={folder}",
            "--LabApp.expose_app_in_browser=True",
            *(["--allow-root"] if is_root() else []),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=folder, env=_own_environment(home), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            url, token = _wait_until_up(process, home / "runtime", log)
            yield Server(url, token, folder, log)
        finally:
            _stop(process)


def _own_environment(home: Path) -> dict[str, str]:
    # No folder and no setting of the person who runs this; helpers/jupyter comes with the environment itself.
    theirs = ("JUPYTER", "PYTEST_", "SHAPE_CLINIC_")
    env = {
        name: value
        for name, value in kernel_environment(str(home / "ipython")).items()
        if not name.startswith(theirs)
    }
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    return env | {name: str(home / folder) for name, folder in folders.items()}


def _wait_until_up(process: "subprocess.Popen[bytes]", runtime: Path, log: Path) -> tuple[str, str]:
    # The server writes down where it listens and the token it made.
    note = runtime / f"jpserver-{process.pid}.json"
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and process.poll() is None:
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            with urllib.request.urlopen(f"{told['url']}api?token={told['token']}", timeout=5) as answer:
                if answer.status == 200:
                    return told["url"], told["token"]
        except (OSError, ValueError):  # not there yet, or half written
            pass
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace")
    raise TimeoutError(f"JupyterLab did not answer within {START_TIMEOUT} s:\n{said}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()  # the server shuts its kernels down
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    # Where somebody takes it in between, JupyterLab tries the next ones and writes down which it got.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
