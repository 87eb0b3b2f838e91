"""The lab without its widgets: settings in, one real forward pass and one real loss out.

Every change runs a real head and a real loss. The encoder is the slow part, so its output is kept for
as long as the sentences stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from helpers.bert import SEED, load_bert, load_tokenizer
from helpers.diagnosis import Diagnosis, diagnose
from helpers.diagnosis.evidence import loss_call
from helpers.threads import one_thread
from helpers.trace import Stage

MAX_SENTENCES = 8  # what the picture can show as rows, and what one encoder pass does in milliseconds
SENTENCES = (
    "The film was wonderful.",
    "I would not watch it again.",
    "An ordinary story, neither good nor bad.",
    "The acting is great but the plot is slow.",
    "What a waste of two hours!",
    "The food was fine.",
    "We loved every minute of it.",
    "It is a film about a train.",
)


@dataclass(frozen=True)
class Settings:
    """What the learner can change.

    Attributes:
        num_labels: C, the outputs of the head.
        classes: How many classes the labels are drawn from.
        batch_size: How many sentences a batch asks for.
        target_size: How many labels the target holds.
        text: The sentences, one per line.
    """

    num_labels: int = 3
    classes: int = 3
    batch_size: int = 4
    target_size: int = 4
    text: str = "\n".join(SENTENCES)


# One per lesson: the lab opens with its mistake on the table.
PRESETS = {
    "all_right": Settings(),
    "wrong_head_size": Settings(num_labels=1),
    "unused_outputs": Settings(num_labels=73, classes=33),
    "batch_target": Settings(target_size=1),
}


@dataclass(frozen=True)
class Scene:
    """All that one run gave: what the picture draws and the verdict says.

    Attributes:
        sentences: The batch, as typed.
        stages: input_ids (N, T), hidden_states (N, T, H), cls (N, H), logits (N, C).
        target: The target's stage, (N,).
        labels: The target's values.
        settings: The settings that made it.
        notes: Per setting that could not be used as it is, why; shown beside its control.
        diagnosis: What the loss did.
        code: Python that does the same from scratch.
    """

    sentences: tuple[str, ...]
    stages: tuple[Stage, ...]
    target: Stage
    labels: tuple[int, ...]
    settings: Settings
    notes: dict[str, str]
    diagnosis: Diagnosis
    code: str


class Experiment:
    """Holds the settings, the encoder and its last output.

    >>> experiment = Experiment(PRESETS["wrong_head_size"])
    >>> print(experiment.scene.diagnosis.headline)
    ✗ IndexError: Target 2 is out of bounds.
    >>> print(experiment.change(num_labels=3).stages[-1])
    logits (N=4, C=3) float32
    """

    def __init__(self, settings: Settings = PRESETS["all_right"]) -> None:
        self.tokenizer = load_tokenizer()
        self.bert = load_bert("encoder")
        self._sentences: tuple[str, ...] = ()
        self._input_ids = self._hidden_states = torch.empty(0)
        self.settings = settings
        self.scene = self.change()

    def change(self, **settings: Any) -> Scene:
        """Apply new settings, run everything that depends on them, and return the new scene.

        Raises:
            TypeError: A setting that `Settings` doesn't have.
        """
        self.settings = replace(self.settings, **settings)
        with one_thread(), torch.no_grad():
            notes = self._encode(self.settings.text)
            self.scene = self._run(self.settings, notes)
        return self.scene

    def _encode(self, text: str) -> dict[str, str]:
        """Encode the sentences where they are new; where they can't be used, keep the last good ones."""
        typed = tuple(line.strip() for line in text.splitlines() if line.strip())
        sentences = typed[:MAX_SENTENCES]
        note = ""
        if not typed:
            note = "type at least one sentence; the lab still shows the last ones"
        elif sentences != self._sentences:
            # A browser can send half an emoji, which no tokenizer takes.
            readable = [sentence.encode("utf-8", "replace").decode() for sentence in sentences]
            encoding = self.tokenizer(readable, padding=True, return_tensors="pt", verbose=False)
            length, limit = encoding["input_ids"].shape[1], self.bert.config.max_position_embeddings
            if length <= limit:
                self._hidden_states = self.bert(**encoding).last_hidden_state
                self._input_ids, self._sentences = encoding["input_ids"], sentences
            else:
                note = f"one sentence has {length} tokens and BERT reads at most {limit}; shorten it"
        if not self._sentences:
            raise ValueError(f"got no text that the lab can use: {note}. Try text='The film was fine.'")
        if not note and len(typed) > MAX_SENTENCES:
            note = f"{len(typed)} sentences typed: the lab uses the first {MAX_SENTENCES}"
        return {"text": note} if note else {}

    def _run(self, settings: Settings, notes: dict[str, str]) -> Scene:
        batch = self._sentences[: settings.batch_size]
        if len(batch) < settings.batch_size:
            notes["batch_size"] = (
                f"only {_count(len(batch), 'sentence')} typed, so this batch holds {len(batch)}"
            )
        hidden_states = self._hidden_states[: settings.batch_size]
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
            head = nn.Linear(hidden_states.shape[-1], settings.num_labels)
            logits = head(hidden_states[:, 0])
        labels = labels_of(settings.classes, settings.target_size)
        target = torch.tensor(labels, dtype=torch.int64)
        call = replace(loss_call(F.cross_entropy, logits, target), hidden=hidden_states[:, 0])
        diagnosis = diagnose(call, classes=settings.classes)
        stages = (
            Stage.of("input_ids", self._input_ids[: settings.batch_size], "NT"),
            Stage.of("hidden_states", hidden_states, "NTH"),
            Stage.of("[CLS]", hidden_states[:, 0], "NH"),
            Stage.of("logits", logits, "NC"),
        )
        code = as_code(self._sentences, stages, labels, diagnosis)
        return Scene(batch, stages, Stage.of("target", target, "N"), labels, settings, notes, diagnosis, code)


def labels_of(classes: int, count: int) -> tuple[int, ...]:
    """Return the labels of the first `count` sentences, int, 0 to classes - 1.

    The highest class comes first, so that a head with too few outputs fails on every batch and not by luck.

    >>> labels_of(3, 4)
    (2, 0, 1, 2)
    """
    return tuple((row + classes - 1) % classes for row in range(count))


def as_code(
    sentences: tuple[str, ...], stages: tuple[Stage, ...], labels: tuple[int, ...], diagnosis: Diagnosis
) -> str:
    """Return the Python that gives the same shapes and the same outcome."""
    input_ids, hidden_states, _, logits = stages
    rows, outputs = logits.shape
    outcome = diagnosis.error.split(":")[0] if diagnosis.error else f"{diagnosis.loss:.3f}"
    typed = "".join(f"    {sentence!r},\n" for sentence in sentences)
    return f"""\
import torch
import torch.nn.functional as F
from torch import nn
from helpers import load_bert, load_tokenizer

sentences = [
{typed}]
tokenizer, bert = load_tokenizer(), load_bert("encoder")
encoding = tokenizer(sentences, padding=True, return_tensors="pt")
batch = {{name: rows[:{rows}] for name, rows in encoding.items()}}  # input_ids {input_ids.shape}
hidden_states = bert(**batch).last_hidden_state  # {hidden_states.shape}

torch.manual_seed({SEED})
head = nn.Linear({hidden_states.shape[-1]}, {outputs})
logits = head(hidden_states[:, 0])  # {logits.shape}
target = torch.tensor({list(labels)}, dtype=torch.int64)  # ({len(labels)},)
loss = F.cross_entropy(logits, target)  # {outcome}
"""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
