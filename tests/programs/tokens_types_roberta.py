# url: https://github.com/huggingface/transformers/issues/2445
# cause: Segment ids 0 and 1, as for BERT, go to a RoBERTa, whose token_type embedding has one row only.
# fix: don't pass token_type_ids to RoBERTa (or pass zeros)
# accept: vocab_range missing_input
# says: token_type|type_vocab_size
# never: (input_ids|attention_mask)"\] = torch\.zeros_like
# raises: IndexError
# error: index out of range in self
# mend: torch.tensor(types) => torch.zeros(len(types), dtype=torch.long)
import torch
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset
from transformers import RobertaConfig, RobertaForSequenceClassification

torch.manual_seed(0)
BOS, PAD, EOS = 0, 1, 2


class EntailmentPairs(Dataset):
    """premise and hypothesis in one row, built the way it worked for BERT"""

    def __init__(self, n=32, max_len=24):
        self.rows = []
        for _ in range(n):
            a = torch.randint(5, 200, (int(torch.randint(4, 10, (1,))),)).tolist()
            b = torch.randint(5, 200, (int(torch.randint(3, 9, (1,))),)).tolist()
            ids = [BOS] + a + [EOS, EOS] + b + [EOS]
            types = [0] * (len(a) + 2) + [1] * (len(b) + 2)
            pad = max_len - len(ids)
            self.rows.append(
                (
                    ids + [PAD] * pad,
                    [1] * len(ids) + [0] * pad,
                    types + [0] * pad,
                    int(torch.randint(0, 3, (1,))),
                )
            )

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        ids, mask, types, label = self.rows[i]
        return {
            "input_ids": torch.tensor(ids),
            "attention_mask": torch.tensor(mask),
            "token_type_ids": torch.tensor(types),
            "labels": torch.tensor(label),
        }


config = RobertaConfig(
    vocab_size=200,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    max_position_embeddings=40,
    type_vocab_size=1,
    num_labels=3,
)
model = RobertaForSequenceClassification(config)
optimizer = AdamW(model.parameters(), lr=1e-3)
loader = DataLoader(EntailmentPairs(), batch_size=8, shuffle=True)

model.train()
for epoch in range(2):
    for batch in loader:
        optimizer.zero_grad()
        out = model(**batch)
        out.loss.backward()
        optimizer.step()
    print(epoch, out.loss.item())
