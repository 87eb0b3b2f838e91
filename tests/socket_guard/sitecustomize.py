"""Refuse every connection that leaves this machine.

Python runs a module of this name by itself where the folder is on PYTHONPATH. It stands in where a network
namespace can't be had. What doesn't go through Python's sockets it doesn't see.
"""

import errno
import socket
from collections.abc import Callable
from typing import Any

LOCAL = {"127.0.0.1", "::1", "localhost", "", None}


def _host(address: Any) -> Any:
    # A path (a Unix socket) is on this machine.
    return address[0] if isinstance(address, tuple) else None


def _refuse(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOCAL:
        raise OSError(
            errno.ENETUNREACH, f"Network is unreachable (the tests allow localhost only, not {name})"
        )


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        # The address comes first or, for sendto, last.
        _refuse(_host(arguments[-1]))
        return method(self, *arguments)

    return guarded


def _guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse(host)
        return lookup(host, *arguments, **options)

    return guarded


for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _guarded(getattr(socket.socket, _name)))
for _name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, _name, _guarded_lookup(getattr(socket, _name)))
