"""The Python behind the Keras lab: what runs on every move, and the same from scratch."""

from __future__ import annotations

from helpers.diagnosis import Diagnosis
from helpers.lab.code import labels_of, listed, outcome_of
from helpers.lab.keras_settings import LABEL_FORMATS, LOSSES, PADDINGS, KerasSettings


def code_of(settings: KerasSettings, rows: int) -> tuple[str, str]:
    """Return the lines that make `model`, and those that make `x` and `y` from `sentences`."""
    length = settings.max_length if settings.input_length == "fixed" else None
    both = settings.two_inputs
    inputs = [f'input_ids = keras.Input(({length},), dtype="int32", name="input_ids")']
    if both:
        inputs.append(f'attention_mask = keras.Input(({length},), dtype="int32", name="attention_mask")')
    given, activation = "[input_ids, attention_mask]" if both else "input_ids", LOSSES[settings.loss]
    model = [
        *inputs,
        f"hidden_states = bert(input_ids{', attention_mask=attention_mask' if both else ''})",
        "start = keras.initializers.GlorotUniform(seed=0)",
        f'last = keras.layers.Dense({settings.units}, activation="{activation}", kernel_initializer=start)',
        "output = last(hidden_states[:, 0])",
        f'model = keras.Model({given}, output, name="model")',
        f'model.compile(loss="{settings.loss}")',
    ]
    padding = PADDINGS[settings.padding][1].format(max_length=settings.max_length)
    data = [
        f"encoding = tokenizer(sentences, {padding})",
        'input_ids = np.array(encoding["input_ids"])',
        'attention_mask = np.array(encoding["attention_mask"])',
        f"x = {'[input_ids, attention_mask]' if settings.mask_given else 'input_ids'}",
        f"labels = np.array({labels_of(settings.classes, rows)})",
        f"y = {LABEL_FORMATS[settings.label_format][1].format(classes=settings.classes)}",
    ]
    return "\n".join(model), "\n".join(data)


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
