# url: https://github.com/NielsRogge/Transformers-Tutorials/issues/341
# cause: __getitem__ returns tensors with their own batch axis, (1, T); the DataLoader stacks them to (N, 1, T).
# fix: squeeze the axis of size 1 in __getitem__: {k: v.squeeze(0) for k, v in encoding.items()}
# accept: needs_flatten_or_transpose extra_target_dim static_length
# says: squeeze|\[0\]|\[:, 0\]|flatten\(0, 1\)|axis of (size )?1|return_tensors
# raises: ValueError
# error: too many values to unpack
# mend: return encoding => return {k: v.squeeze(0) for k, v in encoding.items()}
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertForTokenClassification

torch.manual_seed(0)
TAGS = ["O", "B-QUESTION", "I-QUESTION", "B-ANSWER", "I-ANSWER"]
forms = [
    (["name", ":", "jane", "doe"], [1, 0, 3, 4]),
    (["date", "of", "birth", "1", "may"], [1, 2, 2, 3, 4]),
    (["fax", "none"], [1, 3]),
    (["total", "amount", "12", "eur"], [1, 2, 3, 4]),
] * 3


def processor(words, word_labels, max_length=16):
    """makes ids, mask and labels as tensors with a batch axis, like return_tensors='pt'"""
    ids = [2] + [5 + sum(map(ord, w)) % 190 for w in words] + [3]
    labels = [-100] + word_labels + [-100]
    pad = max_length - len(ids)
    return {
        "input_ids": torch.tensor([ids + [0] * pad]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * pad]),
        "labels": torch.tensor([labels + [-100] * pad]),
    }


class CustomFunsdDataset(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, idx):
        words, word_labels = self.rows[idx]
        encoding = processor(words, word_labels)
        return encoding


model = BertForTokenClassification(
    BertConfig(
        vocab_size=200,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=len(TAGS),
    )
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
model.train()
for data in DataLoader(CustomFunsdDataset(forms), batch_size=4, shuffle=True):
    optimizer.zero_grad()
    out = model(**data)
    out.loss.backward()
    optimizer.step()
print(out.loss.item())
