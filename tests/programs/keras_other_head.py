# url: https://github.com/keras-team/keras/issues/630
# cause: The weights come from a model with five classes, the new model has four: the last layer's shapes differ.
# fix: Dense(5) as in the old model, or set the weights of all layers but the last
# accept: head_size
# says: Dense\(5|\[:-1\]|last layer|skip
# raises: ValueError
# error: not compatible with provided weight shape
# mend: n_classes=4 => n_classes=5
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential, layers


def build(n_classes):
    model = Sequential(
        [
            layers.Input((32,)),
            layers.Embedding(120, 12),
            layers.GlobalAveragePooling1D(),
            layers.Dense(64, activation="relu"),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


rng = np.random.default_rng(0)
leaf = build(n_classes=5)
leaf.fit(rng.integers(0, 120, (40, 32)), rng.integers(0, 5, 40), epochs=1, verbose=0)
saved = leaf.get_weights()

habm_data = rng.integers(0, 120, (10, 32))
habm = build(n_classes=4)
habm.set_weights(saved)
habm_labels = habm.predict(habm_data, verbose=0).argmax(axis=-1)
print(habm_labels)
