# url: https://github.com/Photon-AI-Research/NeuralSolvers/issues/20
# cause: The prediction is (N, 1), the target (N,): the loss compares every prediction with every target.
# fix: prediction = model(x).reshape(-1), or a target of shape (N, 1)
# accept: squeeze_mismatch
# says: squeeze|flatten|reshape|view\(
# raises: nothing
# asks: check_loss(norm, prediction, y)
# mend: prediction = model(x) => prediction = model(x).reshape(-1)
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class InitialConditionDataset(Dataset):
    """points (x, y, t=0) and the value of the field at the start"""

    def __init__(self, n):
        self.x = torch.rand(n, 3)
        self.x[:, 2] = 0.0
        self.u0 = torch.sin(3 * self.x[:, 0]) * torch.cos(2 * self.x[:, 1])

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.u0[i]


class MLP(nn.Module):
    def __init__(self, lb=0.0, ub=1.0):
        super().__init__()
        self.lb, self.ub = lb, ub
        self.net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        x = 2.0 * (x - self.lb) / (self.ub - self.lb) - 1.0
        return self.net(x)


model = MLP()
norm = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
loader = DataLoader(InitialConditionDataset(256), batch_size=32, shuffle=True)
for epoch in range(5):
    total = 0.0
    for x, y in loader:
        prediction = model(x)
        loss = norm(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: {total / len(loader):.4f}")
print(
    "spread of the predictions:",
    model(loader.dataset.x).std().item(),
    "of the targets:",
    loader.dataset.u0.std().item(),
)
