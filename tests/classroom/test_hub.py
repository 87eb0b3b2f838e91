"""`make hub`, for real: three learners in lesson 01, what none may reach of another's, what survives a kill.

Only root can give learners accounts of their own, and the proxy comes with `make hub`. Without them the tests
skip themselves; `make hub-check`, which CI runs, makes that a failure.
"""

import asyncio
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from browser_server import free_port
from notebook_tools import ROOT

pytest.importorskip("jupyterhub")

from load import Learner, class_of, hub, lesson, memory, sliding
from room import PROXY, TEACHER, Keeper, Room, accounts, cards, main, parsed, prepare

READY = hasattr(os, "geteuid") and os.geteuid() == 0 and PROXY.exists()
if not READY and "SHAPE_CLINIC_REQUIRE_HUB" in os.environ:
    raise RuntimeError("got no root, or no proxy. These tests need both. Try sudo make hub-check.")
# Two hubs on one machine give the same accounts to their learners: here none sits on both.
on_a_hub = pytest.mark.skipif(not READY, reason="needs root and the hub's proxy: sudo make hub-check")
SOON = 40  # seconds until what was killed must be back, on a machine that is busy with others


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="clinic-") as name:
        os.chmod(name, 0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def room(folder: Path) -> Iterator[Room]:
    with hub(folder / "room", 3, free_port(), "--memory", "1.5") as room:
        yield room


@asynccontextmanager
async def seated(room: Room, count: int = 3, before: int = 0) -> AsyncIterator[list[Learner]]:
    """Learners who have logged in, each with a server."""
    async with class_of(room, count, before) as learners:
        assert await asyncio.gather(*(learner.log_in() for learner in learners)) == [True] * count
        await asyncio.gather(*(learner.start_server() for learner in learners))
        yield learners


def processes(room: Room, name: str, kind: str) -> list[int]:
    """The process ids of a learner's servers or kernels."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            owner = int((folder / "status").read_text().partition("Uid:")[2].split()[0])
            if owner == room.accounts[name].uid and (folder / "comm").read_text() == f"clinic-{kind}\n":
                found.append(int(folder.name))
        except OSError:
            continue  # it has ended meanwhile
    return found


async def until(holds: Callable[[], Coroutine[Any, Any, bool]], seconds: float = SOON) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.2)


@on_a_hub
def test_three_learners_run_lesson_01_and_move_its_slider(room: Room) -> None:
    async def run() -> None:
        async with seated(room) as learners:
            cells = await learners[0].cells()
            await asyncio.gather(*(learner.start_kernel() for learner in learners))
            assert await asyncio.gather(*(lesson(each, cells) for each in learners)) == [[], [], []]
            assert all(
                len(taken) == 3 for taken in await asyncio.gather(*(sliding(each, 3) for each in learners))
            )
            assert all(held > 0 for held in memory(room).values())

    asyncio.run(run())


# What learner-02 tries in a cell of her own, and what Python must say. THEIRS is learner-01's home.
TRIES = {
    "read another's notebook": (
        "open(f'{THEIRS}/notebooks/01_wrong_head_size.ipynb').read()",
        "PermissionError",
    ),
    "list another's home": ("os.listdir(THEIRS)", "PermissionError"),
    "list who has a home": ("os.listdir(os.path.dirname(THEIRS))", "PermissionError"),
    "write into another's home": ("open(f'{THEIRS}/x', 'w')", "PermissionError"),
    "reach another's kernel by its socket": (
        "socket.socket(socket.AF_UNIX).connect(SOCKET)",
        "PermissionError",
    ),
    "read the cards": ("open(PRIVATE + '/cards.html').read()", "PermissionError"),
    "end another's kernel": ("os.kill(KERNEL, 9)", "PermissionError"),
    "read another's environment": ("open(f'/proc/{SERVER}/environ').read()", "PermissionError"),
    "read another's memory": ("open(f'/proc/{KERNEL}/mem', 'rb').read(1)", "PermissionError"),
    "become another": ("os.setuid(UID)", "PermissionError"),
    "become root": ("os.setuid(0)", "PermissionError"),
    "change the kit for all": ("open(helpers.__file__, 'a')", "PermissionError"),
    "ask for a fork that is another": (
        "fork(Job('kernel', [], {}, '/', UID), FORKS).pid; owns(UID)",
        "AssertionError",
    ),
    "ask for a fork that is root": ("fork(Job('server', [], {}, '/', 0), FORKS)", "RuntimeError"),
    "end the process that forks": (
        "for each in range(20):\n"
        "    with suppress(RuntimeError): fork(Job('kernel', ['x'], {}, '/nowhere'), FORKS)\n"
        "with socket.socket(socket.AF_UNIX) as asking:\n"
        "    asking.connect(FORKS); asking.sendall(b'[' * 100_000 + b'\\n'); asking.recv(9)\n"
        "fork(Job('kernel', ['x'], {}, '/nowhere'), FORKS)",
        "RuntimeError",
    ),
    "ask another's server": ("get(f'http://127.0.0.1:{PORT}/user/learner-01/api/contents')", "HTTPError"),
    "ask the hub who is there": ("get(os.environ['JUPYTERHUB_API_URL'] + '/users')", "HTTPError"),
    "move the proxy's routes": ("get(f'http://127.0.0.1:{PROXY}/api/routes')", "HTTPError"),
    "write where the settings of root are": ("open(os.path.expanduser('~root/x'), 'w')", "PermissionError"),
    # The same ways to what is her own: these tries can succeed.
    "read her own": ("open('01_wrong_head_size.ipynb').read(); os.listdir(OWN); open(OWN + '/x', 'w')", ""),
    "ask her own server": ("get(os.environ['JUPYTERHUB_SERVICE_URL'] + 'api/contents')", ""),
    "keep a model in her own folder": (
        "from huggingface_hub.constants import HF_HOME; os.makedirs(HF_HOME, exist_ok=True)\n"
        "assert HF_HOME.startswith(OWN)",
        "",
    ),
    "get a fork of her own": ("fork(Job('kernel', ['x'], dict(os.environ), '/'), FORKS).kill()", ""),
}
MEANS = """
import os, socket, sys, time, urllib.request, helpers
from contextlib import suppress
sys.path.insert(0, {hub!r})
from forks import Job, fork
def get(address):
    mine = {{"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}}
    return urllib.request.urlopen(urllib.request.Request(address, headers=mine), timeout=10).read()
def owns(uid):
    time.sleep(1)
    new = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > {pid}]
    assert any(os.stat(f"/proc/{{pid}}").st_uid == uid for pid in new)
THEIRS, OWN, PRIVATE, FORKS, SOCKET = {theirs!r}, os.environ["HOME"], {private!r}, {forks!r}, {socket!r}
UID, KERNEL, SERVER, PORT, PROXY = {uid}, {kernel}, {server}, {port}, {proxy}
"""


@on_a_hub
def test_a_learner_reaches_nothing_of_another_from_a_cell(room: Room) -> None:
    async def run() -> dict[str, str]:
        async with seated(room, 2) as (first, second):
            await asyncio.gather(first.start_kernel(), second.start_kernel())
            (server,), (kernel, *_) = (
                processes(room, first.name, "server"),
                processes(room, first.name, "kernel"),
            )
            home = room.homes / first.name
            told = {"hub": str(ROOT / "classroom" / "hub"), "theirs": str(home), "private": str(room.private)}
            told |= {"forks": str(room.forks), "socket": str(next((home / ".run").glob("*-ipc-1")))}
            told |= {"uid": room.accounts[first.name].uid, "kernel": kernel, "server": server}
            ((_, port),) = listening(server)
            told |= {"port": port, "proxy": room.port + 2, "pid": max(kernel, server)}
            assert second.kernel
            assert await second.kernel.run(MEANS.format(**told)) == ""
            forks = (room.private / "forks.pid").read_text()
            found = {what: await second.kernel.run(code) for what, (code, _) in TRIES.items()}
            assert (room.private / "forks.pid").read_text() == forks
            return found

    assert asyncio.run(run()) == {what: error for what, (_, error) in TRIES.items()}


def listening(pid: int) -> set[tuple[str, int]]:
    """Where a process listens: addresses and ports."""
    found = psutil.Process(pid).net_connections("inet")
    return {(each.laddr.ip, each.laddr.port) for each in found if each.status in ("LISTEN", "NONE")}


@on_a_hub
def test_a_learner_reaches_nothing_of_another_from_a_browser(room: Room) -> None:
    async def run() -> None:
        async with seated(room, 2) as (first, second):
            await first.start_kernel()
            assert first.kernel
            pages = [
                "lab",
                "api/contents/notebooks",
                "api/kernels",
                "api/sessions",
                "files/notebooks/ward.ipynb",
            ]
            for folder in ("workspaces/default", "settings/@jupyterlab/notebook-extension:tracker"):
                told = {"data": {}, "metadata": {"id": "default"}, "raw": "{}"}
                headers = {"X-XSRFToken": first.xsrf}
                address = f"{first.server}/lab/api/{folder}"
                async with first.http.put(address, json=told, headers=headers) as answer:
                    assert (folder, answer.status) == (folder, 204)
            for page in pages:
                for who, status in ((first, 200), (second, 403)):
                    async with who.http.get(f"{first.server}/{page}") as answer:
                        assert (page, answer.status) == (page, status)
            channels = f"{first.server}/api/kernels/{first.kernel.id}/channels"
            async with second.http.get(channels, headers={"Upgrade": "websocket"}) as answer:
                assert answer.status == 403
            async with second.http.get(f"{room.address}/hub/admin") as answer:
                assert answer.status == 403
            second.password = room.accounts[first.name].password
            second.http.cookie_jar.clear()
            assert not await second.log_in()

    asyncio.run(run())


@on_a_hub
def test_too_much_memory_is_an_error_in_that_cell(room: Room) -> None:
    async def run() -> None:
        async with seated(room, 1) as (learner,):
            await learner.start_kernel("notebooks/memory.ipynb")
            assert learner.kernel
            assert await learner.kernel.run("kept = 1") == ""
            assert await learner.kernel.run("much = bytearray(3 << 30)") == "MemoryError"
            assert await learner.kernel.run("import torch; torch.ones(3 << 28)") == "RuntimeError"
            assert await learner.kernel.run("assert kept == torch.get_num_threads() == 1") == ""
            assert await learner.kernel.run("len(bytearray(1 << 30))") == ""

    asyncio.run(run())


SOLVE = "from helpers.practice.progress import remember; remember('01.1')"


def solved(room: Room, name: str) -> list[str]:
    file = room.homes / name / "notebooks" / "shape_clinic_progress.json"
    return sorted(json.loads(file.read_text())["done"]) if file.exists() else []


@on_a_hub
def test_a_killed_kernel_is_back_and_nobody_else_notices(room: Room) -> None:
    async def run() -> None:
        async with seated(room, 2) as (first, second):
            await asyncio.gather(
                first.start_kernel("notebooks/a.ipynb"), second.start_kernel("notebooks/a.ipynb")
            )
            assert first.kernel and second.kernel
            before = set(processes(room, first.name, "kernel"))
            assert await first.kernel.run(SOLVE) == await second.kernel.run("kept = 1") == ""
            running = asyncio.create_task(first.kernel.run("import time; time.sleep(1000)"))
            await asyncio.sleep(1)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            running.cancel()

            async def back() -> bool:
                return bool(set(processes(room, first.name, "kernel")) - before)

            await until(back)
            await first.start_kernel(
                "notebooks/a.ipynb"
            )  # the page asks for the same session, and gets its kernel
            assert await first.kernel.run("1 + 1") == ""
            assert solved(room, first.name) == ["01.1"]
            assert await second.kernel.run("assert kept == 1") == ""

    asyncio.run(run())


@on_a_hub
def test_a_killed_server_starts_again_with_all_files_and_leaves_no_kernel_behind(room: Room) -> None:
    async def run() -> None:
        async with seated(room, 2) as (first, second):
            await asyncio.gather(first.start_kernel(), second.start_kernel())
            assert first.kernel and second.kernel
            assert await first.kernel.run(SOLVE) == await second.kernel.run("kept = 1") == ""
            (server,) = processes(room, first.name, "server")
            os.kill(server, signal.SIGKILL)

            async def gone() -> bool:
                return not processes(room, first.name, "kernel")

            await until(gone)

            async def again() -> bool:
                await first.start_server()
                return processes(room, first.name, "server") not in ([], [server])

            await until(again)
            await first.start_kernel()
            assert await first.kernel.run("1 + 1") == ""
            assert solved(room, first.name) == ["01.1"]
            assert await second.kernel.run("assert kept == 1") == ""

    asyncio.run(run())


@on_a_hub
@pytest.mark.parametrize("name", ["hub", "forks", "proxy"])
def test_what_the_room_needs_starts_again_and_kernels_keep_their_variables(room: Room, name: str) -> None:
    async def run() -> None:
        async with seated(room, 2) as (first, second):
            await first.start_kernel("notebooks/b.ipynb")
            assert first.kernel
            assert await first.kernel.run("kept = 1") == ""
            pid = int((room.private / f"{name}.pid").read_text())
            os.kill(pid, signal.SIGKILL)
            if name != "proxy":  # through which the page reaches its kernel
                assert await first.kernel.run("assert kept == 1") == ""

            async def another() -> bool:
                if int((room.private / f"{name}.pid").read_text()) == pid:
                    return False
                try:
                    return await second.log_in()
                except aiohttp.ClientError:
                    return False  # the proxy doesn't listen yet

            await until(another)
            await second.start_server()
            await second.start_kernel("notebooks/c.ipynb")
            await first.start_kernel("notebooks/b.ipynb")
            assert await first.kernel.run("assert kept == 1") == ""

    asyncio.run(run())


@on_a_hub
def test_one_password_for_all_a_word_on_progress_and_an_end_for_what_nobody_uses(folder: Path) -> None:
    options = ("--password", "the same for all", "--progress", "--idle", "0.05")

    async def run(room: Room) -> None:
        async with seated(room, 2, before=3) as (first, second):
            assert first.password == second.password == "the same for all" != room.accounts[TEACHER].password
            async with (
                first.http.get(f"{room.address}/hub/logout"),
                first.http.get(f"{room.address}/hub/login") as page,
            ):
                assert "which exercises are solved" in await page.text()
            await second.start_kernel()

            async def ended() -> bool:
                return not processes(room, second.name, "kernel") + processes(room, second.name, "server")

            await until(ended, 120)  # once a minute, a server asks itself whether it is needed
            assert (room.homes / second.name / "notebooks" / "ward.ipynb").exists()

    with hub(folder / "other", 5, free_port(), *options) as room:
        asyncio.run(run(room))


@pytest.mark.skipif(not READY, reason="mounts as root")
def test_a_clone_in_a_closed_home_is_open_to_learners_and_the_rest_of_it_is_not(folder: Path) -> None:
    """The process that forks sees a home of its own, in which only the clone lies."""
    home = folder / "home"
    (home / "kit" / ".venv").mkdir(parents=True)
    (home / "kit" / ".venv" / "python").write_text("here")
    (home / "letters").write_text("private")
    home.chmod(0o700)
    code = f"""if True:
        import os, sys
        from pathlib import Path
        from forks import open_to_all
        home = Path({str(home)!r})
        open_to_all([home / "kit" / ".venv", home / "kit", Path(sys.prefix), Path(sys.base_prefix)])
        os.setgroups([]); os.setgid(52001); os.setuid(52001)
        assert (home / "kit" / ".venv" / "python").read_text() == "here"
        assert not (home / "letters").exists()
        import colorsys  # from the standard library, wherever Python lies"""
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(ROOT / "classroom" / "hub")}
    subprocess.run(command, env=env, check=True)
    assert sorted(path.name for path in home.iterdir()) == ["kit", "letters"]


def test_accounts_stay_as_they_were_and_no_two_share_anything() -> None:
    before = accounts(3, "", {})
    after = accounts(5, "", before)
    assert list(after.items())[:4] == list(before.items())
    assert len({account.uid for account in after.values()}) == 6
    assert len({account.password for account in after.values()}) == 6


@pytest.mark.skipif(not READY, reason="asks as root")
def test_a_shared_password_is_left_behind_as_soon_as_it_is_not_asked_for(folder: Path) -> None:
    def passwords(shared: str) -> list[str]:
        room = prepare(folder / "fourth", f"http://127.0.0.1:{free_port()}", 2, shared, 0, 0, False)
        return [account.password for account in room.accounts.values()]

    teacher, *others = passwords("one for all")
    assert others == ["one for all"] * 2
    assert passwords("")[0] == teacher
    assert len({teacher, "one for all", *passwords("")}) == 4
    assert passwords("") == passwords("")


def test_a_number_that_this_machine_gave_away_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = pwd.getpwall()[0]
    monkeypatch.setattr("room.FIRST_UID", somebody.pw_uid - 1)
    with pytest.raises(ValueError, match=f"got account number {somebody.pw_uid}.*Try"):
        accounts(3, "", {})


def test_a_card_says_where_to_go_and_escapes_what_it_is_given() -> None:
    room = Room(Path("/x"), "http://0.0.0.0:8000", 0, 0, False, accounts(1, "<b>&", {}))
    page = cards(room, "10.0.0.7")
    assert page.count("http://10.0.0.7:8000") == 2 and "learner-01" in page
    assert "&lt;b&gt;&amp;" in page and "<b>&" not in page.replace("&lt;b&gt;&amp;", "")


@pytest.mark.skipif(not READY, reason="asks as root")
def test_a_port_that_is_taken_and_a_folder_that_is_too_deep_are_refused_at_once(
    room: Room, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in (
        (["--state", str(folder / "third"), "--port", str(room.port)], "Try --port"),
        (["--state", str(folder / ("deep/" * 10))], "needs a shorter path"),
    ):
        with pytest.raises(SystemExit, match=said):
            main(arguments)


def test_what_ends_again_and_again_is_said_with_its_last_words(tmp_path: Path) -> None:
    room = Room(tmp_path, "http://127.0.0.1:8000", 0, 0, False, accounts(1, "", {}))
    room.private.mkdir()
    keeper = Keeper(room)
    keeper.commands = {name: ["sleep", "100"] for name in keeper.commands}
    keeper.commands["proxy"] = ["sh", "-c", "echo no port for me; exit 3"]
    keeper.keep()
    assert keeper.trouble.startswith("got proxy, which ended 5 times in a minute: no port for me")
    assert all(process.poll() is not None for process in keeper.running.values())


def test_the_help_says_each_default() -> None:
    given = parsed([])
    assert (given.learners, given.port, given.memory, given.idle) == (30, 8000, 2 << 30, 120)


@on_a_hub
def test_only_the_proxy_listens_to_the_room_and_nothing_is_left_behind(folder: Path) -> None:
    async def run(room: Room) -> None:
        async with seated(room, 1, before=5) as (learner,):
            await learner.start_kernel()

    def running() -> list[int]:
        return processes(room, "learner-06", "kernel") + processes(room, "learner-06", "server")

    with hub(folder / "last", 6, free_port(), "--ip", "0.0.0.0") as room:
        asyncio.run(run(room))
        needed = {int((room.private / f"{name}.pid").read_text()) for name in ("forks", "proxy", "hub")}
        assert len(running()) == 2
        for pid in (int((room.private / "forks.pid").read_text()), *running()):  # learners share its memory
            assert b"CONFIGPROXY_AUTH_TOKEN" not in Path(f"/proc/{pid}/environ").read_bytes()
        ports = {address for pid in (*needed, *running()) for address in listening(pid)}
        assert [port for ip, port in ports if ip != "127.0.0.1"] == [room.port]
        # That one; the proxy's own interface, the hub and the learner's server, which ask who is there; and
        # where ipykernel hears the kernel's own subprocesses: it tells nothing there, whatever is sent.
        assert len(ports) == 5
    until = time.monotonic() + SOON
    while running() and time.monotonic() < until:
        time.sleep(0.2)
    assert running() == []
