"""The lab that most lessons open: BERT, a head and a loss in PyTorch."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.bert import SEED, load_bert
from helpers.diagnosis import Diagnosis, check_batch, diagnose
from helpers.diagnosis.loss.call import loss_call
from helpers.drawing.cells import MOST_COLUMNS
from helpers.drawing.flow import LAYOUTS, Flow, draw_flow
from helpers.drawing.numbers_table import draw_numbers
from helpers.lab.control import PADDINGS, Idle, Option, Settings, choice, slider, tick
from helpers.lab.experiment import Experiment, Scene, check_step, labels_of, listed, outcome_of, padding_of
from helpers.trace import AXES, Stage
from helpers.trial import compiled, kept

MOST_MODELS = 12  # each holds 60 MB
MOST_BATCHES = 32  # each holds at most 0.6 MB, but for a learner's very long sentences
CLASS_NAMES = {2: ("negative", "positive"), 3: ("negative", "neutral", "positive")}  # by how many there are
# The settings that − and + at a tensor's axis change.
TURNS = {("logits", "N"): "batch_size", ("logits", "C"): "num_labels", ("target", "N"): "target_size"}
# What a mark names beside an axis.
PARTS = {"label": "a label", "values": "what it holds", "dtype": "the dtype", "?": "one axis"}

# What can be chosen.

FRAMEWORKS = {"pytorch": Option("PyTorch"), "transformers": Option("transformers")}
TASKS = {
    "sequence": Option("sentence"),
    "token": Option("token"),
    "regression": Option("sentence, a number"),
}
# How token logits (N, T, C) are handed to the loss.
ARRANGEMENTS = {
    "as_they_are": Option("as they are", "logits", "NTC"),
    "transposed": Option("transposed", "logits.transpose(1, 2)", "NCT"),
    "flattened": Option("flattened", "logits.flatten(0, 1)", "NC"),
}
# Which predictions reach the loss; `mask` is the batch's attention_mask (N, T).
KEPT = {
    "all": Option("all"),
    "unpadded": Option("unpadded sentences", "mask.bool().all(dim=1)"),
    "real_tokens": Option("real tokens", "mask.bool()"),
}
# The code makes `target` from `labels`; it may read `classes` and `tokens`, a label per token.
FORMATS = {
    "indices": Option("class indices (N,)", "labels", "N"),
    "column": Option("column (N, 1)", "labels.unsqueeze(1)", "N?"),
    "one_hot_float": Option("one-hot, float", "F.one_hot(labels, classes).float()", "NC"),
    "one_hot_int": Option("one-hot, integer", "F.one_hot(labels, classes)", "NC"),
    "probabilities": Option("probabilities", "F.one_hot(labels, classes) * 0.9 + 0.1 / classes", "NC"),
    "multi_hot": Option(
        "several classes, float",
        "(F.one_hot(labels, classes) | F.one_hot((labels + 1) % classes, classes)).float()",
        "NC",
    ),
    "int32": Option("int32 indices", "labels.int()", "N"),
    "numbers": Option("numbers (N,)", "labels.float()", "N"),
    "numbers_column": Option("numbers (N, 1)", "labels.float().unsqueeze(1)", "N?"),
    "per_token": Option("one per token (N, T)", "tokens", "NT"),
    "per_token_flat": Option("one per token, flat", "tokens.flatten()", "N"),
}
# As torch.nn.functional calls them.
LOSSES = {
    "cross_entropy": Option("cross entropy"),
    "binary_cross_entropy_with_logits": Option("BCE with logits"),
    "mse_loss": Option("MSE"),
}


WRONG_FORMATS = ("column", "one_hot_int", "int32", "per_token")
SENTENCE = "sequence regression"  # the tasks without a token axis
INSIDE = Idle("a transformers model has its loss inside: this plays no part", {"framework": "transformers"})
NO_TASK = Idle(
    "{loss} still scores classes: a number needs MSE and num_labels 1",
    {"framework": "pytorch", "task": "regression", "loss": "cross_entropy binary_cross_entropy_with_logits"},
)
NO_AXIS = Idle("logits (N, C) have no token axis: nothing to arrange", {"task": SENTENCE})
ONE_LIST = Idle("the kept tokens are one list, (K, C): nothing to arrange", {"kept": "real_tokens"})
ALL_KEPT = Idle("logits (N, C) have no token axis: all are kept", {"task": SENTENCE, "kept": "real_tokens"})
NOT_CUT = Idle("padded to the longest sentence: this plays no part", {"padding": "longest"})


@dataclass(frozen=True)
class BertSettings(Settings):
    """A control a line, in their order."""

    # What the batch is made of.
    classes: int = slider("target", "classes in the data", 3, 1, 10, wrong=(5,))  # labels are drawn from them
    batch_size: int = slider("input_ids", "batch_size", 4, 1, 8, wrong=(3,))
    padding: str = choice("input_ids", "padding", PADDINGS)
    max_length: int = slider("input_ids", "max_length", 12, 4, 24, NOT_CUT)  # padded and cut to, in tokens
    mask: bool = tick("input_ids", "attention_mask given", True, wrong=(False,))
    # The head, by hand, or a model with head and loss inside.
    framework: str = choice("head", "framework", FRAMEWORKS)
    task: str = choice("head", "one prediction per", TASKS, NO_TASK, wrong=("token",))
    num_labels: int = slider("head", "num_labels", 3, 1, 10, wrong=(1, 2))  # C, the outputs of the head
    # What becomes of its logits.
    softmax: bool = tick("logits", "softmax before the loss", False, INSIDE, wrong=(True,))
    kept: str = choice("logits", "kept", KEPT, INSIDE, ALL_KEPT, wrong=("unpadded",))
    arrangement: str = choice("logits", "logits", ARRANGEMENTS, INSIDE, NO_AXIS, ONE_LIST)
    # The loss, and what it compares them with.
    loss: str = choice("loss", "loss", LOSSES, INSIDE, wrong=("binary_cross_entropy_with_logits", "mse_loss"))
    target_size: int = slider("target", "labels in target", 4, 0, 8, wrong=(1,))  # the rows that it holds
    target_format: str = choice("target", "target", FORMATS, wrong=WRONG_FORMATS)

    @property
    def names_classes(self) -> bool:
        """Whether outputs and labels stand for classes of sentences, not for tags of tokens or numbers."""
        numbers = self.task == "regression" or (self.loss == "mse_loss" and self.framework == "pytorch")
        return not numbers and self.task != "token" and "T" not in self.chosen("target_format").axes

    @property
    def filters(self) -> bool:
        """Whether some predictions may not reach the loss."""
        return self.kept == "unpadded" or (self.kept == "real_tokens" and self.task == "token")

    @property
    def between(self) -> list[str]:
        """What is done to the logits before the loss, as the controls call it.

        >>> BertSettings(softmax=True, kept="unpadded").between
        ['softmax', 'unpadded']
        """
        if self.framework == "transformers":
            return []
        done = {"softmax": self.softmax, self.kept.replace("_", " "): self.filters}
        return [name for name, is_done in done.items() if is_done]

    @property
    def read(self) -> tuple[str, str]:
        """The name and the axes of what the loss gets for its logits."""
        if self.framework == "transformers":
            return "logits", "NTC" if self.task == "token" else "NC"
        softmax = "softmax" if self.softmax else "logits"
        if self.task != "token" or self.kept == "real_tokens":
            return softmax, "NC"
        arranged = self.chosen("arrangement")
        return arranged.code.replace("logits", softmax), arranged.axes


# The Python behind it: what runs on every move, and the same from scratch.


def code_of(settings: BertSettings, rows: int, length: int, width: int) -> list[str]:
    """Return the lines that make `logits` and `target`.

    They read `hidden_states` (N, T, H), `batch` and its `mask` (N, T).

    >>> code_of(BertSettings(softmax=True), 4, 9, 768)[1:3]
    ['logits = head(hidden_states[:, 0])', 'logits = logits.softmax(-1)']
    """
    per_token, target = settings.task == "token", _target(settings, length)
    if settings.framework == "transformers":
        kind = ', problem_type="regression"' if settings.task == "regression" else ""
        task = "token" if per_token else "sequence"
        model = f'model = load_bert("{task}", num_labels={settings.num_labels}{kind})'
        return [model, "logits = model(**batch).logits", *target]
    tokens_only = settings.kept == "real_tokens" and per_token
    arranged = per_token and not tokens_only and settings.arrangement != "as_they_are"
    is_cut = tokens_only and settings.target_format == "per_token" and settings.target_size == rows
    lines = {
        f"head = nn.Linear({width}, {settings.num_labels})": True,
        f"logits = head({'hidden_states' if per_token else 'hidden_states[:, 0]'})": True,
        "logits = logits.softmax(-1)": settings.softmax,
        f"logits = logits[{settings.chosen('kept').code}]": settings.filters,
        f"logits = {settings.chosen('arrangement').code}": arranged,
        **dict.fromkeys(target, True),
        "target = target[mask.bool()]": is_cut,
    }
    return [line for line, is_run in lines.items() if is_run]


def _target(settings: BertSettings, length: int) -> list[str]:
    rows, how = settings.target_size, settings.chosen("target_format").code
    labels = [f"labels = torch.tensor({labels_of(settings.classes, rows)}, dtype=torch.int64)"]
    if "tokens" in how:
        labels = [
            f"tokens = (torch.arange({rows * length}) + classes - 1).reshape({rows}, {length}) % classes",
            f"padding = mask[:{rows}] == 0",
            "tokens[: len(padding)][padding] = -100  # padding has no label",
        ]
    return [f"classes = {settings.classes}", *labels, f"target = {how}"]


def from_scratch(
    settings: BertSettings,
    sentences: Sequence[str],
    steps: list[str],
    stages: Sequence[Stage],
    told: Diagnosis,
) -> str:
    """Return the Python that gives the same shapes and the same outcome in a fresh process.

    The stages are input_ids, hidden_states, logits and target.
    """
    input_ids, hidden_states, logits, target = (stage.shape for stage in stages)
    made = [] if settings.mask else ['del batch["attention_mask"]']
    loss = "model(**batch, labels=target).loss"
    if settings.framework == "pytorch":
        encoded = f'load_bert("encoder")(**batch).last_hidden_state  # (N, T, H) {hidden_states}'
        made += [f"hidden_states = {encoded}", "", f"torch.manual_seed({SEED})"]
        loss = f"F.{settings.loss}(logits, target)"
    lines = "\n".join([*made, *steps])
    return f"""\
