# url: https://github.com/shenweichen/DeepCTR-Torch/issues/263
# cause: squeeze() without an axis: the last batch has one row, and the two tasks' output loses its batch axis.
# fix: no squeeze() on the output of two tasks (or squeeze a given axis only)
# accept: squeeze_mismatch
# says: squeez|drop_last
# raises: IndexError
# error: too many indices for tensor of dimension 1
# mend: model(x_train).squeeze() => model(x_train)
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


class MultiTask(nn.Module):
    """Shared bottom; click and like as two binary tasks."""

    def __init__(self, num_items=50, num_tasks=2):
        super().__init__()
        self.emb = nn.Embedding(num_items, 8)
        self.bottom = nn.Sequential(nn.Linear(24, 16), nn.ReLU())
        self.towers = nn.ModuleList(nn.Linear(16, 1) for _ in range(num_tasks))

    def forward(self, x):
        shared = self.bottom(self.emb(x).flatten(1))
        return torch.cat([torch.sigmoid(tower(shared)) for tower in self.towers], dim=-1)


def fit(model, x, y, batch_size, epochs):
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    loss_func = [nn.functional.binary_cross_entropy, nn.functional.binary_cross_entropy]
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(epochs):
        total = 0.0
        for x_train, y_train in loader:
            optimizer.zero_grad()
            y_pred = model(x_train).squeeze()
            loss = sum(loss_func[i](y_pred[:, i], y_train[:, i], reduction="sum") for i in range(2))
            loss.backward()
            optimizer.step()
            total += loss.item()
        print("epoch", epoch, "loss", total / len(x))


n = 65
features = torch.randint(0, 50, (n, 3))
labels = torch.randint(0, 2, (n, 2)).float()
fit(MultiTask(), features, labels, batch_size=16, epochs=2)
