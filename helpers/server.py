"""What the kit tells the Jupyter server: send every message at once.

A slider's move comes back as several small messages. By default TCP holds the second until the browser has
acknowledged the first, and browsers put that off for up to 40 ms (Nagle's algorithm and delayed
acknowledgement, RFC 1122 section 4.2.3.2). Tornado leaves it so for websockets. Without it a bare slider
with a picture needs 16 ms instead of 41 (`make bench`).
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Prompt(ZMQChannelsWebsocketConnection):
    """Between a page and its kernel, without the wait for acknowledgements."""

    def connect(self) -> Any:
        """Open the connection as the server does, and let no message wait."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Use `Prompt`, unless somebody chose a class of their own, as a gateway to kernels elsewhere does."""
    settings = server.web_app.settings
    if settings["kernel_websocket_connection_class"] is ZMQChannelsWebsocketConnection:
        settings["kernel_websocket_connection_class"] = Prompt
