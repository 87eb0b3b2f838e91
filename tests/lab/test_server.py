"""What the kit tells a server, and how the tests' own server ends.

No message of a kernel waits for the browser's acknowledgement: JupyterLab's, and the projector's.
"""

import asyncio
import re
import socket
import sys
from types import SimpleNamespace

import browser_server
import pytest
from jupyter_client.manager import KernelManager
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from notebook_tools import ROOT
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect
from traitlets.utils.importstring import import_item

from helpers.server import Prompt, _load_jupyter_server_extension

SETTING = "kernel_websocket_connection_class"


@pytest.mark.parametrize("connection", [ZMQChannelsWebsocketConnection, Prompt])
def test_only_the_kits_connection_sends_at_once(connection, monkeypatch):
    nodelay = []

    async def connect(self):  # in the place of the server's own, which would start to talk with a kernel
        opened = self.websocket_handler.ws_connection.stream.socket
        nodelay.append(bool(opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))

    class Page(KernelWebsocketHandler):
        prepare = on_close = lambda self: None  # nobody logs in

        async def get(self):
            await WebSocketHandler.get(self)

        def select_subprotocol(self, subprotocols):
            return None

        async def open(self):
            await connection(parent=KernelManager(), websocket_handler=self).connect()
            self.close()

    async def talk():
        listening, port = bind_unused_port()
        server = HTTPServer(Application([("/", Page)]))
        server.add_socket(listening)
        page = await websocket_connect(f"ws://127.0.0.1:{port}/")
        assert await page.read_message() is None  # closed: `connect` has been awaited
        server.stop()

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connect)
    asyncio.run(talk())
    assert nodelay == [connection is Prompt]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own
def test_an_installation_loads_it(tmp_path, monkeypatch):
    for folder in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{folder}_DIR", str(tmp_path / folder))
    server = ServerApp(root_dir=str(tmp_path), open_browser=False, allow_root=True)
    server.initialize(argv=[], new_httpserver=False)
    assert server.web_app.settings[SETTING] is Prompt


def test_a_class_of_somebodys_own_is_left():
    class Own(ZMQChannelsWebsocketConnection):
        pass

    settings = {SETTING: Own}
    _load_jupyter_server_extension(SimpleNamespace(web_app=SimpleNamespace(settings=settings)))
    assert settings == {SETTING: Own}


def test_the_projectors_page_is_told_by_its_command():
    # Voilà loads no server extension.
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (name,) = re.findall(rf"--Voila\.{SETTING}=(\S+)", makefile)
    assert import_item(name) is Prompt


def test_a_server_that_does_not_end_is_ended_and_says_where_it_stood(tmp_path, monkeypatch):
    deaf = """if True:
        import signal, socket, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        door = socket.create_server(("127.0.0.1", 0))
        print(f"running at: http://127.0.0.1:{door.getsockname()[1]}/?token=x", flush=True)
        def never_ends():
            while True:
                time.sleep(1)
        never_ends()
    """
    monkeypatch.setattr(browser_server, "STOP_TIMEOUT", 1)
    noticed = pytest.warns(UserWarning, match="didn't end in 1 s(.|\n)*in never_ends")
    with noticed, browser_server.serving([sys.executable, "-c", deaf], tmp_path, tmp_path):
        pass
