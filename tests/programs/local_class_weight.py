# url: https://github.com/andreagemelli/doc2graph/issues/18
# cause: The class weights are made from the labels of one batch, in which one of the four classes is missing.
# fix: count all four classes: np.bincount(labels, minlength=4), once, on all the labels
# accept: head_size loss_choice label_range
# says: minlength|weight.{0,60}\b4\b
# never: nn\.Linear\(\d+, 3\)|num_labels=3|\[:, :3\]
# raises: RuntimeError
# error: weight tensor should be defined either for all 4 classes
# mend: classes, counts = np.unique(y, return_counts=True) => counts = np.bincount(y, minlength=4) + 1; classes = np.arange(4)
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertModel

CLASSES = ["header", "question", "answer", "other"]
ids = torch.randint(5, 100, (12, 10))
labels = torch.tensor([1, 2, 3, 1, 0, 1, 2, 3, 3, 2, 1, 0])


class NodeClassifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.bert = BertModel.from_pretrained("tiny-bert")
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.fc(self.bert(x).pooler_output)


def compute_crossentropy_loss(scores, target):
    y = target.cpu().numpy()
    classes, counts = np.unique(y, return_counts=True)
    w = len(y) / (len(classes) * counts)
    return nn.CrossEntropyLoss(weight=torch.tensor(w, dtype=torch.float32))(scores, target)


model = NodeClassifier(len(CLASSES))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
for x, target in DataLoader(TensorDataset(ids, labels), batch_size=4):
    n_scores = model(x)
    n_loss = compute_crossentropy_loss(n_scores, target)
    n_loss.backward()
    optimizer.step()
    optimizer.zero_grad()
