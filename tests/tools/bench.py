"""What the lab, an import, a diagnosis and a trace cost without a browser: tests/tools/bench.py [PART ...]

These machines are shared, so a figure in milliseconds says little on another day. Beside `interact` with
Matplotlib, measured in the same minute, stands the lab in bench_browser.py. A diagnosis, its fixes run, is
measured beside what tensor-sensor's `clarify()` adds to the same call, and a trace beside torchinfo's
summary, where those are there (`make compare`).
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
from operator import truediv

import torch
import torch.nn.functional as F
from torch import nn

from helpers import ShapeLab, check_loss, clinic, explain, load_bert, trace_shapes
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

# BERTs that are traced: their sizes, (N, T), how often, and how many times a bare pass a trace may take.
TRACED: dict[str, tuple[dict[str, int], tuple[int, int], int, float]] = {
    "32 wide, 2 layers, (2, 8)": (
        {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64},
        (2, 8),
        101,
        1.5,
    ),
    "BERT-base, (8, 128)": ({"num_hidden_layers": 12, "intermediate_size": 3072}, (8, 128), 15, 1.02),
}


def word(value: float, limit: float) -> str:
    """Say whether a limit holds."""
    return "ok" if value <= limit else "TOO SLOW"


def times_ms(
    *actions: Callable[[], object],
    turns: int = 31,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> list[list[float]]:
    """Run the actions in turns, so that a busy moment meets all of them; return each one's times."""
    times: list[list[float]] = [[] for _ in actions]
    for turn, (taken, action) in itertools.product(range(turns + 2), zip(times, actions, strict=True)):
        start = clock()
        for _ in range(calls):
            action()
        if turn > 1:  # the first two warm up
            taken.append(1000 * (clock() - start) / calls)
    return times


def medians_ms(*actions: Callable[[], object], turns: int = 31, calls: int = 1) -> list[float]:
    """Return the median of each action's times."""
    return [statistics.median(taken) for taken in times_ms(*actions, turns=turns, calls=calls)]


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


def trace_lines() -> Iterable[str]:
    """One line per model: a trace and torchinfo's summary as multiples of a bare pass of the same turn."""
    for name, (sizes, shape, turns, limit) in TRACED.items():
        model, ids = load_bert(**sizes), torch.full(shape, 1)
        calls = [torch.no_grad()(partial(model, input_ids=ids)), partial(trace_shapes, model, input_ids=ids)]
        if importlib.util.find_spec("torchinfo") is not None:
            import torchinfo

            calls.append(partial(torchinfo.summary, model, input_data={"input_ids": ids}, depth=9, verbose=0))
        # Processor time: a limit this close would else be decided by the machine's other work.
        bare, *others = times_ms(*calls, turns=turns, clock=time.process_time)
        ratios = [statistics.median(map(truediv, taken, bare)) for taken in others]
        theirs = f"torchinfo {ratios[1]:.3f} x" if ratios[1:] else "torchinfo not installed"
        told = f"{ratios[0]:6.3f} x a bare pass, {theirs}"
        yield f"trace_shapes, {name:29} {told} (limit {limit} x: {word(ratios[0], limit)})"


PARTS = {
    "lab": (lab_lines,),
    "import": (import_lines,),
    "diagnosis": (success_lines, diagnosis_lines),
    "trace": (trace_lines,),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # One thread: on a shared machine a second one mostly waits for its neighbours.
    torch.set_num_threads(1)
    for lines in itertools.chain(*(PARTS[part] for part in sys.argv[1:] or PARTS)):
        for line in lines():
            print(line, flush=True)
