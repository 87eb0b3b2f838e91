# url: https://github.com/YXNTU/GeneralDyG/issues/6
# cause: The model ends in a sigmoid and binary_cross_entropy_with_logits applies another one.
# fix: return the logits from forward, without the sigmoid
# accept: softmax_before_loss
# says: (?i)sigmoid
# raises: nothing
# asks: check_loss(nn.functional.binary_cross_entropy_with_logits, logits, labels)
# mend: logits = self.sigmoid(logits).squeeze(1) => logits = logits.squeeze(1)
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


class TransformerBinaryClassifier(nn.Module):
    def __init__(self, d_model=16):
        super().__init__()
        self.embedding = nn.Embedding(60, d_model)
        self.encoder = nn.TransformerEncoderLayer(d_model, 4, 32, batch_first=True)
        self.classifier = nn.Linear(d_model, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, tokens, mask):
        hidden = self.encoder(self.embedding(tokens), src_key_padding_mask=~mask)
        mean_output = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        logits = self.classifier(mean_output)
        logits = self.sigmoid(logits).squeeze(1)
        return logits


def criterion(logits, labels):
    loss_classify = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return torch.mean(loss_classify)


tokens = torch.randint(1, 60, (32, 9))
labels = (tokens[:, 0] > 30).float()
loader = DataLoader(TensorDataset(tokens, labels), batch_size=16)
model = TransformerBinaryClassifier()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    for tokens, labels in loader:
        logits = model(tokens, torch.ones_like(tokens, dtype=torch.bool))
        loss = criterion(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
