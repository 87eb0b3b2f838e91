"""Keras on the torch backend: fit, losses, input checks. Its errors come without Keras' own frames."""

# A program stays beside its name and the causes that it accepts.
# fmt: off
from .base import BATCH, HEAD, INPUT, KERAS, KIND, LENGTH, SEQUENCES, SQUEEZE, TOKENS, VOCAB, Case, case

IMPORTS = KERAS + "from keras import Input, Model, Sequential, layers\n"


def _keras(name: str, accept: tuple[str, ...], code: str) -> Case:
    return case(f"keras-{name}", accept, code, begin=IMPORTS, worded=True)


CASES = [
    _keras("sparse-label-too-high", HEAD, """
        model = Sequential([Input((6,)), layers.Dense(4, activation="softmax")])
        model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
        target = np.array([0, 1, 2, 3, 4, 1, 2, 3])
        model.fit(rng.random((8, 6)), target, verbose=0)
        """),
    _keras("sparse-one-unit", HEAD, """
        model = Sequential([Input((6,)), layers.Dense(1)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(loss=loss, optimizer="adam")
        model.fit(rng.random((8, 6)), np.array([0, 1] * 4), epochs=1, verbose=0)
        """),
    _keras("sparse-labels-count-from-1", HEAD, """
        inputs = Input((10,))
        outputs = layers.Dense(5, activation="softmax")(layers.Dense(8, activation="relu")(inputs))
        model = Model(inputs, outputs)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        stars = np.array([1, 2, 3, 4, 5, 5])
        model.fit(rng.random((6, 10)), stars, verbose=0)
        """),
    _keras("columns-of-to-categorical", HEAD, """
        y = keras.utils.to_categorical([97, 98, 99, 97])
        model = Sequential([Input((3,)), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "categorical_crossentropy")
        model.fit(rng.random((4, 3)), y, verbose=0)
        """),
    _keras("function-with-fewer-columns", HEAD, """
        target = np.eye(4, dtype="float32")[[0, 1, 2, 3, 1]]
        logits = rng.random((5, 6)).astype("float32")
        keras.losses.CategoricalCrossentropy()(target, logits)
        """),
    _keras("binary-three-columns", (*HEAD, *KIND), """
        model = Sequential([Input((7,)), layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy")
        model.fit(rng.random((12, 7)), np.eye(3)[rng.integers(0, 3, 12)], batch_size=4, verbose=0)
        """),
    _keras("binary-two-columns-of-one", (*HEAD, *KIND), """
        model = Sequential([Input((7,)), layers.Dense(2, activation="softmax")])
        model.compile("adam", "binary_crossentropy")
        model.fit(rng.random((12, 7)), rng.integers(0, 2, (12,)), batch_size=4, verbose=0)
        """),
    _keras("categorical-with-indices", KIND, """
        model = Sequential([Input((5,)), layers.Dense(9, activation="softmax")])
        model.compile("adam", "categorical_crossentropy")
        model.fit(rng.random((10, 5)), rng.integers(0, 9, 10), epochs=1, verbose=0)
        """),
    _keras("categorical-object-with-indices", KIND, """
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        loss(np.array([1, 0, 3, 2]), rng.random((4, 4)).astype("float32"))
        """),
    _keras("sparse-with-one-hot", KIND, """
        y_train = keras.utils.to_categorical(rng.integers(0, 6, 20), num_classes=6)
        model = Sequential([Input((16,)), layers.Dense(6, activation="softmax")])
        model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
        model.fit(rng.random((20, 16)), y_train, batch_size=5, verbose=0)
        """),
    _keras("sparse-object-with-one-hot", KIND, """
        loss = keras.losses.SparseCategoricalCrossentropy()
        loss(np.eye(3)[[0, 1, 2, 1]], rng.random((4, 3)).astype("float32"))
        """),
    _keras("cardinality-labels-short", BATCH, """
        model = Sequential([Input((4,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(rng.random((100, 4)), rng.random((80, 1)), verbose=0)
        """),
    _keras("cardinality-validation", BATCH, """
        model = Sequential([Input((4,)), layers.Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        x, y = rng.random((20, 4)), rng.integers(0, 2, 20)
        model.fit(x, y, validation_data=(x[:8], y[:5]), verbose=0)
        """),
    _keras("cardinality-two-inputs", BATCH, """
        left, right = Input((3,)), Input((3,))
        model = Model([left, right], layers.Dense(1)(layers.concatenate([left, right])))
        model.compile("sgd", "mse")
        model.fit([rng.random((9, 3)), rng.random((8, 3))], rng.random((9, 1)), verbose=0)
        """),
    _keras("static-length", LENGTH, """
        model = Sequential([Input((8,)), layers.Embedding(50, 4), layers.Flatten(), layers.Dense(2)])
        model(np.zeros((2, 6), dtype="int32"))
        """),
    _keras("static-length-in-fit", LENGTH, """
        tokens = Input(shape=(32,), dtype="int32")
        pooled = layers.GlobalAveragePooling1D()(layers.Embedding(90, 6)(tokens))
        model = Model(tokens, layers.Dense(1)(pooled))
        model.compile("adam", "mse")
        model.fit(rng.integers(0, 90, (16, 40)), rng.random((16, 1)), batch_size=4, verbose=0)
        """),
    _keras("ragged-lists", LENGTH, """
        model = Sequential([Input((4,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        rows = [[1, 2, 3, 4], [5, 6], [7, 8, 9]]
        model.fit(np.array(rows), np.zeros(3), verbose=0)
        """),
    _keras("no-pooling", TOKENS, """
        model = Sequential([Input((12,)), layers.Embedding(80, 8), layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy")
        model.fit(rng.integers(0, 80, (10, 12)), rng.integers(0, 2, (10, 1)), batch_size=5, verbose=0)
        """),
    _keras("lstm-returns-sequences", TOKENS, """
        model = Sequential([Input((9,)), layers.Embedding(80, 8), layers.LSTM(6, return_sequences=True),
                            layers.Dense(4, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(rng.integers(0, 80, (6, 9)), rng.integers(0, 4, (6,)), verbose=0)
        """),
    _keras("tags-for-a-pooled-model", SEQUENCES, """
        model = Sequential([Input((9,)), layers.Embedding(80, 8), layers.GlobalMaxPooling1D(),
                            layers.Dense(5, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(rng.integers(0, 80, (6, 9)), rng.integers(0, 5, (6, 9)), verbose=0)
        """),
    _keras("two-inputs-one-array", INPUT, """
        ids, mask = Input((10,), name="input_ids"), Input((10,), name="attention_mask")
        model = Model([ids, mask], layers.Dense(2)(layers.concatenate([ids, mask])))
        model.predict(rng.random((3, 10)), verbose=0)
        """),
    _keras("two-inputs-missing-key", INPUT, """
        ids, mask = Input((10,), name="input_ids"), Input((10,), name="attention_mask")
        model = Model({"input_ids": ids, "attention_mask": mask}, layers.Dense(2)(layers.add([ids, mask])))
        model({"input_ids": np.ones((3, 10))})
        """),
    _keras("embedding-too-small", VOCAB, """
        model = Sequential([Input((5,)), layers.Embedding(20, 4), layers.Flatten(), layers.Dense(1)])
        model(np.array([[1, 2, 3, 4, 20]]))
        """),
    _keras("dense-wants-other-features", (*LENGTH, "head_size"), """
        head = layers.Dense(3)
        head(np.ones((2, 16)))
        head(np.ones((2, 12)))
        """),
    _keras("squeezed-map", (*SQUEEZE, *TOKENS), """
        target = rng.integers(0, 2, (2, 6)).astype("float32")
        logits = rng.random((2, 6, 1, 1)).astype("float32")
        keras.losses.BinaryCrossentropy()(target, logits)
        """),
]
