# url: https://github.com/airaria/TextPruner/issues/8
# cause: The batch is (input_ids, labels) and goes in by position; the model takes the labels for its attention mask.
# fix: model(input_ids=batch[0], labels=batch[1])
# accept: missing_or_wrong_mask missing_input
# says: labels=
# raises: IndexError
# error: too many indices for tensor of dimension 1
# mend: model(*batch) => model(input_ids=batch[0], labels=batch[1])
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertForSequenceClassification, BertTokenizerFast

tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")


class TextDataset(Dataset):
    def __init__(self, texts, labels):
        self.ids = tokenizer(texts, padding=True, return_tensors="pt")["input_ids"]
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.ids[i], torch.tensor(self.labels[i])


texts = [
    "the movie was good",
    "it was very bad and slow",
    "i liked the food",
    "awful",
    "happy dog",
    "sad cat",
]
test_loader = DataLoader(TextDataset(texts, [1, 0, 1, 0, 1, 0]), batch_size=3)
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)

losses, predictions = [], []
model.eval()
for batch in test_loader:
    with torch.no_grad():
        outputs = model(*batch)
    predictions.append(outputs.logits.argmax(dim=-1))
print(torch.cat(predictions))
