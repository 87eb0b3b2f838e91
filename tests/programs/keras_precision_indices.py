# url: https://github.com/keras-team/keras/issues/18283
# cause: Precision compares number by number: it wants a column for each class, the labels are class indices
# fix: one-hot labels with categorical_crossentropy: keras.utils.to_categorical(y, 3); or a metric for indices
# accept: loss_choice one_hot_index index_for_multilabel
# says: to_categorical
# raises: RuntimeError ValueError
# error: size of tensor a|same shape
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x, species = rng.random((30, 4)), np.arange(30) % 3

model = keras.Sequential(
    [layers.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")]
)
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=[keras.metrics.Precision(), keras.metrics.Recall()],
)
model.fit(x, species, epochs=1, batch_size=10, verbose=0)
