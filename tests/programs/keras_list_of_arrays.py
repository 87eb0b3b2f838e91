# url: https://github.com/drawbridge/keras-mmoe/issues/23
# cause: The labels are a list with one small array per row; Keras reads a list as several targets.
# fix: np.concatenate(labels) (or np.array(labels)): one array with a row per text
# accept: target_dtype batch_target missing_input
# says: np\.(array|stack|concatenate|vstack|asarray)\(
# raises: ValueError
# error: cardinality
# mend: model.fit(train_data, train_label, => model.fit(train_data, np.array(train_label),
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential, layers

SEED = 1
np.random.seed(SEED)


def generate(rows=48, width=20):
    data = np.random.normal(size=(rows, width))
    weights = np.random.normal(size=width)
    label = []
    for row in data:
        label.append(np.array([float(row @ weights > 0)]))
    return data, label


train_data, train_label = generate()
model = Sequential(
    [
        layers.Input((20,)),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(8, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(train_data, train_label, epochs=2, batch_size=16, verbose=0)
