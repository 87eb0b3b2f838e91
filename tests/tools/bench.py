"""What the lab costs, as ratios taken in one run: python tests/tools/bench.py

These machines are shared, so a figure in milliseconds says little on another day. Each line stands beside
what it is compared with, measured in the same minute.
"""

import contextlib
import io
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import ipywidgets as widgets
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

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


def with_interact(lab: ShapeLab) -> widgets.interactive:
    """The same update as it is usually written: `interact`, and the flow as a Matplotlib figure."""
    hidden_states = lab.experiment._hidden_states

    def update(num_labels: int) -> None:
        logits = nn.Linear(768, num_labels)(hidden_states[:4, 0]).detach()
        target = torch.tensor([2, 0, 1, 2])
        try:
            verdict = f"loss {F.cross_entropy(logits, target):.3f}"
        except IndexError as error:
            verdict = str(error)
        figure = Figure(figsize=(9, 2))
        axes = figure.add_subplot(title=verdict)
        for stage, tensor in enumerate((hidden_states[:4], logits, target)):
            rows, columns = (
                tensor.shape[0],
                12 if tensor.ndim == 3 else tensor.shape[-1] if tensor.ndim == 2 else 1,
            )
            for row, column in itertools.product(range(rows), range(columns)):
                axes.add_patch(Rectangle((20 * stage + column, row), 1, 1, fill=False))
            axes.text(20 * stage, rows + 0.5, str(tuple(tensor.shape)))
        axes.set(xlim=(0, 60), ylim=(0, 6))
        FigureCanvasAgg(figure).print_png(io.BytesIO())

    return widgets.interactive(update, num_labels=widgets.IntSlider(3, 1, 10))


def lab_lines() -> Iterable[str]:
    """One line per kind of change: its median, and its ratio to `interact` with Matplotlib."""
    lab = ShapeLab()
    other = "\n".join(reversed(SENTENCES))
    changes = {
        "head": (lab.num_labels, range(1, 11), 10),
        "batch": (lab.batch_size, range(1, 9), 10),
        "target": (lab.target_size, range(9), 10),
        "sentences": (lab.sentences, ["\n".join(SENTENCES), other], 60),
    }
    with contextlib.redirect_stdout(io.StringIO()):  # `interact` clears a terminal's lines
        usual = median_ms(setter(with_interact(lab).children[0], range(1, 11)))
    yield f"interact + Matplotlib, head     median {usual:6.1f} ms"
    for name, (control, values, limit) in changes.items():
        own = median_ms(setter(control, values))
        verdict = "ok" if own < limit else "TOO SLOW"
        yield f"ShapeLab, {name:21} median {own:6.1f} ms  {own / usual:5.2f} x  (limit {limit} ms: {verdict})"


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
