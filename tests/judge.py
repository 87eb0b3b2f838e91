"""The programs of tests/cases: what somebody could have written, the causes that are right, and the judge.

A block of a text file is a program: `=== name | causes | what is asked | flags`, then its code.
Causes: ids of the closed list; or "nothing" (an error that isn't ours), or "ok" (a right use).
Asked: a loss of `torch.nn.functional`, with the program's `logits` and `target` (its own `criterion` comes
first); or "batch", with its `model` and `batch`; "-" where only an error tells.
Flags: those of `PARTS` that the program begins with, and those of `FLAGS` that are true of it.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Before anything imports them: no network, no progress bars between the lines of a table.
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch
import torch.nn.functional as F
from torch import nn

from helpers import check_batch, check_loss
from helpers.diagnosis import Diagnosis
from helpers.diagnosis.explain import ask
from helpers.diagnosis.seen.raised import Raised
from helpers.trial import came_of

CASES = Path(__file__).with_name("cases")
REPORTS = CASES / "reports.jsonl"
CELL = "<case>"
SEED = int(os.environ.get("SEED", "0"))
FLAGS = {
    "silent": "nothing is raised, and still it is a mistake",
    "told": "it says how many `classes` there are, which only a check is told: it doesn't make the call",
    "worded": "only the message tells: no tensor had been made, or Keras cut its frames off",
    "two": "a second mistake is left when the first is mended",
    "unnamed": "a fix can't be run: its tensors have no names here, or others have them",
    "golden": "tests/golden holds what is said of it, word for word",
}
# What many programs begin with.
PARTS = {
    "hf": """
from transformers import BertConfig, BertForMaskedLM, BertForMultipleChoice, BertForQuestionAnswering
from transformers import BertForSequenceClassification, BertForTokenClassification, BertModel
from transformers import DataCollatorWithPadding, default_data_collator
from transformers import DistilBertConfig, DistilBertForSequenceClassification
from transformers import GPT2Config, GPT2ForSequenceClassification, T5Config, T5ForConditionalGeneration
from transformers import RobertaConfig, RobertaForSequenceClassification
SIZES = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=120,
             max_position_embeddings=64)
def cfg(**more):
    return BertConfig(**{**SIZES, **more})
""",
    # Its layers are numbered from the first one of a session on.
    "keras": """
