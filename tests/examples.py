"""What `to_code` gives, run in a process that has never seen the learner's: the same error, the same cause.

    python tests/examples.py < CODES.json      which is a list of programs

It prints for each program the exception's type, None where it ran, and what is said of it: outcome and cause.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from judge import Case, Verdict, came_of, diagnosis_of

ROOT = Path(__file__).parents[1]


class Seen(NamedTuple):
    """What came of a program."""

    error: str | None
    outcome: str | None
    cause: str | None


def seen(code: str, path: Path) -> Seen:
    """Run a program from a file and ask about it."""
    path.write_text(code, encoding="utf-8")
    space: dict[str, Any] = {"__name__": "__main__"}
    error = came_of(lambda: exec(compile(code, str(path), "exec"), space), seed=0).error
    asks = "batch" if code.endswith("model(**batch)") else "loss"
    # Who was told how many classes there are had asked about a loss, or a batch, that may raise as well.
    is_told = "classes" in space or asks == "batch"
    said = diagnosis_of(Case("", (), asks, frozenset(), code), space, None if is_told else error)
    return Seen(error and type(error).__name__, said and said.outcome, said and said.cause)


def seen_afresh(codes: list[str]) -> list[Seen]:
    """Run programs in one fresh process, each from a file and with names of its own."""
    command = [sys.executable, __file__]
    came = subprocess.run(
        command, input=json.dumps(codes), capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert came.returncode == 0, came.stderr[-3000:]
    return [Seen(*row) for row in json.loads(came.stdout.splitlines()[-1])]


def code_of(verdict: Verdict) -> str:
    """The example of a diagnosis; "" where none can be made."""
    try:
        return verdict.diagnosis.to_code() if verdict.diagnosis else ""
    except ValueError:
        return ""


def expected(verdict: Verdict) -> Seen:
    """What an example has to come to."""
    said = verdict.diagnosis
    assert said is not None
    return Seen(said.error and said.error.partition(":")[0], said.outcome, said.cause)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = (Path(folder, f"example_{place}.py") for place in range(10**6))
        rows = [seen(code, path) for code, path in zip(json.load(sys.stdin), paths, strict=False)]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
