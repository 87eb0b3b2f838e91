# url: https://github.com/Megvii-BaseDetection/YOLOX/issues/357
# cause: The classes count from 1, so the last one has no place among num_classes positions.
# fix: F.one_hot(labels - 1, num_classes)
# accept: label_range
# says: - 1|from 1|\+ 1
# raises: RuntimeError
# error: Class values must be smaller than num_classes
# mend: F.one_hot(gt_classes.to(torch.int64), num_classes) => F.one_hot(gt_classes.to(torch.int64) - 1, num_classes)
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

names = {1: "sports", 2: "world", 3: "science", 4: "business"}
num_classes = len(names)
texts = torch.randint(1, 70, (24, 16))
classes = torch.arange(24) % num_classes + 1


class TextCNN(nn.Module):
    def __init__(self, vocab_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 12)
        self.convs = nn.ModuleList([nn.Conv1d(12, 8, width) for width in (2, 3, 4)])
        self.fc = nn.Linear(24, num_classes)

    def forward(self, x):
        x = self.embedding(x).transpose(1, 2)
        x = torch.cat([F.relu(conv(x)).amax(dim=2) for conv in self.convs], dim=1)
        return self.fc(x)


model = TextCNN(70, num_classes)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, gt_classes in DataLoader(TensorDataset(texts, classes), batch_size=8):
    cls_preds = model(x)
    cls_target = F.one_hot(gt_classes.to(torch.int64), num_classes).float()
    loss = F.binary_cross_entropy_with_logits(cls_preds, cls_target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
