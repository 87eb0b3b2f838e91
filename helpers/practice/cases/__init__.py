r"""The ward's patients: short programs as people reported them, and what each must do once it is mended.

A file per patient, named by its number: lines `key: value`, an empty line, the program. The keys are
    level    1: it raises, and the message helps. 2: the message stands elsewhere, or misleads.
             3: it is silent, or only the last batch or the evaluation shows it
    says     what the person who brought it says
    url      the public thread that it is made from
    cause    what is accepted, of `CAUSES`, the best word first
    near     `cause: sentence`, for a cause that is nearly right
    raises   the exception and a part of its message; or nothing
    asks     where nothing is raised: what to ask the kit, an expression
    why      what was wrong, told in the end
    mend     `old => new`, every part of the solution; `\n` is a new line
    other    another good solution; several parts are joined by ` && `
    around   the same for a change that hides the mistake and is refused
    need     `what | expression | value | hint`: what must hold after the mended program has run. `seen`
             is what reached the loss
    own      what the objects of the five looks are called in this program: see `helpers.practice.looks`
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from helpers.diagnosis.explain import explain
from helpers.diagnosis.said.result import Diagnosis
from helpers.practice.checks import Checked, Need, judged
from helpers.trace import IGNORED
from helpers.trial import came_of

FOLDER = Path(__file__).parent
NOTHING = "nothing"
_LOSSES = {
    F.cross_entropy,
    F.nll_loss,
    F.mse_loss,
    F.l1_loss,
    F.binary_cross_entropy,
    F.binary_cross_entropy_with_logits,
}


@dataclass(frozen=True)
class Case:
    """One patient. Its attributes are the keys of its file."""

    number: int
    level: int
    says: str
    url: str
    causes: tuple[str, ...]
    near: dict[str, str]
    raises: str
    asks: str
    why: str
    mends: tuple[str, ...]
    others: tuple[str, ...]
    arounds: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    own: tuple[str, ...]
    program: str

    @property
    def mark(self) -> str:
        """The program's first line, by which its cell is found again."""
        return self.program.partition("\n")[0]

    @property
    def solution(self) -> str:
        """The program, mended."""
        return changed(self.program, *self.mends)


def cases() -> tuple[Case, ...]:
    """Return all patients by their numbers."""
    return tuple(read(path) for path in sorted(FOLDER.glob("*.txt")))


@cache
def read(path: Path) -> Case:
    """Read a patient's file."""
    head, _, program = path.read_text(encoding="utf-8").partition("\n\n")
    told: dict[str, list[str]] = {}
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        told.setdefault(key, []).append(value)
    one = {key: values[0] for key, values in told.items()}
    near = (each.partition(": ") for each in told.get("near", []))
    return Case(
        number=int(path.stem),
        level=int(one["level"]),
        says=one["says"],
        url=one["url"],
        causes=tuple(one["cause"].split()),
        near={cause: sentence for cause, _, sentence in near},
        raises=one["raises"],
        asks=one.get("asks", ""),
        why=one["why"],
        mends=tuple(told["mend"]),
        others=tuple(told["other"]),
        arounds=tuple(told["around"]),
        needs=tuple(tuple(each.split(" | ")) for each in told["need"]),
        own=tuple(told.get("own", [])),
        program=f"# patient {int(path.stem)}\n{program}",
    )


def changed(program: str, *changes: str) -> str:
    """Return a program after changes `old => new`, each of something that stands in it once.

    >>> changed("a = 1", "1 => 2")
    'a = 2'
    """
    for change in changes:
        old, new = change.replace("\\n", "\n").split(" => ")
        if program.count(old) != 1:
            raise ValueError(f"got {program.count(old)} of {old!r}. A change needs one. Try a longer part.")
        program = program.replace(old, new)
    return program


@dataclass
class Seen:
    """What reached a loss while a program ran.

    Attributes:
        rows: How many rows of targets a model learned from, epochs counted each time.
        counts: How often each label was learned from, without those that are ignored.
        losses: Each loss that was learned from.
        scores: The last scores that were learned from.
        target: Their targets.
        tested: How many rows of targets met a loss without being learned from.
    """

    rows: int = 0
    counts: Counter[float] = field(default_factory=Counter)
    losses: list[float] = field(default_factory=list)
    scores: Any = None
    target: Any = None
    tested: int = 0

    def note(self, scores: Any, target: Any, loss: Any, learns: bool) -> None:
        """Keep what one call of a loss was given, and what it gave."""
        if not isinstance(target, Tensor) or not target.ndim:
            return
        if not learns:
            self.tested += len(target)
            return
        self.rows += len(target)
        self.counts.update(each for each in target.flatten().tolist() if each != IGNORED)
        self.losses.append(float(loss.detach().mean()))
        self.scores, self.target = scores.detach(), target.detach()

    @property
    def labels(self) -> dict[float, int]:
        """How often each label was learned from, the lowest first."""
        return dict(sorted(self.counts.items()))

    def mean(self, part: slice) -> float:
        """Return the mean of some of the losses, such as the last five: `slice(-5, None)`."""
        return sum(self.losses[part]) / len(self.losses[part])


