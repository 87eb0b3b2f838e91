"""The lab without its widgets: settings in, one real forward pass and one real loss out.

Every change runs a real head and a real loss. The encoder is the slow part, so its output is kept for
as long as the sentences stay the same.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.bert import SEED, load_bert, load_tokenizer
from helpers.choices import batch_note, readable, sentences_in
from helpers.diagnosis import Diagnosis, diagnose
from helpers.diagnosis.evidence import loss_call
from helpers.settings import ARRANGEMENTS, FORMATS, Settings
from helpers.threads import one_thread
from helpers.trace import Stage


@dataclass(frozen=True)
class Scene:
    """All that one run gave: what the picture draws and the verdict says.

    Attributes:
        sentences: The batch, as typed.
        stages: input_ids (N, T), hidden_states (N, T, H), what the head reads, (N, H) or (N, T, H), and what
            the loss reads; its name is the code that gave it, such as "logits.softmax(-1)".
        target: The target's stage.
        values: The target's values, by row.
        settings: The settings that made it.
        notes: Per setting that could not be used as it is, why; shown beside its control.
        diagnosis: What the loss did.
        code: Python that does the same from scratch.
    """

    sentences: tuple[str, ...]
    stages: tuple[Stage, ...]
    target: Stage
    values: list[Any]
    settings: Settings
    notes: dict[str, str]
    diagnosis: Diagnosis
    code: str


class Experiment:
    """Holds the settings, the encoder and its last output.

    >>> experiment = Experiment(Settings(num_labels=1))
    >>> print(experiment.scene.diagnosis.headline)
    ✗ IndexError: Target 2 is out of bounds.
    >>> print(experiment.change(num_labels=3).stages[-1])
    logits (N=4, C=3) float32
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.tokenizer = load_tokenizer()
        self.bert = load_bert("encoder")
        self._sentences: tuple[str, ...] = ()
        self._encoding: dict[str, Tensor] = {}
        self._hidden_states = torch.empty(0)
        self.settings = settings or Settings()
        self.scene = self.change()

    def change(self, **settings: Any) -> Scene:
        """Apply new settings, run everything that depends on them, and return the new scene.

        Raises:
            TypeError: A setting that `Settings` doesn't have.
            ValueError: A choice that its drop-down doesn't have.
        """
        self.settings = replace(self.settings, **settings)
        with one_thread(), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library warns of, the verdict says
            notes = self._encode(self.settings.text)
            self.scene = self._run(self.settings, notes)
        return self.scene

    def _encode(self, text: str) -> dict[str, str]:
        """Encode the sentences where they are new; where they can't be used, keep the last good ones."""
        sentences, note = sentences_in(text)
        if sentences and sentences != self._sentences:
            encoding = self.tokenizer(readable(sentences), padding=True, return_tensors="pt", verbose=False)
            length, limit = encoding["input_ids"].shape[1], self.bert.config.max_position_embeddings
            if length <= limit:
                self._hidden_states = self.bert(**encoding).last_hidden_state
                self._encoding, self._sentences = encoding, sentences
            else:
                note = f"one sentence has {length} tokens and BERT reads at most {limit}; shorten it"
        if not self._sentences:
            raise ValueError(f"got no text that the lab can use: {note}. Try text='The film was fine.'")
        return {"text": note} if note else {}

    def _run(self, settings: Settings, notes: dict[str, str]) -> Scene:
        batch = self._sentences[: settings.batch_size]
        notes = notes | batch_note(len(batch), settings.batch_size)
        if settings.arrangement != "as_they_are" and settings.task == "sequence":
            notes["arrangement"] = "logits (N, C) have no token axis: nothing to arrange"
        hidden_states = self._hidden_states[: settings.batch_size]
        names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "encoding": self._encoding}
        names["hidden_states"] = hidden_states
        steps = code_of(settings, self._hidden_states.shape[1], hidden_states.shape[-1])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
            exec("\n".join(steps), names)  # the very lines that the learner is shown
        logits, target = names["logits"], names["target"]
        whole_input = settings.task == "token"
        read = hidden_states if whole_input else hidden_states[:, 0]
        call = replace(loss_call(getattr(F, settings.loss), logits, target), hidden=read)
        diagnosis = diagnose(call, classes=settings.classes)
        name, axes = _what_the_loss_reads(settings)
        stages = (
            Stage.of("input_ids", self._encoding["input_ids"][: settings.batch_size], "NT"),
            Stage.of("hidden_states", hidden_states, "NTH"),
            Stage.of("every token", read, "NTH") if whole_input else Stage.of("[CLS]", read, "NH"),
            Stage.of(name, logits, axes),
        )
        target_stage = Stage.of("target", target, FORMATS[settings.target_format].axes)
        code = _from_scratch(self._sentences, stages, target_stage, steps, settings.loss, diagnosis)
        return Scene(batch, stages, target_stage, target.tolist(), settings, notes, diagnosis, code)


