# url: https://github.com/tensorflow/addons/issues/2653
# cause: F1Score wants a column for each class in the labels too; these are class indices
# fix: one-hot labels with categorical_crossentropy: keras.utils.to_categorical(y, 4); or a metric for indices
# accept: loss_choice one_hot_index index_for_multilabel
# says: to_categorical
# never: (?i)Dense\(1\)
# raises: ValueError
# error: FBetaScore\ expects\ 2D\ inputs\ with\ shape\ \(batc
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x = rng.random((24, 6))
topics = rng.integers(0, 4, 24)

model = keras.Sequential(
    [layers.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(4, activation="softmax")]
)
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.F1Score(average="macro")],
)
model.fit(x, topics, epochs=1, batch_size=8, verbose=0)
