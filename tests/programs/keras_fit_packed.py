# url: https://github.com/CyberZHG/keras-bert/issues/27
# cause: The model has two inputs of (N, T), tokens and segments; both were packed into one array of (N, 2, T).
# fix: a list of two arrays: model.fit([data[:, 0], data[:, 1]], labels)
# accept: missing_input needs_flatten_or_transpose
# says: (?i)(two|2|each|separate) (inputs?|arrays?)|array (of its own|for each|per input)|list of (two|2|arrays)|\[:, 0\]
# raises: ValueError
# error: expects 2 named input
# mend: model.fit(data, labels => model.fit([data[:, 0], data[:, 1]], labels
# mend: model.predict(data[:4], => model.predict([data[:4, 0], data[:4, 1]],
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
import keras
from keras import layers, ops

SEQ_LEN, TOKENS, DIM = 32, 150, 16


def get_model():
    tokens = keras.Input((SEQ_LEN,), name="Input-Token")
    segments = keras.Input((SEQ_LEN,), name="Input-Segment")
    x = layers.Embedding(TOKENS, DIM)(tokens)
    x = layers.Add()([x, layers.Embedding(2, DIM)(segments)])
    x = layers.LayerNormalization()(x)
    att = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, att]))
    return [tokens, segments], x


def mean(x):
    return ops.mean(x, axis=1)


inputs, embeds = get_model()
avg_embeds = layers.Lambda(mean, output_shape=(DIM,))(embeds)
pred = layers.Dense(1, activation="sigmoid")(avg_embeds)
model = keras.Model(inputs=inputs, outputs=pred)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["acc"])
print(model.input_shape)

# a batch: for each sentence the row of token ids and the row of segment ids
rng = np.random.default_rng(0)
rows = []
for _ in range(64):
    ids = rng.integers(1, TOKENS, size=SEQ_LEN)
    seg = (np.arange(SEQ_LEN) > 15).astype("int64")
    rows.append([ids, seg])
data = np.array(rows)
labels = rng.integers(0, 2, size=(64, 1)).astype("float32")
print("data", data.shape)

model.fit(data, labels, epochs=1, batch_size=16, verbose=0)
print(model.predict(data[:4], verbose=0))
