# url: https://github.com/tensorflow/tensorflow/issues/28367
# cause: the labels are words; a loss needs numbers
# fix: give each class a number: classes = sorted(set(y)), y = np.array([classes.index(label) for label in y])
# accept: target_dtype
# says: unique|index
# raises: ValueError
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
ids = rng.integers(1, 200, (16, 10))
moods = np.array(["joy", "anger", "fear", "joy"] * 4)

model = keras.Sequential(
    [
        layers.Input((10,)),
        layers.Embedding(200, 8),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(ids, moods, epochs=1, batch_size=4, verbose=0)
