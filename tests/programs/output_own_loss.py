# url: https://github.com/huggingface/transformers/issues/11862
# cause: The own loss is given the model's output object and calls log_softmax on it; only its logits have one.
# fix: criterion(outputs.logits, labels)
# accept: not_a_tensor
# says: \.logits|\[0\]
# raises: AttributeError
# error: no attribute 'log_softmax'
# mend: loss = criterion(outputs, labels) => loss = criterion(outputs.logits, labels)
# mend: outputs.argmax(dim=1) => outputs.logits.argmax(dim=1)
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

CFG = {"model": "tiny-bert", "num_classes": 3, "smoothing": 0.1, "batch_size": 3}
tokenizer = AutoTokenizer.from_pretrained(CFG["model"])


class ReviewDataset(Dataset):
    def __init__(self, texts, labels):
        self.texts, self.labels = texts, labels

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, idx):
        enc = tokenizer(self.texts[idx], padding="max_length", max_length=10, return_tensors="pt")
        return enc["input_ids"].squeeze(0), enc["attention_mask"].squeeze(0), torch.tensor(self.labels[idx])


class LabelSmoothingLoss(nn.Module):
    def __init__(self, classes, smoothing):
        super().__init__()
        self.confidence, self.smoothing, self.cls = 1.0 - smoothing, smoothing, classes

    def forward(self, pred, target):
        pred = pred.log_softmax(dim=-1)
        true_dist = torch.full_like(pred, self.smoothing / (self.cls - 1))
        true_dist.scatter_(1, target.unsqueeze(1), self.confidence)
        return torch.mean(torch.sum(-true_dist * pred, dim=-1))


data = ReviewDataset(
    ["good film", "bad film", "it was slow", "very nice", "awful", "the place"], [2, 0, 1, 2, 0, 1]
)
loader = DataLoader(data, batch_size=CFG["batch_size"])
model = AutoModelForSequenceClassification.from_pretrained(CFG["model"], num_labels=CFG["num_classes"])
criterion = LabelSmoothingLoss(CFG["num_classes"], CFG["smoothing"])
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
for ids, mask, labels in loader:
    outputs = model(ids, attention_mask=mask)
    loss = criterion(outputs, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), (outputs.argmax(dim=1) == labels).float().mean())
