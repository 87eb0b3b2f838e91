"""The kit's BERT as a Keras 3 layer, on the torch backend.

Importing this module imports Keras, and decides its backend: nothing else in the kit does.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import torch

from helpers.bert import load_bert

BACKEND = "torch"


class WrongBackend(ImportError):
    """Keras was imported before, with a backend that cannot hold a PyTorch model."""


def _import_keras() -> Any:
    """Import Keras with the torch backend. The choice falls at the first import, so it is made before it.

    The source of the rule: Keras' guide "Configuring your backend".
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = BACKEND
    import keras

    backend = keras.backend.backend()
    if backend != BACKEND:
        raise WrongBackend(
            f"got Keras with the {backend} backend, imported earlier in this process. BertLayer needs the"
            " torch backend. Try restarting the kernel, and `from helpers import BertLayer` before Keras."
        )
    return keras


keras = _import_keras()
Layer: Any = keras.layers.Layer


@keras.saving.register_keras_serializable(package="shape_clinic")
class BertLayer(Layer):
    """BERT's encoder: token ids in, hidden states out.

    Call it with `input_ids` (N, T), int, and, where rows are padded, `attention_mask` (N, T), 1 for a token
    and 0 for padding, in any dtype. It gives hidden states (N, T, H), float32: H is 768, or 384 pretrained. T
    may be left open.

    Args:
        trainable: False freezes BERT, so that only the layers after it learn.
        bert: What `load_bert` takes besides the task, such as `{"pretrained": True}`.
        **kwargs: What every Keras layer takes, such as `name`.

    Raises:
        WrongBackend: On import, where Keras already runs on another backend.

    >>> BertLayer()(torch.tensor([[101, 7, 102], [101, 102, 0]])).shape
    torch.Size([2, 3, 768])
    """

    def __init__(self, trainable: bool = True, bert: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._options = dict(bert or {})
        encoder = load_bert("encoder", **self._options)
        encoder.pooler = None  # nothing here reads its output, so its weights would never learn
        self.hidden_size = int(encoder.config.hidden_size)
        self.bert = encoder  # Keras wraps it and counts its weights by itself: by hand they'd count twice
        self.trainable = trainable
        self.built = True

    def call(self, input_ids: Any, attention_mask: Any = None, training: bool | None = None) -> torch.Tensor:
        """Return the hidden states (N, T, H)."""
        mask = None if attention_mask is None else keras.ops.cast(attention_mask, "int32")
        # Without `training` Keras' wrapper would run in training mode: dropout in a prediction.
        ids = keras.ops.cast(input_ids, "int32")
        return self.bert(input_ids=ids, attention_mask=mask, training=bool(training)).last_hidden_state

    def compute_output_spec(self, input_ids: Any, attention_mask: Any = None, training: Any = None) -> Any:
        """Return the shape for a model under construction, where there are no values yet."""
        return keras.KerasTensor((*input_ids.shape, self.hidden_size), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return what `load_model` needs to build the layer again; the weights are saved beside it."""
        return {**super().get_config(), "bert": self._options}
