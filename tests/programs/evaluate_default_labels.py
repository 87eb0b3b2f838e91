# url: https://github.com/huggingface/transformers/issues/216
# cause: For evaluation the model is made anew without num_labels: its head has 2 outputs, and the labels go up to 3.
# fix: pass num_labels=4 again when the model is made for evaluation
# accept: head_size
# says: num_labels.{0,80}(\b4\b|number of classes|len\(|at least)|\b4 (outputs|classes)|one output (per|for each) class
# raises: IndexError
# error: Target \d is out of bounds
# mend: BertConfig(**SIZES) => BertConfig(num_labels=4, **SIZES)
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(1)
SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200)


class News(Dataset):
    """World, sports, business, science."""

    def __init__(self, n):
        self.ids = torch.randint(5, 200, (n, 24))
        self.labels = torch.arange(n) % 4

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.ids[i], torch.ones(24, dtype=torch.long), self.labels[i]


def train(model, loader):
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    model.train()
    for ids, mask, labels in loader:
        loss = model(ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def evaluate(model, loader):
    model.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for ids, mask, labels in loader:
            out = model(ids, attention_mask=mask, labels=labels)
            total += out.loss.item()
            right += (out.logits.argmax(1) == labels).sum().item()
    print("eval loss", total / len(loader), "right", right)


model = BertForSequenceClassification(BertConfig(num_labels=4, **SIZES))
train(model, DataLoader(News(64), batch_size=32, shuffle=True))
saved = model.bert.state_dict()

# later, in the evaluation part of the script
model = BertForSequenceClassification(BertConfig(**SIZES))
model.bert.load_state_dict(saved)
evaluate(model, DataLoader(News(32), batch_size=8))
