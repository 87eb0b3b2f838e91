# url: https://github.com/huggingface/transformers/pull/28526
# cause: problem_type is multi-label, which wants a 0 or 1 for each of the four outputs; each row has one class index.
# fix: drop problem_type (one class per row), or one-hot the labels as floats
# accept: index_for_multilabel problem_type
# says: single_label_classification|one_hot|problem_type
# never: num_labels=1\b|unsqueeze
# raises: ValueError
# error: Target size .* must be the same as input size
# mend: problem_type="multi_label_classification" => problem_type="single_label_classification"
import tempfile
from itertools import cycle

from torch.utils.data import Dataset
from transformers import (
    AutoConfig,
    RobertaForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

text = [
    "the place is nice",
    "slow service",
    "i liked the film",
    "it was awful",
    "how far is it",
    "order a refund",
]
num_labels = 4
numbers = cycle(range(num_labels))
labels = [next(numbers) for _ in text]

config = AutoConfig.from_pretrained(
    "tiny-roberta", num_labels=num_labels, problem_type="multi_label_classification"
)
model = RobertaForSequenceClassification.from_pretrained("tiny-roberta", config=config)
tokenizer = PreTrainedTokenizerFast.from_pretrained("tiny-roberta")
encoded = tokenizer(text, padding="max_length", max_length=16, truncation=True, return_token_type_ids=False)


class Zen(Dataset):
    def __len__(self):
        return len(text)

    def __getitem__(self, i):
        return {
            "input_ids": encoded["input_ids"][i],
            "attention_mask": encoded["attention_mask"][i],
            "label": labels[i],
        }


args = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
    num_train_epochs=1,
    per_device_train_batch_size=3,
    report_to="none",
    save_strategy="no",
    use_cpu=True,
)
Trainer(model=model, args=args, train_dataset=Zen()).train()
