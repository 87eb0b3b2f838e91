"""Run a notebook, or any command, where nothing outside this machine answers.

Best in a network namespace of its own: there, nothing can get out, whatever it is written in. Where the
machine gives none (no Linux, a container without the right), Python's sockets refuse anything but localhost.
What tries all the same is written down: `harm` reads it.

    python tests/tools/network_cut.py FOLDER IN OUT    run the notebook IN in FOLDER and write it to OUT
    python tests/tools/network_cut.py -- COMMAND...    become that command
"""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event, Thread

import nbformat
import psutil
from nbformat import NotebookNode
from notebook_tools import ROOT, execute, read_notebook

GUARD = ROOT / "tests" / "socket_guard"
NAMESPACED = "SHAPE_CLINIC_NAMESPACED"
RECORD = "SHAPE_CLINIC_RECORD"
SEEN = "seen.jsonl"
# Addresses of this machine alone: None is a path, or a socket that has no address yet.
LOOPBACK = {"127.0.0.1", "::1", None}
# Only looked up: "" and None stand for this machine.
NAMES = LOOPBACK | {"localhost", ""}
# Python asks it what processor this is.
PROCESSOR = {"uname"}


@dataclass(frozen=True)
class Cut:
    """A way to cut the network: in words, what goes before a command, and what into its environment."""

    way: str
    prefix: tuple[str, ...]
    environment: dict[str, str]

    def run(self, notebook: NotebookNode, folder: Path, scratch: Path) -> NotebookNode:
        """Run a copy of `notebook` without the network, whatever its cells raise, and return that copy."""
        before, after = scratch / "before.ipynb", scratch / "after.ipynb"
        nbformat.write(notebook, before)
        command = self.around(str(folder), str(before), str(after))
        env = os.environ | self.environment
        run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=1800, check=False)
        if run.returncode:
            raise RuntimeError(
                f"Without the network the notebook could not be run:\n{run.stdout}\n{run.stderr}"
            )
        return read_notebook(after)

    def around(self, *arguments: str) -> list[str]:
        """Return the command that runs this file, with these arguments, behind the cut."""
        return [*self.prefix, sys.executable, __file__, *arguments]


def socket_guard() -> Cut:
    """Return the way that every machine allows."""
    python_path = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
    return Cut("with sockets to anything but localhost refused", (), {"PYTHONPATH": python_path})


@cache
def best_cut() -> Cut:
    """Return the strictest way that this machine allows."""
    for prefix in (("unshare", "--net", "--map-root-user"), ("unshare", "--net")):
        if shutil.which(prefix[0]) and _works(prefix):
            return Cut(f"in a network namespace of its own ({' '.join(prefix)})", prefix, {NAMESPACED: "1"})
    return socket_guard()


def _works(prefix: tuple[str, ...]) -> bool:
    command = [*prefix, sys.executable, "-c", "import network_cut; network_cut.raise_loopback()"]
    folder = ROOT / "tests" / "tools"
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@contextmanager
def watched(seen: Path) -> Iterator[None]:
    """Write into `seen` which sockets this process's children hold, and what their Python tells of itself.

    Five times a second every socket is looked at, whatever made it. Python tells of its own, however short.
    """
    python_path = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
    before = os.environ.copy()
    os.environ.update({"PYTHONPATH": python_path, RECORD: str(seen)})
    over, sockets = Event(), set()

    def look() -> None:
        while not over.wait(0.2):
            sockets.update(held())

    looking = Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        os.environ.clear()
        os.environ.update(before)
        with seen.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps([*socket, []]) + "\n" for socket in sockets)


def held() -> Iterator[tuple[str, str | None]]:
    """Give the state and each address of every socket of this process's children, and of theirs."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended in between
            for each in process.net_connections("all"):
                for address in (each.laddr, each.raddr):
                    yield each.status, address[0] if isinstance(address, tuple) and address else None


def harm(seen: Path) -> list[str]:
    """List what was seen that leaves this machine, loads a pickle or starts another program."""
    told = [json.loads(line) for line in seen.read_text(encoding="utf-8").splitlines()]
    # A kernel's own start, and its ports: a watch that missed them proves nothing.
    missed = {"python", "LISTEN"} - {event for event, *_ in told}
    harms = (each for each in told if not _harmless(*each[:2]))
    return [f"no {event} was seen" for event in sorted(missed)] + [
        f"{event} {what} {' '.join(callers)}" for event, what, callers in harms
    ]


def _harmless(event: str, what: str | None) -> bool:
    if event == "python":
        return True
    if event.startswith("socket.get"):
        return what in NAMES
    if event.startswith(("subprocess.", "os.", "pickle.")):
        return what in PROCESSOR
    return what in LOOPBACK


def raise_loopback() -> None:
    """Do what `ip link set lo up` does: a kernel is spoken to through the namespace's own localhost."""
    import fcntl  # Not on Windows, which has no namespaces either.
    import socket

    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, get_flags, request))
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", flags | up))


def main(*arguments: str) -> None:
    """Run one notebook, or become a command; the cut is already around this process."""
    if os.environ.get(NAMESPACED):
        raise_loopback()
    if arguments[0] == "--":
        os.execvp(arguments[1], arguments[1:])
    folder, before, after = arguments
    notebook = read_notebook(Path(before))
    with watched(Path(after).with_name(SEEN)):
        execute(notebook, Path(folder), allow_errors=True)
    nbformat.write(notebook, after)


if __name__ == "__main__":
    main(*sys.argv[1:])
