import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from notebook_tools import python

from helpers import BertLayer, load_bert
from helpers.keras_bert import keras

IDS = np.array([[101, 7, 8, 9, 102], [101, 7, 102, 0, 0]])
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
SMALL = {"num_hidden_layers": 1, "intermediate_size": 32}


def build(trainable: bool = True, num_labels: int = 3) -> keras.Model:
    input_ids = keras.Input((None,), dtype="int32", name="input_ids")
    attention_mask = keras.Input((None,), dtype="int32", name="attention_mask")
    hidden_states = BertLayer(trainable=trainable, bert=SMALL)(input_ids, attention_mask=attention_mask)
    logits = keras.layers.Dense(num_labels)(hidden_states[:, 0])
    model = keras.Model({"input_ids": input_ids, "attention_mask": attention_mask}, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def inputs() -> dict[str, np.ndarray]:
    return {"input_ids": IDS, "attention_mask": MASK}


def bert_weights(model: keras.Model) -> list[torch.Tensor]:
    layer = next(layer for layer in model.layers if isinstance(layer, BertLayer))
    return [parameter.detach().clone() for parameter in layer.bert.module.parameters()]


def test_shapes_are_known_before_there_are_values() -> None:
    model = build()
    assert [layer.output.shape for layer in model.layers[2:]] == [(None, None, 768), (None, 3)]
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), line_length=120)
    assert "(None, None, 768)" in "\n".join(lines)
    assert "(None, 768)" in "\n".join(lines)


def test_the_layer_gives_what_the_encoder_gives() -> None:
    ids, mask = torch.tensor(IDS), torch.tensor(MASK)
    with torch.no_grad():
        expected = load_bert("encoder", **SMALL)(ids, attention_mask=mask).last_hidden_state
        for kind in (torch.int64, torch.int32, torch.float32, torch.bool):
            assert torch.allclose(BertLayer(bert=SMALL)(ids, mask.to(kind)), expected, atol=1e-6)


def test_the_mask_is_optional_and_counts() -> None:
    layer = BertLayer(bert=SMALL)
    with torch.no_grad():
        with_mask, without = layer(IDS, MASK), layer(IDS)
    assert torch.equal(with_mask[0], without[0])  # no padding in this row
    assert not torch.equal(with_mask[1, 0], without[1, 0])


def test_every_weight_counts_once_and_learns(inputs: dict[str, np.ndarray]) -> None:
    model = build()
    encoder = load_bert("encoder", **SMALL)
    pooler = sum(parameter.numel() for parameter in encoder.pooler.parameters())
    whole = sum(parameter.numel() for parameter in encoder.parameters())
    assert model.count_params() == whole - pooler + 768 * 3 + 3
    before = bert_weights(model)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Gradients do not exist")
        model.fit(inputs, np.array([0, 2]), epochs=1, verbose=0)
    changed = [not torch.equal(old, new) for old, new in zip(before, bert_weights(model), strict=True)]
    assert all(changed)


def test_frozen_bert_stays_as_it_is(inputs: dict[str, np.ndarray]) -> None:
    model = build(trainable=False)
    assert len(model.trainable_variables) == 2
    before = bert_weights(model)
    model.fit(inputs, np.array([0, 2]), epochs=1, verbose=0)
    assert all(torch.equal(old, new) for old, new in zip(before, bert_weights(model), strict=True))


def test_the_length_is_open(inputs: dict[str, np.ndarray]) -> None:
    model = build()
    for length in (3, 5):
        part = {name: rows[:, :length] for name, rows in inputs.items()}
        assert model.predict(part, verbose=0).shape == (2, 3)


def test_a_prediction_is_the_same_twice_and_after_loading(
    inputs: dict[str, np.ndarray], tmp_path: Path
) -> None:
    model = build()
    model.fit(inputs, np.array([0, 2]), epochs=1, verbose=0)
    predicted = model.predict(inputs, verbose=0)
    assert np.array_equal(predicted, model.predict(inputs, verbose=0))  # no dropout
    path = tmp_path / "classifier.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    assert np.array_equal(predicted, loaded.predict(inputs, verbose=0))
    assert model.evaluate(inputs, np.array([0, 2]), verbose=0) == loaded.evaluate(
        inputs, np.array([0, 2]), verbose=0
    )


@pytest.mark.parametrize("use", ["BertLayer", "cheat_sheet; cheat_sheet('keras')"])
def test_the_backend_is_torch_whatever_the_environment_says(use: str, tmp_path: Path) -> None:
    code = f"from helpers import {use}; import keras; print(keras.backend.backend())"
    done = python(code, tmp_path, KERAS_BACKEND="tensorflow")
    assert done.stdout.split() == ["torch"], done.stderr


def test_another_backend_that_is_already_there_is_refused_with_a_way_out(tmp_path: Path) -> None:
    # A stand-in: the kit installs neither TensorFlow nor JAX.
    done = python(
        """
        import sys, types
        keras = types.ModuleType("keras")
        keras.backend = types.SimpleNamespace(backend=lambda: "tensorflow")
        sys.modules["keras"] = keras
        from helpers import BertLayer
        """,
        tmp_path,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "got Keras with the tensorflow backend" in last
    assert "needs the torch backend. Try restarting the kernel" in last
