# url: https://github.com/nlp-with-transformers/notebooks/issues/108
# cause: AutoModel loads BERT without a classification head, which takes no labels and gives no loss.
# fix: AutoModelForSequenceClassification.from_pretrained(model_ckpt, num_labels=3)
# accept: missing_input not_a_tensor sequence_logits_for_token
# says: ForSequenceClassification
# raises: ValueError
# error: did not return a loss
# mend: model = AutoModel.from_pretrained(model_ckpt) => model = __import__("transformers").AutoModelForSequenceClassification.from_pretrained(model_ckpt, num_labels=3)
import tempfile

import torch
from torch.utils.data import Dataset
from transformers import AutoModel, AutoTokenizer, Trainer, TrainingArguments

model_ckpt = "tiny-bert"
tokenizer = AutoTokenizer.from_pretrained(model_ckpt)
model = AutoModel.from_pretrained(model_ckpt)


class Reviews(Dataset):
    def __init__(self, texts, labels):
        self.encodings = tokenizer(texts, padding=True, truncation=True)
        self.labels = labels

    def __getitem__(self, idx):
        item = {key: torch.tensor(val[idx]) for key, val in self.encodings.items()}
        item["labels"] = torch.tensor(self.labels[idx])
        return item

    def __len__(self):
        return len(self.labels)


train_dataset = Reviews(["good film", "awful", "it was slow", "nice food in london"], [2, 0, 1, 2])
training_args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=2,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
trainer = Trainer(model=model, args=training_args, train_dataset=train_dataset)
trainer.train()
