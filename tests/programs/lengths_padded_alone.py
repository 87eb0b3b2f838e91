# url: https://github.com/abhishekkrthakur/bert-sentiment/issues/15
# cause: The tokenizer sees one review at a time in __getitem__, so padding=True pads to that review only.
# fix: padding="max_length" in __getitem__, or pad in a collate function
# accept: ragged_padding
# says: padding="max_length"|(?i:collat)
# never: padding=True
# raises: RuntimeError
# error: stack expects each tensor to be equal size
# mend: padding=True => padding="max_length"
import os
import tempfile

import torch
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

words = "[PAD] [UNK] [CLS] [SEP] [MASK] i like hate this film very much not at all it was boring and too long".split()
path = os.path.join(tempfile.mkdtemp(), "vocab.txt")
with open(path, "w") as f:
    f.write("\n".join(words))
tokenizer = BertTokenizer(path)
max_len = 64


class BERTDataset:
    """Takes reviews and targets, gives tensors."""

    def __init__(self, review, target):
        self.review = review
        self.target = target

    def __len__(self):
        return len(self.review)

    def __getitem__(self, item):
        review = " ".join(str(self.review[item]).split())
        enc = tokenizer(
            review, None, add_special_tokens=True, max_length=max_len, padding=True, truncation=True
        )
        return {
            "ids": torch.tensor(enc["input_ids"], dtype=torch.long),
            "mask": torch.tensor(enc["attention_mask"], dtype=torch.long),
            "targets": torch.tensor(self.target[item], dtype=torch.long),
        }


reviews = [
    "I like this film",
    "it was boring and too long",
    "very much not",
    "I hate it",
    "not at all boring",
    "like it",
]
targets = [1, 0, 0, 0, 1, 1]
train_data_loader = DataLoader(BERTDataset(reviews, targets), batch_size=3)

model = BertForSequenceClassification(
    BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200
    )
)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5)
for bi, d in enumerate(train_data_loader):
    out = model(d["ids"], attention_mask=d["mask"], labels=d["targets"])
    out.loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(bi, out.loss.item())
