"""Batches with a mistake, and right ones that look like it: what tests/test_batch.py shows `check_batch`."""

from typing import Any

import torch
from torch import nn

from helpers import load_bert

TINY = {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 32}
PADDED = torch.tensor([[101, 200, 201, 202, 203, 102], [101, 204, 102, 0, 0, 0]])
FULL = torch.tensor([[101, 200, 201, 202, 203, 102], [101, 204, 205, 206, 207, 102]])
MASK = (PADDED != 0).long()
LEFT = PADDED.roll(3, 1)[1:]
TWO = torch.tensor([0, 2])
ONE_HOT = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
TOKEN_LABELS = torch.tensor([[-100, 1, 0, 2, 1, -100], [-100, 1, -100, -100, -100, -100]])
KINDS = ("regression", "single_label_classification", "multi_label_classification")
NUMBERS, SINGLE, MULTI = KINDS


def bert(task: str = "sequence", num_labels: int = 3, problem_type: str | None = None, **config: Any) -> Any:
    model = load_bert(task, num_labels, **TINY, **config)
    model.config.problem_type = problem_type  # as a call before would have left it
    return model


def batch(ids: torch.Tensor = PADDED, mask: torch.Tensor | None = MASK, **rest: Any) -> dict[str, Any]:
    given = {"input_ids": ids, "attention_mask": mask, **rest}
    return {name: value for name, value in given.items() if value is not None}


