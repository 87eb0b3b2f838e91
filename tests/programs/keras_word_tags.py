# url: https://github.com/keras-team/keras/issues/9233
# cause: The LSTM gives one vector per sentence, but there is a one-hot tag for every word; the last layer counts words.
# fix: return_sequences=True in the LSTM and a last Dense with as many units as tags (3), softmax
# accept: sequence_logits_for_token needs_flatten_or_transpose head_size
# says: return_sequences
# raises: ValueError
# error: must have the same shape
# mend: LSTM(20) => LSTM(20, return_sequences=True)
# mend: Dense(max_len, activation="sigmoid") => Dense(n_tags, activation="softmax")
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
from keras import Sequential
from keras.layers import Input, Embedding, Bidirectional, LSTM, Dense

# toy corpus: every word of a sentence carries one of three tags (O / B / I)
n_sentences, max_len, n_tags = 96, 23, 3
vocab_size, embedding_dim = 300, 16
rng = np.random.default_rng(0)
X_train = rng.integers(1, vocab_size + 1, size=(n_sentences, max_len))
tags = rng.integers(0, n_tags, size=(n_sentences, max_len))
Y_train = np.eye(n_tags, dtype="float32")[tags]
print("X", X_train.shape, "Y", Y_train.shape)

# pretend that these are glove vectors
embedding_matrix = rng.normal(size=(vocab_size + 1, embedding_dim)).astype("float32")

model = Sequential(
    [
        Input((max_len,)),
        Embedding(vocab_size + 1, embedding_dim, trainable=False),
        Bidirectional(LSTM(20)),
        Dense(24, activation="relu"),
        Dense(max_len, activation="sigmoid"),
    ]
)
model.layers[0].set_weights([embedding_matrix])
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.summary()

history = model.fit(X_train, Y_train, batch_size=16, epochs=2, validation_split=0.1, verbose=0)
print(history.history["loss"])
pred = model.predict(X_train[:2], verbose=0)
print(pred.argmax(-1))
