# url: https://github.com/mmalekzadeh/dana/issues/1
# cause: the model ends in a softmax, and the loss with from_logits=True applies one more
# fix: from_logits=False, or no softmax in the last layer
# accept: softmax_before_loss
# says: from_logits
# raises: nothing
# asks: check_batch(model, {"x": x, "y": y})
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.random((60, 9)).astype("float32")
y = (x.argmax(1) // 3).astype("int64")

model = keras.Sequential(
    [layers.Input((9,)), layers.Dense(12, activation="tanh"), layers.Dense(3, activation="softmax")]
)
model.compile(
    optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
)
model.fit(x, y, epochs=2, batch_size=20, verbose=0)
