# url: https://github.com/kk7nc/Text_Classification/issues/8
# cause: The report compares class numbers with the rows of probabilities that predict gives.
# fix: predicted = np.argmax(predicted, axis=1)
# accept: not_a_tensor one_hot_index
# says: argmax
# raises: IndexError
# error: arrays used as indices must be of integer
# mend: predicted = model.predict(X_test, verbose=0) => predicted = model.predict(X_test, verbose=0).argmax(axis=1)
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential, layers

rng = np.random.default_rng(0)
X_train, y_train = rng.random((60, 30)), rng.integers(0, 4, 60)
X_test, y_test = rng.random((20, 30)), rng.integers(0, 4, 20)


def Build_Model_DNN_Text(shape, nClasses, dropout=0.5):
    model = Sequential()
    model.add(layers.Input((shape,)))
    for _ in range(2):
        model.add(layers.Dense(32, activation="relu"))
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(nClasses, activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def classification_report(y_true, y_pred, n_classes=4):
    matrix = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(matrix, (y_true, y_pred), 1)
    return {
        "recall": matrix.diagonal() / np.maximum(matrix.sum(axis=1), 1),
        "precision": matrix.diagonal() / np.maximum(matrix.sum(axis=0), 1),
    }


model = Build_Model_DNN_Text(X_train.shape[1], 4)
model.fit(X_train, y_train, epochs=1, batch_size=16, verbose=0)
predicted = model.predict(X_test, verbose=0)
print(classification_report(y_test, predicted))
