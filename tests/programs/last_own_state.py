# url: https://github.com/fastai/fastbook/pull/469
# cause: The hidden state is kept from batch to batch with the batch's size in it; the last batch is smaller.
# fix: drop_last=True in the DataLoader (or reset the state when the size changes)
# accept: static_length
# says: drop_last|last batch|smaller|reset|\.size\(0\)|\.shape\[0\]|len\(x\)
# raises: RuntimeError
# error: size of tensor a \(64\) must match the size of tensor b \(22\)
# mend: batch_size=BS) => batch_size=BS, drop_last=True)
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
VOCAB, HIDDEN, BS = 30, 64, 64


class LMModel3(nn.Module):
    """Predicts the fourth word from three, and remembers."""

    def __init__(self, vocab_sz, n_hidden):
        super().__init__()
        self.i_h = nn.Embedding(vocab_sz, n_hidden)
        self.h_h = nn.Linear(n_hidden, n_hidden)
        self.h_o = nn.Linear(n_hidden, vocab_sz)
        self.h = 0

    def forward(self, x):
        for i in range(3):
            self.h = self.h + self.i_h(x[:, i])
            self.h = F.relu(self.h_h(self.h))
        out = self.h_o(self.h)
        self.h = self.h.detach()
        return out

    def reset(self):
        self.h = 0


tokens = torch.arange(4 * 150) * 7 % VOCAB
seqs = tokens.view(150, 4)
loader = DataLoader(TensorDataset(seqs[:, :3], seqs[:, 3]), batch_size=BS)

model = LMModel3(VOCAB, HIDDEN)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(3):
    model.reset()
    model.train()
    for xb, yb in loader:
        preds = model(xb)
        loss = F.cross_entropy(preds, yb)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
