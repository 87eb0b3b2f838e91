# url: https://github.com/huggingface/transformers/issues/20638
# cause: The labels are strings; id2label and label2id given to the model turn numbers into names, not the data's names into numbers.
# fix: item["label"] = label2id[label] in the data set
# accept: target_dtype
# says: label2id\[|enumerate|\.index\(
# never: rows of different lengths|padding="max_length"
# raises: ValueError
# error: Unable to create tensor
# mend: encoded["label"] = row["label"] => encoded["label"] = label2id[row["label"]]
import tempfile

from torch.utils.data import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

rows = [
    {"text": "i liked the film very", "label": "joy"},
    {"text": "awful", "label": "anger"},
    {"text": "the cat sat", "label": "love"},
    {"text": "sad and slow food service", "label": "anger"},
]
names = sorted({row["label"] for row in rows})
id2label = dict(enumerate(names))
label2id = {name: i for i, name in id2label.items()}
tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class Emotions(Dataset):
    def __len__(self):
        return len(rows)

    def __getitem__(self, i):
        row = rows[i]
        encoded = tokenizer(row["text"], truncation=True)
        encoded["label"] = row["label"]
        return encoded


model = AutoModelForSequenceClassification.from_pretrained(
    "tiny-bert", num_labels=len(names), id2label=id2label, label2id=label2id
)
training_args = TrainingArguments(
    output_dir=tempfile.mkdtemp(), max_steps=1, report_to=[], save_strategy="no", use_cpu=True
)
trainer = Trainer(
    model=model,
    args=training_args,
    train_dataset=Emotions(),
    data_collator=DataCollatorWithPadding(tokenizer=tokenizer),
)
trainer.train()
