"""The lab that the lesson on padding opens: ids, a mask and a Keras model.

The lines that a learner is shown are those that run. A model is built once for each set of lines that make
it, so that a change of the labels or the padding costs no more than the evaluation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from helpers.diagnosis import Diagnosis, check_keras_loss
from helpers.drawing.keras_arrays import Shape, Shapes, as_words, draw_arrays, in_words
from helpers.drawing.numbers_table import draw_numbers
from helpers.lab.control import PADDINGS, Idle, Option, Settings, choice, slider, tick
from helpers.lab.experiment import Experiment, Scene, check_step, labels_of, listed, outcome_of, padding_of

MOST_MODELS = 32
ARRAYS = ("input_ids", "attention_mask")

# What can be chosen.

INPUT_LENGTHS = {"open": Option("open, (None,)"), "fixed": Option("fixed, (max_length,)")}
# The code is the activation that belongs to the loss.
LOSSES = {
    "sparse_categorical_crossentropy": Option("sparse_categorical_crossentropy", "softmax"),
    "categorical_crossentropy": Option("categorical_crossentropy", "softmax"),
    "binary_crossentropy": Option("binary_crossentropy", "sigmoid"),
}
LABEL_FORMATS = {
    "indices": Option("indices (N,)", "labels"),
    "column": Option("one column (N, 1)", "labels.reshape(-1, 1)"),
    "one_hot": Option("one-hot (N, C)", "np.eye({classes})[labels]"),
}


NO_LENGTH = Idle(
    "open, and not padded to it: this plays no part", {"padding": "longest none", "input_length": "open"}
)


@dataclass(frozen=True)
class KerasSettings(Settings):
    """A control a line, in their order."""

    padding: str = choice(
        "input_ids", "padding", {**PADDINGS, "none": Option("none", "padding=False")}, wrong=("none",)
    )
    max_length: int = slider(
        "input_ids", "max_length", 8, 4, 16, NO_LENGTH
    )  # padded and cut to; of a fixed input
    input_length: str = choice("input_ids", "Input length", INPUT_LENGTHS, wrong=("fixed",))
    two_inputs: bool = tick(
        "attention_mask", "two inputs", True
    )  # whether the model has an input for the mask
    mask_given: bool = tick(
        "attention_mask", "mask given", True, wrong=(False,)
    )  # whether it is handed to the model
    loss: str = choice("loss", "loss", LOSSES, wrong=("categorical_crossentropy", "binary_crossentropy"))
    label_format: str = choice("output and y", "labels", LABEL_FORMATS, wrong=("one_hot",))
    units: int = slider("output and y", "units", 3, 1, 6, wrong=(1, 2))  # the outputs of the last Dense
    classes: int = slider(
        "output and y", "classes in the data", 3, 2, 6, wrong=(5,)
    )  # how many the labels are drawn from
    batch_size: int = slider("input_ids", "batch_size", 4, 1, 8)


# The Python behind it: what runs on every move, and the same from scratch.


def code_of(settings: KerasSettings, rows: int) -> tuple[str, str]:
    """Return the lines that make `model`, and those that make `x` and `y` from `sentences`."""
    length = settings.max_length if settings.input_length == "fixed" else None
    read = ARRAYS if settings.two_inputs else ARRAYS[:1]
    inputs = [f'{name} = keras.Input(({length},), dtype="int32", name="{name}")' for name in read]
    activation = settings.chosen("loss").code
    model = [
        *inputs,
        f"hidden_states = bert(input_ids{', attention_mask=attention_mask' if settings.two_inputs else ''})",
        "start = keras.initializers.GlorotUniform(seed=0)",
        f'last = keras.layers.Dense({settings.units}, activation="{activation}", kernel_initializer=start)',
        "output = last(hidden_states[:, 0])",
        f'model = keras.Model({_all(settings.two_inputs)}, output, name="model")',
        f'model.compile(loss="{settings.loss}")',
    ]
    data = [
        f"labels = np.array({labels_of(settings.classes, rows)})",
        f"y = {settings.chosen('label_format').code.format(classes=settings.classes)}",
        f"encoding = tokenizer(sentences, {padding_of(settings)})",
        *(f'{name} = np.array(encoding["{name}"])' for name in ARRAYS),
        f"x = {_all(settings.mask_given)}",
    ]
    return "\n".join(model), "\n".join(data)


def _all(both: bool) -> str:
    return "[input_ids, attention_mask]" if both else "input_ids"


def from_scratch(sentences: list[str], model_code: str, data_code: str, diagnosis: Diagnosis) -> str:
    """Return the Python that gives the same shapes and the same outcome in a fresh process."""
    return f"""\
from helpers import BertLayer, load_tokenizer
import keras
import numpy as np

{listed(sentences)}
tokenizer, bert = load_tokenizer(), BertLayer()

{model_code}

