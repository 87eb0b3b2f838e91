# url: https://github.com/MAGICS-LAB/DNABERT_2/pull/16
# cause: The model also returns hidden states, so the predictions in compute_metrics are a tuple, not the logits.
# fix: take its first part: logits = logits[0]
# accept: not_a_tensor
# says: \[0\]|preprocess_logits_for_metrics|output_hidden_states
# raises: ValueError
# error: inhomogeneous shape
# mend: return calculate_metric(logits, labels) => return calculate_metric(logits[0], labels)
import tempfile

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)


class Sequences(Dataset):
    """DNA pieces that are a promoter or not."""

    def __init__(self, n):
        self.ids = torch.randint(5, 200, (n, 20))

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return {"input_ids": self.ids[i], "attention_mask": torch.ones(20, dtype=torch.long), "labels": i % 2}


def calculate_metric(logits, labels):
    predictions = np.argmax(logits, axis=-1)
    return {"accuracy": float((predictions == labels).mean())}


def compute_metrics(eval_pred):
    logits, labels = eval_pred
    return calculate_metric(logits, labels)


config = BertConfig(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    vocab_size=200,
    num_labels=2,
    output_hidden_states=True,
)
model = BertForSequenceClassification(config)
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=8,
    per_device_eval_batch_size=8,
    report_to=[],
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(
    model=model,
    args=args,
    train_dataset=Sequences(16),
    eval_dataset=Sequences(16),
    compute_metrics=compute_metrics,
)
trainer.train()
print(trainer.evaluate())
