"""What goes into a model: ids, masks, token types, lengths, as the model's own forward got them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.raised import Raised, shape

POSITIONS = ("pos_emb", "pos_enc", "pos_table", "pos", "wpe", "pe")


def is_positions(name: str) -> bool:
    """Whether an attribute's name says that it has a row for each position."""
    last = name.rpartition(".")[2].lower()
    return "position" in last or last.startswith(POSITIONS[:3]) or last in POSITIONS


def longest(model: nn.Module) -> int | None:
    """Return the longest T that a model's position embedding has rows for, or None without one."""
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        is_table = last.startswith("position_emb") or last in ("wpe", "embed_positions")
        if isinstance(module, nn.Embedding) and is_table:
            # RoBERTa's positions start after the row for padding.
            start = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - max(start, getattr(module, "offset", 0))
    return None


def at_most(most: int) -> str:
    """Say what a sentence that is too long needs."""
    return f"T at most {most}, special tokens included: tokenizer(..., truncation=True, max_length={most})"


def explain_inputs(raised: Raised) -> Diagnosis | None:
    """A model of transformers whose inputs don't fit each other, where no change of them helps."""
    known: Any = getattr(sys.modules.get("transformers.modeling_utils"), "PreTrainedModel", ())
    forwards = [
        step
        for step in raised.steps
        if step.function == "forward" and isinstance(step.variables.get("self"), known)
    ]
    # The outermost forward has the inputs as the learner gave them.
    step = forwards[-1] if forwards else None
    if step is None or "input_ids" not in step.frame.f_code.co_varnames:
        return None
    return _given(raised, step.variables)


def _given(raised: Raised, variables: Mapping[str, Any]) -> Diagnosis | None:
    model, ids = variables["self"], variables.get("input_ids")
    given = ids if ids is not None else variables.get("inputs_embeds")
    name = type(model).__name__
    came = {**variables, **(variables.get("kwargs") or {})}
    tensors = {key: value for key, value in came.items() if isinstance(value, Tensor)}
    if given is None:
        got = f"{name} called with {', '.join(tensors) or 'nothing'}"
        return raised.diagnosis("missing_input", got, "input_ids (N, T), or inputs_embeds (N, T, H)")
    if not isinstance(given, Tensor):
        got = f"{name} called with {type(given).__name__} as input_ids"
        return raised.diagnosis("missing_input", got, 'an int64 tensor (N, T): return_tensors="pt"')
    got = ", ".join(f"{key} {shape(value)}" for key, value in list(tensors.items())[:4])
    if isinstance(ids, Tensor) and name.endswith("MultipleChoice") and ids.ndim != 3:
        needs = "input_ids (N, choices, T): every row holds one sentence for each choice"
        return raised.diagnosis("needs_flatten_or_transpose", got, needs)
    if given.ndim < 2 or variables.get("past_key_values") is not None:
        return None
    most, length, places = longest(model), given.shape[1], tensors.get("position_ids")
    too_far = places is not None and not raised.is_unread and int(places.max()) >= (most or length)
    if most is not None and (length > most or too_far):
        return raised.diagnosis("too_long", got, at_most(most))
    return None
