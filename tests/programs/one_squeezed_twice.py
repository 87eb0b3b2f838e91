# url: https://github.com/bentrevett/pytorch-sentiment-analysis/issues/17
# cause: The last batch has one text: squeeze() in the model drops the batch axis, and squeeze(1) finds no axis 1.
# fix: squeeze only the axis that is meant in forward (squeeze(1)), not every axis of 1
# accept: squeeze_mismatch
# says: squeeze\(1\)|squeeze\(-2\)|squeeze\(dim=|flatten\(1\)|drop_last
# raises: IndexError
# error: Dimension out of range
# mend: F.avg_pool2d(embedded, (embedded.shape[1], 1)).squeeze() => F.avg_pool2d(embedded, (embedded.shape[1], 1)).squeeze(1)
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


class FastText(nn.Module):
    def __init__(self, vocab_size, embedding_dim, output_dim, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.fc = nn.Linear(embedding_dim, output_dim)

    def forward(self, text):
        embedded = self.embedding(text)
        pooled = F.avg_pool2d(embedded, (embedded.shape[1], 1)).squeeze()
        return self.fc(pooled)


def binary_accuracy(preds, y):
    return ((torch.sigmoid(preds) > 0.5).float() == y).float().mean()


texts = torch.randint(1, 80, (33, 14))
labels = torch.randint(0, 2, (33,)).float()
train_iterator = DataLoader(TensorDataset(texts, labels), batch_size=8)
model = FastText(80, 20, 1, 0)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()
epoch_loss = epoch_acc = 0
for text, label in train_iterator:
    optimizer.zero_grad()
    predictions = model(text).squeeze(1)
    loss = criterion(predictions, label)
    acc = binary_accuracy(predictions, label)
    loss.backward()
    optimizer.step()
    epoch_loss += loss.item()
    epoch_acc += acc.item()
print(epoch_loss / len(train_iterator), epoch_acc / len(train_iterator))
