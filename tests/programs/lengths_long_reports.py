# url: https://github.com/huggingface/transformers/issues/680
# cause: A text is longer than the 512 positions that the model has.
# fix: truncate to 512 tokens, special tokens included, or cut the text into chunks
# accept: too_long
# says: truncat|max_length|:512\]|at most 512|(?i:chunk)
# raises: RuntimeError
# error: must match
# mend: tokenize(self.texts[i]) + => tokenize(self.texts[i])[:510] +
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(0)
config = BertConfig(
    vocab_size=200,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    num_labels=4,
)
CLS, SEP = 2, 3


def tokenize(text):
    return [5 + sum(map(ord, word)) % 190 for word in text.split()]


class ReportDataset(Dataset):
    def __init__(self):
        sizes = [40, 75, 120, 60, 33, 700, 90, 51]
        self.texts = [" ".join(f"word{i * j % 97}" for j in range(n)) for i, n in enumerate(sizes, 1)]
        self.labels = [0, 1, 2, 3, 0, 1, 2, 3]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        ids = [CLS] + tokenize(self.texts[i]) + [SEP]
        return torch.tensor(ids), self.labels[i]


def pad_batch(batch):
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for row, (tokens, _) in enumerate(batch):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask, torch.tensor([label for _, label in batch])


model = BertForSequenceClassification(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
loader = DataLoader(ReportDataset(), batch_size=2, collate_fn=pad_batch)
model.train()
for step, (ids, mask, labels) in enumerate(loader):
    out = model(ids, attention_mask=mask, labels=labels)
    out.loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(step, ids.shape, out.loss.item())
