# url: https://github.com/huggingface/transformers/issues/25050
# cause: A base encoder without a head goes to the Trainer; it does nothing with labels and so returns no loss.
# fix: a model with a head for the task (BertForSequenceClassification), whose forward takes labels and returns a loss
# accept: missing_input
# says: ForSequenceClassification|with a head|a head for
# raises: ValueError
# error: did not return a loss
# mend: BertModel, Trainer => BertForSequenceClassification, Trainer
# mend: model = BertModel(config) => model = BertForSequenceClassification(config)
import tempfile

import torch
from torch.utils.data import Dataset, random_split
from transformers import BertConfig, BertModel, Trainer, TrainingArguments

torch.manual_seed(0)
LENGTH = 18


class Prompts(Dataset):
    """True and false statements, label 1 and 0."""

    def __init__(self, n=32):
        self.ids = torch.randint(5, 200, (n, LENGTH))
        self.ids[:, 0] = 2
        self.labels = [i % 2 for i in range(n)]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return {
            "input_ids": self.ids[i],
            "attention_mask": torch.ones(LENGTH, dtype=torch.long),
            "label": self.labels[i],
        }


train_dataset, eval_dataset = random_split(Prompts(), [24, 8])
config = BertConfig(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    vocab_size=200,
    num_labels=2,
)
model = BertModel(config)

args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=8,
    learning_rate=5e-5,
    report_to=[],
    use_cpu=True,
    save_strategy="no",
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=args, train_dataset=train_dataset, eval_dataset=eval_dataset)
trainer.train()
print(trainer.evaluate())
