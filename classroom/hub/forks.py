"""One process that has imported everything once, and forks each learner's server and kernels from itself.

A kernel that starts by itself imports torch, transformers and Keras anew: seconds, and 400 MB that thirty
kernels hold thirty times. A fork has them at once, and shares that memory until it writes there.
No released tool does this: ipykernel's own attempts (its pull requests 410 and 1261) were never merged.

It runs as root, because only root can give a fork to another account. Who asks, the system itself says
(SO_PEERCRED): the hub, which is root, may ask for anybody's server; a learner gets kernels of his own and
nothing else. A request is a line of JSON; the answer is the fork's process id with a handle on it (pidfd).
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import random
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
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

# What the lessons, a kernel and a server import. What is missing here costs memory, and breaks nothing.
PRELOADED = (
    "helpers.lab.widget helpers.keras_bert helpers.trace helpers.data helpers.extension",
    "helpers.diagnosis.explain helpers.drawing.figures helpers.reference.compare helpers.server",
    "helpers.practice.exercises helpers.practice.looks helpers.practice.question helpers.practice.ward",
    "transformers.trainer torch.utils.data torch.optim tqdm.auto matplotlib.pyplot",
    "matplotlib.backends.backend_agg matplotlib_inline.backend_inline",
    "ipykernel.kernelapp ipykernel.ipkernel ipykernel.debugger pdb xmlrpc.server tornado.platform.asyncio",
    "IPython.core.completer IPython.core.completerlib IPython.extensions.storemagic",
    "jupyterhub.singleuser jupyterlab.labapp jupyterlab_server jupyter_lsp",
    "jupyter_lsp.virtual_documents_shadow jupyter_server.kernelspecs.handlers",
    "jupyter_server.nbconvert.handlers jupyter_server.view.handlers jupyter_server_terminals",
    "jupyter_core.migrate notebook_shim notebook_shim.nbserver nbconvert.exporters learner",
)
PRELOADED_WHOLE = ("jupyter_server.services", "transformers.models.bert")
MANY = 200  # processes and threads that one learner may have
LONGEST = 1 << 20  # bytes of a request
CLONE_NEWNS, MS_BIND = 0x20000, 4096  # linux/sched.h, linux/mount.h; Python 3.12 brings os.unshare
PATIENCE = 2.0  # seconds that a request may take to arrive


@dataclass(frozen=True)
class Job:
    """What to fork: a "kernel" or a "server", its arguments, environment, folder; for root, an account."""

    kind: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    uid: int = -1


class Forked:
    """A process that somebody else forked, with the methods of a `subprocess.Popen` that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid, self._pidfd = pid, pidfd
        self.returncode: int | None = None

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


def serve(state: Path, uids: range, memory: int) -> Callable[[], object]:
    """Answer requests for ever. In each fork it returns: with what that fork is to do.

    Args:
        state: The room's folder: the learners' homes, and the socket to which every account may connect.
        uids: The learners' accounts; no fork gets another.
        memory: The bytes that a fork may have for itself, beside what it shares.

    Raises:
        RuntimeError: Something that is imported started a thread.
    """
    open_to_all([Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]])
    preload()
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("got threads in the process that forks, which no fork would have. It needs none.")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
    listening, address = socket.socket(socket.AF_UNIX), state / "forks.sock"
    address.unlink(missing_ok=True)
    listening.bind(str(address))
    address.chmod(0o666)
    listening.listen(64)
    FILES.extend(file for module in [*sys.modules.values()] if (file := getattr(module, "__file__", None)))
    gc.collect()
    gc.freeze()  # the collector would write into every page of what is shared
    while True:
        asking, _ = listening.accept()
        with asking:
            try:
                job, server = _read(asking, uids)
            except (OSError, ValueError, TypeError, RecursionError) as error:
                _answer(asking, {"refused": str(error)})
                continue
            ready, done = os.pipe()
            if pid := os.fork():
                os.close(done)
                _hand_over(asking, pid, ready)
                continue
        listening.close()
        os.close(ready)
        run = _become(job, server, memory, state)
        os.write(done, b"1")
        os.close(done)
        return run


