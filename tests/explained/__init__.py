"""Programs that fail, as people write them, each under its right causes: `=== cause [cause] | parts`."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.diagnosis import Diagnosis
from helpers.diagnosis.explain import ask
from helpers.diagnosis.seen.raised import Raised

PARTS = {
    "hf": """
from transformers import BertConfig, BertForMaskedLM, BertForMultipleChoice, BertForQuestionAnswering
from transformers import BertForSequenceClassification, BertForTokenClassification, BertModel
from transformers import DataCollatorWithPadding, default_data_collator
from transformers import DistilBertConfig, DistilBertForSequenceClassification
from transformers import GPT2Config, GPT2ForSequenceClassification, T5Config, T5ForConditionalGeneration
from transformers import RobertaConfig, RobertaForSequenceClassification
def cfg(**more):
    small = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    return BertConfig(**{**small, "vocab_size": 120, "max_position_embeddings": 64, **more})
""",
    "keras": "import numpy as np, keras\nL = keras.layers\n",
    "tokenizer": "from helpers import load_tokenizer\ntok = load_tokenizer()\n",
}


class Program(NamedTuple):
    """Code that fails, and what may be said about it: "nothing" where it is no shape error."""

    name: str
    causes: tuple[str, ...]
    code: str


def programs(kind: str) -> list[Program]:
    """Read the programs of one kind: "inputs", "losses", "keras" or "nothing"."""
    blocks = Path(__file__).with_name(f"{kind}.txt").read_text().split("=== ")[1:]
    found = []
    for number, block in enumerate(blocks):
        head, _, code = block.partition("\n")
        causes, _, parts = head.partition(" | ")
        setup = "".join(PARTS[part] for part in parts.split())
        found.append(Program(f"{kind}-{number}-{causes.split()[0]}", tuple(causes.split()), setup + code))
    return found


def failure(code: str) -> Exception:
    """Run a program and return what it raised."""
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "__name__": "__main__"}
    torch.manual_seed(0)
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with quiet[0], quiet[1], warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, "<case>", "exec"), space)
        except Exception as error:
            return error
    raise AssertionError(f"this ran:\n{code}")


def params(found: list[Program]) -> list[object]:
    """Give each program its name in pytest's report."""
    return [pytest.param(program, id=program.name) for program in found]


def explained(code: str) -> Diagnosis:
    """Run a program and return its diagnosis, without the safety net that `explain` has."""
    diagnosis = ask(Raised(failure(code)))
    assert diagnosis is not None
    return diagnosis


def causes_with_and_without_words(code: str) -> tuple[str | None, str | None]:
    """Return the cause, and the cause once every message of the error says only "x"."""
    error = failure(code)
    before = ask(Raised(error))
    link: BaseException | None = error
    while link is not None:
        link.args = ("x",)
        link = link.__cause__ or link.__context__
    after = ask(Raised(error))
    return before and before.cause, after and after.cause
