"""The lab without its widgets: settings in, one real forward pass and one real loss out.

Every change runs a real head and a real loss. The encoder is the slow part, so its output is kept for
as long as what it reads stays the same.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.bert import SEED, load_bert, load_tokenizer
from helpers.diagnosis import Diagnosis, check_batch, diagnose, dropped_rows, explain
from helpers.diagnosis.loss.call import loss_call
from helpers.lab.choices import batch_note, cut_note, readable, sentences_in
from helpers.lab.code import code_of, from_scratch, tokenizer_options
from helpers.lab.model_run import ModelRuns
from helpers.lab.settings import FORMATS, Settings, what_is_ignored, what_the_loss_reads
from helpers.threads import one_thread
from helpers.trace import Stage

Encoded = tuple[tuple[str, ...], dict[str, Any], bool]  # the sentences, how they are padded, with the mask


@dataclass(frozen=True)
class Scene:
    """All that one run gave: what the picture draws and the verdict says.

    Attributes:
        sentences: The batch, as typed.
        tokens, ids, mask: Per sentence, its tokens, the number of each, and 1 for a token or 0 for padding.
        stages: input_ids (N, T), hidden_states (N, T, H), what the head reads, (N, H) or (N, T, H), and what
            the loss reads; its name says what was done to the logits.
        target: The target's stage.
        logits: What the loss reads, as a tensor.
        values: The target's values, by row.
        settings: The settings that made it.
        notes: Per setting that could not be used as it is, why.
        diagnosis: What the loss did.
        code: Python that does the same from scratch.
    """

    sentences: tuple[str, ...]
    tokens: list[list[str]]
    ids: list[list[int]]
    mask: list[list[int]]
    stages: tuple[Stage, ...]
    target: Stage
    logits: Tensor
    values: list[Any]
    settings: Settings
    notes: dict[str, str]
    diagnosis: Diagnosis
    code: str

    @property
    def mask_is_read(self) -> bool:
        """Whether BERT gets the mask."""
        return self.settings.mask


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
        self._models = ModelRuns()
        self._encoded: Encoded = ((), {}, True)
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
            notes = self._encode(self.settings)
            self.scene = self._run(self.settings, notes)
        return self.scene

    def _encode(self, settings: Settings) -> dict[str, str]:
        """Encode what is new; where the sentences can't be used, keep the last good ones."""
        sentences, note = sentences_in(settings.text)
        wanted: Encoded = (sentences or self._encoded[0], tokenizer_options(settings), settings.mask)
        if wanted[0] and wanted != self._encoded:
            encoding = self.tokenizer(readable(wanted[0]), return_tensors="pt", verbose=False, **wanted[1])
            length, limit = encoding["input_ids"].shape[1], self.bert.config.max_position_embeddings
            if length <= limit:
                inputs = {
                    name: rows for name, rows in encoding.items() if settings.mask or "mask" not in name
                }
                self._hidden_states = self.bert(**inputs).last_hidden_state
                self._encoding, self._encoded = encoding, wanted
            else:
                too_long = f"one sentence has {length} tokens and BERT reads at most {limit}"
                note = f"{too_long}; the lab still shows the last ones"
        if not self._encoded[0]:
            raise ValueError(f"got no text that the lab can use: {note}. Try text='The film was fine.'")
        return {"text": note} if note else {}

    def _run(self, settings: Settings, notes: dict[str, str]) -> Scene:
        sentences = self._encoded[0]
        batch = sentences[: settings.batch_size]
        notes = notes | batch_note(len(batch), settings.batch_size) | what_is_ignored(settings)
        if settings.padding == "max_length":
            notes |= cut_note(self.tokenizer, batch, settings.max_length)
        hidden_states = self._hidden_states[: len(batch)]
        steps = code_of(settings, len(batch), *hidden_states.shape[1:])
        names = self._names(len(batch))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
            exec("\n".join(steps), names)  # the very lines that the learner is shown
        logits, target = names["logits"], names["target"]
        read = hidden_states if settings.task == "token" else hidden_states[:, 0]
        diagnosis = self._diagnosed(settings, names, read)
        name, axes = what_the_loss_reads(settings)
        stages = (
            Stage.of("input_ids", self._encoding["input_ids"][: len(batch)], "NT"),
            Stage.of("hidden_states", hidden_states, "NTH"),
            Stage.of("every token", read, "NTH") if read.ndim == 3 else Stage.of("[CLS]", read, "NH"),
            Stage.of(name, logits, axes),
        )
        target_stage = Stage.of(
            "target", target, "N" if target.ndim == 1 else FORMATS[settings.target_format].axes
        )
        ids, mask = (self._encoding[part][: len(batch)].tolist() for part in ("input_ids", "attention_mask"))
        tokens = [self.tokenizer.convert_ids_to_tokens(row) for row in ids]
        shapes = (stages[0].shape, stages[1].shape, logits.shape, target.shape)
        code = from_scratch(sentences, settings, steps, shapes, diagnosis)
        return Scene(
            batch,
            tokens,
            ids,
            mask,
            stages,
            target_stage,
            logits,
            target.tolist(),
            settings,
            notes,
            diagnosis,
            code,
        )

    def _names(self, rows: int) -> dict[str, Any]:
        batch = {name: values[:rows] for name, values in self._encoding.items()}
        mask = batch["attention_mask"]
        if not self.settings.mask:
            del batch["attention_mask"]
        names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "encoding": self._encoding, "mask": mask}
        load = self._models.load
        return {**names, "batch": batch, "hidden_states": self._hidden_states[:rows], "load_bert": load}

    def _diagnosed(self, settings: Settings, names: dict[str, Any], read: Tensor) -> Diagnosis:
        classes = None if settings.task == "regression" else settings.classes
        if settings.framework == "transformers":
            return check_batch(names["model"], {**names["batch"], "labels": names["target"]}, classes)
        call = loss_call(getattr(F, settings.loss), names["logits"], names["target"])
        whole = settings.kept == "all"
        diagnosis = diagnose(replace(call, hidden=read) if whole else call, classes=classes)
        if diagnosis.outcome == "raises" and not whole:
            # What was filtered away can't be seen in the loss's tensors, but in the lines around it.
            return self._explained(settings, names) or diagnosis
        if diagnosis.outcome == "ok" and not settings.mask:
            told = check_batch(self.bert, names["batch"])
            diagnosis = diagnosis if told.outcome == "ok" else replace(told, loss=diagnosis.loss)
        if diagnosis.outcome == "ok" and settings.kept == "unpadded":
            kept = names["mask"].bool().all(dim=1)
            return dropped_rows(names["mask"], kept, len(names["target"]), diagnosis.loss) or diagnosis
        return diagnosis

    def _explained(self, settings: Settings, names: dict[str, Any]) -> Diagnosis | None:
        try:
            exec(f"F.{settings.loss}(logits, target)", names)
        except Exception as error:
            told = explain(error)
            return replace(told, where="") if told is not None else None  # a line of ours
        return None
