# url: https://github.com/skorch-dev/skorch/issues/609
# cause: The labels are reshaped to a column, (N, 1), where the loss wants (N,).
# fix: leave y as it is, without reshape(-1, 1)
# accept: extra_target_dim
# says: squeeze|flatten|ravel|reshape\(-1\)|view\(-1\)|\[:, 0\]|\((N|N=\d+|\d+),\)
# raises: RuntimeError
# error: target tensor expected|multi-target not supported
# mend: y.reshape(-1, 1).astype(np.int64) => y.astype(np.int64)
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
rng = np.random.default_rng(0)


class NeuralNetwork(nn.Module):
    """Logistic regression on 128 features, 7 classes."""

    def __init__(self, in_dim=128, out_dim=7):
        super().__init__()
        self.dense = nn.Linear(in_dim, out_dim)

    def forward(self, x):
        x = self.dense(x)
        return torch.softmax(x, dim=-1)


class Features(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


x = rng.normal(size=(210, 128)).astype(np.float32)
y = rng.integers(0, 7, size=210)
x_train, y_train = x, y.reshape(-1, 1).astype(np.int64)

for lr in [0.001, 0.01, 0.1]:
    net = NeuralNetwork()
    criterion = nn.NLLLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    loader = DataLoader(Features(x_train, y_train), batch_size=32, shuffle=True)
    for epoch in range(5):
        for inputs, labels in loader:
            optimizer.zero_grad()
            y_pred = net(inputs)
            loss = criterion(y_pred, labels)
            loss.backward()
            optimizer.step()
    print("lr", lr, "loss", loss.item())
