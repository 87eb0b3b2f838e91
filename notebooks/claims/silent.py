"""What the documents leave out: mistakes that raise nothing, or not where they are made."""

from __future__ import annotations

import subprocess
import sys

import torch
import torch.nn.functional as F
from torch import nn

from claims.claim import claim
from claims.outcome import Found, NotHere
from claims.tiny import learned_bert, learned_tokens, tiny_bert, tokens
from helpers.reference.index import BATCH, HEAD, ONE_HOT, SILENT, TOKENS

_TWO = ("Short sentence.", "A much longer sentence with more words.")


def _fit_a_line(as_column: bool) -> float:
    """Fit 2 x + 1 by 200 steps on the mean squared error and return R², 1 for a perfect fit."""
    inputs = torch.linspace(-1, 1, 16).unsqueeze(1)  # (N, 1)
    target, model = 2 * inputs + 1, nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        F.mse_loss(model(inputs), target if as_column else target.squeeze(1)).backward()
        optimizer.step()
    return 1 - (F.mse_loss(model(inputs), target) / target.var(correction=0)).item()


@claim("s-mse", "runs", SILENT, "silent")
def _mse_of_a_column() -> object:
    """The mean squared error of (N, 1) and (N,) compares every prediction with every number."""
    wrong, right = _fit_a_line(as_column=False), _fit_a_line(as_column=True)
    return Found(f"R² {abs(wrong):.2f}", f"a target of (N, 1) gives {right:.2f}", wrong < right - 0.5)


_WORDS = "raises RuntimeError: Expected target size"


@claim("s-token-axes", {"7 tokens, 3 classes": _WORDS, "3 tokens, 3 classes": "runs"}, TOKENS, "silent")
def _tokens_as_classes() -> object:
    """Logits (N, T, C) and labels (N, T) raise an error, except where T is C."""

    def ask(length: int) -> Found:
        logits, target = torch.randn(2, length, 3), torch.arange(2 * length).reshape(2, length) % 3
        loss, right = F.cross_entropy(logits, target), F.cross_entropy(logits.transpose(1, 2), target)
        return Found(loss, f"the right axis gives {right:.4f}", not loss.isclose(right))

    return {"7 tokens, 3 classes": lambda: ask(7), "3 tokens, 3 classes": lambda: ask(3)}


@claim("s-hint", {"target (2, 1)": f"{_WORDS} [2, 3]", "target (2, 3), as it asks": "runs"}, TOKENS, "silent")
def _obeying_the_message() -> object:
    """The hint in torch's message, obeyed, can train the tokens as if they were the classes."""
    logits = torch.randn(2, 7, 3)  # 7 tokens, 3 classes

    def obey() -> Found:
        loss = F.cross_entropy(logits, torch.full((2, 3), 6))
        return Found(loss, "it takes even a label of 6, with 3 classes", loss.isfinite())

    return {
        "target (2, 1)": lambda: F.cross_entropy(logits, torch.tensor([[1], [0]])),
        "target (2, 3), as it asks": obey,
    }


@claim("s-mask", {"with the mask": "gives 0.0000", "without": "runs"}, SILENT, "silent")
def _attention_to_padding() -> object:
    """Without its mask, BERT attends to padding, and says nothing."""
    model, batch = learned_bert(attn_implementation="eager"), learned_tokens(*_TWO)
    real = batch["attention_mask"][0].bool()

    def share(**mask: torch.Tensor) -> float:
        layers = torch.stack(model(batch["input_ids"], output_attentions=True, **mask).attentions)
        shares = layers[:, 0].mean(dim=(0, 1))  # of the first sentence: all layers and heads, (T, T)
        return shares[real][:, ~real].sum(dim=1).mean().item()

    return {
        "with the mask": lambda: share(attention_mask=batch["attention_mask"]),
        "without": lambda: Found(f"{share():.1f} of the attention", "in MiniLM", share() > 0.1),
    }


@claim(
    "s-squeeze", {"logits (3,), target (1,)": "runs", "argmax(dim=1)": "raises IndexError"}, BATCH, "silent"
)
def _squeezed_batch_of_one() -> object:
    """squeeze() on a last batch of one takes the batch axis away; the loss runs, later lines don't."""
    logits = torch.randn(1, 3)
    whole, squeezed = (F.cross_entropy(rows, torch.tensor([1])) for rows in (logits, logits.squeeze()))
    return {
        "logits (3,), target (1,)": lambda: Found(whole, wrong=not whole.isclose(squeezed)),
        "argmax(dim=1)": lambda: logits.squeeze().argmax(dim=1),
    }


