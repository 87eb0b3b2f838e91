# url: https://github.com/tensorflow/tensorflow/issues/28718
# cause: the last layer gives raw numbers, and binary cross entropy expects probabilities
# fix: activation="sigmoid", or BinaryCrossentropy(from_logits=True)
# accept: loss_choice
# says: from_logits=True
# raises: nothing
# asks: check_batch(model, {"x": ids, "y": answers})
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
ids = rng.integers(1, 90, (40, 8))
answers = (ids.sum(1) % 2).astype("float32")

model = keras.Sequential([layers.Input((8,)), layers.Embedding(90, 8), layers.Flatten(), layers.Dense(1)])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(ids, answers, epochs=3, batch_size=8, verbose=0)
