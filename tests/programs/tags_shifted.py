# url: https://github.com/ljynlp/W2NER/issues/81
# cause: The tokenizer puts [CLS] in front, the labels don't move along: each label stands one token too early.
# fix: labels = [-100] + tags + [-100] * (length - len(tags) - 1)
# accept: static_length
# says: \[CLS\]|\[-100\] \+|one token|word_ids
# raises: nothing
# asks: check_batch(model, batch)
# mend: tag_ids + [-100] * (max_len - len(tag_ids)) => [-100] + tag_ids + [-100] * (max_len - len(tag_ids) - 1)
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForTokenClassification, AutoTokenizer

max_len = 12
label2id = {"O": 0, "B-PER": 1, "I-PER": 2, "B-LOC": 3, "I-LOC": 4}
tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
data = [
    ("john smith lives in london", "B-PER I-PER O O B-LOC"),
    ("mary plays in new york", "B-PER O O B-LOC I-LOC"),
    ("the cat sat on the mat", "O O O O O O"),
    ("london is very nice", "B-LOC O O O"),
]


class Tagged(Dataset):
    def __len__(self):
        return len(data)

    def __getitem__(self, i):
        text, tags = data[i]
        item = tokenizer(text, padding="max_length", max_length=max_len, truncation=True)
        tag_ids = [label2id[tag] for tag in tags.split()]
        item["labels"] = tag_ids + [-100] * (max_len - len(tag_ids))
        return {key: torch.tensor(value) for key, value in item.items()}


model = AutoModelForTokenClassification.from_pretrained("tiny-bert", num_labels=len(label2id))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for epoch in range(2):
    for batch in DataLoader(Tagged(), batch_size=2):
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
