# url: https://github.com/tensorflow/tensorflow/issues/54233
# cause: The last layer has 11 outputs; the labels go up to 32, there are 33 classes.
# fix: Dense(33, activation="softmax")
# accept: head_size
# says: Dense\(33|\b33\b
# raises: IndexError
# error: Target \d+ is out of bounds
# mend: layers.Dense(11, activation="softmax") => layers.Dense(33, activation="softmax")
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential, layers

rng = np.random.default_rng(1)
x_train = rng.integers(1, 300, (66, 12))
y_train = np.arange(66) % 33

model = Sequential()
model.add(layers.Input((12,)))
model.add(layers.Embedding(300, 16))
model.add(layers.Conv1D(16, 3, activation="relu"))
model.add(layers.GlobalMaxPooling1D())
model.add(layers.Dropout(0.3))
model.add(layers.Dense(11, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
training = model.fit(x=x_train, y=y_train, epochs=1, batch_size=66, verbose=0)
