# url: https://github.com/TannerGilbert/Tutorials/issues/1
# cause: Embedding(input_dim) was given the number of users and of books; their ids run from 1 up to that very number.
# fix: input_dim = largest id + 1: Embedding(n_books + 1, ...), Embedding(n_users + 1, ...)
# accept: vocab_range
# says: input_dim|\+ 1|- 1\b|one more
# raises: IndexError
# error: index out of range in self
# mend: Embedding(n_books, => Embedding(n_books + 1,
# mend: Embedding(n_users, => Embedding(n_users + 1,
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
from keras import Model
from keras.layers import Input, Embedding, Flatten, Dense, Concatenate

rng = np.random.default_rng(7)
n_ratings = 400
# the csv numbers books 1..100 and users 1..60
book_id = rng.integers(1, 101, size=n_ratings)
user_id = rng.integers(1, 61, size=n_ratings)
book_id[:100] = np.arange(1, 101)
user_id[:60] = np.arange(1, 61)
rating = rng.integers(1, 6, size=n_ratings).astype("float32")

n_books = len(np.unique(book_id))
n_users = len(np.unique(user_id))
print(n_books, "books", n_users, "users")

book_input = Input(shape=[1], name="Book-Input")
book_embedding = Embedding(n_books, 5, name="Book-Embedding")(book_input)
book_vec = Flatten(name="Flatten-Books")(book_embedding)

user_input = Input(shape=[1], name="User-Input")
user_embedding = Embedding(n_users, 5, name="User-Embedding")(user_input)
user_vec = Flatten(name="Flatten-Users")(user_embedding)

conc = Concatenate()([book_vec, user_vec])
fc = Dense(16, activation="relu")(conc)
out = Dense(1)(fc)
model = Model([user_input, book_input], out)
model.compile("adam", "mean_squared_error")

history = model.fit([user_id, book_id], rating, epochs=2, batch_size=64, verbose=0)
print(history.history)
predictions = model.predict([user_id[:10], book_id[:10]], verbose=0)
for p, r in zip(predictions[:, 0], rating):
    print(round(float(p), 2), r)
