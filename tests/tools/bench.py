"""What the lab costs without a browser, and what importing it costs: python tests/tools/bench.py

These machines are shared, so a figure in milliseconds says little on another day. Beside `interact` with
Matplotlib, measured in the same minute, stands the lab in bench_browser.py.
"""

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import ipywidgets as widgets

from helpers import ShapeLab
from helpers.lab.control import SENTENCES

MOVES = 60


def median_ms(change: Callable[[], object], moves: int = MOVES) -> float:
    """Call `change` a few times to warm up, then `moves` times, and return the median in milliseconds."""
    for _ in range(5):
        change()
    times = []
    for _ in range(moves):
        start = time.perf_counter()
        change()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def setter(control: widgets.Widget, values: Iterable[object]) -> Callable[[], None]:
    """Return a function that gives the control the next of `values`, each different from the one before."""
    turns = itertools.cycle(values)
    return lambda: setattr(control, "value", next(turns))


def lab_lines() -> Iterable[str]:
    """One line per kind of change: its median, and whether it is within its limit."""
    lab = ShapeLab()
    other = "\n".join(reversed(SENTENCES))
    changes = {
        "head": (lab.num_labels, range(1, 11), 10),
        "batch": (lab.batch_size, range(1, 9), 10),
        "target": (lab.target_size, range(9), 10),
        "sentences": (lab.sentences, ["\n".join(SENTENCES), other], 60),
    }
    for name, (control, values, limit) in changes.items():
        own = median_ms(setter(control, values))
        verdict = "ok" if own < limit else "TOO SLOW"
        yield f"ShapeLab, {name:21} median {own:6.1f} ms  (limit {limit} ms: {verdict})"


def import_lines() -> Iterable[str]:
    """What `import helpers` costs beside `import torch`, each in a fresh process, taken in turns."""
    codes = {name: f"import {name}" for name in ("torch", "helpers", "torch, helpers")}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(5):
        for name, code in codes.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[name].append(time.perf_counter() - start)
    torch_alone = statistics.median(times["torch"])
    for name, taken in times.items():
        ratio = statistics.median(taken) / torch_alone
        verdict = "" if name == "torch" else f"  (limit 1.1 x: {'ok' if ratio <= 1.1 else 'TOO SLOW'})"
        yield f"import {name:14} median {statistics.median(taken):5.2f} s  {ratio:5.2f} x{verdict}"


if __name__ == "__main__":
    for line in itertools.chain(lab_lines(), import_lines()):
        print(line, flush=True)
