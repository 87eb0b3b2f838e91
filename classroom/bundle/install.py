"""Set Shape Clinic up without a network: `python3 install.py`, in the folder that the archive unpacked to.

Python alone is enough. pip comes as a wheel with the others, because Debian's Python brings none for a new
environment. Running it again does no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEELS = "wheels"
LIST = "bundle.json"  # among the wheels: what the archive was made for, and the sum of each wheel
# The Makefile's: with these, `make lab` and `make present` find all that they need installed.
STAMPS = (".learner-stamp", ".presenter-stamp")


class Unfit(Exception):
    """This machine or this copy won't do: what came, what is needed, what to try."""

    def __init__(self, what: str, got: str, needs: str, hint: str) -> None:
        super().__init__(f"{what}\n    got:   {got}\n    needs: {needs}\n    try:   {hint}")


def sha256(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check_python(needed: list[int]) -> None:
    """Check that this Python is the one whose wheels these are."""
    wanted, here = (".".join(map(str, version)) for version in (needed, sys.version_info[:2]))
    if here != wanted:
        hint = f"python{wanted} install.py; on Windows: py -{wanted} install.py"
        raise Unfit("python", f"Python {here}, {sys.executable}", f"Python {wanted}", hint)


def check_sums(sums: dict[str, str]) -> None:
    """Check that every wheel is there, and as it was when the archive was made."""
    wheels = HERE / WHEELS
    missing = [name for name in sums if not (wheels / name).is_file()]
    broken = [name for name in sums if name not in missing and sha256(wheels / name) != sums[name]]
    found = [f"no {name}" for name in missing] + [f"{name}, which is not as it was made" for name in broken]
    if found:
        hint = "copy the archive again, from another stick if there is one, and unpack it again"
        raise Unfit("wheels", "; ".join(found), f"all {len(sums)} wheels, whole", hint)


def check_platform(made_for: str, names: list[str]) -> None:
    """Check that this machine can use the wheels: its system, its processor, and how old its system is."""
    # pip's own rules, out of the very pip that will install.
    from pip._vendor.packaging.tags import sys_tags
    from pip._vendor.packaging.utils import parse_wheel_filename

    here = list(sys_tags())
    others = [name for name in names if parse_wheel_filename(name)[-1].isdisjoint(here)]
    if others:
        needs = f"a machine like the one where it was made ({made_for}), or a newer system"
        hint = "make bundle, on a machine like this one that has internet"
        raise Unfit("platform", f"{here[0].platform}, which can't use {'; '.join(others)}", needs, hint)


def install(pip: Path) -> Path:
    """Make `.venv` and install the kit into it from the wheels; return its Python."""
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(HERE / ".venv")
    python = HERE / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # No setting of this machine's own may send pip to an index.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    path = os.pathsep.join(filter(None, [str(pip), env.get("PYTHONPATH")]))
    env |= {"PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": path}
    command = [python, "-m", "pip", "install", "--no-index", "--find-links", WHEELS]
    wanted = ["-c", "requirements.lock", "pip", "-e", ".[present]"]
    subprocess.run([*command, *wanted], cwd=HERE, env=env, check=True)
    for stamp in STAMPS:
        (HERE / ".venv" / stamp).touch()
        # make compares times, and without internet a laptop's clock may stand years behind its Python.
        newest = max(time.time(), python.stat().st_mtime + 1)
        os.utime(HERE / ".venv" / stamp, (newest, newest))
    return python


def main() -> int:
    """Check, install, check what was installed; return the exit status."""
    try:
        if not (HERE / WHEELS / LIST).is_file():
            needs = "the folder that the archive unpacked to, with all that is in it"
            hint = "unpack the archive again; make bundle makes it"
            raise Unfit("archive", f"no {WHEELS}/{LIST} in {HERE}", needs, hint)
        made_for = json.loads((HERE / WHEELS / LIST).read_text(encoding="utf-8"))
        check_python(made_for["python"])
        print(f"Checking the {len(made_for['wheels'])} wheels.", flush=True)
        check_sums(made_for["wheels"])
        (pip,) = (HERE / WHEELS).glob("pip-*.whl")
        sys.path.insert(0, str(pip))
        check_platform(made_for["platform"], list(made_for["wheels"]))
        print("Installing them into .venv, which takes some minutes.", flush=True)
        python = install(pip)
    except Unfit as problem:
        print("NO ", problem)
        return 1
    except subprocess.CalledProcessError:
        print("NO  pip could not install the wheels: see above. Try: delete .venv, then run this again.")
        return 1
    if subprocess.run([python, "-m", "helpers"], cwd=HERE, check=False).returncode:
        return 1
    print(f"\nTo start, in {HERE}:\n    make lab\nor, where there is no make:")
    print(f"    {python.relative_to(HERE)} -m jupyterlab {Path('notebooks/00_start_here.ipynb')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
