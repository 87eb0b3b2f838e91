# url: https://github.com/huggingface/sentence-transformers/issues/929
# cause: No maximum length is set: a long text isn't truncated and has 532 tokens, more than the model's 512 positions.
# fix: set the maximum length (512 or less) and truncate
# accept: too_long
# says: truncat|max_(seq_)?length|:512\]|at most 512|(?i:chunk)
# raises: RuntimeError
# error: must match
# mend: self.max_seq_length = None => self.max_seq_length = 512
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)


class Encoder(nn.Module):
    """Mean-pooled sentence vectors with a softmax head."""

    def __init__(self, num_labels):
        super().__init__()
        self.max_seq_length = None
        self.bert = BertModel(
            BertConfig(
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                vocab_size=200,
            )
        )
        self.head = nn.Linear(32, num_labels)

    def tokenize(self, text):
        ids = [5 + sum(map(ord, word)) % 190 for word in text.split()]
        if self.max_seq_length is not None:
            ids = ids[: self.max_seq_length - 2]
        return torch.tensor([2] + ids + [3])

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = self.bert(
            input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).float()
        return self.head((hidden * mask).sum(1) / mask.sum(1))


class Texts(Dataset):
    rows = [
        ("a short note", 0),
        ("the rest is in the annex " * 3, 1),
        ("long winded words of all kinds " * 88 + "end here", 1),
        ("yes", 0),
    ]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


model = Encoder(num_labels=2)


def smart_batching_collate(batch):
    ids = pad_sequence([model.tokenize(text) for text, _ in batch], batch_first=True)
    return ids, (ids != 0).long(), torch.zeros_like(ids), torch.tensor([label for _, label in batch])


optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
for ids, mask, types, labels in DataLoader(Texts(), batch_size=2, collate_fn=smart_batching_collate):
    loss = nn.functional.cross_entropy(model(ids, mask, types), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(loss.item())
