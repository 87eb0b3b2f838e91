# url: https://github.com/Louis-udm/VGCN-BERT/issues/19
# cause: The class weights are computed with numpy and stay float64; the logits are float32.
# fix: loss_weight.float() before it goes into the loss
# accept: target_dtype
# says: weight.{0,80}float|float.{0,80}weight
# raises: RuntimeError
# error: expected scalar type
# mend: torch.tensor(weight) => torch.tensor(weight).float()
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)
np.random.seed(0)


class SentimentBert(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        config = BertConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200
        )
        self.bert = BertModel(config)
        self.dropout = torch.nn.Dropout(0.1)
        self.classifier = torch.nn.Linear(32, num_classes)

    def forward(self, ids, mask):
        pooled = self.bert(ids, attention_mask=mask).pooler_output
        return self.classifier(self.dropout(pooled))


def get_class_count_and_weight(y, n_classes):
    counts = np.array([np.sum(y == c) for c in range(n_classes)])
    return counts, len(y) / (n_classes * counts)


num_classes = 2
y = np.random.choice([0, 1], size=80, p=[0.8, 0.2])
ids = torch.randint(5, 200, (80, 16))
mask = torch.ones_like(ids)
data = TensorDataset(ids, mask, torch.tensor(y))
loader = DataLoader(data, batch_size=16, shuffle=True)

counts, weight = get_class_count_and_weight(y, num_classes)
print("class counts", counts)
loss_weight = torch.tensor(weight)

model = SentimentBert(num_classes)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
for epoch in range(2):
    for batch_ids, batch_mask, label_ids in loader:
        logits = model(batch_ids, batch_mask)
        loss = F.cross_entropy(logits.view(-1, num_classes), label_ids, loss_weight)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
