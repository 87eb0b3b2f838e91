"""Lesson 4: one prediction per token, or per sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.practice.checks import Need
from helpers.practice.exercises import work_file

PAPERS, FIELDS, QUEUES = 120, 6, 4
SHORT, REAL = 4, 9  # from which text on they are shorter, and how many words those have


def exercise_1(scores: Tensor, fields: Tensor) -> Iterator[Need]:
    """Each paper's six scores met the paper's own label, with the fields where the loss reads classes."""
    drawn = torch.Generator().manual_seed(0)
    papers = torch.randn(1, PAPERS, FIELDS, generator=drawn)[0]
    labels = torch.randint(0, FIELDS, (1, PAPERS), generator=drawn)[0]
    yield Need(
        "size of axis 1 of scores",
        lambda: scores.shape[1],
        FIELDS,
        "the loss reads the classes from axis 1",
        decides=True,
    )
    yield Need(
        "papers in scores",
        lambda: scores.numel() / FIELDS,
        PAPERS,
        "keep all the papers, and all six scores of each",
    )
    yield Need(
        "the loss, a mean over the papers",
        lambda: round(F.cross_entropy(scores, fields).item(), 4),
        round(F.cross_entropy(papers, labels).item(), 4),
        "each paper's six scores must stay together: view and reshape cut them anew. What only moves an axis?"
        if _torn(scores, papers)
        else "one label per paper, in the papers' order",
    )


def exercise_2(model: Any, tickets: Mapping[str, Tensor], queues: Tensor) -> Iterator[Need]:
    """One row per ticket gives one answer per ticket, and labels that begin at 0 fit four outputs."""
    wanted = [int(row["queue"]) - 1 for row in work_file("queues.csv")]
    yield Need(
        "shape of the logits",
        lambda: tuple(_logits(model, tickets).shape),
        (len(wanted), QUEUES),
        "the shape should say: so many tickets, so many queues. Which axis is too many, or which size wrong?",
        decides=True,  # one thing at a time, as the tracebacks come
    )
    yield Need(
        "a short ticket's logits are the same alone and in the batch",
        lambda: _same_alone(model, tickets),
        True,
        "padding has got in: read [CLS], which is row 0, or leave the padding out of the mean",
    )
    yield Need(
        "the loss is a number",
        lambda: F.cross_entropy(_logits(model, tickets), queues).isfinite().item(),
        True,
        "four outputs take one label per ticket, a whole number: which is the highest, and the lowest?",
        decides=True,  # the next hint would tell the answer
    )
    yield Need(
        "labels on the wrong queue",
        lambda: sum(got != queue for got, queue in zip(queues.tolist(), wanted, strict=True)),
        0,
        "each ticket's own queue as in the file, counted from 0",
    )


def exercise_3(pooled: Tensor, word_rows: Tensor) -> Iterator[Need]:
    """What counts in the sum must count in the division too, and nothing else."""
    yield Need("shape", lambda: tuple(pooled.shape), (8, 16), "one row per text: a mean over dim=1")
    yield Need(
        "the first row is the mean of its 15 words",
        lambda: _close(pooled[0], word_rows[0].mean(dim=0)),
        True,
        "the first four texts have no padding, so nothing is left out",
    )
    yield Need(
        "the last row is the mean of its 9 real words",
        lambda: _close(pooled[-1], word_rows[-1, :REAL].mean(dim=0)),
        True,
        "leave the padding out of the sum and of the count",
    )
    yield Need(
        "the other rows are means of their real words too",
        lambda: all(
            _close(row, words[: REAL if n >= SHORT else None].mean(dim=0))
            for n, (row, words) in enumerate(zip(pooled, word_rows, strict=True))
        ),
        True,
        "each text has its own number of words",
    )


def _torn(scores: Tensor, papers: Tensor) -> bool:
    """Tell whether the scores are the papers', but no longer each paper's own, in whatever order."""
    sums = scores.movedim(1, -1).reshape(-1, FIELDS).sum(dim=1).sort().values
    return scores.numel() == papers.numel() and not _close(sums, papers.sum(dim=1).sort().values)


def _logits(model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    with torch.no_grad():
        output = model(**inputs)
    logits: Tensor = getattr(output, "logits", output)
    return logits


def _same_alone(model: Any, tickets: Mapping[str, Tensor]) -> bool:
    lengths = tickets["attention_mask"].sum(dim=1)
    short = int(lengths.argmin())
    alone = {name: rows[short : short + 1, : lengths[short]] for name, rows in tickets.items()}
    return torch.allclose(_logits(model, alone)[0], _logits(model, tickets)[short], atol=1e-4)


def _close(row: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(row, wanted, atol=1e-5)
