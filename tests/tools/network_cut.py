"""Run a notebook, or any command, where nothing outside this machine answers.

Best in a network namespace of its own: there, nothing can get out, whatever it is written in. Where the
machine gives none (no Linux, a container without the right), Python's sockets refuse anything but localhost.

    python tests/tools/network_cut.py FOLDER IN OUT    run the notebook IN in FOLDER and write it to OUT
    python tests/tools/network_cut.py -- COMMAND...    become that command
"""

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from notebook_tools import ROOT, execute, read_notebook

GUARD = ROOT / "tests" / "socket_guard"
NAMESPACED = "SHAPE_CLINIC_NAMESPACED"


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
    execute(notebook, Path(folder), allow_errors=True)
    nbformat.write(notebook, after)


if __name__ == "__main__":
    main(*sys.argv[1:])
