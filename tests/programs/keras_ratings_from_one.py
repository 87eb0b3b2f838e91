# url: https://github.com/tensorflow/tensorflow/issues/48680
# cause: the labels count from 1, and accuracy is asked too
# fix: y - 1
# accept: label_range head_size
# says: - 1|0 to 4
# raises: IndexError
# error: Target\ 5\ is\ out\ of\ bounds\.
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x, ratings = rng.random((25, 6)), np.arange(25) % 5 + 1

inputs = keras.Input((6,))
model = keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.Dense(8, activation="relu")(inputs)))
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2)],
)
model.fit(x, ratings, batch_size=5, epochs=1, verbose=0)
