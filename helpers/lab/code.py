"""The Python behind the lab: what runs on every move, and the same from scratch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from helpers.bert import SEED
from helpers.diagnosis import Diagnosis
from helpers.lab.settings import ARRANGEMENTS, FORMATS, KEPT, Settings

Shape = tuple[int, ...]


def labels_of(classes: int, count: int) -> list[int]:
    """Return the labels of the first `count` sentences, int, 0 to classes - 1.

    The highest class comes first, so that a head with too few outputs fails on every batch and not by luck.

    >>> labels_of(3, 4)
    [2, 0, 1, 2]
    """
    return [(row + classes - 1) % classes for row in range(count)]


def tokenizer_options(settings: Settings) -> dict[str, Any]:
    """Return what the tokenizer is called with besides the sentences.

    >>> tokenizer_options(Settings())
    {'padding': True}
    """
    if settings.padding == "longest":
        return {"padding": True}
    return {"padding": "max_length", "truncation": True, "max_length": settings.max_length}


def code_of(settings: Settings, rows: int, length: int, width: int) -> list[str]:
    """Return the lines that make `logits` and `target`.

    They read `hidden_states` (N, T, H), `batch`, its `mask` (N, T), and `encoding` of all sentences.

    >>> code_of(Settings(softmax=True), 4, 9, 768)[1:3]
    ['logits = head(hidden_states[:, 0])', 'logits = logits.softmax(-1)']
    """
    target = _target(settings, length)
    if settings.framework == "transformers":
        kind = ', problem_type="regression"' if settings.task == "regression" else ""
        task = "token" if settings.task == "token" else "sequence"
        model = f'model = load_bert("{task}", num_labels={settings.num_labels}{kind})'
        return [model, "logits = model(**batch).logits", *target]
    per_token = settings.task == "token"
    read = "hidden_states" if per_token else "hidden_states[:, 0]"
    lines = [f"head = nn.Linear({width}, {settings.num_labels})", f"logits = head({read})"]
    if settings.softmax:
        lines.append("logits = logits.softmax(-1)")
    tokens_only = settings.kept == "real_tokens"
    if settings.kept == "unpadded" or (tokens_only and per_token):
        lines.append(f"logits = logits[{KEPT[settings.kept][1]}]")
    if per_token and not tokens_only and settings.arrangement != "as_they_are":
        lines.append(f"logits = {ARRANGEMENTS[settings.arrangement][1]}")
    lines += target
    if tokens_only and per_token and settings.target_format == "per_token" and settings.target_size == rows:
        lines.append("target = target[mask.bool()]")
    return lines


def _target(settings: Settings, length: int) -> list[str]:
    rows, how = settings.target_size, FORMATS[settings.target_format].code
    classes = f"classes = {settings.classes}"
    if "tokens" not in how:
        labels = f"labels = torch.tensor({labels_of(settings.classes, rows)}, dtype=torch.int64)"
        return [classes, labels, f"target = {how}"]
    return [
        classes,
        f"tokens = (torch.arange({rows * length}) + classes - 1).reshape({rows}, {length}) % classes",
        f'padding = encoding["attention_mask"][:{rows}] == 0',
        "tokens[: len(padding)][padding] = -100  # padding has no label",
        f"target = {how}",
    ]


def listed(sentences: Iterable[str]) -> str:
    """Return the line, or lines, that make `sentences`."""
    return "".join(["sentences = [\n", *(f"    {sentence!r},\n" for sentence in sentences), "]"])


def outcome_of(diagnosis: Diagnosis) -> str:
    """Return what a comment says that a loss gives: its number, or what it raises."""
    return diagnosis.error.split(":")[0] if diagnosis.error else f"{diagnosis.loss:.3f}"


def from_scratch(
    sentences: tuple[str, ...],
    settings: Settings,
    steps: list[str],
    shapes: tuple[Shape, Shape, Shape, Shape],
    diagnosis: Diagnosis,
) -> str:
    """Return the Python that gives the same shapes and the same outcome in a fresh process."""
    input_ids, hidden_states, logits, target = (tuple(shape) for shape in shapes)
    options = ", ".join(f"{name}={value!r}" for name, value in tokenizer_options(settings).items())
    lines = [
        "import torch",
        "import torch.nn.functional as F",
        "from torch import nn",
        "from helpers import load_bert, load_tokenizer",
        "",
        listed(sentences),
        "tokenizer = load_tokenizer()",
        f'encoding = tokenizer(sentences, {options}, return_tensors="pt")',
        f"batch = {{name: rows[:{input_ids[0]}] for name, rows in encoding.items()}}  # (N, T) {input_ids}",
        'mask = batch["attention_mask"]',
    ]
    if not settings.mask:
        lines.append('del batch["attention_mask"]')
    if settings.framework == "pytorch":
        bert = 'hidden_states = load_bert("encoder")(**batch).last_hidden_state'
        lines += [f"{bert}  # (N, T, H) {hidden_states}", "", f"torch.manual_seed({SEED})"]
        loss = f"loss = F.{settings.loss}(logits, target)"
    else:
        loss = "loss = model(**batch, labels=target).loss"
    shapes_are = f"# logits {logits}, target {target}"
    return "\n".join([*lines, *steps, shapes_are, f"{loss}  # {outcome_of(diagnosis)}", "loss", ""])
