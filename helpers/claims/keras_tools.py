"""Small Keras models for the claims about Keras, which is imported when the first of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.claims.tiny import sizes, tokens

SENTENCES = ("This is a positive sentence.", "Another sentence here.", "A short one.")
LABELS = np.array([[1], [0], [1]], dtype="float32")  # (N, 1)


def keras_model(names: Sequence[str], length: int | None = None) -> Any:
    """Build and compile: inputs of these names, BERT, [CLS], one sigmoid. `length` None takes any T."""
    from helpers.keras_bert import BertLayer, keras

    inputs = [keras.Input((length,), dtype="int32", name=name) for name in names]
    cls = BertLayer(bert=sizes())(*inputs)[:, 0]  # (N, T, H) -> (N, H)
    output = keras.layers.Dense(1, activation="sigmoid")(cls)
    # With a name of its own: Keras numbers those that it makes up, so messages would differ from run to run.
    model = keras.Model(inputs, output, name="classifier")
    model.compile("adam", "binary_crossentropy")
    return model


def arrays() -> dict[str, Any]:
    """Tokenize the three sentences: int64 NumPy arrays (N, T)."""
    batch = tokens(*SENTENCES)
    return {name: batch[name].numpy() for name in ("input_ids", "attention_mask")}


def fit_dense(units: int, loss: str, labels: Any) -> Any:
    """Train one layer on four rows of numbers with these labels and this loss."""
    from helpers.keras_bert import keras

    model = keras.Sequential([keras.layers.Dense(units)], name="classifier")
    model.compile("sgd", loss)
    return model.fit(np.zeros((4, 5), dtype="float32"), labels, verbose=0)
