"""A learner's own server, in a fork of its own: a copy of the notebooks, and kernels that are forked too."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast

from forks import Job, fork
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
AWAY = shutil.ignore_patterns(".*", "*shape_clinic_progress.*", "legacy")


class ForkedKernel(LocalProvisioner):
    """A Python kernel as a fork of the process that has imported everything; any other kernel as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork it. Where nobody forks just now, it starts as usual: seconds later, but it starts."""
        if "ipykernel_launcher" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments, folder = cmd[cmd.index("ipykernel_launcher") :], str(kwargs.get("cwd") or Path.cwd())
        job = Job("kernel", arguments, dict(kwargs.get("env") or os.environ), folder)
        try:
            forked = await asyncio.to_thread(fork, job, os.environ["SHAPE_CLINIC_FORKS"])
        except OSError as error:
            self.log.warning("This kernel starts slowly: nobody forks (%s).", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = cast("subprocess.Popen[bytes]", forked)
        self.pid = self.pgid = forked.pid
        self.cwd = folder
        return self.connection_info


def serve_learner() -> object:
    """Give the learner a copy of the notebooks, unless one is there, and serve it until the hub says stop."""
    from jupyterhub.singleuser import main

    own = Path.home() / "notebooks"
    if not own.exists():
        half = own.with_name(".notebooks")  # whoever is cut off here begins anew
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(NOTEBOOKS, half, ignore=AWAY)
        half.rename(own)
    group = KernelProvisionerFactory.GROUP_NAME
    KernelProvisionerFactory.provisioners["forked"] = EntryPoint("forked", "learner:ForkedKernel", group)
    return main()
