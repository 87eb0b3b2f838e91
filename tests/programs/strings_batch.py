# url: https://github.com/ZhanHeshen/PointCMT/issues/3
# cause: The data set returns the class's name; the DataLoader can't make a tensor of strings and gives them as they are.
# fix: return label_list.index(label) in __getitem__
# accept: target_dtype
# says: \.index\(|enumerate|label2id
# never: torch\.(as_)?tensor\(label\)
# raises: AttributeError
# error: has no attribute 'to'
# mend: return points, label => return points, label_list.index(label)
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

label_list = ["airplane", "bathtub", "bed", "bench"]
device = torch.device("cpu")


class ModelNet(Dataset):
    def __init__(self, size=10, num_points=32):
        generator = torch.Generator().manual_seed(0)
        self.points = torch.randn(size, num_points, 3, generator=generator)
        self.names = [label_list[i % 4] for i in range(size)]

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        points = self.points[index]
        label = self.names[index]
        return points, label


class PointNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 32))
        self.head = nn.Linear(32, num_classes)

    def forward(self, x):
        return self.head(self.mlp(x).max(dim=1).values)


test_loader = DataLoader(ModelNet(), batch_size=4)
model = PointNet(len(label_list)).to(device).eval()
correct = total = 0
for data, label in test_loader:
    data, label = data.to(device), label.to(device)
    pred = model(data).argmax(dim=1)
    correct += (pred == label).sum().item()
    total += len(label)
print(correct / total)
