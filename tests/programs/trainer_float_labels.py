# url: https://github.com/huggingface/optimum/issues/562
# cause: The class indices are floating-point numbers, so the model takes them for multi-label targets and picks BCE.
# fix: torch.tensor(label, dtype=torch.long)
# accept: problem_type target_dtype index_for_multilabel
# says: torch\.long|int64|\.long\(\)|int\(
# never: - 1\b|num_labels=1\b|unsqueeze
# raises: ValueError
# error: Target size .* must be the same as input size
# mend: torch.tensor(self.labels[idx]) => torch.tensor(int(self.labels[idx]))
import tempfile

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

num_labels = 5
tokz = AutoTokenizer.from_pretrained("tiny-bert")
table = np.array([[0, 3], [1, 0], [2, 4], [3, 1], [4, 2], [5, np.nan]])
table = table[~np.isnan(table).any(axis=1)]
texts = ["order late", "card refund", "login account", "cash deposit", "bank of london"]


class TextData(Dataset):
    def __init__(self, texts, labels):
        self.encodings = tokz(texts, padding="max_length", max_length=8, truncation=True)
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encodings.items()}
        item["labels"] = torch.tensor(self.labels[idx])
        return item


model = AutoModelForSequenceClassification.from_pretrained("tiny-bert", num_labels=num_labels)
args = TrainingArguments(
    tempfile.mkdtemp(),
    learning_rate=2e-4,
    per_device_train_batch_size=4,
    max_steps=2,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
trainer = Trainer(model, args, train_dataset=TextData(texts, table[:, 1]))
trainer.train()
