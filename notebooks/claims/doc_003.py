"""Document 003: dimensions that don't fit when a BERT is trained with Keras.

Its programs are written for TensorFlow. Here they run on Keras 3 with torch underneath, which is how Keras
and transformers 5 go together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from claims.claim import claim
from claims.outcome import Found
from claims.tiny import learned_bert, learned_tokens, sizes, tiny_bert, tokenizer, tokens
from helpers.reference.index import PADDING

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


@claim("003-1", "gives (3, 1)", PADDING)
def _functional_model() -> object:
    """A Keras model of input_ids and attention_mask, any length, trains and gives (3, 1)."""
    model = keras_model(("input_ids", "attention_mask"))
    model.fit(arrays(), LABELS, verbose=0)
    return tuple(model.predict(arrays(), verbose=0).shape)


@claim("003-1b", "runs", PADDING)
def _tensorflow_class() -> object:
    """The model's class is transformers.TFBertModel."""
    import transformers

    return transformers.TFBertModel


@claim(
    "003-1c", {"return_tensors": "runs", "Adam": "runs", "fit": "runs", "predict_classes": "runs"}, PADDING
)
def _lines_of_its_time() -> object:
    """Not said there: other lines of that age run too."""
    from helpers.keras_bert import keras

    model, rows = keras_model(("input_ids", "attention_mask")), arrays()
    return {
        "return_tensors": lambda: tokenizer()(list(SENTENCES), padding=True, return_tensors="tf"),
        "Adam": lambda: keras.optimizers.Adam(lr=2e-5),
        "fit": lambda: model.fit(rows, LABELS, verbose=0, workers=2),
        "predict_classes": lambda: model.predict_classes(rows),
    }


@claim("003-2", "raises", PADDING)
def _padded_by_hand() -> object:
    """Padding by hand with 0 gives a shape mismatch: 0 is not BERT's padding."""
    rows = tokenizer()(list(SENTENCES))["input_ids"]
    longest = max(map(len, rows))
    by_hand = np.array([row + [0] * (longest - len(row)) for row in rows])
    keras_model(("input_ids",)).fit(by_hand, LABELS, verbose=0)
    the_same = np.array_equal(by_hand, arrays()["input_ids"])
    zero = tokenizer().convert_ids_to_tokens(0)
    return Found(note=f"0 is {zero}, and the tokenizer's own padding gives the same: {the_same}")


@claim("003-2b", "raises ValueError: inhomogeneous shape", PADDING)
def _not_padded() -> object:
    """Not said there: without any padding the lists make no array."""
    return np.array(tokenizer()(list(SENTENCES))["input_ids"])


@claim("003-3", "raises", PADDING)
def _no_mask() -> object:
    """Without the attention mask, training ends with a dimension mismatch."""
    keras_model(("input_ids",)).fit(arrays()["input_ids"], LABELS, verbose=0)
    model, batch = learned_bert(), learned_tokens(*SENTENCES)
    with torch.no_grad():
        masked, bare = model(**batch)[0][:, 0], model(batch["input_ids"])[0][:, 0]
    moved = (masked - bare).abs().amax(dim=1)
    padded = (batch["attention_mask"] == 0).any(dim=1)
    rows = f"rows with padding: {padded.tolist()}, rows that the mask changes: {(moved > 0.001).tolist()}"
    return Found(note=f"{rows}, by {moved.max():.1f} in MiniLM", wrong=moved.max() > 0.001)


@claim("003-3b", "raises ValueError: expects 2", PADDING)
def _one_of_two_inputs() -> object:
    """Not said there: a model of two inputs, fed with the ids alone, says that one is missing."""
    model = keras_model(("input_ids", "attention_mask"))
    return model.fit([arrays()["input_ids"]], LABELS, verbose=0)


@claim("003-c1", "runs", PADDING)
def _embeddings_as_input() -> object:
    """BERT takes input of three axes: (batch_size, sequence_length, embedding_dimension)."""
    return tiny_bert()(torch.ones(2, 6, 32, dtype=torch.int64))


@claim("003-c1b", {"input_ids (2, 6)": "gives two axes", "hidden_states": "gives three axes"}, PADDING)
def _where_the_third_axis_comes_from() -> object:
    """Not said there: ids have two axes, and BERT makes the third one."""
    ids, names = torch.ones(2, 6, dtype=torch.int64), {2: "two axes", 3: "three axes"}
    hidden_states = tiny_bert()(ids).last_hidden_state
    return {"input_ids (2, 6)": lambda: names[ids.ndim], "hidden_states": lambda: names[hidden_states.ndim]}


@claim("003-c2", "raises ValueError: expected shape=(None, 8)", PADDING)
def _length_of_the_model() -> object:
    """A Keras model built for sentences of 8 tokens refuses others, here 6."""
    model = keras_model(("input_ids", "attention_mask"), length=8)
    return model({name: rows[:, :6] for name, rows in arrays().items()})


@claim("003-c3", "raises", PADDING)
def _mask_of_integers() -> object:
    """The attention mask should be float32; other types can raise errors."""
    model, batch = tiny_bert(), tokens(*SENTENCES)
    mask, ids = batch["attention_mask"], batch["input_ids"]
    same = torch.equal(model(ids, mask)[0], model(ids, mask.float())[0])
    return Found(note=f"as {mask.dtype}; float32 gives the same numbers: {same}")


@claim("003-c4", "raises", PADDING)
def _no_special_tokens() -> object:
    """Forgetting [CLS] and [SEP] raises a dimension error."""
    batch = tokens(*SENTENCES, add_special_tokens=False)
    tiny_bert("sequence")(**batch, labels=torch.tensor([1, 0, 1]))
    first = tokenizer().convert_ids_to_tokens(batch["input_ids"][:, 0])
    wrong = tokenizer().cls_token not in first
    return Found(note=f"the first tokens, where [CLS] is looked for: {', '.join(first)}", wrong=wrong)


@claim("003-c5", {"600 tokens": "raises", "cut to 512": "runs"}, PADDING)
def _too_long() -> object:
    """A sentence beyond BERT's longest makes trouble; truncation mends it."""
    words = "good " * 598
    return {
        "600 tokens": lambda: tiny_bert()(**tokens(words, verbose=False)).last_hidden_state,
        "cut to 512": lambda: tiny_bert()(**tokens(words, truncation=True)).last_hidden_state[:, 0],
    }


_SHAPES = "raises ValueError: must have the same shape"


@claim(
    "003-x",
    {
        "categorical, indices": _SHAPES,
        "sparse, one-hot": _SHAPES,
        "binary, 3 columns for 1 unit": _SHAPES,
        "4 rows, 3 labels": "raises ValueError: Data cardinality is ambiguous",
    },
    PADDING,
)
def _labels_and_losses() -> object:
    """Not said there: in Keras, labels that don't fit the loss raise errors about shapes."""
    indices, one_hot = np.array([0, 1, 2, 0]), np.eye(3)[[0, 1, 2, 0]]
    return {
        "categorical, indices": lambda: fit_dense(3, "categorical_crossentropy", indices),
        "sparse, one-hot": lambda: fit_dense(3, "sparse_categorical_crossentropy", one_hot),
        "binary, 3 columns for 1 unit": lambda: fit_dense(1, "binary_crossentropy", one_hot),
        "4 rows, 3 labels": lambda: fit_dense(3, "sparse_categorical_crossentropy", indices[:3]),
    }