import torch
import torch.nn.functional as F
from torch import nn
from helpers import load_bert, load_tokenizer

{listed(sentences)}
tokenizer = load_tokenizer()
batch = tokenizer(sentences, {padding_of(settings)}, return_tensors="pt")  # (N, T) {input_ids}
mask = batch["attention_mask"]
{lines}
# logits {logits}, target {target}
loss = {loss}  # {outcome_of(told)}
loss
"""


# What one run gave, and how it is shown.


@dataclass(frozen=True)
class BertScene(Scene):
    """All that one run gave."""

    # input_ids (N, T), hidden_states (N, T, H), what the head reads, (N, H) or (N, T, H), and what the loss
    # reads; its name says what was done to the logits.
    stages: tuple[Stage, ...]
    target: Stage
    logits: Tensor  # what the loss reads
    with_ids: ClassVar[bool] = False
    parts: ClassVar[Mapping[str, str]] = {
        "input_ids": "the sentences",
        "head": "the head",
        "logits": "the logits",
        "loss": "the loss",
        "target": "the target",
    }

    def flow(self, changed: frozenset[str] = frozenset()) -> Flow:
        """Return what the picture needs, with the names of what has changed."""
        settings, read = self.settings, self.stages[-1]
        # A number has no classes, and a model of transformers chooses its loss itself.
        classes = settings.num_labels if settings.task == "regression" else settings.classes
        per_token = "T" in self.target.axes or settings.task == "token"
        # What the loss reads is called by what was done to it; in the picture it is the logits' place.
        changed |= {"logits"} if read.name in changed else set()
        drawn = len(read.shape) == 2 and read.shape[1] <= MOST_COLUMNS
        return Flow(
            stages=self.stages,
            target=self.target,
            values=self.values,
            diagnosis=self.diagnosis,
            classes=classes,
            loss=settings.chosen("loss").words if settings.framework == "pytorch" else "the model's loss",
            num_labels=settings.num_labels,
            between=settings.between,
            changed=changed,
            sentences=self.sentences,
            lengths=[sum(row) for row in self.mask],
            scores=self.logits.tolist() if drawn else (),
            names=CLASS_NAMES.get(classes, ()) if settings.names_classes else (),
            tokens_matter=per_token or not settings.mask or settings.padding != "longest",
            turns=TURNS,
        )

    def draw(self, changed: frozenset[str] = frozenset(), widths: Collection[str] = LAYOUTS) -> str:
        """Return the flow from the sentences to the loss."""
        return draw_flow(self.flow(changed), widths)

    def table(self) -> list[tuple[str, str]]:
        """Return the stages' shapes, and the target's with its dtype."""
        stages = [(stage.name, stage.sizes) for stage in self.stages]
        return [*stages, ("target", f"{self.target.sizes} {self.target.dtype}")]

    def signs(self) -> dict[str, str]:
        """Return what the diagnosis marks, by the names of the stages."""
        ends = {"logits": self.stages[-1], "target": self.target}
        sign, is_silent = self.diagnosis.sign, self.diagnosis.outcome == "silent"
        signs: dict[str, str] = {}
        for tensor, part in self.diagnosis.marks:
            stage, words = ends[tensor], PARTS.get(part, part)
            said = f"look at {words}" if is_silent else f"{words} doesn't fit"
            if part in AXES and part not in stage.axes:
                said = f"no {words}"
            before = f"{signs[stage.name]}, " if stage.name in signs else ""
            signs[stage.name] = f"{before}{sign} {said}"
        return signs

    def suspects(self) -> set[str]:
        """Return the tensors that are marked."""
        return {mark.tensor for mark in self.diagnosis.marks}

    def numbers(self) -> str:
        """Return what the loss reads, beside the target."""
        read = self.stages[-1]
        return draw_numbers(read.name, self.logits, read.axes, self.values, self.sentences, self.tokens[0])


@lru_cache(1)
def _encoder(name: str | None) -> Any:
    """Load the BERT that all labs read: none trains it, and each of its own would cost 57 MB and 0.3 s."""
    return load_bert("encoder")


class BertExperiment(Experiment):
    """Runs a real head and a real loss on every change.

    The encoder is the slow part, so its output is kept for as long as what it reads stays the same.

    >>> experiment = BertExperiment(BertSettings(num_labels=1))
    >>> print(experiment.scene.diagnosis.headline)
    ✗ IndexError: Target 2 is out of bounds.
    >>> print(experiment.change(num_labels=3).stages[-1])
    logits (N=4, C=3) float32
    """

    settings_type = BertSettings
    double_mistakes = (
        {"task": "token", "target_format": "per_token"},
        {"loss": "mse_loss", "num_labels": 1, "target_format": "numbers"},
        {"framework": "transformers", "target_format": "one_hot_int"},
    )
    mends: Mapping[str, str] = {
        "head_size": "num_labels, target_format, target_size, kept, classes",
        "label_range": "num_labels, target_format, classes",
        "unused_outputs": "num_labels, classes",
        "batch_target": "target_size, batch_size, kept, target_format, task, target_size target_format",
        "extra_target_dim": "target_format",
        "one_hot_index": "target_format",
        "index_for_multilabel": "target_format, loss",
        "token_logits_for_sequence": "task, target_format",
        "sequence_logits_for_token": "task, arrangement",
        "needs_flatten_or_transpose": "arrangement, num_labels, task, target_format",
        "squeeze_mismatch": "target_format, num_labels",
        "target_dtype": "target_format, loss",
        "loss_choice": "loss, num_labels, target_format",
        "softmax_before_loss": "softmax",
        "missing_or_wrong_mask": "mask",
        "dropped_rows": "kept, target_size",
        "problem_type": "num_labels, target_format, task",
        "static_length": "task, target_format",
        "all_ignored": "target_format",
    }

    def __init__(self, settings: BertSettings | None = None) -> None:
        self.bert = _encoder(os.environ.get("SHAPE_CLINIC_MODEL"))
        self._models = lru_cache(MOST_MODELS)(load_bert)
        self._encoded = lru_cache(MOST_BATCHES)(self._encode)
        super().__init__(settings)

    def right(self) -> BertSettings:
        """Return settings that run with the sentences that were typed, without a mistake."""
        settings = BertSettings(text=self.settings.text)
        rows = len(self.change(**asdict(settings)).sentences)  # fewer may have been typed
        return replace(settings, batch_size=rows, target_size=rows)

    def _read(self, sentences: tuple[str, ...]) -> str:
        if not sentences or sentences == self._sentences:
            return ""
        length = max(map(len, self.tokenizer(list(sentences), verbose=False)["input_ids"]))
        limit = self.bert.config.max_position_embeddings
        if length > limit:
            too_long = f"one sentence has {length} tokens and BERT reads at most {limit}"
            return f"{too_long}; the lab still shows the last ones"
        self._sentences = sentences
        return ""

    def _encode(self, batch: tuple[str, ...], padding: str, mask: bool) -> tuple[dict[str, Tensor], Tensor]:
        """Return what the tokenizer gives, and the hidden states (N, T, H)."""
        options = eval(f"dict({padding})")
        encoding = dict(self.tokenizer(list(batch), return_tensors="pt", verbose=False, **options))
        inputs = {name: rows for name, rows in encoding.items() if mask or "mask" not in name}
        return encoding, self.bert(**inputs).last_hidden_state

    def _run(self, batch: list[str], notes: dict[str, str]) -> BertScene:
        settings, rows = self.settings, len(batch)
        encoding, hidden_states = self._encoded(tuple(batch), padding_of(settings), settings.mask)
        given, ids, mask = dict(encoding), encoding["input_ids"], encoding["attention_mask"]
        if not settings.mask:
            del given["attention_mask"]
        names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "load_bert": self._load}
        names |= {"mask": mask, "batch": given, "hidden_states": hidden_states}
        steps = code_of(settings, rows, *hidden_states.shape[1:])
        with kept(SEED):
            exec(compiled("\n".join(steps)), names)  # the very lines that the learner is shown
        logits, target = names["logits"], names["target"]
        read = hidden_states if settings.task == "token" else hidden_states[:, 0]
        diagnosis = self._diagnosed(settings, names, read)
        stages = (
            Stage.of("input_ids", ids, "NT"),
            Stage.of("hidden_states", hidden_states, "NTH"),
            Stage.of("every token", read, "NTH") if read.ndim == 3 else Stage.of("[CLS]", read, "NH"),
            Stage.of(settings.read[0], logits, settings.read[1]),
        )
        end = Stage.of("target", target, "N" if target.ndim == 1 else settings.chosen("target_format").axes)
        return BertScene(
            **self._shown(batch, ids.tolist(), mask.tolist(), notes=notes, diagnosis=diagnosis),
            mask_is_read=settings.mask,
            values=target.tolist(),
            code=from_scratch(settings, batch, steps, (*stages[:2], stages[3], end), diagnosis),
            stages=stages,
            target=end,
            logits=logits,
        )

    def _load(self, task: str, num_labels: int, problem_type: str | None = None) -> Any:
        """Give what `load_bert` would: a model remembers its first labels' problem_type."""
        model = self._models(task, num_labels)
        model.config.problem_type = problem_type
        return model

    def _diagnosed(self, settings: BertSettings, names: dict[str, Any], read: Tensor) -> Diagnosis:
        classes = None if settings.task == "regression" else settings.classes
        if settings.framework == "transformers":
            return check_batch(names["model"], {**names["batch"], "labels": names["target"]}, classes)
        whole, target = settings.kept == "all", names["target"]

        def loss() -> Diagnosis:
            call = loss_call(getattr(F, settings.loss), names["logits"], target)
            told = diagnose(replace(call, hidden=read) if whole else call, classes=classes)
            if told.outcome == "raises" and not whole:
                # What was filtered away can't be seen in the loss's tensors, but in the lines around it.
                exec(f"F.{settings.loss}(logits, target)", names)
            return told

        rows = names["mask"].bool().all(dim=1)
        filtered = (names["mask"], rows, len(target)) if settings.kept == "unpadded" else None
        return check_step(loss, self.bert, lambda: names["batch"], filtered)
