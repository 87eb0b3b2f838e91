# url: https://github.com/keras-team/keras/issues/13484
# cause: there is one label per text and a prediction for every token: nothing pools the tokens
# fix: GlobalAveragePooling1D() or Flatten() before the last Dense
# accept: token_logits_for_sequence
# says: Pooling1D|Flatten
# raises: RuntimeError ValueError
# error: size of tensor a|same shape
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x, y = rng.integers(1, 60, (18, 11)), rng.integers(0, 3, 18)

model = keras.Sequential(
    [
        layers.Input((11,)),
        layers.Embedding(60, 8),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, batch_size=6, verbose=0)
