# url: https://github.com/keras-team/keras/issues/13820
# cause: categorical_crossentropy wants one-hot rows for its two units; the labels are one 0 or 1 for each picture.
# fix: Dense(1, sigmoid) with binary_crossentropy, or Dense(2, softmax) with sparse_categorical_crossentropy
# accept: one_hot_index loss_choice head_size
# says: sparse_categorical_crossentropy|binary_crossentropy|to_categorical
# raises: ValueError
# error: must have the same shape
# mend: loss="categorical_crossentropy" => loss="sparse_categorical_crossentropy"
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import random
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Dense, Dropout

IMG = 50  # 50 * 50 grey pixels, flattened to 2500
CATEGORIES = ["cat", "dog"]
random.seed(3)
rng = np.random.default_rng(3)


def create_training_data(per_class=20):
    data = []
    for category in CATEGORIES:
        class_num = CATEGORIES.index(category)
        for _ in range(per_class):
            picture = rng.integers(0, 256, size=(IMG, IMG))
            data.append([picture.flatten(), class_num])
    random.shuffle(data)
    return data


X, y = [], []
for features, label in create_training_data():
    X.append(features)
    y.append(label)
X = np.array(X, dtype="float32") / 255.0
y = np.array(y).reshape(-1, 1)
print(X.shape, y.shape, y[:4].ravel())

model = Sequential()
model.add(Input((2500,)))
model.add(Dense(32, activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(16, activation="relu"))
model.add(Dense(2, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

model.fit(X, y, epochs=3, batch_size=8, validation_split=0.2, verbose=0)
print(model.evaluate(X, y, verbose=0))
