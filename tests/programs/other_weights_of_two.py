# url: https://github.com/ispamm/MHyEEG/issues/3
# cause: The class weights are counted from labels 1 and 2, two classes; the network has three outputs.
# fix: labels 0 and 1, two outputs and two weights; or a weight for each output, np.bincount(labels, minlength=3)
# accept: head_size label_range unused_outputs
# says: minlength|weight.{0,80}\b(3|three|2|two|each|per)\b|one weight|from 0\b
# raises: RuntimeError
# error: weight tensor should be defined either for all 3 classes
# mend: n_classes=3 => n_classes=2
# mend: np.array([1] * => np.array([0] *
# mend: + [2] * => + [1] *
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
np.random.seed(0)


class MahnobData(Dataset):
    """arousal of a trial from 4 EEG channels; the recordings of this subject are all medium (1) or high (2)"""

    def __init__(self, n=360):
        self.label = np.array([1] * int(n * 210 / 360) + [2] * (n - int(n * 210 / 360)))
        np.random.shuffle(self.label)
        self.eeg = np.random.randn(n, 4, 64).astype("float32")

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return torch.from_numpy(self.eeg[i]), torch.tensor(self.label[i])


class HyperNet(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(4, 8, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(4))
        self.out = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, n_classes))

    def forward(self, x):
        return self.out(self.conv(x))


training = MahnobData()
_, distribution = np.unique(training.label, return_counts=True)
print("#Training samples:", len(training))
print("#Training distribution:", distribution)
weight = torch.tensor(distribution.sum() / distribution, dtype=torch.float)

net = HyperNet()
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    running = 0.0
    for eeg, label in DataLoader(training, batch_size=8, shuffle=True):
        optimizer.zero_grad()
        outputs = net(eeg)
        loss = criterion(outputs, label)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(epoch, running)
