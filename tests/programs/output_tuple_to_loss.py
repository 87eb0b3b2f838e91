# url: https://github.com/prateekjoshi565/Fine-Tuning-BERT/issues/5
# cause: With return_dict=False the model gives a tuple, and the whole tuple is handed to the loss.
# fix: preds = model(sent_id, mask)[0]
# accept: not_a_tensor
# says: \[0\]|\.logits
# raises: TypeError
# error: must be Tensor, not tuple
# mend: preds = model(sent_id, mask) => preds = model(sent_id, mask)[0]
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
model = AutoModelForSequenceClassification.from_pretrained("tiny-bert", num_labels=2, return_dict=False)

texts = ["card order refund", "math is fast", "the bank account", "sum of angle and area"] * 3
labels = [1, 0, 1, 0] * 3
tokens = tokenizer(texts, max_length=12, padding="max_length", truncation=True)

seq = torch.tensor(tokens["input_ids"])
mask = torch.tensor(tokens["attention_mask"])
y = torch.tensor(labels)
train_data = TensorDataset(seq, mask, y)
train_dataloader = DataLoader(train_data, sampler=RandomSampler(train_data), batch_size=4)

weights = torch.tensor([0.8, 1.2])
cross_entropy = nn.CrossEntropyLoss(weight=weights)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)


def train():
    model.train()
    total_loss = 0
    for step, batch in enumerate(train_dataloader):
        sent_id, mask, labels = batch
        model.zero_grad()
        preds = model(sent_id, mask)
        loss = cross_entropy(preds, labels)
        total_loss = total_loss + loss.item()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return total_loss / len(train_dataloader)


print(train())