def preload() -> None:
    """Import what learners need, and do what each does first: what that leaves is there for all."""
    for package in map(importlib.import_module, PRELOADED_WHOLE):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in " ".join(PRELOADED).split():
        importlib.import_module(name)
    import helpers

    helpers.ShapeLab().close()
    model, tokenizer = helpers.load_bert("sequence"), helpers.load_tokenizer()
    model(**tokenizer(["one sentence"], return_tensors="pt"))


def open_to_all(folders: Sequence[Path]) -> None:
    """Let every account reach these folders, where one above them is closed, as a home often is.

    In this process's own view of the file system only (`unshare --mount`): there, another folder that holds
    nothing but them stands where the closed one is.
    """
    within: dict[Path, list[Path]] = {}
    resolved = {path.resolve() for path in folders}
    for folder in (each for each in resolved if resolved.isdisjoint(each.parents)):
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


def _hand_over(asking: socket.socket, pid: int, ready: int) -> None:
    """Tell who asked of a fork, once it is its learner's: before, a signal from there would be refused."""
    told: dict[str, Any] = {"refused": "it ended at once"}
    handles: list[int] = []
    with open(ready, "rb") as opened, suppress(ProcessLookupError):
        handles = [os.pidfd_open(pid)]
        if opened.read(1):  # nothing comes where it ended
            told = {"pid": pid}
    _answer(asking, told, *handles)
    for handle in handles:
        os.close(handle)


def _answer(asking: socket.socket, told: dict[str, Any], *handles: int) -> None:
    try:
        socket.send_fds(asking, [json.dumps(told).encode()], handles)
    except OSError:
        return  # who asked has gone; a kernel without its server ends by itself


def _become(job: Job, asked: int, memory: int, state: Path) -> Callable[[], object]:
    """Turn this fork into what was asked for: its account, home, limits, folder and environment."""
    watch = os.pidfd_open(asked)
    own = next(home for home in (state / "homes").iterdir() if home.stat().st_uid == job.uid)
    _stand_at(state / "home", own)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.umask(0o077)
    Path("/proc/self/comm").write_text(f"clinic-{job.kind}", encoding="ascii")
    # When memory runs out, the system ends a kernel, and neither the hub nor this process's parent.
    Path("/proc/self/oom_score_adj").write_text("700" if job.kind == "kernel" else "300", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    most = memory + 1024 * int(status.partition("VmData:")[2].split()[0])
    # More is a MemoryError in a cell, which is better than a dead kernel.
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_NPROC, (MANY, MANY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setgroups([])
    os.setgid(job.uid)
    os.setuid(job.uid)
    os.environ.clear()
    os.environ.update(job.env)
    sys.argv = list(job.argv)
    os.chdir(job.cwd)
    # A fork seeds Python's own generator anew, and not NumPy's; torch's begins with one fixed seed anyway.
    sys.modules["numpy"].random.seed(random.getrandbits(32))
    if job.kind == "kernel":
        threading.Thread(target=_end_with, args=[watch], daemon=True).start()
    return RUNS[job.kind]


def _stand_at(place: Path, folder: Path) -> None:
    """Let a folder stand at another's place, in this process's own view of the file system.

    JupyterLab and huggingface_hub ask for the home while they are imported: once for all learners. So every
    home has the same path, and each learner finds her own there.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(bytes(folder), bytes(place), None, MS_BIND, None):
        raise OSError(ctypes.get_errno(), f"got no view of its own for {folder}")


def _end_with(handle: int) -> None:
    """End this kernel when its server has ended, which isn't its parent: so ipykernel doesn't notice."""
    select.select([handle], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(5)
    os._exit(1)


def _kernel() -> object:
    from ipykernel import ipkernel
    from ipykernel.kernelapp import IPKernelApp

    kernel = IPKernelApp.instance()
    # It lists all modules' files for its debugger. To look at 4,000 modules copies 23 MB that are shared.
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
    """Serve a room and the accounts from one to another; in a fork, do what was asked for."""
    state, first, last, memory = arguments
    return serve(Path(state), range(int(first), int(last) + 1), int(memory))()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))  # type: ignore[arg-type]
