# url: https://github.com/google-research/bert/issues/1165
# cause: The labels are class probabilities that sum to 1; the model takes floats for multi-label targets and uses BCE, silently.
# fix: nn.functional.cross_entropy(outputs.logits, probabilities) instead of the model's own loss
# accept: problem_type loss_choice
# says: (?i)cross.?entropy
# raises: nothing
# asks: check_batch(model, batch)
# mend: loss = model(**batch).loss => loss = torch.nn.functional.cross_entropy(model(**{k: v for k, v in batch.items() if k != "labels"}).logits, batch["labels"])
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertForSequenceClassification, BertTokenizerFast

tokenizer = BertTokenizerFast.from_pretrained("tiny-bert")
model = BertForSequenceClassification.from_pretrained("tiny-bert", num_labels=2)


class PseudoLabelled(Dataset):
    def __init__(self, texts, probabilities):
        self.encodings = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        self.probabilities = torch.tensor(probabilities)

    def __len__(self):
        return len(self.probabilities)

    def __getitem__(self, i):
        item = {key: value[i] for key, value in self.encodings.items()}
        item["labels"] = self.probabilities[i]
        return item


texts = [
    "i like sleep",
    "it was slow and bad",
    "very nice film",
    "the food was good and bad",
    "awful",
    "great movie",
]
soft = [[0.4, 0.6], [0.9, 0.1], [0.05, 0.95], [0.5, 0.5], [0.97, 0.03], [0.1, 0.9]]
loader = DataLoader(PseudoLabelled(texts, soft), batch_size=3, shuffle=True)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
model.train()
for epoch in range(2):
    for batch in loader:
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
