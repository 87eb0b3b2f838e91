"""Write the archive from which a machine with Python, and no network, sets the kit up: `make bundle`.

A zip, because every system opens one with a double click, and Python alone does (`python3 -m zipfile -e`).
Nothing in it is compressed: wheels are already. It fits machines like this one, and this Python's version.
Progress goes to stderr, so that stdout has the archive's path alone.
"""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from install import LIST, WHEELS, sha256

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "shape-clinic"
INSTALL = "classroom/bundle/install.py"
PYTHON = sys.version_info[:2]
PLATFORM = sysconfig.get_platform()


def requirements() -> list[str]:
    """List what the wheels must hold: what a learner and the projector need, and what installs the kit."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    # hatchling asks for editables once it is asked for `pip install -e`.
    installs = ["pip", "editables", *settings["build-system"]["requires"]]
    return [*project["dependencies"], *project["optional-dependencies"]["present"], *installs]


def collect(cache: Path) -> list[Path]:
    """Let pip bring the wheels into a folder of `cache`, once for each lock; return them."""
    lock = ROOT / "requirements.lock"
    key = hashlib.sha256(repr((requirements(), lock.read_bytes(), PYTHON, PLATFORM)).encode())
    folder = cache / key.hexdigest()[:16]
    complete = folder / "complete"
    if not complete.exists():
        say(f"Bringing the wheels into {folder}.")
        flags = output(sys.executable, ROOT / ".ci" / "cpu_index.py").decode().split()
        pip = [sys.executable, "-m", "pip", "download", "--only-binary=:all:", "--dest", folder]
        subprocess.run([*pip, *flags, "-c", lock, *requirements()], stdout=sys.stderr, check=True)
        complete.touch()
    return sorted(folder.glob("*.whl"))


def committed() -> dict[str, bytes]:
    """Read the kit's files from the last commit, as a fresh clone has them."""
    if changed := output("git", "status", "--porcelain"):
        say(f"The archive holds the last commit. These changes are not in it:\n{changed.decode().rstrip()}")
    with tarfile.open(fileobj=io.BytesIO(output("git", "archive", "HEAD"))) as archive:
        return {file.name: archive.extractfile(file).read() for file in archive if file.isfile()}


def write(archive: Path, kit: dict[str, bytes], wheels: Iterable[Path]) -> None:
    """Write an archive of the kit's files, the wheels with their sums, and what installs them."""
    sums = {wheel.name: sha256(wheel) for wheel in wheels}
    made_for = {"python": PYTHON, "platform": PLATFORM, "wheels": sums}
    files = kit | {"install.py": kit[INSTALL], f"{WHEELS}/{LIST}": json.dumps(made_for, indent=1).encode()}
    archive.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(archive, "w") as zipped:
        # ZipInfo's own date is in 1980: make never sees a file that is newer than its stamps.
        for name, content in files.items():
            zipped.writestr(ZipInfo(f"{FOLDER}/{name}"), content)
        for wheel in wheels:
            entry = ZipInfo(f"{FOLDER}/{WHEELS}/{wheel.name}")
            with wheel.open("rb") as source, zipped.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def output(*command: str | Path) -> bytes:
    """Return what a command says, which runs in this checkout."""
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout


def say(words: str) -> None:
    """Tell the person who waits."""
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    """Write the archive into dist/ and print its path."""
    kit = committed()
    version = tomllib.loads(kit["pyproject.toml"].decode())["project"]["version"]
    archive = ROOT / "dist" / f"shape-clinic-{version}-{PLATFORM}-cp{PYTHON[0]}{PYTHON[1]}.zip"
    wheels = collect(ROOT / "build" / "wheels")
    say(f"Writing {len(wheels)} wheels and {len(kit)} files of the kit.")
    write(archive, kit, wheels)
    say(f"{archive.stat().st_size / 1e6:.0f} MB:")
    print(archive)


if __name__ == "__main__":
    main()
