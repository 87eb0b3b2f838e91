"""How long a sentence a model can read, and what to say of a longer one."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape, tried

POSITIONS = ("pos_emb", "pos_enc", "pos_table", "pos", "wpe", "pe")


def is_positions(name: str) -> bool:
    """Whether an attribute's name says that it has a row for each position."""
    last = name.rpartition(".")[2].lower()
    return "position" in last or last.startswith(POSITIONS[:3]) or last in POSITIONS


def longest(model: nn.Module) -> tuple[str, int] | None:
    """Return the name of the position embedding and the longest T it has rows for, or None without one."""
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if isinstance(module, nn.Embedding) and (
            last.startswith("position_emb") or last in ("wpe", "embed_positions")
        ):
            # RoBERTa's positions start after the row for padding.
            start = 0 if module.padding_idx is None else module.padding_idx + 1
            return name, module.num_embeddings - max(start, getattr(module, "offset", 0))
    return None


def too_long(raised: Raised, given: Tensor, table: str, most: int) -> Diagnosis:
    """Say that a sentence has more tokens than the model has positions."""
    name = simple_name(raised, given, "input_ids")
    got = f"{name} {shape(given, 'NT')}, {table} for T up to {most}"
    needs = f"T at most {most}, special tokens included: tokenizer(..., truncation=True, max_length={most})"

    def fits(names: Any) -> str:
        cut = getattr(names, name)
        if cut.shape[1] > most:
            raise ValueError("still too long")
        return f"gives {shape(cut, 'NT')}, within {most} positions"

    cut = tried(
        "cut what is too long", f"{name} = {name}[:, :{most}]", {name: given}, fits, "and the mask alike"
    )
    return raised.diagnosis("too_long", got, needs, [cut])


def simple_name(raised: Raised, value: Any, otherwise: str) -> str:
    """Return the learner's name for a value where it is a plain one."""
    name = name_of(value, raised.steps)
    return name if name.isidentifier() else otherwise
