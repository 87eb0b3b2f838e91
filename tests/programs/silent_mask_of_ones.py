# url: https://github.com/yg211/bert_nli/pull/3
# cause: The attention masks are all ones, so the padding is read like words.
# fix: put 0 into the mask where the row is padded
# accept: missing_or_wrong_mask
# says: (?i)pad
# raises: nothing
# asks: check_batch(model, {"ids": ids, "types": types, "masks": masks})
# mend: torch.ones_like(ids) => (ids != PAD).long()
import random
import torch
from torch import nn
from transformers import BertConfig, BertModel

random.seed(0)
torch.manual_seed(0)
PAD, CLS, SEP = 0, 2, 3
LABELS = ["contradict", "entail", "neutral"]


class BertNLIModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = BertModel(
            BertConfig(
                vocab_size=200,
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
            )
        )
        self.nli_head = nn.Linear(32, len(LABELS))

    def forward(self, ids, types, masks):
        cls = self.bert(input_ids=ids, token_type_ids=types, attention_mask=masks).pooler_output
        return self.nli_head(cls)


def build_batch(sent_pairs):
    all_ids, all_types = [], []
    for s1, s2 in sent_pairs:
        all_ids.append([CLS] + s1 + [SEP] + s2 + [SEP])
        all_types.append([0] * (len(s1) + 2) + [1] * (len(s2) + 1))
    longest = max(map(len, all_ids))
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in all_ids])
    types = torch.tensor([row + [0] * (longest - len(row)) for row in all_types])
    masks = torch.ones_like(ids)
    return ids, types, masks


def sentence():
    return [random.randrange(5, 200) for _ in range(random.randrange(3, 25))]


data = [((sentence(), sentence()), random.randrange(3)) for _ in range(48)]
model = BertNLIModel()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for epoch in range(2):
    random.shuffle(data)
    for start in range(0, len(data), 8):
        batch = data[start : start + 8]
        ids, types, masks = build_batch([pair for pair, _ in batch])
        target = torch.tensor([label for _, label in batch])
        logits = model(ids, types, masks)
        loss = loss_fn(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
