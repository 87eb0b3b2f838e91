"""What a diagnosis costs: python tests/tools/bench_diagnosis.py

The success path is measured beside the bare call, in turns; a diagnosis, its fixes run, beside what
tensor-sensor's `clarify()` adds to the same failing call, where that is installed (`make compare` does).
"""

import contextlib
import importlib.util
import io
import itertools
import statistics
import time
import warnings
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import nn

from helpers import check_loss, clinic, explain

Around = Callable[[], contextlib.AbstractContextManager[object]]
LIMIT_MS = 5
TURNS = 31
# The sizes of BERT-base reading 32 sentences of 128 tokens.
N, T, H, TAGS = 32, 128, 768, 9

HIDDEN = torch.randn(N, T, H)
SENTENCE_HEAD, TAG_HEAD, OTHER_HEAD = nn.Linear(H, 3), nn.Linear(H, TAGS), nn.Linear(512, 3)
SENTENCES, TOKENS = SENTENCE_HEAD(HIDDEN[:, 0]), TAG_HEAD(HIDDEN)
LABELS, TOPICS = torch.arange(N) % 4, torch.arange(N) % TAGS
TAGGED = torch.arange(N * T).view(N, T) % TAGS
SMALL, SMALL_LABELS = torch.randn(4, 3), torch.tensor([0, 1, 3, 0])


# The line that fails is an assignment in each: tensor-sensor reads no other.
def label_3_for_4_rows() -> None:
    loss = F.cross_entropy(SMALL, SMALL_LABELS)
    loss.backward()


def label_3_for_32_rows() -> None:
    loss = F.cross_entropy(SENTENCES, LABELS)
    loss.backward()


def one_label_for_128_tokens() -> None:
    loss = F.cross_entropy(TOKENS, TOPICS)
    loss.backward()


def tags_on_the_wrong_axis() -> None:
    loss = F.cross_entropy(TOKENS, TAGGED)
    loss.backward()


def tag_9_of_4096_rows() -> None:
    logits, target = TOKENS.view(-1, TAGS), (TAGGED + 1).view(-1)
    loss = F.cross_entropy(logits, target)
    loss.backward()


def head_of_512_on_768() -> None:
    logits = OTHER_HEAD(HIDDEN)
    logits.sum()


FAILING = {
    "label 3 for (4, 3)": label_3_for_4_rows,
    "label 3 for (32, 3)": label_3_for_32_rows,
    "one label for (32, 128, 9)": one_label_for_128_tokens,
    "tags for (32, 128, 9)": tags_on_the_wrong_axis,
    "tag 9 for (4096, 9)": tag_9_of_4096_rows,
    "Linear(512, 3) on (32, 128, 768)": head_of_512_on_768,
}
LEGAL: dict[str, Callable[[], object]] = {
    "loss of (4, 3)": lambda: F.cross_entropy(SMALL, SMALL_LABELS % 3),
    "loss of (4096, 9)": lambda: F.cross_entropy(TOKENS.view(-1, TAGS), TAGGED.view(-1)),
    "head on (32, 128, 768)": lambda: TAG_HEAD(HIDDEN),
}


def medians_ms(*actions: Callable[[], object], calls: int = 1) -> list[float]:
    """Run the actions in turns, so that a busy moment meets all of them; return each one's median."""
    times: list[list[float]] = [[] for _ in actions]
    for turn, (index, action) in itertools.product(range(TURNS + 2), enumerate(actions)):
        start = time.perf_counter()
        for _ in range(calls):
            action()
        if turn > 1:  # the first two warm up
            times[index].append(1000 * (time.perf_counter() - start) / calls)
    return [statistics.median(taken) for taken in times]


def error_of(call: Callable[[], object], around: Around = contextlib.nullcontext) -> Exception:
    """Make a failing call inside a context and return what came out of it."""
    try:
        with around():
            call()
    except Exception as error:  # each is meant to fail
        return error
    raise AssertionError(f"{call.__name__} did not fail")


def success_lines() -> Iterable[str]:
    """One line per legal call: what standing in `clinic()` costs it."""
    for name, call in LEGAL.items():

        def watched(call: Callable[[], object] = call) -> None:
            with clinic():
                call()

        # A function around both, so that the difference is the clinic's.
        bare, inside = medians_ms(lambda call=call: call(), watched, calls=20)
        yield f"success, {name:34} {1000 * bare:8.1f} us, in clinic() {inside / bare:5.2f} x"


def diagnosis_lines() -> Iterable[str]:
    """Two lines per failing call: one explanation, and what tensor-sensor adds to the call."""
    for name, call in FAILING.items():
        error = error_of(call)
        diagnosis = explain(error)
        (own,) = medians_ms(lambda error=error: explain(error))
        said = f"{diagnosis.cause}, {len(diagnosis.fixes)} fixes" if diagnosis else "nothing"
        verdict = "ok" if own < LIMIT_MS else "TOO SLOW"
        yield f"explain, {name:34} {own:8.2f} ms  says {said} (limit {LIMIT_MS} ms: {verdict})"
        yield f"  tensor-sensor {'':27} {tensor_sensor(call)}"
    (own,) = medians_ms(lambda: check_loss(F.cross_entropy, TOKENS.movedim(-1, 1), TAGGED))
    yield f"check_loss, {'a legal (32, 9, 128)':31} {own:8.2f} ms"


def tensor_sensor(call: Callable[[], object]) -> str:
    """What `clarify()` adds to a failing call: milliseconds, and whether a word."""
    if importlib.util.find_spec("tsensor") is None:
        return "not installed"
    import tsensor

    def clarify() -> contextlib.AbstractContextManager[object]:
        return tsensor.clarify(show=None)

    with contextlib.redirect_stdout(io.StringIO()) as printed:  # it prints when it can't read a line
        bare, clarified = medians_ms(lambda: error_of(call), lambda: error_of(call, clarify))
        words = str(error_of(call, clarify)).removeprefix(str(error_of(call))).strip()
    said = "could not read the line" if printed.getvalue() else words.replace("\n", " ") or "nothing"
    return f"{clarified - bare:8.2f} ms  says {said}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # One thread: on a shared machine a second one mostly waits for its neighbours.
    torch.set_num_threads(1)
    for line in itertools.chain(success_lines(), diagnosis_lines()):
        print(line, flush=True)
