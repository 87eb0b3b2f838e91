# url: https://github.com/keras-team/keras/issues/12523
# cause: The model has two inputs and is trained with [x_train, x_train], but validation_data passes one array.
# fix: validation_data=([x_val, x_val], y_val)
# accept: missing_input
# says: validation|x_val
# raises: ValueError
# error: expects 2 named input
# mend: validation_data=(x_val, y_val) => validation_data=([x_val, x_val], y_val)
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
import keras
from keras import layers

MAX_TEXT_LENGTH = 25
VOCAB, VOCAB_POS, CLASSES = 120, 40, 5
rng = np.random.default_rng(1)
texts = rng.integers(0, 40, size=(80, MAX_TEXT_LENGTH)).astype("int32")
stars = keras.utils.to_categorical(rng.integers(0, CLASSES, size=80), CLASSES)
split = int(0.8 * len(texts))
x_train, y_train = texts[:split], stars[:split]
x_val, y_val = texts[split:], stars[split:]

embedding_layer = layers.Embedding(VOCAB, 12)
embedding_layer_pos = layers.Embedding(VOCAB_POS, 6)

# branch 1: part-of-speech tags
sentence_input_pos = keras.Input(shape=(MAX_TEXT_LENGTH,), dtype="int32", name="pos")
l_gru_pos = layers.Bidirectional(layers.GRU(8))(embedding_layer_pos(sentence_input_pos))

# branch 2: words
sentence_input = keras.Input(shape=(MAX_TEXT_LENGTH,), dtype="int32", name="words")
l_gru = layers.Bidirectional(layers.GRU(8))(embedding_layer(sentence_input))

merged = layers.Concatenate(axis=-1)([l_gru, l_gru_pos])
preds = layers.Dense(CLASSES, activation="softmax")(merged)

model = keras.Model(inputs=[sentence_input_pos, sentence_input], outputs=preds)
model.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(momentum=0.9), metrics=["accuracy"]
)

print("fitting the attention network")
model.fit([x_train, x_train], y_train, validation_data=(x_val, y_val), epochs=1, batch_size=16, verbose=0)
print(model.evaluate([x_val, x_val], y_val, verbose=0))
