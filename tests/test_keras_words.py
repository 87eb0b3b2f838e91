"""A verdict on a Keras model names its arrays by their names, its labels once, its head by its classes."""

import pytest
from judge import explained

KERAS = "import numpy as np, keras\nL = keras.layers\n"
LAST = "m = keras.Sequential([keras.Input((8,)), L.Dense({units}, activation='softmax')])\n"
LAST += "m.compile(loss='{loss}')\nx, y = np.ones((6, 8)), np.array({labels})\n"
SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "units", "rows", "got"),
    [
        (CATEGORICAL, 3, 6, f"y (6,), output (6, 3), loss {CATEGORICAL}"),
        (CATEGORICAL, 3, 2, f"y (6,); in one batch target (2,), output (2, 3); loss {CATEGORICAL}"),
        (SPARSE, 1, 6, f"y (6,), output (6, 1), loss {SPARSE}; labels 0 to 2"),
    ],
)
def test_keras_labels_are_spelled_once(loss: str, units: int, rows: int, got: str) -> None:
    setup = KERAS + LAST.format(units=units, loss=loss, labels=[0, 1, 2, 0, 1, 2])
    assert explained(f"{setup}m.evaluate(x, y, batch_size={rows}, verbose=0)").got == got


@pytest.mark.parametrize(
    ("units", "labels", "cause", "needs"),
    [
        (1, [0, 1, 2, 0, 1, 2], "head_size", "Dense(3) for 3 classes"),
        (1, [1, 1, 1, 1, 1, 1], "head_size", "Dense(2) for 2 classes"),
        (2, [0, 1, 2, 0, 1, 2], "head_size", "labels from 0 to 1, or Dense(3) for 3 classes"),
        (3, [0, -1, 1, 0, 1, 2], "label_range", "labels from 0 to 2"),
        (1, [0, -1, 1, 0, 1, 2], "label_range", "labels that count from 0, and Dense(3) for 3 classes"),
    ],
)
def test_keras_labels_beyond_the_head(units: int, labels: list[int], cause: str, needs: str) -> None:
    setup = KERAS + LAST.format(units=units, loss=SPARSE, labels=labels)
    diagnosis = explained(f"{setup}m.evaluate(x, y, batch_size=6, verbose=0)")
    assert (diagnosis.cause, diagnosis.needs) == (cause, needs)


@pytest.mark.parametrize(("named", "name"), [("name='input_ids'", "input_ids"), ("", "input")])
def test_a_keras_input_is_named_beside_what_the_model_is_built_for(named: str, name: str) -> None:
    setup = f"{KERAS}i = keras.Input((8,), {named})\nm = keras.Model(i, L.Dense(3)(i))\n"
    diagnosis = explained(f"{setup}m.predict(np.ones((4, 12)), verbose=0)")
    assert diagnosis.got == f"{name} (4, 12); the model is built for (any, 8)"
    assert diagnosis.needs.startswith(f"{name} (any, 8): pad or cut every row to 8")
