# url: https://github.com/amaiya/ktrain/issues/195
# cause: The labels are class numbers already; argmax over axis 1 wants one-hot rows.
# fix: leave argmax out for y_true (or one-hot the labels)
# accept: one_hot_index
# says: argmax|one.hot|already
# raises: AxisError
# error: axis 1 is out of bounds
# mend: y_true = np.argmax(np.concatenate(y_true), axis=1) => y_true = np.concatenate(y_true)
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import AutoTokenizer, BertForSequenceClassification

class_names = ["action", "comedy", "love"]
x_train = [
    "angry john ran fast",
    "happy cat sat on the dog",
    "mary is in love",
    "the film was very happy",
    "joy and love",
]
y_train = [0, 1, 2, 1, 2]

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
trn = tokenizer(x_train, padding=True, truncation=True, max_length=32, return_tensors="pt")
data = TensorDataset(trn["input_ids"], trn["attention_mask"], torch.tensor(y_train))
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=len(class_names))
optimizer = torch.optim.AdamW(model.parameters(), lr=8e-5)

for ids, mask, labels in DataLoader(data, batch_size=2, shuffle=True):
    loss = model(ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def validate(class_names):
    model.eval()
    y_true, y_pred = [], []
    for ids, mask, labels in DataLoader(data, batch_size=2):
        with torch.no_grad():
            y_pred.append(model(ids, attention_mask=mask).logits.numpy())
        y_true.append(labels.numpy())
    y_pred = np.argmax(np.concatenate(y_pred), axis=1)
    y_true = np.argmax(np.concatenate(y_true), axis=1)
    for i, name in enumerate(class_names):
        print(name, ((y_pred == i) & (y_true == i)).sum(), "of", (y_true == i).sum())


validate(class_names)
