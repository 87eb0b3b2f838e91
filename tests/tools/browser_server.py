"""A real JupyterLab over a copy of the notebooks, as a fresh clone has it, for the browser tests."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from network_cut import RECORD
from notebook_tools import ROOT, kernel_environment

START_TIMEOUT = 60  # seconds; 3 to 6 are usual, twice that beside another busy process
STOP_TIMEOUT = 20  # seconds; under 3 are usual
FOLDERS = {
    *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
    *("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"),
}


@dataclass
class Server:
    """Where it answers, with a slash at the end; what opens it; where it works; its own output."""

    url: str
    token: str
    folder: Path
    log: Path


@contextmanager
def serving(command: Sequence[str], home: Path, folder: Path) -> Iterator[Server]:
    """Run a server in `folder`, without a folder or a setting of the person who runs this."""
    # helpers/jupyter comes with the environment itself.
    theirs = ("JUPYTER", "PYTEST_", "SHAPE_CLINIC_")
    given = kernel_environment(str(home / "ipython"))
    env = {name: value for name, value in given.items() if name == RECORD or not name.startswith(theirs)}
    env |= {name: str(home / name) for name in FOLDERS} | {"PYTHONFAULTHANDLER": "1"}
    log = home / "server.log"
    with log.open("wb") as output:
        # A session of its own: what `make` starts ends with it.
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield Server(*_address(process, log), folder, log)
    finally:
        _end(process, log)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and process.poll() is None:
        said = log.read_text(encoding="utf-8", errors="replace")
        if told := re.search(r"running at:\s+(?:\[[^]]*\] )?(http\S+)\s", said):
            url = urlsplit(told[1])
            # JupyterLab says so shortly before it listens.
            with suppress(OSError), socket.create_connection((url.hostname, url.port), timeout=1):
                return f"{url.scheme}://{url.netloc}/", "".join(parse_qs(url.query).get("token", []))
        time.sleep(0.1)
    raise TimeoutError(f"The server did not start within {START_TIMEOUT} s:\n{log.read_text('utf-8')}")


def _end(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Ask a server to end; end one that doesn't, and warn with its log and the place where each thread stood.

    Jupyter's server can rarely hang there (https://github.com/jupyterlab/jupyterlab/issues/14324). That is no
    fault of what the page has shown.
    """
    if process.poll() is not None:
        return
    # At the first it ends its kernels, then itself; at the second faulthandler writes the threads.
    for asked in (signal.SIGTERM, signal.SIGABRT, signal.SIGKILL):
        with suppress(subprocess.TimeoutExpired):
            os.killpg(process.pid, asked)
            process.wait(STOP_TIMEOUT)
            break
    if asked != signal.SIGTERM:
        said = log.read_text(encoding="utf-8", errors="replace")[-5000:]
        warnings.warn(f"The server didn't end in {STOP_TIMEOUT} s, and was ended:\n{said}", stacklevel=2)


@contextmanager
def jupyterlab(notebooks: Path = ROOT / "notebooks") -> Iterator[Server]:
    """Serve a copy of `notebooks` as a fresh clone has it: nothing trusted, no settings of yours."""
    with tempfile.TemporaryDirectory(prefix="shape-clinic-browser-") as name:
        home, folder = Path(name), Path(name, "notebooks")
        shutil.copytree(notebooks, folder, ignore=shutil.ignore_patterns(".*"))
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={free_port()}",
            f"--ServerApp.root_dir={folder}",
            "--LabApp.expose_app_in_browser=True",
            *(["--allow-root"] if is_root() else []),
        ]
        with serving(command, home, folder) as server:
            yield server


def free_port() -> int:
    # Where somebody takes it in between, the server tries the next ones and says which it got.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
