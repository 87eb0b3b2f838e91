# url: https://github.com/keras-team/keras/issues/1838
# cause: return_sequences=True in the only LSTM gives an output for every frame; the labels are one for every clip.
# fix: return_sequences=False in the last LSTM, and Dense without TimeDistributed
# accept: token_logits_for_sequence
# says: return_sequences|GlobalAveragePooling1D|GlobalMaxPooling1D
# raises: ValueError
# error: must have the same shape
# mend: return_sequences=True => return_sequences=False
# mend: layers.TimeDistributed(layers.Dense(CLASSES)) => layers.Dense(CLASSES)
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
STEPS, FEATURES, CLASSES = 40, 12, 11


def load(n):
    """Sound clips as sequences of frames, one class per clip."""
    x = rng.normal(size=(n, STEPS, FEATURES)).astype("float32")
    labels = rng.integers(0, CLASSES, size=n)
    x[:, :, 0] += labels[:, None] / CLASSES
    return x, keras.utils.to_categorical(labels, CLASSES)


x_train, y_train = load(64)
x_test, y_test = load(16)
print("x", x_train.shape, "y", y_train.shape)

model = keras.Sequential()
model.add(layers.Input((STEPS, FEATURES)))
model.add(layers.LSTM(32, activation="sigmoid", recurrent_activation="hard_sigmoid", return_sequences=True))
model.add(layers.Activation("sigmoid"))
model.add(layers.Dropout(0.2))
model.add(layers.TimeDistributed(layers.Dense(CLASSES)))
model.add(layers.Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer="rmsprop")
model.summary()

model.fit(x_train, y_train, batch_size=128, epochs=1, validation_data=(x_test, y_test), verbose=0)
print(model.evaluate(x_test, y_test, verbose=0))
