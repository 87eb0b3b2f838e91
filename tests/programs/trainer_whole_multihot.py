# url: https://www.alexanderjunge.net/blog/til-multi-label-automodelforsequenceclassification/
# cause: With problem_type="multi_label_classification" the loss wants float targets; the multi-hot labels are integers.
# fix: torch.tensor(labels, dtype=torch.float)
# accept: target_dtype problem_type
# says: float
# raises: RuntimeError
# error: can't be cast to the desired output type Long
# mend: torch.tensor(multi_hot(genres)) => torch.tensor(multi_hot(genres), dtype=torch.float)
import tempfile
import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

GENRES = ["action", "comedy", "drama", "horror", "romance", "scifi"]
plots = [
    (["action", "scifi"], [12, 55, 73, 90, 33, 8]),
    (["comedy", "romance"], [15, 56, 7, 91, 34]),
    (["drama"], [18, 57, 72, 92, 35, 9, 44, 61]),
    (["horror", "scifi", "drama"], [19, 58, 71]),
    ([], [21, 22, 23, 24]),
] * 6


def multi_hot(names):
    row = [0] * len(GENRES)
    for name in names:
        row[GENRES.index(name)] = 1
    return row


class MovieDataset(Dataset):
    def __init__(self, rows, max_len=12):
        self.rows, self.max_len = rows, max_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        genres, ids = self.rows[i]
        ids = [2] + ids + [3]
        pad = self.max_len - len(ids)
        return {
            "input_ids": torch.tensor(ids + [0] * pad),
            "attention_mask": torch.tensor([1] * len(ids) + [0] * pad),
            "labels": torch.tensor(multi_hot(genres)),
        }


config = BertConfig(
    vocab_size=200,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    num_labels=len(GENRES),
    problem_type="multi_label_classification",
)
model = BertForSequenceClassification(config)
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=10,
    report_to="none",
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=args, train_dataset=MovieDataset(plots))
trainer.train()
print(torch.sigmoid(torch.tensor(trainer.predict(MovieDataset(plots[:3])).predictions)))
