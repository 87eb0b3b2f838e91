"""One process that has imported everything once, and forks each learner's server and kernels from itself.

A kernel that starts by itself imports torch, transformers and Keras anew: seconds, and 400 MB that thirty kernels
hold thirty times. A fork has them at once, and shares their memory with all the others until it writes there.
No released tool does this: ipykernel's own attempts (its pull requests 410 and 1261) were never merged.

It runs as root, because only root can give a fork to another account. Who asks, the system itself says
(SO_PEERCRED): the hub, which is root, may ask for anybody's server; a learner gets kernels of his own and nothing
else. A request is a line of JSON; the answer is the fork's process id with a file descriptor of it (pidfd).
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import random
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

# What the lessons, a kernel and a learner's server import. A name that is missing costs memory, and breaks nothing.
PRELOADED = (
    *("helpers.lab.widget", "helpers.keras_bert", "helpers.practice.exercises", "helpers.practice.looks"),
    *("helpers.practice.question", "helpers.practice.ward", "helpers.drawing.figures", "helpers.diagnosis.explain"),
    *("helpers.trace", "helpers.data", "helpers.extension", "helpers.reference.compare", "transformers.trainer"),
    *("torch.utils.data", "torch.optim", "matplotlib.pyplot", "matplotlib.backends.backend_agg"),
    *("matplotlib_inline.backend_inline", "tqdm.auto", "IPython.core.completer", "ipykernel.kernelapp"),
    *("ipykernel.ipkernel", "ipykernel.debugger", "pdb", "tornado.platform.asyncio", "xmlrpc.server", "IPython.core.completerlib", "IPython.extensions.storemagic", "jupyterhub.singleuser", "jupyterlab.labapp", "jupyterlab_server"),
    *("jupyter_lsp", "jupyter_server_terminals", "notebook_shim", "helpers.server", "nbconvert.exporters"),
    *("jupyter_server.kernelspecs.handlers", "jupyter_server.nbconvert.handlers", "jupyter_server.view.handlers"),
    *("jupyter_lsp.virtual_documents_shadow", "jupyter_core.migrate", "notebook_shim.nbserver", "learner"),
)
PRELOADED_WHOLE = ("jupyter_server.services", "transformers.models.bert")
MANY = 200  # processes and threads that one learner may have
LONGEST = 1 << 20  # bytes of a request
PATIENCE = 2.0  # seconds that a request may take to arrive


@dataclass(frozen=True)
class Job:
    """What to fork: a "kernel" or a "server", its arguments, environment, folder, and account (where root asks)."""

    kind: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    uid: int = -1


class Forked:
    """A process that somebody else forked, with the methods of a `subprocess.Popen` that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid, self._pidfd, self.returncode = pid, pidfd, None

    def poll(self) -> int | None:
        """Return None while it runs, and 0 afterwards: how it ended, only its parent is told."""
        if self.returncode is None and select.select([self._pidfd], [], [], 0)[0]:
            os.close(self._pidfd)
            self.returncode = 0
        return self.returncode

    def wait(self) -> int:
        """Wait until it has ended."""
        if self.returncode is None:
            select.select([self._pidfd], [], [])
        return self.poll() or 0

    def send_signal(self, signum: int) -> None:
        """Send it a signal; nothing where it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, signum)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def fork(job: Job, address: str) -> Forked:
    """Ask the process that listens at `address` for a fork.

    Raises:
        OSError: nobody listens there.
        RuntimeError: the request was refused, with its reason.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(10 * PATIENCE)
        asking.connect(address)
        asking.sendall(json.dumps(asdict(job)).encode() + b"\n")
        answer, handles, _, _ = socket.recv_fds(asking, 4096, 1)
    told = json.loads(answer or b'{"refused": "the process that forks has ended"}')
    if "refused" in told:
        raise RuntimeError(f"no fork: {told['refused']}")
    return Forked(told["pid"], handles[0])


def serve(address: str, uids: range, memory: int) -> Callable[[], object]:
    """Answer requests for ever. In each fork it returns: with what that fork is to do.

    Args:
        address: The socket's path. Every account may connect.
        uids: The learners' accounts; no fork gets another.
        memory: The bytes that a fork may have for itself, beside what it shares.

    Raises:
        RuntimeError: Something that is imported started a thread.
    """
    _open_to_all([Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]])
    preload()
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("got threads in the process that forks. A fork needs to have none: they would be missing there.")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
    listening = socket.socket(socket.AF_UNIX)
    Path(address).unlink(missing_ok=True)
    listening.bind(address)
    os.chmod(address, 0o666)
    listening.listen(64)
    FILES.extend(file for module in [*sys.modules.values()] if (file := getattr(module, "__file__", None)))
    gc.collect()
    gc.freeze()  # the collector would write into every page of what is shared
    while True:
        asking, _ = listening.accept()
        with asking:
            try:
                job, server = _read(asking, uids)
            except (OSError, ValueError, TypeError) as error:
                _answer(asking, {"refused": str(error)})
                continue
            ready, done = os.pipe()
            if pid := os.fork():
                os.close(done)
                handle = os.pidfd_open(pid)
                # Until the fork belongs to its learner, a signal from there would be refused.
                became = select.select([ready], [], [], PATIENCE)[0] and os.read(ready, 1)
                _answer(asking, {"pid": pid} if became else {"refused": "it ended at once"}, handle)
                os.close(handle)
                os.close(ready)
                continue
        listening.close()
        os.close(ready)
        run = _become(job, server, memory)
        os.write(done, b"1")
        os.close(done)
        return run


