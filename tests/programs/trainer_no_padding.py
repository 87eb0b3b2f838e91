# url: https://github.com/huggingface/datasets/pull/646
# cause: The sentences are tokenized one by one without padding, and the Trainer is given no collator that pads.
# fix: data_collator=DataCollatorWithPadding(tokenizer) (or padding="max_length", truncation=True)
# accept: ragged_padding
# says: DataCollatorWithPadding|padding="max_length"|padding in the tokenizer
# never: pad_sequence
# raises: ValueError
# error: expected sequence of length
# mend: tokenizer(sentence, truncation=True) => tokenizer(sentence, truncation=True, padding="max_length", max_length=16)
import tempfile

from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class Sentences(Dataset):
    def __init__(self, sentences, labels):
        self.items = []
        for sentence, label in zip(sentences, labels, strict=True):
            encoded = tokenizer(sentence, truncation=True)
            self.items.append({**encoded, "labels": label})

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


train = Sentences(["the cat sat on the mat", "dog", "john lives in new york", "i liked it"], [0, 1, 0, 1])
model = AutoModelForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    per_device_train_batch_size=2,
    num_train_epochs=1,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
)
trainer = Trainer(model=model, args=args, train_dataset=train)
trainer.train()
