# url: https://github.com/tensorflow/tensorflow/issues/28367
# cause: The labels are strings; a Keras loss compares numbers.
# fix: np.unique(labels, return_inverse=True)[1] (or a StringLookup layer), then sparse_categorical_crossentropy
# accept: target_dtype
# says: return_inverse|enumerate|\.index\(|StringLookup
# raises: ValueError
# error: Invalid dtype: str
# mend: model.fit(data, labels, => model.fit(data, np.unique(labels, return_inverse=True)[1],
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential, layers

rng = np.random.default_rng(0)
names = np.array(["spam", "ham", "news"])
data = rng.integers(1, 50, (24, 10))
labels = names[rng.integers(0, 3, 24)]

model = Sequential(
    [
        layers.Input((10,)),
        layers.Embedding(50, 8),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
print(data.shape, labels.shape, labels[:4])
model.fit(data, labels, epochs=2, batch_size=8, verbose=0)
