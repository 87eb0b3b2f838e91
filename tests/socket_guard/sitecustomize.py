"""Refuse every connection that leaves this machine.

Python runs a module of this name by itself where the folder is on PYTHONPATH. It stands in where a network
namespace can't be had. What doesn't go through Python's sockets it doesn't see.
"""

import errno
import sys
from typing import Any

LOCAL = {"127.0.0.1", "::1", "localhost", "", None}
CALLS, LOOKUPS = {"socket.connect", "socket.sendto"}, {"socket.getaddrinfo", "socket.gethostbyname"}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CALLS:
        _, address = arguments
        host = address[0] if isinstance(address, tuple) else None  # a path is on this machine
    elif event in LOOKUPS:
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOCAL:
        raise OSError(
            errno.ENETUNREACH, f"Network is unreachable (the tests allow localhost only, not {name})"
        )


sys.addaudithook(_refuse)