@claim(
    "s-problem-type",
    {"on a fresh model": "runs", "after a batch of indices": "raises ValueError: Expected input batch_size"},
    SILENT,
    "silent",
)
def _remembered_problem_type() -> object:
    """A model remembers its first labels: float one-hot ones mean something else, or raise."""
    batch, one_hot = tokens(*_TWO), torch.eye(3)[[1, 0]]
    fresh, used = tiny_bert("sequence"), tiny_bert("sequence")
    used(**batch, labels=torch.tensor([1, 0]))

    def ask() -> Found:
        output = fresh(**batch, labels=one_hot)
        wrong = not output.loss.isclose(F.cross_entropy(output.logits, one_hot))
        return Found(output.loss, f"as {fresh.config.problem_type}", wrong)

    return {"on a fresh model": ask, "after a batch of indices": lambda: used(**batch, labels=one_hot)}


@claim("s-num-labels", "gives regression", HEAD, "silent")
def _one_label_is_regression() -> object:
    """num_labels=1 with labels of whole numbers becomes regression."""
    model, labels = tiny_bert("sequence", num_labels=1), torch.tensor([2, 1])
    output = model(**tokens(*_TWO), labels=labels)
    same = output.loss.isclose(F.mse_loss(output.logits.squeeze(1), labels.float()))
    return Found(model.config.problem_type, "the loss is the mean squared error" if same else "", same)


@claim("s-mask-shape", {"all ones": "runs", "with a zero": "raises RuntimeError"}, SILENT, "silent")
def _mask_of_another_length() -> object:
    """A mask of (2, 5) for ids of (2, 6) is noticed only when it holds a zero."""
    model, ids, ones = tiny_bert(), torch.full((2, 6), 7), torch.ones(2, 5, dtype=torch.int64)
    cut = ones.clone()
    cut[0, -1] = 0

    def ask() -> Found:
        same = torch.equal(model(ids, ones)[0], model(ids)[0])
        return Found(note=f"no mask at all gives the same numbers: {same}")

    return {"all ones": ask, "with a zero": lambda: model(ids, cut)}


@claim("s-ignore", "gives nan", SILENT, "silent")
def _everything_ignored() -> object:
    """When every label is ignore_index, -100, the loss is nan."""
    loss = F.cross_entropy(torch.randn(2, 3), torch.tensor([-100, -100]))
    return Found(loss, wrong=loss.isnan())


@claim("s-int32", {"int32": "raises RuntimeError: expected target dtype", "uint8": "runs"}, ONE_HOT, "silent")
def _types_of_labels() -> object:
    """Labels of int32 raise an error, those of uint8 run."""
    logits, target = torch.randn(2, 3), torch.tensor([1, 0])
    return {
        "int32": lambda: F.cross_entropy(logits, target.int()),
        "uint8": lambda: F.cross_entropy(logits, target.byte()),
    }


# In a process of its own, for nothing works on CUDA after it.
_PROGRAM = """
import torch, torch.nn.functional as F
logits = torch.zeros(4, 33, device="cuda")
for label in (40, 1):  # the second call is a right one
    try:
        print("ran", F.cross_entropy(logits, torch.full((4,), label, device="cuda")).item())
    except Exception as error:
        print(str(error).splitlines()[0])
"""
_ASSERT = "raises RuntimeError: device-side assert"


@claim("s-cuda", {"a label of 40, 33 outputs": _ASSERT, "a right label after it": _ASSERT}, HEAD, "gpu")
def _label_on_a_gpu() -> object:
    """On a GPU a label out of range is a device-side assert, and every later CUDA call fails too."""
    if not torch.cuda.is_available():
        raise NotHere("no GPU")
    program = [sys.executable, "-c", _PROGRAM]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()

    def again(line: str) -> object:
        if not line.startswith("ran"):
            raise RuntimeError(line)
        return line

    return {
        "a label of 40, 33 outputs": lambda: again(lines[0]),
        "a right label after it": lambda: again(lines[1]),
    }
