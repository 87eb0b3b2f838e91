# url: https://github.com/keras-team/keras/issues/16766
# cause: fit was given no labels, and the loss needs them
# fix: model.fit(x, y)
# accept: missing_input
# says: fit\(x, y|y=
# raises: AttributeError
# error: 'NoneType'\ object\ has\ no\ attribute\ 'shape'
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
sentences, labels = rng.integers(1, 80, (20, 7)), rng.integers(0, 2, 20)
data = [sentences, labels]

model = keras.Sequential(
    [
        layers.Input((7,)),
        layers.Embedding(80, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(data[0], epochs=1, verbose=0)
