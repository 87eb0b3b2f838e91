# url: https://github.com/lovedlim/tensorflow/issues/15
# cause: return_sequences=True gives an output for every word; the labels are one for every review.
# fix: leave return_sequences=True out (or pool: GlobalAveragePooling1D)
# accept: token_logits_for_sequence
# says: return_sequences|GlobalAveragePooling1D|GlobalMaxPooling1D
# never: torch\.(?!Size)|squeeze\(
# raises: ValueError
# error: must have the same shape
# mend: LSTM(32, return_sequences=True) => LSTM(32)
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Sequential
from keras.layers import LSTM, Bidirectional, Dense, Embedding
from keras.utils import pad_sequences

rng = np.random.default_rng(0)
vocab_size = 200
sequences = [list(rng.integers(1, vocab_size, rng.integers(5, 20))) for _ in range(40)]
train_labels = rng.integers(0, 2, 40)
train_padded = pad_sequences(sequences, truncating="post", padding="post", maxlen=20)
valid_padded, valid_labels = train_padded[:8], train_labels[:8]


def create_model():
    model = Sequential(
        [
            Embedding(vocab_size, 32),
            Bidirectional(LSTM(32, return_sequences=True)),
            Dense(32, activation="relu"),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = create_model()
history = model.fit(
    train_padded,
    train_labels,
    validation_data=(valid_padded, valid_labels),
    batch_size=16,
    epochs=1,
    verbose=0,
)
