# url: https://github.com/percent4/keras_bert_text_classification/issues/5
# cause: The model has two inputs (token ids, segment ids); for prediction both are packed into one array.
# fix: model.predict([np.array([x1]), np.array([x2])]), one array per input
# accept: missing_input
# says: (?i)(two|2|each|separate) (inputs?|arrays?)|array (of its own|for each|per input)|list of (two|2|arrays)|\[np\.array\(|\[x1
# raises: ValueError
# error: expects 2 named input
# mend: np.array([[x1], [x2]]) => [np.array([x1]), np.array([x2])]
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
MAXLEN, VOCAB, CLASSES = 30, 200, 4


def encode(text):
    """Token ids and segment ids of one text, padded."""
    ids = [2] + [5 + ord(c) % 190 for c in text][: MAXLEN - 2] + [3]
    x1 = ids + [0] * (MAXLEN - len(ids))
    return x1, [0] * MAXLEN


def build():
    x1_in = keras.Input((MAXLEN,), dtype="int32")
    x2_in = keras.Input((MAXLEN,), dtype="int32")
    x = layers.Add()([layers.Embedding(VOCAB, 16)(x1_in), layers.Embedding(2, 16)(x2_in)])
    x = layers.Dense(16, activation="tanh")(x)
    cls = layers.Lambda(lambda t: t[:, 0])(x)
    p = layers.Dense(CLASSES, activation="softmax")(cls)
    model = keras.Model([x1_in, x2_in], p)
    model.compile(
        loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"]
    )
    return model


texts = ["".join(rng.choice(list("abcdefgh "), 20)) for _ in range(32)]
pairs = [encode(t) for t in texts]
X1 = np.array([p[0] for p in pairs])
X2 = np.array([p[1] for p in pairs])
Y = keras.utils.to_categorical(np.arange(32) % CLASSES, CLASSES)

model = build()
model.fit([X1, X2], Y, batch_size=8, epochs=1, verbose=0)

x1, x2 = encode("a new text")
predicted = model.predict(np.array([[x1], [x2]]), verbose=0)
print(np.argmax(predicted[0]))
