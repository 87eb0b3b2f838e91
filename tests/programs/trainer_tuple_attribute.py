# url: https://github.com/georgian-io/Multimodal-Toolkit/issues/40
# cause: The model returns more than logits, so EvalPrediction.predictions is a tuple, and np.argmax takes the whole of it.
# fix: p.predictions[0] in compute_metrics (or don't return the other outputs)
# accept: not_a_tensor
# says: \[0\]|preprocess_logits_for_metrics
# raises: ValueError
# error: inhomogeneous shape
# mend: np.argmax(p.predictions, => np.argmax(p.predictions[0],
import tempfile
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import BertConfig, BertModel, Trainer, TrainingArguments

config = BertConfig(
    vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
)


class BertWithTabular(nn.Module):
    """Text and a few columns of numbers together."""

    def __init__(self, n_num, n_labels):
        super().__init__()
        self.bert = BertModel(config)
        self.tab = nn.Linear(n_num, 8)
        self.classifier = nn.Linear(32 + 8, n_labels)
        self.loss_fct = nn.CrossEntropyLoss()

    def forward(self, input_ids, attention_mask, numerical_feats, labels=None):
        pooled = self.bert(input_ids, attention_mask=attention_mask).pooler_output
        combined = torch.cat([pooled, torch.relu(self.tab(numerical_feats))], dim=1)
        logits = self.classifier(combined)
        loss = self.loss_fct(logits, labels) if labels is not None else None
        return loss, logits, combined


class ReviewDataset(Dataset):
    def __init__(self, n):
        g = torch.Generator().manual_seed(n)
        self.ids = torch.randint(5, 200, (n, 18), generator=g)
        self.num = torch.randn(n, 4, generator=g)
        self.y = torch.randint(0, 2, (n,), generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {
            "input_ids": self.ids[i],
            "attention_mask": torch.ones(18, dtype=torch.long),
            "numerical_feats": self.num[i],
            "labels": self.y[i],
        }


def calc_classification_metrics(p):
    pred_labels = np.argmax(p.predictions, axis=1)
    return {"acc": float((pred_labels == p.label_ids).mean())}


args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=8,
    report_to="none",
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(
    model=BertWithTabular(4, 2),
    args=args,
    train_dataset=ReviewDataset(24),
    eval_dataset=ReviewDataset(10),
    compute_metrics=calc_classification_metrics,
)
trainer.train()
print(trainer.evaluate())
