# url: https://github.com/jindongwang/Deep-learning-activity-recognition/issues/10
# cause: The network ends in a softmax, and nn.CrossEntropyLoss applies its own.
# fix: return the raw outputs of the last Linear from forward
# accept: softmax_before_loss
# says: raw|(?i:log.?softmax)|(leave|take|drop|without|remove|no).{0,40}softmax
# raises: nothing
# asks: check_loss(criterion, output, target)
# mend: return F.softmax(out, dim=1) => return out
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
N_CLASS = 6


class SensorData(Dataset):
    """9 channels, windows of 128 steps"""

    def __init__(self, n):
        self.labels = torch.randint(0, N_CLASS, (n,))
        t = torch.linspace(0, 6.28, 128)
        self.samples = torch.stack([torch.sin(t * (1 + int(y))).repeat(9, 1) for y in self.labels])
        self.samples = self.samples + 0.2 * torch.randn_like(self.samples)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.samples[index], self.labels[index]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv1d(9, 16, 9), nn.ReLU(), nn.MaxPool1d(2))
        self.conv2 = nn.Sequential(nn.Conv1d(16, 16, 9), nn.ReLU(), nn.MaxPool1d(2))
        self.fc1 = nn.Linear(16 * 26, 32)
        self.fc2 = nn.Linear(32, N_CLASS)

    def forward(self, x):
        out = self.conv2(self.conv1(x))
        out = out.reshape(len(out), -1)
        out = F.relu(self.fc1(out))
        out = self.fc2(out)
        return F.softmax(out, dim=1)


model = Network()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
train_loader = DataLoader(SensorData(192), batch_size=32, shuffle=True)
for e in range(4):
    correct = total_loss = 0
    for sample, target in train_loader:
        output = model(sample)
        loss = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
        correct += (output.argmax(1) == target).sum().item()
    print(f"Epoch {e + 1}, loss {total_loss / len(train_loader):.4f}, accuracy {correct / 192:.3f}")