class _Watch(TorchFunctionMode):
    """Looks on while torch's losses are called; what they do stays as it is."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen, self._inside = seen, False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func in _LOSSES and not self._inside:
            given = {**dict(zip(("input", "target"), args, strict=False)), **kwargs}
            self._seen.note(given["input"], given["target"], result, torch.is_grad_enabled())
        return result

    @contextmanager
    def keras(self) -> Iterator[None]:
        """Look on while Keras' models compute a loss, whatever that calls in torch."""
        keras = sys.modules.get("keras")
        if keras is None:
            yield
            return
        before = keras.Model.compute_loss

        # Keras looks for the name `training` among the arguments.
        def compute_loss(
            model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True
        ) -> Any:
            self._inside = True
            try:
                loss = before(model, x, y, y_pred, sample_weight, training)
            finally:
                self._inside = False
            if training:  # else the model is only built, or evaluated
                self._seen.note(y_pred, y, loss, True)
            return loss

        keras.Model.compute_loss = compute_loss
        try:
            yield
        finally:
            keras.Model.compute_loss = before


class Ran(NamedTuple):
    """What came of a program: its names, what it raised, and what reached the loss."""

    names: dict[str, Any]
    error: Exception | None
    seen: Seen


def run(program: str, name: str) -> Ran:
    """Run a program as if nothing had run before it, and say what came of it. Its prints are not shown."""
    linecache.cache[name] = len(program), None, program.splitlines(keepends=True), name
    names: dict[str, Any] = {"__name__": "__main__"}
    seen = Seen()
    if "keras" in program:  # it must be there before it can be watched
        import helpers.keras_bert  # noqa: F401
    watch = _Watch(seen)

    def go() -> None:
        with watch.keras(), watch:
            exec(compile(program, name, "exec"), names)

    return Ran(names, came_of(go, seed=0).error, seen)


def said_of(case: Case, ran: Ran) -> Diagnosis | None:
    """Ask the kit about a program's error, or, where it is silent, what the patient's file asks."""
    if ran.error is not None:
        return explain(ran.error)
    if not case.asks:
        return None
    from helpers.diagnosis import check_batch, check_loss

    found: Any = eval(case.asks, {**ran.names, "check_batch": check_batch, "check_loss": check_loss})
    return found if isinstance(found, Diagnosis) else None


def judge(case: Case, program: str) -> Checked:
    """Say whether a mended program does all that it must: running is not enough."""
    checked: Checked = came_of(
        lambda: judged(lambda: _needs(case, program), case.why)
    ).value  # nothing is printed
    return checked


def _needs(case: Case, program: str) -> Iterator[Need]:
    hint = "a mistake that is caught is still there, and the batch it stopped is lost"
    yield Need("places that swallow an error", lambda: _swallows(program), 0, hint, decides=True)
    ran = run(program, f"<patient {case.number}>")
    yield Need("run afresh, the program", lambda: _came(ran), "runs", "run its cell once more", decides=True)
    names = {**ran.names, "seen": ran.seen}
    for what, expression, value, hint in case.needs:
        yield Need(what, _looks(expression, names), ast.literal_eval(value), hint)


def _looks(expression: str, names: dict[str, Any]) -> Callable[[], Any]:
    return lambda: eval(expression, names)


def _came(ran: Ran) -> str:
    if ran.error is not None:
        raise ran.error  # the check tells it
    return "runs"


def _swallows(program: str) -> int:
    r"""Count what keeps an error from being seen.

    >>> _swallows("try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass"), _swallows("1 / 0")
    (1, 0)
    """
    nodes = list(ast.walk(ast.parse(program)))
    tries = [node for node in nodes if isinstance(node, ast.Try) and node.handlers]
    names = {name for node in nodes for key, name in ast.iter_fields(node) if key in ("id", "attr", "name")}
    return len(tries) + ("suppress" in names)
