# url: https://github.com/huggingface/transformers/issues/15742
# cause: With output_hidden_states=True the Trainer's predictions are a tuple (logits, hidden states), not the logits.
# fix: logits = predictions[0] (or preprocess_logits_for_metrics)
# accept: not_a_tensor
# says: \[0\]|preprocess_logits_for_metrics
# never: ragged|padding
# raises: ValueError
# error: inhomogeneous shape
# mend: np.argmax(predictions, axis=-1) => np.argmax(predictions[0], axis=-1)
import tempfile

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
model = AutoModelForSequenceClassification.from_pretrained(
    "tiny-bert", num_labels=3, output_hidden_states=True
)


class Bank(torch.utils.data.Dataset):
    def __init__(self, texts, labels):
        self.encodings = tokenizer(texts, truncation=True, padding="max_length", max_length=12)
        self.labels = labels

    def __getitem__(self, i):
        return {
            **{k: torch.tensor(v[i]) for k, v in self.encodings.items()},
            "labels": torch.tensor(self.labels[i]),
        }

    def __len__(self):
        return len(self.labels)


def compute_metrics(eval_pred):
    predictions, labels = eval_pred
    predictions = np.argmax(predictions, axis=-1)
    return {"accuracy": float((predictions == labels).mean())}


data = Bank(["card order", "login account", "late refund", "cash deposit"], [0, 1, 2, 0])
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(), max_steps=1, report_to=[], save_strategy="no", use_cpu=True
)
trainer = Trainer(
    model=model, args=args, train_dataset=data, eval_dataset=data, compute_metrics=compute_metrics
)
trainer.train()
print(trainer.evaluate())
