# url: https://github.com/keras-team/keras/issues/1195
# cause: the labels are a column of objects (as from a table), numbers that are not stored as numbers
# fix: y.astype("int64")
# accept: target_dtype
# says: astype
# raises: ValueError
# error: Invalid\ dtype:\ object
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
table = np.array([["a fine film", 1], ["slow and dull", 0], ["loved it", 1], ["no", 0]], dtype=object)
words = {}
rows = [[words.setdefault(word, len(words) + 1) for word in text.split()] for text in table[:, 0]]
x = keras.utils.pad_sequences(rows, maxlen=5)
y = table[:, 1]

model = keras.Sequential(
    [layers.Input((5,)), layers.Embedding(20, 8), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)
