# url: https://github.com/huggingface/transformers/issues/40258
# cause: Label smoothing in the Trainer wants one class index per row; these labels are several 0s and 1s per row.
# fix: label_smoothing_factor=0.0 (smooth the labels by hand if you want it)
# accept: problem_type loss_choice index_for_multilabel target_dtype
# says: label_smoothing_factor
# raises: RuntimeError
# error: gather\(\)
# mend: label_smoothing_factor=0.1 => label_smoothing_factor=0.0
import tempfile

import torch
from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class DummyDataset(Dataset):
    def __init__(self):
        self.texts = ["good food and service", "slow bank", "late order", "happy john in london"]
        self.labels = torch.tensor([[1, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]], dtype=torch.float)
        self.encodings = tokenizer(self.texts, truncation=True, padding=True)

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, idx):
        item = {k: torch.tensor(v[idx]) for k, v in self.encodings.items()}
        item["labels"] = self.labels[idx]
        return item


model = AutoModelForSequenceClassification.from_pretrained("tiny-bert", num_labels=3)
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    per_device_train_batch_size=2,
    label_smoothing_factor=0.1,
    max_steps=1,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
Trainer(model=model, args=args, train_dataset=DummyDataset()).train()
