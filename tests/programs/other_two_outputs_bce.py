# url: https://github.com/amazon-science/efficient-longdoc-classification/issues/2
# cause: Labels of 0 and 1, (N,), with binary cross entropy; but the classifier has two outputs for each row.
# fix: num_labels=1 and logits.squeeze(1) for binary cross entropy, or keep 2 outputs with cross entropy
# accept: head_size loss_choice index_for_multilabel
# says: (?i)(?<!binary_)(?<!binary )cross[ _]?entropy|\b(one|1) output|num_labels=1\b|Linear\(\w+, 1\)|squeeze
# raises: ValueError
# error: Target size .* must be the same as input size
# mend: DocClassifier(num_labels=2) => DocClassifier(num_labels=1)
# mend: with_logits(logits, batch["label"]) => with_logits(logits.squeeze(1), batch["label"])
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)


class LongDocs(Dataset):
    def __init__(self, n=12, length=60):
        self.docs = torch.randint(5, 200, (n, length))
        self.labels = [float(i % 2) for i in range(n)]

    def __len__(self):
        return len(self.docs)

    def __getitem__(self, i):
        return {"ids": self.docs[i], "mask": torch.ones(60, dtype=torch.long), "label": self.labels[i]}


def collate(batch):
    return {
        "ids": torch.stack([b["ids"] for b in batch]),
        "mask": torch.stack([b["mask"] for b in batch]),
        "label": torch.tensor([b["label"] for b in batch]),
    }


class DocClassifier(nn.Module):
    def __init__(self, num_labels):
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
        self.fc = nn.Linear(32, 16)
        self.classifier = nn.Linear(16, num_labels)

    def forward(self, ids, mask):
        cls = self.bert(ids, attention_mask=mask).last_hidden_state[:, 0]
        return self.classifier(torch.relu(self.fc(cls)))


model = DocClassifier(num_labels=2)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
for epoch in range(2):
    for batch in DataLoader(LongDocs(), batch_size=2, shuffle=True, collate_fn=collate):
        logits = model(batch["ids"], batch["mask"])
        loss = binary_cross_entropy_with_logits(logits, batch["label"])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
