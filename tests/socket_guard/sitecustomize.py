"""Write down what a process does that could leave this machine, and refuse what would.

Python runs a module of this name by itself where the folder is on PYTHONPATH, and tells it of each event
below before it happens. What doesn't go through Python's own sockets it doesn't hear of.
In a network namespace nothing is refused: there is nowhere to go.
"""

import errno
import json
import os
import sys
from itertools import islice
from traceback import walk_stack
from types import FrameType
from typing import Any

LOCAL = {"127.0.0.1", "::1", "localhost", "", None}
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
OUTWARD = {"socket.connect", "socket.sendto", "socket.sendmsg", *LOOKUPS}
PROGRAMS = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
# A pickle that names a class or a function: one that could run anything.
PICKLE = "pickle.find_class"
TOLD = {*OUTWARD, "socket.bind", *PROGRAMS, PICKLE}
RECORD = os.environ.get("SHAPE_CLINIC_RECORD")


def _host(event: str, arguments: tuple[Any, ...]) -> Any:
    """Return whom the event is about: an address's first part, a name, or None for a path."""
    if event in LOOKUPS:
        host = arguments[0]
    else:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is on this machine
    return host.decode() if isinstance(host, bytes) else host


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in OUTWARD:
        return
    host = _host(event, arguments)
    if host not in LOCAL:
        raise OSError(
            errno.ENETUNREACH, f"Network is unreachable (the tests allow localhost only, not {host})"
        )


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in TOLD:  # Python tells of every call of id(), too
        return
    if event == PICKLE:
        what = ".".join(arguments)
    elif event in PROGRAMS:
        what = os.fsdecode(arguments[0]) if arguments else ""
    else:
        what = _host(event, arguments)
    _write(event, what, sys._getframe(1))


def _write(event: str, what: Any, frame: FrameType | None) -> None:
    callers = [f"{each.f_code.co_filename}:{line}" for each, line in islice(walk_stack(frame), 3)]
    os.write(_log, (json.dumps([event, what, callers]) + "\n").encode())


if RECORD:
    _log = os.open(RECORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    _write("python", " ".join(sys.orig_argv), sys._getframe())
    sys.addaudithook(_record)
if not os.environ.get("SHAPE_CLINIC_NAMESPACED"):
    sys.addaudithook(_refuse)
