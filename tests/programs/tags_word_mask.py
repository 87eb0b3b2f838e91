# url: https://github.com/kmkurn/pytorch-crf/issues/46
# cause: The mask is off at [CLS], the first position; the CRF needs each row's mask to start with 1.
# fix: cut [CLS] off emissions, tags and mask alike ([:, 1:]) before the CRF
# accept: missing_or_wrong_mask
# says: \[:, 1:\]|\[CLS\]
# raises: ValueError
# error: mask of the first timestep must all be on
# mend: crf(emissions, tags, mask=word_mask) => crf(emissions[:, 1:], tags[:, 1:], mask=word_mask[:, 1:])
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertModel

torch.manual_seed(0)
NUM_TAGS = 5


class CRF(nn.Module):
    """Linear-chain CRF, batch first; gives the mean negative log-likelihood."""

    def __init__(self, num_tags):
        super().__init__()
        self.trans = nn.Parameter(torch.zeros(num_tags, num_tags))

    def forward(self, emissions, tags, mask):
        if emissions.shape[:2] != mask.shape:
            raise ValueError(
                f"the first two dimensions of emissions and mask must match, got {tuple(emissions.shape[:2])} and {tuple(mask.shape)}"
            )
        if not mask[:, 0].all():
            raise ValueError("mask of the first timestep must all be on")
        score, alpha = emissions[:, 0].gather(1, tags[:, :1]).squeeze(1), emissions[:, 0]
        for t in range(1, tags.shape[1]):
            step = (
                emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
                + self.trans[tags[:, t - 1], tags[:, t]]
            )
            score = score + step * mask[:, t]
            new = torch.logsumexp(alpha.unsqueeze(2) + self.trans + emissions[:, t].unsqueeze(1), dim=1)
            alpha = torch.where(mask[:, t].unsqueeze(1).bool(), new, alpha)
        return (torch.logsumexp(alpha, dim=1) - score).mean()


class Ner(Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, i):
        n = 6 + i % 5
        ids = torch.tensor([2] + [10 + (i * 3 + k) % 180 for k in range(n)] + [3] + [0] * (10 - n))
        tags = torch.tensor([0] + [k % NUM_TAGS for k in range(n)] + [0] * (11 - n))
        word_mask = torch.tensor([0] + [1] * n + [0] * (11 - n))
        return ids, tags, word_mask


bert = BertModel(
    BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=200
    )
)
hidden2tag, crf = nn.Linear(32, NUM_TAGS), CRF(NUM_TAGS)
optimizer = torch.optim.Adam([*bert.parameters(), *hidden2tag.parameters(), *crf.parameters()], lr=1e-4)
for ids, tags, word_mask in DataLoader(Ner(), batch_size=4):
    emissions = hidden2tag(bert(ids, attention_mask=(ids != 0).long()).last_hidden_state)
    loss = crf(emissions, tags, mask=word_mask)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(loss.item())
