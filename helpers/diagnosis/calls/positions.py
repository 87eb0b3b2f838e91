"""How long a sentence a model can read, and what to say of a longer one."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from helpers.diagnosis.calls.rows import MAPPINGS
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, gave, shape, tried
from helpers.trial import came_of, quiet

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
    return raised.diagnosis("too_long", got, needs, [cut_alike(raised, given, name, most)])


def cut_alike(raised: Raised, given: Tensor, name: str, most: int) -> Fix | None:
    """Cut the ids, and all on the learner's line that goes with them, and run the line where it can be."""
    line = raised.line
    wide = [leaf for leaf in (line.operands if line else ()) if _goes_with(leaf.value, given)]
    if line is None or not wide or not all(leaf.is_name for leaf in wide):
        cut = f"{name} = {name}[:, :{most}]"
        return tried(
            "cut what is too long",
            cut,
            {name: given},
            lambda names: getattr(names, name),
            "and the mask alike",
        )
    code: list[str] = []
    changed: dict[str, Any] = {}
    for leaf in wide:
        if isinstance(leaf.value, Tensor):
            code.append(f"{leaf.text} = {leaf.text}[:, :{most}]")
            changed[leaf.slot] = leaf.value[:, :most]
        else:
            code.append(f"{leaf.text} = {{name: rows[:, :{most}] for name, rows in {leaf.text}.items()}}")
            changed[leaf.slot] = {
                key: rows[:, :most] if rows.ndim > 1 else rows for key, rows in leaf.value.items()
            }
    if not line.again:
        return None  # what was cut is proven by the call alone
    with quiet(seed=0):
        came = came_of(lambda: line.run(changed))
    return Fix("cut what is too long", "\n".join(code), gave(came.value)) if came.error is None else None


def _goes_with(value: Any, given: Tensor) -> bool:
    if isinstance(value, Tensor):
        return value.shape[:2] == given.shape[:2] and value.ndim > 1
    parts = value.values() if isinstance(value, MAPPINGS) else ()
    return any(isinstance(part, Tensor) and _goes_with(part, given) for part in parts)


def simple_name(raised: Raised, value: Any, otherwise: str) -> str:
    """Return the learner's name for a value where it is a plain one."""
    name = name_of(value, raised.steps)
    return name if name.isidentifier() else otherwise
