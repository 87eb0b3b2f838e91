# url: https://github.com/huggingface/transformers/issues/17463
# cause: The mean over last_hidden_state takes the padding in, so a sentence's vector depends on its batch.
# fix: weight by attention_mask.unsqueeze(-1) and divide by its sum
# accept: missing_or_wrong_mask
# says: attention_mask
# raises: nothing
# asks: check_batch(model, batch)
# mend: hidden.mean(dim=1) => (hidden * attention_mask.unsqueeze(-1)).sum(dim=1) / attention_mask.sum(dim=1, keepdim=True)
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")


class SentenceClassifier(nn.Module):
    def __init__(self, num_labels):
        super().__init__()
        self.bert = AutoModel.from_pretrained("tiny-bert")
        self.classifier = nn.Linear(self.bert.config.hidden_size, num_labels)

    def forward(self, input_ids, attention_mask, labels=None):
        hidden = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.classifier(hidden.mean(dim=1))
        loss = nn.functional.cross_entropy(logits, labels) if labels is not None else None
        return {"loss": loss, "logits": logits}


def collate(rows):
    batch = tokenizer(
        [text for text, _ in rows], padding=True, return_tensors="pt", return_token_type_ids=False
    )
    batch["labels"] = torch.tensor([label for _, label in rows])
    return dict(batch)


sentences = [
    ("good", 1),
    ("how are you is what john and mary who lives in new york plays on the order", 0),
    ("sad", 0),
    ("the film of this place was very happy and nice and fast and not slow", 1),
]
model = SentenceClassifier(num_labels=2)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
for batch in DataLoader(sentences, batch_size=2, collate_fn=collate):
    loss = model(**batch)["loss"]
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
