"""Five looks at a program that fails or learns nothing, and which of the ward's patients each would find.

`LOOKS` is the code of lesson 07's cells, word for word: a test holds that. `found` runs that same code on a
patient, whose file says what the objects of the looks are called there.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from helpers.bert import quiet_transformers
from helpers.practice.cases import Case, cases, run
from helpers.table import table, tag
from helpers.trial import came_of

# Each ends in what is expected: a dictionary, and all of it is true.
LOOKS = {
    "labels": """\
values = torch.as_tensor(labels)
known = values[values != -100]  # -100: ignored
print(values.dtype, tuple(values.shape), Counter(known.tolist()).most_common(9))
{
    "int64": values.dtype == torch.int64,
    "from 0": bool(known.min() >= 0),
    "to num_labels - 1": bool(known.max() < num_labels),
}""",
    "batch": """\
batch = next(iter(loader))
print({name: (tuple(each.shape), each.dtype) for name, each in batch.items()})
ids = batch["input_ids"]
print(tokenizer.decode(ids[0]))
tokens = ids != tokenizer.pad_token_id
mask = batch.get("attention_mask", torch.ones_like(ids))  # left out: all ones
{
    "a label per row": len(batch["labels"]) == len(ids),
    "a mask of the ids' shape": mask.shape == ids.shape,
    "1 for each token, 0 for padding": torch.equal(mask.bool(), tokens),
}""",
    "forward": """\
model = model.cpu().eval()
with torch.no_grad():
    logits = logits_of(batch)
target = batch["labels"]
print("logits", tuple(logits.shape), "labels", tuple(target.shape))
axes = tuple(target.shape)  # labels in floating point: of the logits' shape
axes += () if target.is_floating_point() else (num_labels,)
{"the shape that the labels need": tuple(logits.shape) == axes}""",
    "loss": """\
loss = float(criterion(logits, target))
guess = math.log(max(num_labels, 2))  # one output, yes or no: ln 2
print(f"loss {loss:.2f}, a guess costs {guess:.2f}")
{"from half a guess to two": guess / 2 < loss < guess * 2}""",
    "step": """\
