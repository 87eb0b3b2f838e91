# url: https://github.com/tensorflow/tensorflow/issues/44674
# cause: every row has one class index, and accuracy (with the loss) wants a column for each class
# fix: loss="sparse_categorical_crossentropy", or keras.utils.to_categorical(y)
# accept: loss_choice index_for_multilabel one_hot_index
# says: sparse_categorical_crossentropy
# raises: ValueError
# error: Arguments\ `target`\ and\ `output`\ must\ have\ the
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
reviews = rng.integers(1, 500, (40, 12))
stars = rng.integers(0, 5, 40)

model = keras.Sequential(
    [layers.Input((12,)), layers.Embedding(500, 8), layers.LSTM(8), layers.Dense(5, activation="softmax")]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(reviews, stars, epochs=1, batch_size=8, verbose=0)
