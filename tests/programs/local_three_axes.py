# url: https://github.com/huggingface/transformers/issues/29493
# cause: return_tensors="pt" gives each sentence an axis of one; the DataLoader adds its own, so every input has three.
# fix: squeeze(0) each input in __getitem__ (input_ids, attention_mask and token_type_ids alike)
# accept: needs_flatten_or_transpose squeeze_mismatch
# says: (?=.*attention_mask)(?=.*(squeeze\([01]\)|\[0\]|flatten\(0, 1\)|\[:, 0\]|reshape))
# raises: ValueError
# error: too many values to unpack
# mend: {**encoded, => {**{k: v.squeeze(0) for k, v in encoded.items()},
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertForSequenceClassification, BertTokenizerFast

tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")


class SimilarityDataset(Dataset):
    def __init__(self, pairs, labels):
        self.pairs, self.labels = pairs, labels

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, idx):
        first, second = self.pairs[idx]
        encoded = tokenizer(
            first, second, padding="max_length", max_length=24, truncation=True, return_tensors="pt"
        )
        return {**encoded, "labels": torch.tensor(self.labels[idx])}


pairs = [
    ("how far is london", "what place is far"),
    ("the cat sat", "a dog ran"),
    ("refund my card", "i order a refund"),
    ("john is happy", "mary plays the heart"),
]
train_loader = DataLoader(SimilarityDataset(pairs, [1, 0, 1, 0]), batch_size=2, shuffle=True)
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)

model.train()
for batch in train_loader:
    outputs = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        token_type_ids=batch["token_type_ids"],
        labels=batch["labels"],
    )
    outputs.loss.backward()
    optimizer.step()
    optimizer.zero_grad()