four = {name: each[:4] for name, each in next(iter(loader)).items()}
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for _ in range(60):
    loss = criterion(logits_of(four), four["labels"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
guesses = logits_of(four).argmax(dim=-1)  # over the classes
one = {name: each[:1] for name, each in four.items()}
right = [evaluate(four), evaluate(one)]
print(f"loss {loss.item():.2f}", guesses.tolist(), four["labels"].tolist(), right)
{"loss near 0": loss.item() < 0.1, "so says your evaluation": right == [1, 1]}""",
}
# 2 to 4 with the first batch, then with the last one, which may be smaller, or hold the longest row.
_FIRST, _LAST = "batch = next(iter(loader))", "for batch in loader:\n    pass"
_EACH = ("batch", "forward", "loss")
ROUNDS = (
    ("labels", LOOKS["labels"]),
    *((name, LOOKS[name]) for name in _EACH),
    *((name, LOOKS[name].replace(_FIRST, _LAST)) for name in _EACH),
    ("step", LOOKS["step"]),
)
# What a program calls these objects, where its file does not say otherwise. {name} stands for what the
# program assigns to a name, {call(0)} for what it hands to a call: a mended program is looked at as mended.
OWN = """
import math, torch, torch.nn.functional as F
from collections import Counter
from torch.utils.data import DataLoader
from helpers import load_tokenizer
tokenizer = globals().get("tokenizer", load_tokenizer())
criterion = globals().get("criterion", F.cross_entropy)
labels = [review.label for review in reviews]
num_labels = 3
loader = loader
logits_of = lambda batch: model(**{name: each for name, each in batch.items() if name != "labels"}).logits
evaluate = lambda batch: (logits_of(batch).argmax(-1) == batch["labels"]).float().mean()
"""
_TRAINER = "loader = trainer.get_train_dataloader()"
_KERAS = """
labels = {model.fit(1)}
loader = DataLoader(
    [dict(zip(["input_ids", "labels"], row)) for row in zip({model.fit(0)}, labels)], batch_size=8
)
logits_of = lambda batch: model(batch["input_ids"])
criterion = lambda logits, target: model.compute_loss(y=target, y_pred=logits)
"""
OF_A = {"trainer.train(": _TRAINER, "model.fit(": _KERAS}
_TRAINS = re.compile(r"\.backward\(|\.fit\(|trainer\.train\(")
_FILLED = re.compile(r"\{([\w.]+)(?:\((\d)\))?\}")


@dataclass(frozen=True)
class Found:
    """One patient, and the first look that finds its mistake.

    Attributes:
        case: The patient.
        look: The look that is not as expected on its program, and as expected on the mended one; or nothing.
        either_way: The looks before it that are not as expected on either.
    """

    case: Case
    look: str
    either_way: frozenset[str] = frozenset()

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table."""
        said = dict.fromkeys(self.either_way, "either way") | {self.look: "✓ found"}
        return (str(self.case.number), str(self.case.level), *(said.get(name, "") for name in LOOKS))


@dataclass(frozen=True)
class Looked:
    """Per patient of the ward, which look finds it."""

    rows: tuple[Found, ...]

    def __str__(self) -> str:
        lines = (" ".join(f"{cell:12}" for cell in cells).rstrip() for cells in (_HEAD, *self._cells))
        return "\n".join([*lines, self.words])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self._cells, _HEAD) + tag("p", self.words)

    @property
    def _cells(self) -> list[tuple[str, ...]]:
        return [row.cells for row in self.rows]

    @property
    def words(self) -> str:
        """How many are found."""
        return f"{sum(bool(row.look) for row in self.rows)} of {len(self.rows)} are found by a look."


_HEAD = ("patient", "level", *(f"{number} {name}" for number, name in enumerate(LOOKS, start=1)))


def look_at_all() -> Looked:
    """Run the five looks on each of the ward's programs, as it was brought and as it was mended."""
    with quiet_transformers():
        return Looked(tuple(found(case) for case in cases()))


def found(case: Case) -> Found:
    """Run the five looks on a patient, one after the other, until one finds its mistake."""
    broken, mended = (objects(case, program) for program in (case.program, case.solution))
    either_way = set[str]()
    for name, look in ROUNDS:
        alarm, false_alarm = unexpected(look, broken), unexpected(look, mended)
        if alarm and not (false_alarm or name in either_way):
            return Found(case, name, frozenset(either_way))
        if alarm and false_alarm:
            either_way.add(name)
    return Found(case, "", frozenset(either_way))


def unexpected(look: str, names: dict[str, Any]) -> str:
    """Run a look and say what is not as expected: what it raised, or the expectations that do not hold."""
    *lines, last = ast.parse(look).body

    def go() -> Any:
        exec(compile(ast.Module(lines, []), "<look>", "exec"), names)
        return eval(ast.unparse(last), names)

    came = came_of(go, seed=0)
    if came.error is not None:
        return type(came.error).__name__
    return ", ".join(what for what, holds in came.value.items() if not holds)


def objects(case: Case, program: str) -> dict[str, Any]:
    """Run a program up to its training, and give the objects of the looks their names."""
    names = run(before_training(program), f"<patient {case.number}>").names
    own = [OWN, *(text for mark, text in OF_A.items() if mark in program), *case.own]
    named: dict[str, ast.stmt] = {}
    for statement in ast.parse(filled("\n".join(own), program)).body:
        named[ast.unparse(statement).partition(" = ")[0]] = statement
    for statement in named.values():
        code = compile(ast.Module([statement], []), "<own>", "exec")
        came_of(lambda code=code: exec(code, names), seed=0)  # type: ignore[misc]
    return names


def before_training(program: str) -> str:
    r"""Return a program's lines before the first that trains.

    >>> before_training("model = 1\nfor row in rows:\n    loss.backward()")
    'model = 1'
    """
    trains = (
        statement.lineno
        for statement in ast.parse(program).body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        and _TRAINS.search(ast.unparse(statement))
    )
    return "\n".join(program.splitlines()[: next(trains) - 1])


def filled(own: str, program: str) -> str:
    r"""Put a program's own words in place of {name} and {call(0)}.

    >>> filled("loader = [{x}, {net.fit(0)}]", "x = 2 * 3\nnet.fit(a, b)")
    'loader = [2 * 3, a]'
    """
    nodes = list(ast.walk(ast.parse(program)))
    set_to = {ast.unparse(each.targets[0]): each.value for each in nodes if isinstance(each, ast.Assign)}
    handed = {ast.unparse(each.func): each.args for each in nodes if isinstance(each, ast.Call)}

    def words(mark: re.Match[str]) -> str:
        name, place = mark.groups()
        return ast.unparse(handed[name][int(place)] if place else set_to[name])

    return _FILLED.sub(words, own)