import numpy as np, keras
keras.utils.clear_session()
L, rng = keras.layers, np.random.default_rng(0)
""",
    "tokenizer": "from helpers import load_tokenizer\ntok = load_tokenizer()\n",
    "batches": "from batches import *\n",
}


@dataclass(frozen=True)
class Case:
    """A program and what may be said of it.

    Attributes:
        name: Family and what is special, unique.
        accept: The causes that are right; "nothing" or "ok" alone where there is none.
        asks: A loss, "batch" or empty.
        flags: What it begins with, and what it is like.
        code: The program.
    """

    name: str
    accept: tuple[str, ...]
    asks: str
    flags: frozenset[str]
    code: str

    @property
    def runs(self) -> bool:
        """Whether nothing is raised before a diagnosis is asked for."""
        return bool({"silent", "told"} & self.flags) or self.accept == ("ok",) or self.asks == "batch"


@cache
def cases(*files: str) -> tuple[Case, ...]:
    """Read the programs of tests/cases, of all files or of some, named without ".txt"."""
    paths = [CASES / f"{file}.txt" for file in files] or sorted(CASES.glob("*.txt"))
    return tuple(case for path in paths for case in _programs(path))


def case_of(name: str) -> Case:
    """Find a program by its name."""
    return next(case for case in cases() if case.name == name)


def _programs(path: Path) -> Iterator[Case]:
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, code = block.partition("\n")
        name, accept, asks, flags = ([part.strip() for part in head.split("|")] + ["", ""])[:4]
        yield Case(name, tuple(accept.split()), asks.strip("-"), frozenset(flags.split()), code)


def reports(path: Path = REPORTS) -> list[Case]:
    """Read a file of reports, without those that neither raise nor have a loss that we know."""
    known = {
        "CrossEntropyLoss": "cross_entropy",
        "cross_entropy": "cross_entropy",
        "MSELoss": "mse_loss",
        "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
        "NLLLoss": "nll_loss",
    }
    found = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        has_tensors = "logits =" in row["runnable"] and row["framework"] not in ("keras", "tf")
        loss = known.get(row["call"], "") if has_tensors else ""
        raises = row["observed"]["type"] is not None
        if raises or loss:
            flags = frozenset() if raises else frozenset({"silent"})
            found.append(
                Case(f"{row['cause']}-{row['id']}", tuple(row["accept"]), loss, flags, row["runnable"])
            )
    return found


@dataclass(frozen=True)
class Verdict:
    """How a diagnosis did.

    Attributes:
        case: What was asked about.
        error: What the case raised.
        diagnosis: What was said, None where nothing was.
        word: "right", "wrong", "silent on it" or "crashed".
        detail: For a crash, the exception of our own; else the causes and the message.
        failing: For each fix that fails, its code and why.
        wordless: The cause that is said once every message of the error says only "x".
    """

    case: Case
    error: Exception | None
    diagnosis: Diagnosis | None
    word: str
    detail: str
    failing: tuple[str, ...] = ()
    wordless: str | None = None


def run(case: Case) -> tuple[dict[str, Any], Exception | None]:
    """Run a program in a space of its own; its random numbers are the same every time."""
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "__name__": "__main__"}
    for part in PARTS:
        if part in case.flags:
            exec(PARTS[part], space)
    return space, came_of(lambda: exec(compile(case.code, CELL, "exec"), space), SEED).error


def failure(code: str, *flags: str) -> Exception:
    """Run a few lines and return what they raised."""
    error = run(Case("", (), "", frozenset(flags), code))[1]
    assert error is not None, f"this ran:\n{code}"
    return error


def explained(code: str, *flags: str) -> Diagnosis:
    """Run a few lines and return their diagnosis, without the safety net that `explain` has."""
    diagnosis = ask(Raised(failure(code, *flags)))
    assert diagnosis is not None
    return diagnosis


def diagnosis_of(case: Case, space: dict[str, Any], error: Exception | None) -> Diagnosis | None:
    """Get the diagnosis that a learner would get, from the exception, the batch or the loss."""
    if error is not None:
        return ask(Raised(error))
    if case.asks == "batch":
        return check_batch(space["model"], space["batch"], space.get("classes"))
    return check_loss(criterion_of(case, space), space["logits"], space["target"], space.get("classes"))


def judge(case: Case) -> Verdict:
    """Run a case and say whether its diagnosis is right and its fixes work."""
    space, error = run(case)
    came = came_of(lambda: diagnosis_of(case, space, error), SEED)
    if came.error is not None:  # a crash of ours is a result, the worst one
        return Verdict(case, error, None, "crashed", f"{type(came.error).__name__}: {came.error}")
    diagnosis = came.value
    said = "nothing" if diagnosis is None else diagnosis.cause or diagnosis.outcome
    expected = said in case.accept and not ("silent" in case.flags and diagnosis.outcome != "silent")
    word = "right" if expected else "silent on it" if said in ("nothing", "ok") else "wrong"
    message = " ".join(str(error).split())[:90]
    detail = f"said {said}, accepts {'/'.join(case.accept)}; {message}"
    wordless = cause_without_words(error)  # before the fixes, which may change the model
    fixes = diagnosis.fixes if diagnosis is not None and "unnamed" not in case.flags else ()
    problems = ((fix.code, why_fix_fails(fix.code, diagnosis, case, space, error)) for fix in fixes)
    failing = tuple(f"{code!r}: {why}" for code, why in problems if why)
    return Verdict(case, error, diagnosis, word, detail, failing, wordless)


def cause_without_words(error: BaseException | None) -> str | None:
    """Take the words from an error and ask again."""
    link = error
    while link is not None:
        link.args = ("x",)
        link = link.__cause__ or link.__context__
    said = ask(Raised(error)) if isinstance(error, Exception) else None
    return said and said.cause


def criterion_of(case: Case, space: dict[str, Any]) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The case's own criterion, or the function that it names."""
    return space.get("criterion") or getattr(F, case.asks)


def why_fix_fails(
    code: str, said: Diagnosis, case: Case, space: dict[str, Any], error: Exception | None
) -> str:
    """Run a fix on copies of the case's own things; empty when it runs and the next check is content."""
    logits = space.get("logits")
    names = {**space, **_locals(error)}
    outputs = next((names[name] for name in ("logits", "input") if torch.is_tensor(names.get(name))), None)
    if outputs is not None:
        names["hidden"] = torch.randn(*outputs.shape[:-1], 768)
    again: Callable[[], Diagnosis] | None = None
    if case.asks == "batch":
        names = {"torch": torch, "model": copy.deepcopy(space["model"]), "batch": dict(space["batch"])}
        again = lambda: check_batch(names["model"], names["batch"])  # noqa: E731
    elif case.asks and isinstance(logits, torch.Tensor):
        # What score.py offers, and no more.
        names = {name: names[name] for name in ("torch", "nn", "F", "hidden", "logits", "target")}
        names["criterion"] = criterion_of(case, space)
        again = lambda: check_loss(names["criterion"], names["logits"], names["target"])  # noqa: E731
    mended = came_of(lambda: exec(code, names), SEED)
    if mended.error is not None:
        return f"{type(mended.error).__name__}: {mended.error}"
    if again is None:
        return ""
    after = again()
    if after.outcome == "ok" or ("two" in case.flags and after.cause != said.cause):
        return ""
    return f"{after.outcome} afterwards, {after.cause}: {after.needs}"


def _locals(error: BaseException | None) -> dict[str, Any]:
    """The names of every frame, the failing line's first: a fix may name an argument as the library does."""
    frames = []
    step = error.__traceback__ if error is not None else None
    while step is not None:
        frames.append(step.tb_frame)
        step = step.tb_next
    frames.sort(key=lambda frame: frame.f_code.co_filename == CELL)
    return {name: value for frame in frames for name, value in frame.f_locals.items()}
