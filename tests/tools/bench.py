"""What the lab, an import and a diagnosis cost without a browser: python tests/tools/bench.py [diagnosis]

These machines are shared, so a figure in milliseconds says little on another day. Beside `interact` with
Matplotlib, measured in the same minute, stands the lab in bench_browser.py. A diagnosis, its fixes run, is
measured beside what tensor-sensor's `clarify()` adds to the same call, where that is there (`make compare`).
"""

import contextlib
import importlib.util
import io
import itertools
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from helpers import ShapeLab, check_loss, clinic, explain
from helpers.lab.control import SENTENCES
from helpers.trial import came_of

# The sizes of BERT-base reading 32 sentences of 128 tokens.
N, T, H, TAGS = 32, 128, 768, 9
HIDDEN = torch.randn(N, T, H)
TAG_HEAD = nn.Linear(H, TAGS)
TOKENS, TAGGED = TAG_HEAD(HIDDEN), torch.arange(N * T).view(N, T) % TAGS
LABELS, TOPICS = torch.arange(N) % 4, torch.arange(N) % TAGS
SMALL, SMALL_LABELS = torch.randn(4, 3), torch.tensor([0, 1, 3, 0])


# The line that fails is an assignment in each: tensor-sensor reads no other.
def a_loss(logits: torch.Tensor, target: torch.Tensor) -> None:
    loss = F.cross_entropy(logits, target)
    loss.backward()


def a_head(head: nn.Linear, hidden: torch.Tensor) -> None:
    logits = head(hidden)
    logits.sum()


FAILING = {
    "label 3 for (4, 3)": partial(a_loss, SMALL, SMALL_LABELS),
    "label 3 for (32, 3)": partial(a_loss, nn.Linear(H, 3)(HIDDEN[:, 0]), LABELS),
    "one label for (32, 128, 9)": partial(a_loss, TOKENS, TOPICS),
    "tags for (32, 128, 9)": partial(a_loss, TOKENS, TAGGED),
    "tag 9 for (4096, 9)": partial(a_loss, TOKENS.view(-1, TAGS), (TAGGED + 1).view(-1)),
    "Linear(512, 3) on (32, 128, 768)": partial(a_head, nn.Linear(512, 3), HIDDEN),
}
LEGAL = {
    "loss of (4, 3)": partial(F.cross_entropy, SMALL, SMALL_LABELS % 3),
    "loss of (4096, 9)": partial(F.cross_entropy, TOKENS.view(-1, TAGS), TAGGED.view(-1)),
    "head on (32, 128, 768)": partial(TAG_HEAD, HIDDEN),
}


def word(value: float, limit: float) -> str:
    """Say whether a limit holds."""
    return "ok" if value <= limit else "TOO SLOW"


def medians_ms(*actions: Callable[[], object], turns: int = 31, calls: int = 1) -> list[float]:
    """Run the actions in turns, so that a busy moment meets all of them; return each one's median."""
    times: list[list[float]] = [[] for _ in actions]
    for turn, (taken, action) in itertools.product(range(turns + 2), zip(times, actions, strict=True)):
        start = time.perf_counter()
        for _ in range(calls):
            action()
        if turn > 1:  # the first two warm up
            taken.append(1000 * (time.perf_counter() - start) / calls)
    return [statistics.median(taken) for taken in times]


def lab_lines() -> Iterable[str]:
    """One line per kind of change: its median, and whether it is within its limit."""
    lab = ShapeLab()
    texts = ["\n".join(SENTENCES), "\n".join(reversed(SENTENCES))]
    changes: dict[str, tuple[object, Sequence[object], float]] = {
        "head": (lab.num_labels, range(1, 11), 10),
        "batch": (lab.batch_size, range(1, 9), 10),
        "target": (lab.target_size, range(9), 10),
        "sentences": (lab.sentences, texts, 60),
    }
    for name, (control, values, limit) in changes.items():
        turns = itertools.cycle(values)
        (own,) = medians_ms(lambda control=control, turns=turns: setattr(control, "value", next(turns)))
        yield f"ShapeLab, {name:21} median {own:6.1f} ms  (limit {limit} ms: {word(own, limit)})"


def import_lines() -> Iterable[str]:
    """What `import helpers` costs beside `import torch`, each in a fresh process, taken in turns."""
    names = ("torch", "helpers", "torch, helpers")
    runs = [partial(subprocess.run, [sys.executable, "-c", f"import {name}"], check=True) for name in names]
    times = medians_ms(*runs, turns=5)
    for name, taken in zip(names, times, strict=True):
        ratio = taken / times[0]
        verdict = "" if name == "torch" else f"  (limit 1.1 x: {word(ratio, 1.1)})"
        yield f"import {name:14} median {taken / 1000:5.2f} s  {ratio:5.2f} x{verdict}"


def success_lines() -> Iterable[str]:
    """One line per legal call: what standing in `clinic()` costs it."""
    for name, call in LEGAL.items():
        bare, inside = medians_ms(call, clinic()(call), calls=20)
        yield f"success, {name:34} {1000 * bare:8.1f} us, in clinic() {inside / bare:5.2f} x"


def diagnosis_lines() -> Iterable[str]:
    """Two lines per failing call: one explanation, and what tensor-sensor adds to the call."""
    for name, call in FAILING.items():
        error = came_of(call, 0).error
        diagnosis = explain(error)
        (own,) = medians_ms(partial(explain, error))
        said = f"{diagnosis.cause}, {len(diagnosis.fixes)} fixes" if diagnosis else "nothing"
        yield f"explain, {name:34} {own:8.2f} ms  says {said} (limit 5 ms: {word(own, 5)})"
        yield f"  tensor-sensor {'':27} {tensor_sensor(call)}"
    (own,) = medians_ms(lambda: check_loss(F.cross_entropy, TOKENS.movedim(-1, 1), TAGGED))
    yield f"check_loss, {'a legal (32, 9, 128)':31} {own:8.2f} ms"


def tensor_sensor(call: Callable[[], object]) -> str:
    """What `clarify()` adds to a failing call: milliseconds, and whether a word."""
    if importlib.util.find_spec("tsensor") is None:
        return "not installed"
    import tsensor

    def said(around: contextlib.AbstractContextManager[object]) -> str:
        try:
            with around:
                call()
        except Exception as error:  # each is meant to fail
            return str(error)
        raise AssertionError("it did not fail")

    def plain() -> str:
        return said(contextlib.nullcontext())

    def clarified() -> str:
        return said(tsensor.clarify(show=None))

    with contextlib.redirect_stdout(io.StringIO()) as printed:  # it prints when it can't read a line
        bare, own = medians_ms(plain, clarified)
        words = clarified().removeprefix(plain()).strip()
    added = "could not read the line" if printed.getvalue() else words.replace("\n", " ") or "nothing"
    return f"{own - bare:8.2f} ms  says {added}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # One thread: on a shared machine a second one mostly waits for its neighbours.
    torch.set_num_threads(1)
    kinds = (success_lines, diagnosis_lines)
    for lines in kinds if sys.argv[1:] == ["diagnosis"] else (lab_lines, import_lines, *kinds):
        for line in lines():
            print(line, flush=True)
