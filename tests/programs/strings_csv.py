# url: https://github.com/ThilinaRajapakse/simpletransformers/issues/229
# cause: The label column holds text, and text can't become a tensor.
# fix: map the label names to whole numbers (label2id) before training
# accept: target_dtype not_a_tensor
# says: label2id|enumerate|\.index\(|return_inverse
# raises: ValueError
# error: too many dimensions 'str'
# mend: "label": row["label"] => "label": names.index(row["label"])
import csv
import io
import tempfile
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

CSV = """text,label
good value and quick delivery,positive
arrived broken,negative
does what it says,neutral
would buy again,positive
the colour is wrong,negative
fine,neutral
best purchase of the year,positive
asked for my money back,negative
"""
rows = list(csv.DictReader(io.StringIO(CSV)))
names = sorted({row["label"] for row in rows})
word2id = {}
for row in rows:
    for word in row["text"].split():
        word2id.setdefault(word, 4 + len(word2id))


def encode(text, max_len=10):
    ids = [2] + [word2id[w] for w in text.split()][: max_len - 2] + [3]
    mask = [1] * len(ids) + [0] * (max_len - len(ids))
    return ids + [0] * (max_len - len(ids)), mask


class CsvDataset(Dataset):
    def __init__(self, rows):
        self.features = []
        for row in rows:
            ids, mask = encode(row["text"])
            self.features.append({"input_ids": ids, "attention_mask": mask, "label": row["label"]})

    def __len__(self):
        return len(self.features)

    def __getitem__(self, i):
        return self.features[i]


config = BertConfig(
    vocab_size=200,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    num_labels=len(names),
)
model = BertForSequenceClassification(config)
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=4,
    report_to="none",
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=args, train_dataset=CsvDataset(rows))
trainer.train()
