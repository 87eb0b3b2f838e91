# url: https://github.com/chauhan01/Captcha-text-extraction/issues/3
# cause: to_categorical made more columns than the last layer has units
# fix: Dense(30): as many units as y has columns
# accept: head_size
# says: Dense\(30
# raises: ValueError
# error: Arguments\ `target`\ and\ `output`\ must\ have\ the
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
train_x, train_y = rng.random((32, 10)), keras.utils.to_categorical(np.arange(32) % 30)

model = keras.Sequential(
    [layers.Input((10,)), layers.Dense(32, activation="relu"), layers.Dense(9, activation="softmax")]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(train_x, train_y, validation_split=0.25, epochs=1, batch_size=8, verbose=0)
