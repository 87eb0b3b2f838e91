# url: https://github.com/sugi-chan/custom_bert_pipeline/issues/1
# cause: A softmax is applied before nn.CrossEntropyLoss, which has its own.
# fix: give the raw outputs of the model to the loss; softmax only to show probabilities
# accept: softmax_before_loss
# says: raw|(?i:log.?softmax)|(leave|take|drop|without|remove|no).{0,40}softmax
# raises: nothing
# asks: check_loss(criterion, outputs, labels)
# mend: F.softmax(outputs, dim=1) => outputs
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)


class Reviews(Dataset):
    def __init__(self, n):
        self.labels = torch.arange(n) % 3
        self.ids = torch.randint(5, 150, (n, 16))
        self.ids[:, 1] = 160 + self.labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


class BertClassifier(nn.Module):
    def __init__(self, num_labels=3):
        super().__init__()
        self.bert = BertModel(
            BertConfig(
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                vocab_size=200,
            )
        )
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(32, num_labels)

    def forward(self, input_ids):
        pooled = self.bert(input_ids).pooler_output
        return self.classifier(self.dropout(pooled))


model = BertClassifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(Reviews(96), batch_size=16, shuffle=True)
for epoch in range(2):
    running_loss, corrects = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        outputs = model(inputs)
        outputs = F.softmax(outputs, dim=1)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * len(labels)
        corrects += (outputs.argmax(1) == labels).sum().item()
    print(f"epoch {epoch} loss {running_loss / 96:.4f} acc {corrects / 96:.3f}")
