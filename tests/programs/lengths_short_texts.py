# url: https://github.com/allenai/allennlp/issues/5384
# cause: Texts are padded to the longest of their batch; a batch of very short ones is shorter than the widest kernel, 4.
# fix: pad every text to at least the widest kernel's length
# accept: ragged_padding static_length
# says: (pad|at least|long|length).{0,80}(\b4\b|kernel)|(\b4\b|kernel).{0,80}(pad|at least|long|length)|F\.pad
# raises: RuntimeError
# error: Kernel size can't be greater than actual input size
# mend: return texts, torch.tensor => return nn.functional.pad(texts, (0, max(0, 4 - texts.shape[1]))), torch.tensor
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
names = [("pump speed", 0), ("zone temp", 1), ("fan", 0), ("supply air temp", 1), ("co2", 2), ("lux", 2)]
chars = {c: i + 1 for i, c in enumerate("abcdefghijklmnopqrstuvwxyz0123456789 ")}


class Points(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        text, label = self.rows[i]
        return torch.tensor([chars[c] for c in text]), label


def collate(batch):
    texts = pad_sequence([text for text, _ in batch], batch_first=True)
    return texts, torch.tensor([label for _, label in batch])


class CharCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(chars) + 1, 16, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(16, 8, kernel_size=k) for k in (2, 3, 4))
        self.out = nn.Linear(24, 3)

    def forward(self, x):
        x = self.emb(x).transpose(1, 2)
        features = [torch.relu(conv(x)).max(dim=2).values for conv in self.convs]
        return self.out(torch.cat(features, dim=1))


model = CharCnn()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    for x, y in DataLoader(Points(names), batch_size=3, shuffle=True, collate_fn=collate):
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

model.eval()
with torch.no_grad():
    for x, y in DataLoader(Points(names), batch_size=1, collate_fn=collate):
        print(model(x).argmax(dim=1).item(), y.item())
