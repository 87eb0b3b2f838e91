# url: https://github.com/shiyu-coder/Kronos/pull/243
# cause: The loop squeezes axis 0 of every batch; the last batch has one sample, so its batch axis goes.
# fix: leave squeeze(0) out: the DataLoader already gives (batch, seq_len, features)
# accept: squeeze_mismatch
# says: squeeze
# raises: ValueError
# error: not enough values to unpack
# mend: ori_batch_x.squeeze(0) => ori_batch_x
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


class KlineDataset(Dataset):
    def __init__(self, n_samples=13, seq_len=16, features=6):
        generator = torch.Generator().manual_seed(0)
        self.data = torch.randn(n_samples, seq_len, features, generator=generator)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        x = self.data[idx]
        return (x - x.mean(dim=0)) / (x.std(dim=0) + 1e-5)


class Tokenizer(nn.Module):
    def __init__(self, d_in=6, d_model=16):
        super().__init__()
        self.embed = nn.Linear(d_in, d_model)
        self.encoder = nn.TransformerEncoderLayer(d_model, 4, 32, batch_first=True)
        self.head = nn.Linear(d_model, d_in)

    def forward(self, x):
        batch, seq_len, features = x.shape
        z = self.encoder(self.embed(x))
        return self.head(z).view(batch, seq_len, features)


loader = DataLoader(KlineDataset(), batch_size=4, shuffle=True)
model = Tokenizer()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4)
for step, ori_batch_x in enumerate(loader):
    batch_x = ori_batch_x.squeeze(0)
    recon = model(batch_x)
    loss = F.mse_loss(recon, batch_x)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=2.0)
    optimizer.step()
