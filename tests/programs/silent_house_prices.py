# url: https://github.com/fastai/fastai/issues/1863
# cause: The model gives (N, 1), the targets are (N,): the squared difference becomes (N, N).
# fix: squeeze the prediction or give the targets a second axis, so that both have one shape
# accept: squeeze_mismatch
# says: squeeze|flatten|reshape|view\(
# raises: nothing
# asks: check_loss(loss_func, model(valid_dl.dataset.x[:64]), valid_dl.dataset.y[:64])
# mend: return self.x[i], self.y[i] => return self.x[i], self.y[i : i + 1]
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Houses(Dataset):
    def __init__(self, n):
        self.x = torch.randn(n, 2)
        self.y = 10 + 9 * self.x[:, 0] - 2 * self.x[:, 1] + 0.1 * torch.randn(n)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def train_epoch(model, dl, opt, loss_func):
    """Simple training of `model` for 1 epoch of `dl`."""
    model.train()
    total = 0.0
    for xb, yb in dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        total += loss.item()
    return total / len(dl)


def validate(model, dl, loss_func):
    model.eval()
    with torch.no_grad():
        return sum(loss_func(model(xb), yb).item() for xb, yb in dl) / len(dl)


model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss_func = nn.MSELoss()
train_dl = DataLoader(Houses(512), batch_size=64, shuffle=True)
valid_dl = DataLoader(Houses(128), batch_size=64)
for epoch in range(3):
    train_loss = train_epoch(model, train_dl, opt, loss_func)
    print(epoch, round(train_loss, 2), round(validate(model, valid_dl, loss_func), 2))
print(model.weight.data, model.bias.data)
