# url: https://github.com/pytorch/pytorch/issues/101213
# cause: The class weights are whole numbers (int64); the loss multiplies them with floats.
# fix: torch.tensor([1, 2, 3], dtype=torch.float) (or .float())
# accept: target_dtype
# says: weight.{0,80}float|float.{0,80}weight
# never: target\.float\(\)|labels\.float\(\)|target = target
# raises: RuntimeError
# error: expected scalar type
# mend: torch.LongTensor(class_weights) => torch.FloatTensor(class_weights)
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import AutoTokenizer, BertModel

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
texts = ["good", "very good film", "bad", "it was nice", "liked it", "great", "a movie", "awful place"]
labels = [2, 2, 0, 2, 2, 2, 1, 0]

counts = Counter(labels)
class_weights = [max(counts.values()) // counts[i] for i in range(3)]
loss_fn = nn.CrossEntropyLoss(weight=torch.LongTensor(class_weights))


class Classifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.bert = BertModel.from_pretrained("tiny-bert")
        self.out = nn.Linear(self.bert.config.hidden_size, n_classes)

    def forward(self, input_ids, attention_mask):
        return self.out(self.bert(input_ids, attention_mask=attention_mask).pooler_output)


enc = tokenizer(texts, padding=True, return_tensors="pt")
loader = DataLoader(
    TensorDataset(enc["input_ids"], enc["attention_mask"], torch.tensor(labels)), batch_size=4
)
model = Classifier(3)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
for input_ids, attention_mask, targets in loader:
    outputs = model(input_ids, attention_mask)
    loss = loss_fn(outputs, targets)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
