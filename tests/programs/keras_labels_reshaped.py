# url: https://github.com/strongio/keras-bert/issues/3
# cause: The one-hot labels, (40, 5), went through reshape(-1, 1), left over from two classes: 200 rows of labels for 40 of x.
# fix: don't reshape the labels; keep np.array(labels) of shape (N, 5)
# accept: batch_target one_hot_index
# says: reshape|one.hot|\((40|N), 5\)|\b5 (rows|labels|numbers|times|for|of)|a row of 5
# raises: ValueError
# error: cardinality
# mend: np.array(labels).reshape(-1, 1) => np.array(labels)
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
import keras
from keras import layers

MAX_SEQ, VOCAB, N_CLASSES = 24, 200, 5


class InputExample:
    def __init__(self, text, label):
        self.text, self.label = text, label


def convert_examples_to_features(examples):
    input_ids, input_masks, segment_ids, labels = [], [], [], []
    for ex in examples:
        ids = [2] + [5 + (hash(w) % (VOCAB - 5)) for w in ex.text.split()][: MAX_SEQ - 2] + [3]
        mask = [1] * len(ids)
        while len(ids) < MAX_SEQ:
            ids.append(0)
            mask.append(0)
        input_ids.append(ids)
        input_masks.append(mask)
        segment_ids.append([0] * MAX_SEQ)
        labels.append(ex.label)
    return (
        np.array(input_ids),
        np.array(input_masks),
        np.array(segment_ids),
        np.array(labels).reshape(-1, 1),
    )


topics = ["sport", "football", "politics", "music", "travel"]
examples = []
for i in range(40):
    onehot = [0] * N_CLASSES
    onehot[i % N_CLASSES] = 1
    examples.append(InputExample(f"some news about {topics[i % 5]} number {i}", onehot))
train_ids, train_masks, train_segs, train_labels = convert_examples_to_features(examples)

in_id = keras.Input((MAX_SEQ,), name="input_ids")
in_mask = keras.Input((MAX_SEQ,), name="input_masks")
in_seg = keras.Input((MAX_SEQ,), name="segment_ids")
x = layers.Embedding(VOCAB, 16)(in_id)
x = layers.Add()([x, layers.Embedding(2, 16)(in_seg)])
x = layers.Multiply()([x, layers.Reshape((MAX_SEQ, 1))(in_mask)])
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dense(16, activation="relu")(x)
pred = layers.Dense(N_CLASSES, activation="softmax")(x)
model = keras.Model([in_id, in_mask, in_seg], pred)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit([train_ids, train_masks, train_segs], train_labels, epochs=1, batch_size=8, verbose=0)
