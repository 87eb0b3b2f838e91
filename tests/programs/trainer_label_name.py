# url: https://github.com/nlp-with-transformers/notebooks/issues/133
# cause: The model's forward takes labels, the batch has label; without labels it computes no loss.
# fix: call the column labels (batch["labels"] = batch.pop("label"))
# accept: missing_input
# says: \blabels\b.*rename|rename.*\blabels\b|\[?['"]labels['"]\]? ?[=:]|labels=
# raises: ValueError
# error: did not return a loss
# mend: batch = tokenizer.pad(features, return_tensors="pt") => batch = tokenizer.pad([{**f, "labels": f["label"]} for f in features], return_tensors="pt"); batch.pop("label")
import tempfile

from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

model_ckpt = "tiny-bert"
tokenizer = AutoTokenizer.from_pretrained(model_ckpt)
texts = ["i liked this movie", "sad", "very angry john", "the dog ran fast"]
emotions = [1, 0, 3, 1]


class Emotions(Dataset):
    def __init__(self):
        self.encoded = tokenizer(texts, truncation=True)

    def __len__(self):
        return len(texts)

    def __getitem__(self, i):
        return {"label": emotions[i], **{key: values[i] for key, values in self.encoded.items()}}


def collate(features):
    batch = tokenizer.pad(features, return_tensors="pt")
    return batch


model = AutoModelForSequenceClassification.from_pretrained(model_ckpt, num_labels=6)
training_args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    per_device_train_batch_size=2,
    max_steps=2,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
trainer = Trainer(model=model, args=training_args, data_collator=collate, train_dataset=Emotions())
trainer.train()
