"""A claim: a sentence, what would happen if it were right, and the code that finds out."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from claims.outcome import NotHere, Outcome, observe, seeded
from claims.verdict import Prediction, Verdict, judge
from helpers.table import tag


@dataclass(frozen=True)
class Claim:
    """One sentence, made into an experiment. Its verdict is stored nowhere: it comes from running it.

    Attributes:
        id: A short name, "002-1".
        says: The sentence, in few words.
        predicts: What would happen if it were right: "runs", "gives VALUE", "raises", "raises ValueError" or
            "raises ValueError: WORDS". For a claim of several parts, one such prediction by name.
        run: The experiment. It raises, or returns what it found. For a claim of several parts it returns
            one such function by name.
        document: Where the sentence stands.
        lesson: The notebook that teaches it, without its ending.

    Raises:
        ValueError: A prediction is none of these.

    >>> import torch
    >>> print(Claim("own", "zeros add up to zero", "gives 0", lambda: 0 + 0).check())
    own  ✓ true  zeros add up to zero
        predicted: gives 0
        happened:  gives 0
    """

    id: str
    says: str
    predicts: str | Mapping[str, str]
    run: Callable[[], Any]
    document: str = "own"
    lesson: str = ""

    def __post_init__(self) -> None:
        for text in self._predicted().values():
            Prediction.of(text)

    def _predicted(self) -> Mapping[str, str]:
        return {"": self.predicts} if isinstance(self.predicts, str) else self.predicts

    def check(self) -> Checked:
        """Run the experiment and compare what happens with what was predicted.

        Raises:
            ValueError: The parts that `predicts` names are not those that `run` gives.
        """
        if isinstance(self.predicts, str):
            return Checked(self, {"": observe(self.run)})
        came = seeded(self.run)
        if isinstance(came.error, NotHere):
            return Checked(self, {name: Outcome(missing=str(came.error)) for name in self.predicts})
        if came.error:
            raise came.error
        parts = came.value
        if set(parts) != set(self.predicts):
            raise ValueError(
                f"got the parts {sorted(parts)}. Claim {self.id} needs {sorted(self.predicts)}."
                " Try the same names in predicts and run."
            )
        return Checked(self, {name: observe(parts[name]) for name in self.predicts})

    @property
    def code(self) -> str:
        """The source of the experiment; empty where Python doesn't know it."""
        try:
            source = textwrap.dedent(inspect.getsource(self.run)).strip()
            tree = ast.parse(source).body[0]
        except (OSError, TypeError, SyntaxError):
            return ""
        if not isinstance(tree, ast.FunctionDef):
            return source
        # Without the decorator and the docstring: they are the claim's other fields.
        lines = source.splitlines()
        start = tree.body[1].lineno if ast.get_docstring(tree) else tree.body[0].lineno
        return "\n".join([*lines[tree.lineno - 1 : tree.body[0].lineno - 1], *lines[start - 1 :]])


@dataclass(frozen=True)
class Checked:
    """A claim that was run a moment ago. `outcomes` has one entry per part; a single one is named ""."""

    claim: Claim
    outcomes: Mapping[str, Outcome]

    @property
    def verdict(self) -> Verdict:
        """What follows from the prediction and what happened."""
        predicted = self.claim._predicted()
        return judge([(Prediction.of(predicted[name]), found) for name, found in self.outcomes.items()])

    @property
    def predicted(self) -> tuple[str, ...]:
        """What should have happened, a line per part."""
        return tuple(_named(name, text) for name, text in self.claim._predicted().items())

    @property
    def happened(self) -> tuple[str, ...]:
        """What happened, a line per part."""
        return tuple(_named(name, str(outcome)) for name, outcome in self.outcomes.items())

    def __str__(self) -> str:
        lines = (
            f"{self.claim.id}  {self.verdict}  {self.claim.says}",
            f"    predicted: {'; '.join(self.predicted)}",
            f"    happened:  {'; '.join(self.happened)}",
        )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return tag("pre", str(self), role="status")


def _named(name: str, text: str) -> str:
    return f"{name}: {text}" if name else text


# Every claim that a document holds, in the order in which they stand there.
CLAIMS: list[Claim] = []


def claim(
    name: str, predicts: str | Mapping[str, str], lesson: str, document: str = ""
) -> Callable[[Callable[[], Any]], Claim]:
    """Turn a function into one of the `CLAIMS`, which says what its docstring says.

    Args:
        name: The claim's id; its document is what stands before the first dash, unless given.
        predicts: What would happen if the claim were right.
        lesson: The notebook that teaches it.
        document: Where the sentence stands.
    """

    def as_claim(run: Callable[[], Any]) -> Claim:
        says = " ".join((run.__doc__ or "").split())
        made = Claim(name, says, predicts, run, document or name.partition("-")[0], lesson)
        CLAIMS.append(made)
        return made

    return as_claim
