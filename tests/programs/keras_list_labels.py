# url: https://github.com/YerevaNN/mimic3-benchmarks/issues/132
# cause: The labels are a Python list; Keras takes an array.
# fix: np.array(labels)
# accept: target_dtype missing_input
# says: np\.(as)?array\(
# never: torch\.tensor
# raises: ValueError
# error: Unrecognized data type
# mend: y=train_raw[1] => y=np.array(train_raw[1])
import os

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from keras import Model, layers


def load_data(reader):
    data, labels = [], []
    for record, label in reader:
        data.append(record)
        labels.append(label)
    return np.stack(data), labels


rng = np.random.default_rng(0)
reader = [(rng.normal(size=(24, 6)), int(rng.integers(0, 2))) for _ in range(32)]
train_raw = load_data(reader)

X = layers.Input(shape=(24, 6), name="X")
mX = layers.Masking()(X)
mX = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(mX)
L = layers.LSTM(16)(mX)
y = layers.Dense(1, activation="sigmoid")(L)
model = Model(inputs=[X], outputs=[y])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
print(train_raw[0].shape, len(train_raw[1]))
model.fit(x=train_raw[0], y=train_raw[1], epochs=1, batch_size=8, shuffle=True, verbose=0)
