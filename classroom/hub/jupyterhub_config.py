"""The room's JupyterHub: accounts from cards, a server per learner from `forks`, a proxy that outlives it.

`room` starts it, and says in the environment where everything lies.
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from forks import Job, fork
from jupyterhub.auth import Authenticator
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from room import ONE_THREAD, TEACHER, Room

room = Room.read(Path(os.environ["SHAPE_CLINIC_ROOM"]))


class Cards(Authenticator):
    """Whoever has an account's card is let in: the name and the password that stand on it."""

    async def authenticate(self, handler: Any, data: dict[str, str] | None = None) -> str | None:
        """Return the account's name, or None."""
        given, account = data or {}, room.accounts.get((data or {}).get("username", ""))
        right = secrets.compare_digest(
            given.get("password", "").encode(),
            (account.password if account else secrets.token_hex()).encode(),
        )
        return given["username"] if account and right else None


class ForkSpawner(LocalProcessSpawner):
    """A learner's server, forked into an account that exists as a number only and owns one home."""

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add what belongs to the account; the kit's settings for threads hold in its kernels too."""
        own = {"HOME": str(room.home), "JUPYTER_RUNTIME_DIR": str(room.home / ".run"), "SHELL": "/bin/bash"}
        own |= {"USER": self.user.name, "LOGNAME": self.user.name, "IPYTHONDIR": str(room.home / ".ipython")}
        return env | own | ONE_THREAD | {"SHAPE_CLINIC_FORKS": str(room.forks)}

    async def start(self) -> tuple[str, int]:
        """Fork the server, and say where it will answer."""
        self.port, uid = random_port(), room.accounts[self.user.name].uid
        home = room.homes / self.user.name
        if not home.exists():
            home.mkdir(mode=0o700)
            os.chown(home, uid, uid)
        job = Job("server", ["jupyterhub-singleuser", *self.get_args()], self.get_env(), str(room.home), uid)
        self.pid = (await asyncio.to_thread(fork, job, str(room.forks))).pid
        return "127.0.0.1", self.port


c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.JupyterHub.bind_url = room.address
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = room.port + 1
c.JupyterHub.db_url = f"sqlite:///{room.private}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{room.private}/cookie_secret"
c.JupyterHub.log_level = "WARN"
# The proxy is a process of its own, so that pages stay connected to their kernels while the hub starts anew.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{room.port + 2}"
c.JupyterHub.last_activity_interval = 5  # seconds; then it also tells a new proxy its routes

c.JupyterHub.authenticator_class = Cards
c.Authenticator.allowed_users = set(room.accounts)
c.Authenticator.admin_users = {TEACHER}
c.JupyterHub.admin_access = False  # the teacher starts and ends servers, and looks into none
if room.progress:
    told = "The teacher can see which exercises are solved, and, if she asks for names, by whom."
    c.JupyterHub.template_vars = {"announcement_login": told}

c.JupyterHub.spawner_class = ForkSpawner
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.poll_interval = 5
seconds = int(60 * room.idle)
c.Spawner.args = [
    # A socket on the loopback interface is open to every account of the machine: its outputs could be read.
    "--KernelManager.transport=ipc",
    # A kernel that does nothing goes, though a page shows it; then the server, if nothing else runs there.
    f"--MappingKernelManager.cull_idle_timeout={seconds}",
    f"--MappingKernelManager.cull_interval={min(seconds, 300)}",
    "--MappingKernelManager.cull_connected=True",
    f"--ServerApp.shutdown_no_activity_timeout={max(seconds // 2, 1)}",
]
c.Spawner.environment = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "forked"}
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL"]
