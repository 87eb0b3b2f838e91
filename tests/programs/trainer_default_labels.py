# url: https://github.com/Beomi/KcBERT/issues/3
# cause: The model was loaded without num_labels and has two outputs; the data has five classes.
# fix: BertForSequenceClassification.from_pretrained(..., num_labels=5)
# accept: head_size
# says: num_labels=5|num_labels.{0,80}(number of classes|len\(|at least)
# never: num_labels=[34]\b
# raises: IndexError
# error: is out of bounds
# mend: from_pretrained(Arg.pretrained_model)  # head => from_pretrained(Arg.pretrained_model, num_labels=5)
import tempfile

import torch
from torch.utils.data import Dataset
from transformers import BertForSequenceClassification, BertTokenizerFast, Trainer, TrainingArguments


class Arg:
    pretrained_model = "tiny-bert"
    max_length = 12
    batch_size = 4


comments = ["awful awful", "bad", "it is a film", "good", "very good and nice", "slow", "i hated it", "great"]
stars = [0, 1, 2, 3, 4, 1, 0, 4]
tokenizer = BertTokenizerFast.from_pretrained(Arg.pretrained_model)


class Comments(Dataset):
    def __len__(self):
        return len(comments)

    def __getitem__(self, i):
        enc = tokenizer(comments[i], padding="max_length", max_length=Arg.max_length, truncation=True)
        return {**{k: torch.tensor(v) for k, v in enc.items()}, "labels": torch.tensor(stars[i])}


model = BertForSequenceClassification.from_pretrained(Arg.pretrained_model)  # head
trainer = Trainer(
    model=model,
    args=TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=Arg.batch_size,
        num_train_epochs=1,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        seed=1,
    ),
    train_dataset=Comments(),
)
trainer.train()
