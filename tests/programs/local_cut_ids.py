# url: https://github.com/allenai/allennlp/issues/2426
# cause: Long sentences are cut to max_len, but only their ids: the mask and the token types keep the old length.
# fix: cut attention_mask and token_type_ids to max_len too (or truncation=True, max_length=max_len)
# accept: static_length missing_or_wrong_mask too_long
# says: token_type_ids|truncation=True
# raises: RuntimeError
# error: size of tensor a \(16\) must match the size of tensor b \(30\)
# mend: batch["attention_mask"], token_type_ids=batch["token_type_ids"] => batch["attention_mask"][:, :max_len], token_type_ids=batch["token_type_ids"][:, :max_len]
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny-bert")
bert = AutoModel.from_pretrained("tiny-bert")
max_len = 16
passages = [
    "the movie was very good and i liked the film of john smith who lives in new york and plays in london",
    "it was slow",
    "the food and the service in this place is nice but how far is it",
    "mary was sad and angry and john was happy",
]
questions = ["who lives in new york", "what was slow", "how far", "who was sad"]
answerable = [1, 1, 0, 1]


def collate(rows):
    q, p, y = zip(*rows, strict=True)
    batch = tokenizer(list(q), list(p), padding=True, return_tensors="pt")
    batch["input_ids"] = batch["input_ids"][:, :max_len]
    return batch, torch.tensor(y)


head = nn.Linear(bert.config.hidden_size, 2)
optimizer = torch.optim.Adam([*bert.parameters(), *head.parameters()], lr=1e-4)
loader = DataLoader(list(zip(questions, passages, answerable, strict=True)), batch_size=2, collate_fn=collate)
for batch, y in loader:
    hidden = bert(batch["input_ids"], batch["attention_mask"], token_type_ids=batch["token_type_ids"])[0]
    loss = nn.functional.cross_entropy(head(hidden[:, 0]), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