def preload() -> None:
    """Import what learners need, and do once what each does first: what that leaves in memory is there for all."""
    for package in map(importlib.import_module, PRELOADED_WHOLE):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in PRELOADED:
        importlib.import_module(name)
    import helpers

    helpers.ShapeLab().close()
    model, tokenizer = helpers.load_bert("sequence"), helpers.load_tokenizer()
    model(**tokenizer(["one sentence"], return_tensors="pt"))


def _open_to_all(folders: Sequence[Path]) -> None:
    """Let every account reach these folders, where one above them is closed, as a home often is.

    In this process's own view of the file system only (`unshare --mount`): there, the closed folder is an empty one
    that holds nothing but them.
    """
    within: dict[Path, list[Path]] = {}
    for folder in dict.fromkeys(path.resolve() for path in folders):
        if above := [each for each in reversed(folder.parents) if not each.stat().st_mode & 0o001]:
            within.setdefault(above[0], []).append(folder)
    for closed, wanted in within.items():
        with tempfile.TemporaryDirectory() as aside:
            kept = [(folder, Path(aside, str(number))) for number, folder in enumerate(wanted)]
            for folder, copy in kept:
                copy.mkdir()
                _mount("--bind", folder, copy)
            _mount("-t", "tmpfs", "-o", "mode=711", "shape-clinic", closed)
            for folder, copy in kept:
                folder.mkdir(parents=True)
                _mount("--bind", copy, folder)
                subprocess.run(["umount", copy], check=True)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _read(asking: socket.socket, uids: range) -> tuple[Job, int]:
    """Return what is asked for, by whom it may be had, and the process that asked."""
    asking.settimeout(PATIENCE)
    credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    text = b""
    while not text.endswith(b"\n"):
        if not (more := asking.recv(65536)) or len(text) > LONGEST:
            raise ValueError("got a request that doesn't end")
        text += more
    job = Job(**json.loads(text))
    if uid:
        job = Job(**asdict(job) | {"uid": uid})
    if job.uid not in uids or (uid and job.kind != "kernel") or job.kind not in RUNS:
        raise ValueError(f"account {uid} got no {job.kind} as {job.uid}")
    return job, pid


def _answer(asking: socket.socket, told: dict[str, Any], *handles: int) -> None:
    try:
        socket.send_fds(asking, [json.dumps(told).encode()], handles)
    except OSError:
        return  # who asked has gone; a kernel without its server ends by itself


def _become(job: Job, asked: int, memory: int) -> Callable[[], object]:
    """Turn this fork into what was asked for: its account, limits, folder and environment."""
    watch = os.pidfd_open(asked)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.umask(0o077)
    Path("/proc/self/comm").write_text(f"clinic-{job.kind}", encoding="ascii")
    # When memory runs out, the system ends a kernel, and neither the hub nor this process's parent.
    Path("/proc/self/oom_score_adj").write_text("700" if job.kind == "kernel" else "300", encoding="ascii")
    most = int(re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024 + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # a MemoryError in a cell, instead of a dead kernel
    resource.setrlimit(resource.RLIMIT_NPROC, (MANY, MANY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setgroups([])
    os.setgid(job.uid)
    os.setuid(job.uid)
    os.environ.clear()
    os.environ.update(job.env)
    sys.argv = list(job.argv)
    os.chdir(job.cwd)
    # Python's own generator is seeded anew in a fork, NumPy's isn't; torch's begins with one fixed seed anyway.
    sys.modules["numpy"].random.seed(random.getrandbits(32))
    if job.kind == "kernel":
        threading.Thread(target=_end_with, args=[watch], daemon=True).start()
    return RUNS[job.kind]


def _end_with(handle: int) -> None:
    """End this kernel when its server has ended: its parent is another process, which ipykernel would watch."""
    select.select([handle], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(5)
    os._exit(1)


def _kernel() -> object:
    from ipykernel import ipkernel
    from ipykernel.kernelapp import IPKernelApp

    kernel = IPKernelApp.instance()
    # It lists all modules' files for its debugger. Only to look at 4,000 modules copies 23 MB of what is shared.
    with patch.object(ipkernel, "sys", SimpleNamespace(**vars(sys) | {"modules": {}})):
        kernel.initialize(sys.argv[1:])
    kernel.kernel.debugger.kernel_modules = FILES
    # What a training leaves free in small pieces, the C library would keep: 200 MB after lesson 01.
    trim = ctypes.CDLL(None).malloc_trim
    kernel.shell.events.register("post_run_cell", lambda result: trim(0))
    return kernel.start()


def _server() -> object:
    from learner import serve_learner

    return serve_learner()


FILES: list[str] = []  # of all that was imported here
RUNS: dict[str, Callable[[], object]] = {"kernel": _kernel, "server": _server}


def main(arguments: Sequence[str]) -> object:
    """Serve at an address the accounts from one to another; in a fork, do what was asked for."""
    address, first, last, memory = arguments
    return serve(address, range(int(first), int(last) + 1), int(memory))()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))  # type: ignore[arg-type]
