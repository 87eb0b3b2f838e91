# url: https://github.com/keras-team/keras/issues/126
# cause: a softmax over a single unit is always 1, so nothing can be learned
# fix: activation="sigmoid"
# accept: softmax_before_loss head_size
# says: sigmoid
# raises: nothing
# asks: check_batch(model, {"x": x, "y": y})
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.random((50, 3))
y = (x.sum(1) > 1.5).astype("int32")

model = keras.Sequential(
    [layers.Input((3,)), layers.Dense(8, activation="relu"), layers.Dense(1, activation="softmax")]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, verbose=0)
