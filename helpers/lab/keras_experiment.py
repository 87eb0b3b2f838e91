"""The Keras lab without its widgets: settings in, one real `model.evaluate` out.

The lines that a learner is shown are those that run. A model is built once for each set of lines that make
it, so that a change of the labels or the padding costs no more than the evaluation.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.bert import load_tokenizer
from helpers.diagnosis import Diagnosis, check_batch, check_keras_loss, explain
from helpers.diagnosis.seen.frames import said
from helpers.lab.choices import batch_note, cut_note, readable, sentences_in
from helpers.lab.keras_code import code_of, from_scratch
from helpers.lab.keras_settings import KerasSettings
from helpers.threads import one_thread

MOST_MODELS = 32
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class KerasScene:
    """All that one run gave.

    Attributes:
        sentences: The batch, as typed.
        tokens: Per sentence, its tokens as the model gets them, padding included.
        ids: Per sentence, the number of each.
        mask: Per sentence, 1 for a token and 0 for padding; the tokenizer's, whether it is handed on or not.
        shapes: Per array: its name, the shape that the model was built for, and the shape that came; either
            is None where there is none.
        output: What the last layer gave, where it gave anything.
        values: The labels, by row.
        settings: The settings that made it.
        notes: Per setting that could not be used as it is, why.
        diagnosis: What Keras did.
        code: Python that does the same from scratch.
    """

    sentences: list[str]
    tokens: list[list[str]]
    ids: list[list[int]]
    mask: list[list[int]]
    shapes: list[tuple[str, Shape | None, Shape | None]]
    output: Tensor | None
    values: list[Any]
    settings: KerasSettings
    notes: dict[str, str]
    diagnosis: Diagnosis
    code: str

    @property
    def mask_is_read(self) -> bool:
        """Whether the model has an input for the mask, and is given it."""
        return self.settings.two_inputs and self.settings.mask_given


class KerasExperiment:
    """Holds the settings, the tokenizer, one `BertLayer` and the models that were built with it.

    >>> scene = KerasExperiment(KerasSettings(input_length="fixed")).scene
    >>> print(scene.diagnosis.cause, scene.shapes[0])
    static_length ('input_ids', (None, 8), (4, 12))
    """

    def __init__(self, settings: KerasSettings | None = None) -> None:
        from helpers.keras_bert import BertLayer, keras

        self.tokenizer = load_tokenizer()
        self._names = {"keras": keras, "np": np, "bert": BertLayer(), "tokenizer": self.tokenizer}
        self._models: dict[str, Any] = {}
        self._sentences: tuple[str, ...] = ()
        self.settings = settings or KerasSettings()
        self.scene = self.change()

    def change(self, **settings: Any) -> KerasScene:
        """Apply new settings, run everything that depends on them, and return the new scene.

        Raises:
            TypeError: A setting that `KerasSettings` doesn't have.
            ValueError: A choice that its drop-down doesn't have, or no sentence to start with.
        """
        self.settings = replace(self.settings, **settings)
        sentences, note = sentences_in(self.settings.text)
        self._sentences = sentences or self._sentences
        if not self._sentences:
            raise ValueError(f"got no text that the lab can use: {note}. Try text='The film was fine.'")
        with one_thread(), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library warns of, the verdict says
            self.scene = self._run(self.settings, {"text": note} if note else {})
        return self.scene

    def _run(self, settings: KerasSettings, notes: dict[str, str]) -> KerasScene:
        batch = readable(self._sentences[: settings.batch_size])
        notes = notes | batch_note(len(batch), settings.batch_size)
        if settings.padding == "max_length":
            notes |= cut_note(self.tokenizer, batch, settings.max_length)
        elif settings.input_length == "open" and settings.max_length != KerasSettings().max_length:
            notes["max_length"] = "open, and not padded to it: this plays no part"
        names = {**self._names, "sentences": batch}
        model_code, data_code = code_of(settings, len(batch))
        model = names["model"] = self._model(model_code)
        try:
            exec(data_code, names)
            loss = names["loss"] = float(model.evaluate(names["x"], names["y"], verbose=0))
            diagnosis = self._silent(model, names, settings) or Diagnosis("ok", _got(names), loss)
        except Exception as error:  # what Keras or NumPy raises is the result to show
            diagnosis = explain(error) or Diagnosis("raises", _got(names), error=said(error))
        diagnosis = replace(diagnosis, where="")  # a line of ours, not of the learner's
        ids, mask = names["encoding"]["input_ids"], names["encoding"]["attention_mask"]
        tokens = [self.tokenizer.convert_ids_to_tokens(row) for row in ids]
        code = from_scratch(batch, model_code, data_code, diagnosis)
        values = names["y"].tolist() if "y" in names else []
        shapes, output = _shapes(model, names), names.get("output")
        return KerasScene(batch, tokens, ids, mask, shapes, output, values, settings, notes, diagnosis, code)

    def _model(self, code: str) -> Any:
        if code not in self._models:
            if len(self._models) == MOST_MODELS:
                self._models.clear()
            names = dict(self._names)
            exec(code, names)
            self._models[code] = names["model"]
        return self._models[code]

    def _silent(self, model: Any, names: dict[str, Any], settings: KerasSettings) -> Diagnosis | None:
        """Ask about what BERT was given, and about what the loss was given, where nothing was raised."""
        given = {"input_ids": torch.as_tensor(names["input_ids"])}
        if settings.two_inputs:
            given["attention_mask"] = torch.as_tensor(names["attention_mask"])
        found = [check_batch(self._names["bert"].bert.module, given)]
        names["output"] = torch.as_tensor(model.predict_on_batch(names["x"]))
        labels = torch.as_tensor(names["y"])
        found.append(check_keras_loss(settings.loss, names["output"], labels, settings.classes))
        silent = next((told for told in found if told.outcome == "silent"), None)
        # The repairs are PyTorch's; here the controls are at hand.
        return None if silent is None else replace(silent, loss=names["loss"], fixes=())


def _shapes(model: Any, names: dict[str, Any]) -> list[tuple[str, Shape | None, Shape | None]]:
    built = {str(tensor.name): tuple(tensor.shape) for tensor in model.inputs}
    given = names.get("x")
    came: list[Any] = given if isinstance(given, list) else [] if given is None else [given]
    arrays = dict(zip(("input_ids", "attention_mask"), came, strict=False))
    rows: list[tuple[str, Shape | None, Shape | None]] = []
    for name in ("input_ids", "attention_mask"):
        array = arrays.get(name)
        rows.append((name, built.get(name), None if array is None else tuple(array.shape)))
    labels = names.get("y")
    return [
        *rows,
        ("output and y", tuple(model.output.shape), None if labels is None else tuple(labels.shape)),
    ]


def _got(names: dict[str, Any]) -> str:
    arrays: list[tuple[str, Any]] = [(name, names.get(name)) for name in ("input_ids", "attention_mask", "y")]
    return ", ".join(f"{name} {tuple(array.shape)}" for name, array in arrays if hasattr(array, "shape"))
