# url: https://github.com/lmoroney/dlaicourse/pull/77
# cause: the labels are a Python list where Keras takes an array
# fix: np.array(labels)
# accept: target_dtype missing_input
# says: np\.array\(labels\)
# raises: ValueError
# error: Unrecognized\ data\ type:\ x=\[\[3\ 7\ 2\ 9\]
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
from keras import layers

texts = [[3, 7, 2, 9], [4, 4, 1], [8, 2], [5, 6, 7, 1]]
labels = [1, 0, 0, 1]
padded = keras.utils.pad_sequences(texts, padding="post")

model = keras.Sequential(
    [layers.Input((4,)), layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(padded, labels, epochs=1, verbose=0)
