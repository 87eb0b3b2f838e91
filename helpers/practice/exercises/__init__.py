"""What the exercises ask for: a file per lesson, and in it `exercise_1` and so on.

Each takes the learner's answers and yields the `Need`s of the exercise. Its docstring says why the right
answer works: it is shown once all of them are met.
"""

from __future__ import annotations

import csv
from pathlib import Path


def work_file(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file that lies beside the lessons, in the folder `work`.

    Raises:
        FileNotFoundError: The notebook runs in another folder than its own.
    """
    path = Path("work", name)
    if not path.is_file():
        raise FileNotFoundError(
            f"got no {path} in {Path.cwd()}. The check needs it. Try the lesson's own folder."
        )
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
