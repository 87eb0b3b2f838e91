# url: https://github.com/maciej-cecot/brand-detection/issues/2
# cause: The token lists have different lengths: np.array makes an array of lists of them, which can't become a tensor.
# fix: pad all rows to one length (keras.utils.pad_sequences) before fit
# accept: ragged_padding not_a_tensor
# says: pad
# raises: ValueError
# error: Invalid dtype: object
# mend: from keras.models import Sequential => from keras import Sequential, utils
# mend: np.array([[word_index[w] for w in t.split()] for t in titles], dtype=object) => utils.pad_sequences([[word_index[w] for w in t.split()] for t in titles])
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
from keras.models import Sequential
from keras.layers import Embedding, LSTM, Dense

titles = [
    "acme cordless drill 18v",
    "blue cotton shirt",
    "zenith wall clock with silent sweep and wooden frame",
    "acme hammer",
    "garden hose 20 m",
    "zenith alarm clock",
    "lamp",
    "acme saw blade set of five",
]
has_brand = [1, 0, 1, 1, 0, 1, 0, 1]

word_index = {}
for title in titles:
    for word in title.split():
        word_index.setdefault(word, len(word_index) + 1)


class BrandModel:
    def __init__(self, vocab):
        self.model = Sequential(
            [
                Embedding(vocab + 1, 16),
                LSTM(12),
                Dense(1, activation="sigmoid"),
            ]
        )
        self.model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

    def fit(self, train_x, train_y, epochs=5, batch=4):
        return self.model.fit(train_x, train_y, epochs=epochs, batch_size=batch, verbose=0)


x_train = np.array([[word_index[w] for w in t.split()] for t in titles], dtype=object)
y_train = np.array(has_brand, dtype="float32")
print(x_train.shape, y_train.shape)

brand = BrandModel(len(word_index))
history = brand.fit(x_train, y_train, epochs=8)
print(history.history["accuracy"])
