"""How many learners one machine carries: learners who log in, open lesson 01, run it and move its sliders.

    sudo .venv/bin/python classroom/hub/load.py [N ...]      1 5 10 20 where nothing is said

It starts a hub of its own and goes through its proxy as a browser does: the login page, JupyterHub's way to a
server, a session with a kernel, and its messages over a websocket. All learners do each step at the same
moment, which is worse than a class.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from room import Room, answers
from yarl import URL

ROOM = Path(__file__).with_name("room.py")
LESSON = "notebooks/01_wrong_head_size.ipynb"
START = 60  # seconds that the hub, a server or a kernel may take on a machine that is busy with others
CELL = 900  # seconds that a cell may take when everybody trains at once
MOVES = 20  # of a slider, per learner
THINKING = 1.0  # seconds between two moves
# What grows in proportion to the learners.
STRAIGHT = re.compile("MB of all|of the machine|the last|cores|whole lesson")


@dataclass
class Learner:
    """Somebody at a browser: a session of HTTP with its cookies, and later a kernel."""

    name: str
    password: str
    address: str
    http: aiohttp.ClientSession
    kernel: Kernel | None = None

    @property
    def server(self) -> str:
        """Where the learner's own server answers."""
        return f"{self.address}/user/{self.name}"

    async def log_in(self) -> bool:
        """Fill in the login page, unless the hub remembers; whether that let the learner in."""
        login = f"{self.address}/hub/login?next=/hub/home"
        async with self.http.get(login) as page:
            if page.url.path == "/hub/home":
                return True
            xsrf = re.search(r'name="_xsrf" value="([^"]+)"', await page.text())
        form = {"username": self.name, "password": self.password, "_xsrf": xsrf[1] if xsrf else ""}
        async with self.http.post(login, data=form) as answer:
            return answer.status == 200 and answer.url.path == "/hub/home"

    async def start_server(self) -> None:
        """Ask for the server, as the button does, and wait until it answers this learner."""
        async with asyncio.timeout(START):
            while not await self._opened(f"{self.server}/lab"):
                await self._opened(f"{self.address}/hub/spawn")
                await asyncio.sleep(0.1)

    async def _opened(self, page: str) -> bool:
        async with self.http.get(page) as answer:
            return answer.status == 200 and answer.url.path == page.removeprefix(self.address)

    async def api(self, method: str, what: str, **told: Any) -> Any:
        """Call the learner's own server, and return what it says."""
        async with self.http.request(
            method, f"{self.server}/api/{what}", json=told or None, headers={"X-XSRFToken": self.xsrf}
        ) as answer:
            answer.raise_for_status()
            return await answer.json() if answer.content_type == "application/json" else None

    @property
    def xsrf(self) -> str:
        """What each change must bring, so that no other page can make it."""
        cookies = self.http.cookie_jar.filter_cookies(URL(f"{self.server}/"))
        return cookies["_xsrf"].value if "_xsrf" in cookies else ""

    async def cells(self, path: str = LESSON) -> list[dict[str, Any]]:
        """Return the code cells of a notebook, of the learner's own copy."""
        cells = (await self.api("GET", f"contents/{path}"))["content"]["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]

    async def start_kernel(self, path: str = LESSON) -> None:
        """Start a notebook's kernel, and wait until it answers."""
        asked = {"path": path, "name": Path(path).name, "type": "notebook", "kernel": {"name": "python3"}}
        session = await self.api("POST", "sessions", **asked)
        channels = (
            f"{self.server}/api/kernels/{session['kernel']['id']}/channels?session_id={uuid.uuid4().hex}"
        )
        self.kernel = Kernel(session["kernel"]["id"], await self.http.ws_connect(channels, max_msg_size=0))
        await self.kernel.ready()


@dataclass
class Kernel:
    """A kernel as a page sees it: messages over a websocket, and the widgets that were opened by them."""

    id: str
    socket: aiohttp.ClientWebSocketResponse
    widgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    raised: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Take in what comes: which widgets there are, which cell raised, and which request is answered."""
        async for frame in self.socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue  # a widget's picture with buffers
            message = json.loads(frame.data)
            kind, content = message["header"]["msg_type"], message["content"]
            asked = message["parent_header"].get("msg_id", "")
            if kind == "comm_open":
                self.widgets[content["comm_id"]] = content["data"].get("state", {})
            elif kind == "error":
                self.raised[asked] = content["ename"]
            elif kind == "status" and content["execution_state"] == "idle" and asked in self.waiting:
                self.waiting.pop(asked).set_result(self.raised.pop(asked, ""))
        for future in self.waiting.values():
            future.cancel()

    async def ask(self, kind: str, content: dict[str, Any], seconds: float = CELL) -> str:
        """Send a request, and wait until the kernel has done it; return the error's name, or nothing."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.id, "username": "learner"}
        header |= {"version": "5.3", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.waiting[header["msg_id"]] = answered = asyncio.get_running_loop().create_future()
        await self.socket.send_json(message | {"channel": "shell", "buffers": []})
        try:
            return await asyncio.wait_for(answered, seconds)
        finally:
            self.waiting.pop(
                header["msg_id"], None
            )  # nobody waits any more for an answer that comes too late

    async def ready(self) -> None:
        """Wait until it answers at all: what is sent before its sockets are connected is lost."""
        async with asyncio.timeout(START):
            while True:
                with contextlib.suppress(TimeoutError):
                    await self.ask("kernel_info_request", {}, 0.5)
                    return

    async def run(self, code: str) -> str:
        """Run a cell; return the name of the error that it raised, or nothing."""
        told = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return await self.ask("execute_request", told | {"allow_stdin": False, "stop_on_error": False})

    def slider(self, label: str) -> str:
        """Return the id of the slider with a label."""
        return next(name for name, state in self.widgets.items() if state.get("description") == label)

    async def slide(self, label: str, value: int) -> float:
        """Move a slider; return the milliseconds until everything that follows from it has been sent."""
        state = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        started = time.perf_counter()
        await self.ask("comm_msg", {"comm_id": self.slider(label), "data": state})
        return 1000 * (time.perf_counter() - started)


@contextmanager
def hub(state: Path, learners: int, port: int, *options: str) -> Iterator[Room]:
    """Run a hub of its own on this machine alone, and end it afterwards."""
    command = [sys.executable, str(ROOM), "--state", str(state), "--ip", "127.0.0.1", "--port", str(port)]
    with open(state.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen([*command, "--learners", str(learners), *options], stdout=log, stderr=log)
    try:
        until, written = time.monotonic() + START, state / "private" / "room.json"
        while not (written.exists() and answers(Room.read(written))):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the hub did not start: {state.with_suffix('.log').read_text()}")
            time.sleep(0.2)
        yield Room.read(written)
    finally:
        process.terminate()
        process.wait(120)


@asynccontextmanager
async def class_of(room: Room, learners: int, before: int = 0) -> AsyncIterator[list[Learner]]:
    """Give each of some learners a browser, from the one on who has that many before her."""
    names = [name for name in room.accounts if name.startswith("learner")][before : before + learners]
    async with contextlib.AsyncExitStack() as opened:
        yield [
            Learner(
                name,
                room.accounts[name].password,
                room.address,
                await opened.enter_async_context(
                    aiohttp.ClientSession(
                        cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(CELL)
                    )
                ),
            )
            for name in names
        ]


def memory(room: Room) -> dict[str, float]:
    """Return the MB of all servers, of all kernels, and of the room's own processes.

    It is PSS: what processes share counts in equal parts.
    """
    uids = [account.uid for account in room.accounts.values()]
    needed = [(room.private / f"{name}.pid").read_text() for name in ("forks", "proxy", "hub")]
    found = {"server": 0.0, "kernel": 0.0, "room": 0.0}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            kind = (
                "room"
                if folder.name in needed
                else (folder / "comm").read_text().strip().removeprefix("clinic-")
            )
            if folder.name in needed or _owner(folder) in uids:
                pss = re.search(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.MULTILINE)
                found[kind if kind in found else "kernel"] += int(pss[1]) / 1024 if pss else 0
    return found


def _owner(folder: Path) -> int:
    return int(re.search(r"^Uid:\s+(\d+)", (folder / "status").read_text(), re.MULTILINE)[1])  # type: ignore[index]


async def timed(step: Callable[[Learner], Any], learners: Sequence[Learner]) -> tuple[list[float], list[Any]]:
    """Let all do a step at once; return the seconds of each who could, and what each got or why not."""
    seconds = []

    async def one(learner: Learner) -> Any:
        started = time.perf_counter()
        got = await step(learner)
        seconds.append(time.perf_counter() - started)
        return got

    got = await asyncio.gather(*map(one, learners), return_exceptions=True)
    if not seconds:
        raise RuntimeError(f"got nobody who could {step.__name__}") from got[0]
    return seconds, got


async def lesson(learner: Learner, cells: Sequence[dict[str, Any]]) -> list[str]:
    """Run cells one after the other; return those that raised and shouldn't, or didn't and should."""
    assert learner.kernel
    wrong = []
    for cell in cells:
        raised = await learner.kernel.run("".join(cell["source"]))
        if bool(raised) != ("raises-exception" in cell["metadata"].get("tags", [])):
            wrong.append(f"{cell['id']}: {raised or 'nothing raised'}")
    return wrong


async def sliding(learner: Learner, moves: int = MOVES) -> list[float]:
    """Move a slider again and again, as somebody does who looks at what it does; return the milliseconds."""
    assert learner.kernel
    taken = []
    for move in range(moves):
        taken.append(await learner.kernel.slide("num_labels", 2 + move % 4))
        await asyncio.sleep(THINKING)
    return taken


async def measure(room: Room, count: int, train: bool = True) -> dict[str, float]:
    """Let a class of that size go through the lesson, or up to its lab; return a row of the table."""
    async with class_of(room, count) as learners:
        failed = [let is not True for let in (await timed(Learner.log_in, learners))[1]]
        servers, got = await timed(Learner.start_server, learners)
        failed += [isinstance(each, BaseException) for each in got]
        _, notebooks = await timed(Learner.cells, learners)
        kernels, got = await timed(Learner.start_kernel, learners)
        failed += [isinstance(each, BaseException) for each in (*notebooks, *got)]
        cells = next(cells for cells in notebooks if isinstance(cells, list))
        lab = 1 + next(place for place, cell in enumerate(cells) if "ShapeLab(" in "".join(cell["source"]))
        _, first = await timed(lambda learner: lesson(learner, cells[:lab]), learners)
        with_lab, busy, started = memory(room), psutil.cpu_times(), time.perf_counter()
        _, slid = await timed(sliding, learners)
        moves = sorted(ms for each in slid if isinstance(each, list) for ms in each)
        cores = _worked(busy) / (time.perf_counter() - started)
        left = cells[lab:] if train else []
        held = [_in_use()]
        watching = asyncio.create_task(_watch(held))
        whole, rest = await timed(lambda learner: lesson(learner, left), learners)
        watching.cancel()
        after = memory(room)
        failed += [not isinstance(each, list) or bool(each) for each in (*first, *rest)]
        failed += [isinstance(each, BaseException) for each in slid]
    row = {
        "learners": count,
        "failures": sum(failed),
        "a server answers after s (the last)": max(servers),
        "a kernel answers after s (median)": statistics.median(kernels),
        "a kernel answers after s (the last)": max(kernels),
        "with the lab open, MB of a kernel": with_lab["kernel"] / count,
        "with the lab open, MB of a server": with_lab["server"] / count,
        "with the lab open, MB of all": sum(with_lab.values()),
        "a slider's move, ms (p50)": statistics.median(moves),
        "a slider's move, ms (p95)": moves[int(0.95 * len(moves))],
        "cores busy while all move sliders": cores,
    }
    trained = {
        "all run the whole lesson in s": max(whole),
        "meanwhile, MB of the machine in use (the most)": max(held),
        "after the lesson, MB of a kernel": after["kernel"] / count,
        "after the lesson, MB of all": sum(after.values()),
    }
    return row | trained if train else row


def _worked(before: Any) -> float:
    """Return the seconds that the machine's cores have worked since then, this script included."""
    now = psutil.cpu_times()
    return float(sum(now) - now.idle - now.iowait - (sum(before) - before.idle - before.iowait))


def _in_use() -> float:
    """Return the MB that no new process could have, whoever holds them: the room or the rest."""
    system = psutil.virtual_memory()
    return (system.total - system.available) / 2**20


async def _watch(held: list[float]) -> None:
    """Note each second how much is in use, until it is cancelled."""
    while True:
        await asyncio.sleep(1)
        held.append(_in_use())


def predicted(rows: Sequence[dict[str, float]], count: int) -> dict[str, float]:
    """Return what straight lines through the measured rows say of another number, where a line is right."""
    at = [row["learners"] for row in rows]
    lines = {
        name: np.polyfit(at, [row[name] for row in rows], 1) for name in rows[0] if STRAIGHT.search(name)
    }
    return {"learners": count} | {name: float(np.polyval(line, count)) for name, line in lines.items()}


def told(rows: Sequence[dict[str, float]], name: str) -> str:
    """Return one line of the Markdown table: a figure for each number of learners."""
    return (
        f"| {name} | "
        + " | ".join(
            f"{row[name]:.3g}"
            if row.get(name, 1000) < 1000
            else f"{row.get(name, 0):,.0f}"
            if name in row
            else ""
            for row in rows
        )
        + " |"
    )


def main(arguments: Sequence[str]) -> None:
    """Measure each number of learners, and print a table of Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("learners", type=int, nargs="*", default=[1, 5, 10, 20])
    parser.add_argument("--port", type=int, default=8700)
    parser.add_argument("--no-training", action="store_true", help="only up to the lab: minutes less")
    given = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        os.chmod(folder, 0o711)
        for count in given.learners:
            with hub(Path(folder, str(count)), count, given.port) as room:
                rows.append(asyncio.run(measure(room, count, not given.no_training)))
                print(rows[-1], file=sys.stderr)
    if len(rows) > 1:
        rows += [predicted(rows, count) for count in (30, 100) if count not in given.learners]
    print("\n".join(told(rows, name) for name in rows[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
