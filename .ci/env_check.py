"""Install environment.yml's pip part in a clean venv and run `python -m helpers` there.

conda itself is not needed. What conda would bring (python and torch) comes from this Python and from pip.
"""

import shlex
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import cpu_index
import yaml

ROOT = Path(__file__).resolve().parents[1]


def pip_arguments(environment: str) -> list[str]:
    """Give the lines of environment.yml's pip part as pip's own arguments."""
    (lines,) = [item["pip"] for item in yaml.safe_load(environment)["dependencies"] if isinstance(item, dict)]
    return [word for line in lines for word in shlex.split(line)]


def main() -> None:
    arguments = pip_arguments((ROOT / "environment.yml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="shape-clinic-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        pip = [python, "-m", "pip", "install", "--quiet", *cpu_index.pip_flags(), *arguments]
        print("pip install", *arguments, flush=True)
        subprocess.run(pip, cwd=ROOT, check=True)
        subprocess.run([python, "-m", "helpers"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
