# url: https://github.com/bonlime/keras-deeplab-v3-plus/issues/35
# cause: the weights are those of a model with another number of classes
# fix: leave the last layer out: copy the weights of the others layer by layer
# accept: head_size
# says: layers\[:-1\]|all but the last|skip_mismatch
# raises: ValueError
# error: weight shape .* is not compatible with provided weight shape
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
from keras import layers


def build(classes):
    return keras.Sequential(
        [
            layers.Input((12,)),
            layers.Embedding(300, 8),
            layers.GlobalMaxPooling1D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


old = build(20)
model = build(4)
model.set_weights(old.get_weights())
