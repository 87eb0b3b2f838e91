# url: https://github.com/manikanthp/LayoutLMV3_Fine_Tuning/issues/5
# cause: The head gives 5 classes; the loss flattens with view(-1, 4), left over from 4 classes: 1280 rows for 1024 labels.
# fix: pred.view(-1, 5), or pred.view(-1, pred.size(-1))
# accept: needs_flatten_or_transpose head_size static_length
# says: -1, 5\)|\.size\(-1\)|\.shape\[-1\]|\b5 (classes|outputs|columns)|C=5|flatten\(0, 1\)
# raises: ValueError
# error: Expected input batch_size \(1280\) to match target batch_size \(1024\)
# mend: pred.view(-1, 4) => pred.view(-1, 5)
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)
label2id = {"date": 0, "total": 1, "vendor": 2, "address": 3, "other": 4}
MAX_LEN = 512


class Receipts(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        n = 30 + 5 * i
        ids = torch.zeros(MAX_LEN, dtype=torch.long)
        ids[:n] = torch.randint(5, 200, (n,))
        labels = torch.full((MAX_LEN,), -100)
        labels[:n] = torch.randint(0, len(label2id), (n,))
        mask = (ids > 0).long()
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def loss_fn(pred, target):
    return nn.CrossEntropyLoss()(pred.view(-1, 4), target.view(-1))


class ModelModule(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.bert = BertModel(
            BertConfig(
                vocab_size=200,
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
            )
        )
        self.drop = nn.Dropout(0.3)
        self.cls_layer = nn.Linear(32, n_classes)

    def forward(self, input_ids, attention_mask, labels):
        hidden = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        output = self.cls_layer(self.drop(hidden))
        loss = loss_fn(output, labels)
        return output, loss


model = ModelModule(len(label2id))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1):
    for data in DataLoader(Receipts(), batch_size=2, shuffle=True):
        optimizer.zero_grad()
        _, loss = model(**data)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
