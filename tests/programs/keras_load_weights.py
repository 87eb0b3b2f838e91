# url: https://github.com/keras-team/keras/issues/12502
# cause: the file holds the weights of a model with another number of classes
# fix: model.load_weights(path, skip_mismatch=True)
# accept: head_size
# says: skip_mismatch
# raises: ValueError
# error: A\ total\ of\ 1\ objects\ could\ not\ be\ loaded\.\ Exa
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
from keras import layers
import tempfile


def build(classes):
    inputs = keras.Input((12,))
    hidden = layers.GlobalMaxPooling1D()(layers.Embedding(300, 8)(inputs))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(hidden))


path = os.path.join(tempfile.mkdtemp(), "old.weights.h5")
build(10).save_weights(path)
model = build(5)
model.load_weights(path)