def labels_of(classes: int, count: int) -> list[int]:
    """Return the labels of the first `count` sentences, int, 0 to classes - 1.

    The highest class comes first, so that a head with too few outputs fails on every batch and not by luck.

    >>> labels_of(3, 4)
    [2, 0, 1, 2]
    """
    return [(row + classes - 1) % classes for row in range(count)]


def code_of(settings: Settings, length: int, width: int) -> list[str]:
    """Return the lines that make `logits` and `target` from `hidden_states` (N, T, H) and `encoding`.

    >>> code_of(Settings(softmax=True), 9, 768)[1:3]
    ['logits = head(hidden_states[:, 0])', 'logits = logits.softmax(-1)']
    """
    read = "hidden_states" if settings.task == "token" else "hidden_states[:, 0]"
    lines = [f"head = nn.Linear({width}, {settings.num_labels})", f"logits = head({read})"]
    if settings.softmax:
        lines.append("logits = logits.softmax(-1)")
    if settings.task == "token" and settings.arrangement != "as_they_are":
        lines.append(f"logits = {ARRANGEMENTS[settings.arrangement][1]}")
    rows, how = settings.target_size, FORMATS[settings.target_format].code
    lines.append(f"classes = {settings.classes}")
    if "tokens" in how:
        lines += [
            f"tokens = (torch.arange({rows * length}) + classes - 1).reshape({rows}, {length}) % classes",
            f"mask = encoding['attention_mask'][:{rows}]",
            "tokens[: len(mask)][mask == 0] = -100  # padding has no label",
        ]
    else:
        lines.append(f"labels = torch.tensor({labels_of(settings.classes, rows)}, dtype=torch.int64)")
    return [*lines, f"target = {how}"]


def _what_the_loss_reads(settings: Settings) -> tuple[str, str]:
    """Return the name and the axes of what the loss gets for its logits."""
    softmax = "softmax" if settings.softmax else "logits"
    if settings.task == "sequence":
        return softmax, "NC"
    _, code, axes = ARRANGEMENTS[settings.arrangement]
    return code.replace("logits", softmax), axes


def _from_scratch(
    sentences: tuple[str, ...],
    stages: tuple[Stage, ...],
    target: Stage,
    steps: list[str],
    loss: str,
    diagnosis: Diagnosis,
) -> str:
    """Return the Python that gives the same shapes and the same outcome in a fresh process."""
    input_ids, hidden_states, _, logits = stages
    outcome = diagnosis.error.split(":")[0] if diagnosis.error else f"{diagnosis.loss:.3f}"
    typed = "".join(f"    {sentence!r},\n" for sentence in sentences)
    lines = "\n".join(steps)
    return f"""\
import torch
import torch.nn.functional as F
from torch import nn
from helpers import load_bert, load_tokenizer

sentences = [
{typed}]
tokenizer, bert = load_tokenizer(), load_bert("encoder")
encoding = tokenizer(sentences, padding=True, return_tensors="pt")
batch = {{name: rows[:{input_ids.shape[0]}] for name, rows in encoding.items()}}
hidden_states = bert(**batch).last_hidden_state  # {input_ids.shape} -> {hidden_states.shape}

torch.manual_seed({SEED})
{lines}
# logits {logits.shape}, target {target.shape}
loss = F.{loss}(logits, target)  # {outcome}
"""