class DropsRows(nn.Module):
    """Document 001: a filter for tokens, applied to sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = bert("encoder")
        self.classifier = nn.Linear(32, 3)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits = self.classifier(self.bert(input_ids, attention_mask).pooler_output)
        return logits[attention_mask.bool().all(dim=1)]


class NoMask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.config = bert().config
        self.embedding = nn.Embedding(2000, 8, padding_idx=0)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.embedding(input_ids).mean(1)


def ends_in_softmax() -> Any:
    model = bert()
    model.classifier = nn.Sequential(model.classifier, nn.Softmax(-1))
    return model


# What is wrong, the cause, whether it is certain, and the first fix (its start).
MASK_FIX = 'batch["attention_mask"] = (batch["input_ids"] != 0).long()'
LABELS = 'batch["labels"]'
HEAD = "model.classifier = torch.nn.Linear(model.classifier.in_features, "
MISTAKES: dict[str, tuple[Any, dict[str, Any], str, bool, str]] = {
    "no mask": (bert(), batch(mask=None), "missing_or_wrong_mask", True, MASK_FIX),
    "no mask, left padding": (bert(), batch(LEFT, None), "missing_or_wrong_mask", True, MASK_FIX),
    "no mask, one padding": (
        bert(),
        batch(torch.tensor([[101, 200, 201, 102], [101, 202, 102, 0]]), None),
        "missing_or_wrong_mask",
        True,
        MASK_FIX,
    ),
    "a last id that is 0": (
        bert(),
        batch(torch.tensor([[5, 200, 201, 11], [9, 202, 7, 0]]), None),
        "missing_or_wrong_mask",
        False,
        MASK_FIX,
    ),
    "ones over padding": (bert(), batch(mask=MASK * 0 + 1), "missing_or_wrong_mask", True, MASK_FIX),
    "the other way round": (bert(), batch(mask=1 - MASK), "missing_or_wrong_mask", True, MASK_FIX),
    "mask too short": (bert(), batch(mask=torch.ones(2, 5).long()), "missing_or_wrong_mask", True, MASK_FIX),
    "mask too short, no padding": (
        bert(),
        batch(FULL, torch.ones(2, 5).long()),
        "missing_or_wrong_mask",
        True,
        'batch["attention_mask"] = torch.ones_like(batch["input_ids"])',
    ),
    "a token left out": (
        bert(),
        batch(FULL, MASK),
        "missing_or_wrong_mask",
        False,
        'batch["attention_mask"]',
    ),
    "no mask, labels too": (
        bert(),
        batch(mask=None, labels=TWO),
        "missing_or_wrong_mask",
        True,
        MASK_FIX,
    ),
    "no mask, all ignored too": (
        bert(),
        batch(mask=None, labels=torch.tensor([-100, -100])),
        "missing_or_wrong_mask",
        True,
        MASK_FIX,
    ),
    "whole labels, one output": (bert(num_labels=1), batch(labels=TWO), "problem_type", True, f"{HEAD}3)"),
    "whole labels, remembered": (
        bert(num_labels=1, problem_type=NUMBERS),
        batch(labels=TWO),
        "problem_type",
        False,
        f"{HEAD}3)",
    ),
    "one output, one class": (
        bert("token", num_labels=1),
        batch(labels=TOKEN_LABELS.clamp_max(0)),
        "head_size",
        True,
        f"{HEAD}2)",
    ),
    "float one-hot": (bert(), batch(labels=ONE_HOT), "problem_type", False, f"{LABELS} = {LABELS}.argmax(1)"),
    "probabilities": (
        bert(),
        batch(labels=torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])),
        "problem_type",
        False,
        f"labels = {LABELS[:5]}.pop",
    ),
    "whole labels, told regression": (
        bert(problem_type=NUMBERS),
        batch(labels=TWO[:, None]),
        "problem_type",
        True,
        'model.config.problem_type = "single',
    ),
    "one number for many outputs": (
        bert(problem_type=NUMBERS, num_labels=1),
        batch(labels=torch.tensor([0.5])),
        "squeeze_mismatch",
        True,
        "",
    ),
    "one row of numbers": (
        bert(problem_type=NUMBERS, num_labels=1),
        batch(labels=torch.tensor([[0.5, 1.5]])),
        "batch_target",
        False,
        f"{LABELS} = {LABELS}.reshape(2, 1)",
    ),
    "all ignored": (bert(), batch(labels=TWO * 0 - 100), "all_ignored", True, f"del {LABELS}"),
    "all tokens ignored": (bert("token"), batch(labels=TOKEN_LABELS * 0 - 100), "all_ignored", True, "del"),
    "padding has labels": (
        bert("token"),
        batch(labels=TOKEN_LABELS.clamp_min(0)),
        "missing_or_wrong_mask",
        False,
        f"{LABELS} = {LABELS}.masked_fill",
    ),
    "token labels turned": (
        bert("token"),
        batch(labels=TOKEN_LABELS.T.contiguous()),
        "needs_flatten_or_transpose",
        True,
        f"{LABELS} = {LABELS}.T",
    ),
    "softmax inside": (
        ends_in_softmax(),
        batch(labels=TWO),
        "softmax_before_loss",
        True,
        "model.classifier[1] = torch.nn.Identity()",
    ),
    "unused outputs": (bert(num_labels=73), batch(labels=TWO), "unused_outputs", False, f"{HEAD}3)"),
    "dropped rows": (DropsRows(), batch(), "dropped_rows", False, ""),
}
RIGHT_USES: dict[str, tuple[Any, dict[str, Any]]] = {
    "mask": (bert(), batch()),
    "mask and labels": (bert(), batch(labels=TWO)),
    "a column of labels": (bert(), batch(labels=TWO[:, None])),
    "no padding, no mask": (bert(), batch(FULL, None, labels=TWO)),
    "bool mask": (bert(), batch(mask=MASK.bool(), labels=TWO)),
    "left padding": (bert(), batch(LEFT, (LEFT != 0).long(), labels=TWO[1:])),
    "id 0 inside": (bert(), batch(torch.tensor([[101, 0, 200, 102]]), None)),
    "id 0 inside, masked": (bert(), batch(torch.tensor([[101, 0, 7, 102]]), torch.tensor([[1, 0, 1, 1]]))),
    "a mask for each pair": (bert(), batch(mask=MASK.bool()[:, None, None, :].expand(2, 1, 6, 6))),
    "token types": (bert(), batch(token_type_ids=torch.zeros_like(PADDED), labels=TWO)),
    "numbers": (bert(num_labels=1), batch(labels=torch.tensor([0.5, 2.0]))),
    "a column of numbers": (bert(num_labels=1), batch(labels=torch.tensor([[0.5], [2.0]]))),
    "a number for a batch of one": (bert(num_labels=1), batch(LEFT[:, 3:], None, labels=torch.tensor(0.5))),
    "three numbers": (bert(problem_type=NUMBERS), batch(labels=torch.randn(2, 3))),
    "multi-label, told": (bert(problem_type=MULTI), batch(labels=ONE_HOT)),
    "multi-label, seen": (bert(), batch(labels=torch.tensor([[1.0, 1, 0], [0, 0, 0]]))),
    "one-class multi-label": (
        bert(num_labels=1, problem_type=MULTI),
        batch(labels=torch.tensor([[1.0], [0]])),
    ),
    "tokens": (bert("token"), batch(labels=TOKEN_LABELS)),
    "flat token labels": (bert("token"), batch(labels=TOKEN_LABELS.flatten())),
    "an ignored row": (bert(), batch(labels=torch.tensor([-100, 2]))),
    "a rare class": (bert(num_labels=4), batch(labels=TWO)),
    "encoder": (bert("encoder"), batch()),
    "embeddings": (bert(), {"inputs_embeds": torch.randn(2, 6, 32), "labels": TWO}),
    "a tuple": (bert(), batch(labels=TWO, return_dict=False)),
    "no mask to give": (NoMask(), {"input_ids": PADDED}),
}
