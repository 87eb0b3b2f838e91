# url: https://github.com/huggingface/transformers/issues/29458
# cause: The Trainer drops the columns that the model's forward doesn't name: it takes ids and mask, the data has input_ids and attention_mask.
# fix: def forward(self, input_ids, attention_mask, labels)
# accept: missing_input
# says: input_ids
# raises: ValueError
# error: you provided \['labels'\]
# mend: , ids, mask, labels=None): => , input_ids, attention_mask, labels=None):
# mend: self.bert(ids, attention_mask=mask) => self.bert(input_ids, attention_mask=attention_mask)
import tempfile

from torch import nn
from torch.utils.data import Dataset
from transformers import AutoModel, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class Classifier(nn.Module):
    def __init__(self, num_labels):
        super().__init__()
        self.bert = AutoModel.from_pretrained("tiny-bert")
        self.head = nn.Linear(self.bert.config.hidden_size, num_labels)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, ids, mask, labels=None):
        logits = self.head(self.bert(ids, attention_mask=mask).pooler_output)
        return {"loss": self.loss(logits, labels), "logits": logits}


class Tickets(Dataset):
    texts = ["card order late", "refund of cash", "account login", "order of a card"]
    labels = [0, 1, 2, 0]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        return {**tokenizer(self.texts[i]), "labels": self.labels[i]}


args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    per_device_train_batch_size=2,
    max_steps=1,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
trainer = Trainer(
    model=Classifier(3), args=args, train_dataset=Tickets(), data_collator=DataCollatorWithPadding(tokenizer)
)
trainer.train()
