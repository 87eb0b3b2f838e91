"""What listens where while a server of the kit runs, and what another account on this machine gets of it.

And that the kit's code loads no pickle. What lessons really do: tests/notebooks/test_notebook_offline.py.
"""

import ast
import json
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import zmq
from browser_server import Server, free_port, serving
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client.blocking import BlockingKernelClient
from network_cut import LOOPBACK, SEEN, harm, held, watched
from notebook_tools import ROOT, code_cells, read_notebook


class Running(NamedTuple):
    """A server of the kit, and the file with its kernel's ports and keys."""

    server: Server
    connection: Path


# What `make` starts: what it believes to be installed already, and a request that starts a kernel.
TARGETS = {"lab": ("learner", "api/kernels", b"{}"), "present": ("presenter", "?lab=batch_target", None)}


@pytest.fixture(scope="module", params=TARGETS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    target: str = request.param
    stamp, path, data = TARGETS[target]
    home = tmp_path_factory.mktemp(target)
    seen = home / SEEN
    command = [
        *("make", "--silent", f"--old-file=.venv/.{stamp}-stamp", target, f"PY={sys.executable}"),
        f"{target.upper()}_ARGS=--no-browser --port={free_port()}",
    ]
    # Settings of somebody who wants a server for everybody.
    (home / "JUPYTER_CONFIG_DIR").mkdir()
    for name, app in {"jupyter_server_config": "ServerApp", "voila": "Voila"}.items():
        (home / "JUPYTER_CONFIG_DIR" / f"{name}.json").write_text(json.dumps({app: {"ip": "0.0.0.0"}}))
    with watched(seen), serving(command, home, ROOT) as server:
        asked = Request(server.url + path, data, {"Authorization": f"token {server.token}"})
        with urlopen(asked, timeout=120) as answer:
            answer.read()
        yield Running(server, kernel_file(seen))
    # A server starts its kernels, and asks git and node for their versions.
    assert [each for each in harm(seen) if not each.startswith("subprocess.")] == []


def kernel_file(seen: Path, seconds: float = 30) -> Path:
    """Wait until a kernel has started, and return the file that it was given."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for line in seen.read_text(encoding="utf-8").splitlines():
            event, what, _ = json.loads(line)
            if event == "python" and " -m ipykernel_launcher -f " in what:
                return Path(what.split(" -f ")[1])
        time.sleep(0.1)
    raise TimeoutError(f"no kernel started within {seconds} s")


def test_it_listens_on_this_machine_alone(running: Running) -> None:
    listening = {address for state, address in held() if state == "LISTEN"} - {None}
    assert "127.0.0.1" in listening
    assert listening <= LOOPBACK


def test_nobody_gets_in_without_the_token(running: Running) -> None:
    try:
        with urlopen(f"{running.server.url}api/kernels", timeout=60) as answer:
            refused = urlsplit(answer.url).path
    except HTTPError as error:
        refused = error.code
    assert refused in {403, "/login"}


def test_only_this_account_reads_a_kernels_keys(running: Running) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (running.connection, running.connection.parent)]
    assert [mode & 0o077 for mode in modes] == [0, 0]


def test_without_its_keys_nothing_is_run_in_a_kernel_and_nothing_heard(running: Running) -> None:
    known = json.loads(running.connection.read_text())
    keys = {"key", "curve_publickey", "curve_secretkey"}
    with zmq.Context() as context, context.socket(zmq.SUB) as ear:
        ear.linger = 0
        ear.subscribe(b"")
        ear.connect(f"tcp://{known['ip']}:{known['iopub_port']}")
        outside, inside = BlockingKernelClient(), BlockingKernelClient()
        outside.load_connection_info({name: known[name] for name in known.keys() - keys} | {"key": "guess"})
        inside.load_connection_info(known)
        outside.start_channels()
        outside.execute("heard_from_outside = True")
        inside.start_channels()
        inside.wait_for_ready(timeout=60)
        answers = []
        inside.execute_interactive("print('heard_from_outside' in globals())", output_hook=answers.append)
        outside.stop_channels()
        inside.stop_channels()
        assert [each["content"]["text"] for each in answers if each["msg_type"] == "stream"] == ["False\n"]
        assert not ear.poll(500)


# The kit's own code.

PICKLES = {"pickle", "joblib", "dill", "cloudpickle"}
SAFE = {"trust_remote_code": False, "allow_pickle": False, "weights_only": True, "safe_mode": True}


def unsafe(code: str) -> list[str]:
    """List what in this code may load a pickle, or run code that came with a model."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found += [name for name in names if name.split(".")[0] in PICKLES or name == "torch.load"]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            safe = {
                each.arg: ast.unparse(each.value) == str(SAFE.get(str(each.arg))) for each in node.keywords
            }
            found += [f"{called}({name})" for name in safe.keys() & SAFE if not safe[name]]
            if called.endswith("read_pickle") or (called == "torch.load" and not safe.get("weights_only")):
                found.append(called)
    return found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from joblib import load", ["joblib.load"]),
        ("from torch import load", ["torch.load"]),
        ("torch.load(path)", ["torch.load"]),
        ("torch.load(path, weights_only=True)", []),
        ("numpy.load(path, allow_pickle=True)", ["numpy.load(allow_pickle)"]),
        ("numpy.load(path, allow_pickle=False)", []),
        ("Auto.from_pretrained(name, trust_remote_code=asked)", ["Auto.from_pretrained(trust_remote_code)"]),
        ("keras.models.load_model(path, safe_mode=False)", ["keras.models.load_model(safe_mode)"]),
        ("pandas.read_pickle(path)", ["pandas.read_pickle"]),
    ],
)  # fmt: skip
def test_what_is_unsafe_is_found(code: str, found: list[str]) -> None:
    assert unsafe(code) == found


def codes(path: Path) -> Iterator[str]:
    """Give the code in a file: of a notebook, each cell's, without IPython's own words."""
    if path.suffix == ".ipynb":
        yield from (
            TransformerManager().transform_cell(cell.source) for cell in code_cells(read_notebook(path))
        )
    else:
        yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["helpers", "notebooks", "classroom"])
def test_the_kits_code_loads_no_pickle_and_trusts_no_models_code(folder: str) -> None:
    paths = [path for kind in ("py", "ipynb") for path in (ROOT / folder).rglob(f"[!.]*.{kind}")]
    assert paths
    assert {path.name: found for path in paths for code in codes(path) if (found := unsafe(code))} == {}
