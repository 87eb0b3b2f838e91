# url: https://github.com/keras-team/keras/issues/11348
# cause: one label for each step, and the last LSTM returns only its last state
# fix: return_sequences=True
# accept: sequence_logits_for_token
# says: return_sequences=True
# raises: RuntimeError ValueError
# error: size of tensor a|same shape
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x = rng.integers(1, 60, (18, 11))
tags = keras.utils.to_categorical(rng.integers(0, 6, (18, 11)), 6)

model = keras.Sequential(
    [
        layers.Input((11,)),
        layers.Embedding(60, 8),
        layers.Bidirectional(layers.LSTM(6)),
        layers.Dense(6, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x, tags, epochs=1, batch_size=6, verbose=0)