{data_code}
model.evaluate(x, y)  # {outcome_of(diagnosis)}
"""


# What one run gave, and how it is shown.


@dataclass(frozen=True)
class KerasScene(Scene):
    """All that one run gave."""

    shapes: Shapes
    output: Tensor | None  # what the last layer gave, where it gave anything
    with_ids: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = {
        **{name: name for name in (*ARRAYS, "output and y")},
        "loss": "the loss",
    }

    def untold(self) -> Self:
        """Return it without a verdict. That rows of unequal length made no array would be one."""
        lengths = [len(ids) for ids in self.ids]
        rows = len(lengths), f"{min(lengths)} to {max(lengths)}"
        given = ARRAYS[: 1 + self.settings.mask_given] if min(lengths) < max(lengths) else ()
        shapes = [(name, built, rows if name in given else came) for name, built, came in self.shapes]
        return replace(super().untold(), shapes=shapes)

    def draw(self, changed: frozenset[str] = frozenset(), widths: Collection[str] = ()) -> str:
        """Return each shape beside the one that the model was built for."""
        return draw_arrays(self.shapes, self.signs(), changed, self.is_told)

    def table(self) -> list[tuple[str, str]]:
        """Return both shapes of each array."""
        both = [(name, as_words(built), as_words(came)) for name, built, came in self.shapes]
        return [(name, f"built for {built}, came {came}") for name, built, came in both]

    def signs(self) -> dict[str, str]:
        """Sign the arrays that don't fit; where all do, the one that the verdict is about."""
        if not self.is_told:
            return {}
        misfit = {shapes[0]: words for shapes in self.shapes if (words := in_words(*shapes))}
        if misfit or self.diagnosis.outcome == "ok":
            return misfit
        about = "attention_mask" if self.diagnosis.cause == "missing_or_wrong_mask" else "output and y"
        return {about: f"{self.diagnosis.sign} see the verdict"}

    def suspects(self) -> set[str]:
        """Return the arrays that are signed."""
        return set(self.signs())

    def numbers(self) -> str:
        """Return the output beside the labels."""
        if self.diagnosis.outcome == "untold":
            return "<p>The output comes with the verdict.</p>"
        if self.output is None:
            return "<p>Nothing came out: the model raised before its last layer.</p>"
        return draw_numbers("output", self.output, "NC", self.values, self.sentences, self.tokens[0])


class KerasExperiment(Experiment):
    """Runs a real `model.evaluate` on every change, of models that share one `BertLayer`.

    >>> scene = KerasExperiment(KerasSettings(input_length="fixed")).scene
    >>> print(scene.diagnosis.cause, scene.shapes[0])
    static_length ('input_ids', (None, 8), (4, 12))
    """

    settings_type = KerasSettings
    double_mistakes = ({"two_inputs": False, "mask_given": False},)
    mends: Mapping[str, str] = {
        "static_length": "input_length, padding",
        "ragged_padding": "padding",
        "missing_input": "mask_given, two_inputs",
        "missing_or_wrong_mask": "two_inputs mask_given",
        "one_hot_index": "loss, label_format",
        "loss_choice": "loss, label_format",
        "index_for_multilabel": "loss, label_format",
        "squeeze_mismatch": "label_format, units",
        "head_size": "units, loss, label_format",
        "unused_outputs": "units",
        "label_range": "classes, loss",
    }

    def __init__(self, settings: KerasSettings | None = None) -> None:
        from helpers.keras_bert import BertLayer, keras  # late: the other lab does without Keras

        self._model = lru_cache(MOST_MODELS)(self._made)
        self._names = {"keras": keras, "np": np, "bert": BertLayer()}
        super().__init__(settings)

    def right(self) -> KerasSettings:
        """Return settings that run with the sentences that were typed, without a mistake."""
        settings = KerasSettings(text=self.settings.text)
        # A sentence longer than BERT's 512 positions runs with no setting.
        runs = self.change(**asdict(settings)).diagnosis.outcome == "ok"
        return settings if runs else KerasSettings()

    def _run(self, batch: list[str], notes: dict[str, str]) -> KerasScene:
        names = {**self._names, "tokenizer": self.tokenizer, "sentences": batch}
        model_code, data_code = code_of(self.settings, len(batch))
        model = names["model"] = self._model(model_code)
        diagnosis = self._diagnosed(names, data_code)
        ids, mask = names["encoding"]["input_ids"], names["encoding"]["attention_mask"]
        return KerasScene(
            **self._shown(batch, ids, mask, notes=notes, diagnosis=diagnosis),
            mask_is_read=self.settings.two_inputs and self.settings.mask_given,
            values=names["y"].tolist() if "y" in names else [],
            code=from_scratch(batch, model_code, data_code, diagnosis),
            shapes=_shapes(model, names),
            output=names.get("output"),
        )

    def _made(self, code: str) -> Any:
        exec(code, names := dict(self._names))
        return names["model"]

    def _diagnosed(self, names: dict[str, Any], data_code: str) -> Diagnosis:
        settings, model = self.settings, names["model"]

        def loss() -> Diagnosis:
            exec(data_code, names)
            value = float(model.evaluate(names["x"], names["y"], verbose=0))
            names["output"] = torch.as_tensor(model.predict_on_batch(names["x"]))
            labels = torch.as_tensor(names["y"])
            told = check_keras_loss(settings.loss, names["output"], labels, settings.classes)
            return replace(told, loss=value) if told.outcome == "silent" else Diagnosis("ok", "", value)

        def given() -> dict[str, Tensor]:
            read = ARRAYS if settings.two_inputs else ARRAYS[:1]
            return {name: torch.as_tensor(names[name]) for name in read}

        told = check_step(loss, names["bert"].bert.module, given)
        # The repairs of what is silent are PyTorch's; here the controls are at hand.
        return replace(told, got=told.got or _got(names), fixes=told.fixes if told.error else ())


def _shapes(model: Any, names: dict[str, Any]) -> Shapes:
    built, given = {str(tensor.name): tuple(tensor.shape) for tensor in model.inputs}, names.get("x", [])
    came = dict(zip(ARRAYS, given if isinstance(given, list) else [given], strict=False))
    rows: Shapes = [(name, built.get(name), _shape(came.get(name))) for name in ARRAYS]
    return [*rows, ("output and y", tuple(model.output.shape), _shape(names.get("y")))]


def _shape(array: Any) -> Shape | None:
    return None if array is None else tuple(array.shape)


def _got(names: dict[str, Any]) -> str:
    shapes = {name: _shape(names.get(name)) for name in (*ARRAYS, "y")}
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape is not None)
