# url: https://github.com/georgian-io/Multimodal-Toolkit/issues/2
# cause: Numbers and True/False from a table were put into one array, which so has dtype object.
# fix: table[:, 1:4].astype(np.float32) before it becomes a tensor
# accept: target_dtype
# says: astype\(|float32|dtype=
# raises: TypeError
# error: can't convert np.ndarray of type numpy.object_
# mend: self.numerical_feats = numerical_feats => self.numerical_feats = numerical_feats.astype(np.float32)
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoTokenizer

table = np.array(
    [
        ["good film", 4, 0.5, True, 1],
        ["awful food", 1, 0.25, False, 0],
        ["very nice place", 5, 0.75, True, 1],
        ["slow", 2, 0.0, False, 0],
    ],
    dtype=object,
)
tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class TorchTabularTextDataset(Dataset):
    def __init__(self, texts, numerical_feats, labels):
        self.encodings = tokenizer(list(texts), padding=True, truncation=True)
        self.numerical_feats = numerical_feats
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        item = {key: torch.tensor(val[idx]) for key, val in self.encodings.items()}
        item["labels"] = torch.tensor(self.labels[idx])
        item["numerical_feats"] = torch.tensor(self.numerical_feats[idx]).float()
        return item


class BertWithTabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained("tiny-bert")
        self.classifier = nn.Linear(32 + 3, 2)

    def forward(self, input_ids, token_type_ids, attention_mask, numerical_feats, labels):
        pooled = self.bert(input_ids, attention_mask, token_type_ids).pooler_output
        logits = self.classifier(torch.cat([pooled, numerical_feats], dim=1))
        return nn.functional.cross_entropy(logits, labels)


dataset = TorchTabularTextDataset(table[:, 0], table[:, 1:4], table[:, 4])
model = BertWithTabular()
for batch in DataLoader(dataset, batch_size=2):
    loss = model(**batch)
    loss.backward()
    print(loss.item())
