"""What the programs of cases/batches.txt begin with: a tiny BERT, and a batch with a padded sentence."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from helpers import load_bert

PADDED = torch.tensor([[101, 200, 201, 202, 203, 102], [101, 204, 102, 0, 0, 0]])
FULL = torch.tensor([[101, 200, 201, 202, 203, 102], [101, 204, 205, 206, 207, 102]])
MASK = (PADDED != 0).long()
LEFT = PADDED.roll(3, 1)[1:]
TWO = torch.tensor([0, 2])
ONE_HOT = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
TOKEN_LABELS = torch.tensor([[-100, 1, 0, 2, 1, -100], [-100, 1, -100, -100, -100, -100]])
NUMBERS, SINGLE, MULTI = "regression", "single_label_classification", "multi_label_classification"


def bert(task: str = "sequence", num_labels: int = 3, problem_type: str | None = None, **config: Any) -> Any:
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 32}
    model = load_bert(task, num_labels, **sizes, **config)
    model.config.problem_type = problem_type  # as a call before would have left it
    return model


def given(ids: torch.Tensor = PADDED, mask: torch.Tensor | None = MASK, **rest: Any) -> dict[str, Any]:
    batch = {"input_ids": ids, "attention_mask": mask, **rest}
    return {name: value for name, value in batch.items() if value is not None}


class Pooled(nn.Module):
    """A mean over the tokens, all of them or those that the mask leaves, with its loss inside."""

    def __init__(self, weighted: bool, sigmoid: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.bert, self.classifier = bert("encoder"), nn.Linear(32, 3)
        self.weighted, self.sigmoid = weighted, sigmoid

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        hidden = self.bert(input_ids, attention_mask).last_hidden_state
        kept = attention_mask.unsqueeze(-1) if self.weighted else torch.ones_like(hidden)
        logits = self.classifier((hidden * kept).sum(1) / kept.sum(1))
        logits = logits.sigmoid() if self.sigmoid else logits
        return {"loss": F.binary_cross_entropy_with_logits(logits, labels), "logits": logits}
