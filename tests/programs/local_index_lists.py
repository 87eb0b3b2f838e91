# url: https://github.com/torch/nn/issues/1157
# cause: The labels of a row are the numbers of its two classes; a multi-label head wants a 0 or 1 for each of the five.
# fix: target = torch.zeros(5); target[list_of_classes] = 1
# accept: index_for_multilabel one_hot_index
# says: one_hot|zeros|scatter|0 or (a )?1 (for|per|in) (every|each)
# never: nn\.Linear\(32, 2\)|num_labels=2
# raises: ValueError
# error: Target size .* must be the same as input size
# mend: torch.tensor(self.tags[i], dtype=torch.float) => torch.zeros(5).index_fill(0, torch.tensor(self.tags[i]), 1.0)
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoTokenizer

GENRES = ["action", "love", "fear", "math", "city"]
tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class Films(Dataset):
    def __init__(self):
        self.plots = ["mary and john love new york", "angry dog", "sum of angle and fear", "london place"]
        self.tags = [[1, 4], [0, 2], [3, 2], [4, 0]]

    def __len__(self):
        return len(self.plots)

    def __getitem__(self, i):
        enc = tokenizer(
            self.plots[i], padding="max_length", max_length=12, truncation=True, return_tensors="pt"
        )
        return {
            "input_ids": enc["input_ids"][0],
            "attention_mask": enc["attention_mask"][0],
            "target": torch.tensor(self.tags[i], dtype=torch.float),
        }


class MultiLabel(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.encoder = AutoModel.from_pretrained("tiny-bert")
        self.out = nn.Linear(32, n)

    def forward(self, input_ids, attention_mask):
        return self.out(self.encoder(input_ids, attention_mask=attention_mask).last_hidden_state[:, 0])


model = MultiLabel(len(GENRES))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
for batch in DataLoader(Films(), batch_size=2, shuffle=True):
    logits = model(batch["input_ids"], batch["attention_mask"])
    loss = criterion(logits, batch["target"])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
