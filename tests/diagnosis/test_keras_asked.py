"""A loss or a model of Keras that raises nothing, asked with `check_loss` and `check_batch`."""

from typing import Any

import numpy as np
import pytest
import torch
from judge import explained  # noqa: F401  decides Keras' backend

from helpers import check_batch, check_loss

Y = np.array([0, 1, 2, 2])
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]], dtype="float32")
RAW = np.array([[2.0, -1, 0.5], [0, 3, -2], [1, 1, 4], [0, 0, 2]], dtype="float32")
ONE = np.ones((4, 1), dtype="float32")
SPARSE, CATEGORICAL, BINARY = "SparseCategorical", "Categorical", "Binary"


def loss(kind: str, **options: Any) -> Any:
    import keras

    return getattr(keras.losses, f"{kind}Crossentropy")(**options)


@pytest.mark.parametrize(
    ("kind", "options", "output", "y", "outcome", "cause"),
    [
        (SPARSE, {}, P, Y, "ok", None),
        (SPARSE, {}, Y, P, "ok", None),  # as Keras orders them
        (CATEGORICAL, {}, P, np.eye(3)[Y], "ok", None),
        (SPARSE, {"from_logits": True}, RAW, Y, "ok", None),
        (SPARSE, {}, RAW, Y, "silent", "loss_choice"),
        (SPARSE, {"from_logits": True}, P, Y, "silent", "softmax_before_loss"),
        (BINARY, {}, RAW[:, :1], Y > 1, "silent", "loss_choice"),
        (BINARY, {}, P[:, :1], Y > 1, "ok", None),
        (BINARY, {}, ONE, Y > 1, "silent", "softmax_before_loss"),
        (SPARSE, {}, ONE, Y * 0, "silent", "head_size"),
        (CATEGORICAL, {}, P, Y, "raises", "loss_choice"),
        (SPARSE, {}, P, np.eye(3)[Y], "raises", "one_hot_index"),
    ],
)
def test_a_loss_of_keras(
    kind: str, options: dict[str, Any], output: Any, y: Any, outcome: str, cause: str | None
) -> None:
    told = check_loss(loss(kind, **options), torch.as_tensor(output), y)
    assert (told.outcome, told.cause) == (outcome, cause), str(told)
    if outcome == "silent" and cause != "head_size" and output is not ONE:
        assert "from_logits" in told.needs
        assert told.fixes


def model(units: int, activation: str | None, kind: str) -> Any:
    import keras

    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation=activation)])
    made.compile(loss=kind, metrics=["accuracy"])
    made.layers[-1].set_weights([np.full((2, units), 2.0), np.arange(units) * 1.0])
    return made


@pytest.mark.parametrize(
    ("units", "activation", "kind", "outcome", "cause"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", "ok", None),
        (3, None, "sparse_categorical_crossentropy", "silent", "loss_choice"),
        (1, "softmax", "mse", "silent", "softmax_before_loss"),
        (3, "softmax", "categorical_crossentropy", "raises", "loss_choice"),
        (2, "softmax", "sparse_categorical_crossentropy", "raises", "head_size"),
    ],
)
def test_a_model_of_keras(
    units: int, activation: str | None, kind: str, outcome: str, cause: str | None
) -> None:
    made = model(units, activation, kind)
    before = [weight.copy() for weight in made.get_weights()]
    told = check_batch(made, {"x": np.ones((4, 2), dtype="float32"), "y": Y})
    assert (told.outcome, told.cause) == (outcome, cause), str(told)
    assert all(np.array_equal(old, new) for old, new in zip(before, made.get_weights(), strict=True))


def test_a_model_of_keras_needs_a_loss() -> None:
    import keras

    with pytest.raises(TypeError, match="compiled one"):
        check_batch(
            keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), {"x": np.ones((1, 2)), "y": Y[:1]}
        )
