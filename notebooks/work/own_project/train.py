"""Sort what customers write into four queues: BERT, fine-tuned on mail.csv."""

import csv
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from helpers import load_bert, load_tokenizer

BATCH_SIZE, EPOCHS, HELD_OUT = 4, 3, 16
tokenizer = load_tokenizer(pretrained=True)


def read(name):
    with open(Path(__file__).with_name(name), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labels_of(rows):
    queues = sorted({row["queue"] for row in rows})
    return [queues.index(row["queue"]) for row in rows]


def collate(pairs):
    texts, labels = zip(*pairs, strict=True)
    batch = tokenizer(list(texts), padding=True, return_tensors="pt")
    batch["labels"] = torch.tensor(labels)
    return batch


def loaders_of(rows, labels):
    pairs = [(row["text"], label) for row, label in zip(rows, labels, strict=True)]
    options = {"batch_size": BATCH_SIZE, "collate_fn": collate}
    train = DataLoader(pairs[:-HELD_OUT], shuffle=True, **options)
    return train, DataLoader(pairs[-HELD_OUT:], **options)


def share_right(logits, labels):
    guesses = logits.argmax(dim=0)
    return (guesses == labels).float().mean().item()


def train(model, loader, held_out):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    for epoch in range(EPOCHS):
        model.train()
        for batch in loader:
            loss = model(**batch).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            right = [share_right(model(**b).logits, b["labels"]) for b in held_out]
        print(f"epoch {epoch}  loss {loss:.2f}  right {sum(right) / len(right):.0%}")


rows = read("mail.csv")
labels = labels_of(rows)
loader, held_out = loaders_of(rows, labels)
torch.manual_seed(0)
model = load_bert("sequence", num_labels=4, pretrained=True)
train(model, loader, held_out)
