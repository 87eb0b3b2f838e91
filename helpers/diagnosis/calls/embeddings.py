"""An id, a token type or a position that has no row in its embedding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.calls.positions import is_positions, too_long
from helpers.diagnosis.loss.values import is_integer
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import RERUN, Raised, shape, tried

LARGEST = 1_000_000  # numbers in a table that is still made quickly enough to try
LOOKUPS = (F.embedding.__code__, F.embedding_bag.__code__)


def explain_embedding(raised: Raised) -> Diagnosis | None:
    """An embedding that was asked for a row that it does not have."""
    for index, step in enumerate(raised.steps):
        if step.frame.f_code not in LOOKUPS:
            continue
        ids, weight = step.variables.get("input"), step.variables.get("weight")
        if not isinstance(ids, Tensor) or not isinstance(weight, Tensor) or weight.ndim != 2:
            return None
        table = _name(raised.steps[index:]) or name_of(weight, raised.steps) or "embedding"
        if raised.is_unread:
            return _unread(raised, table, ids, weight)
        return _out_of_range(raised, table, ids, weight, raised.steps[index + 1 :])
    return None


def _name(steps: list[Step]) -> str:
    """Return the attribute under which the model keeps the embedding."""
    layer: Any = next(
        (
            step.variables.get("self")
            for step in steps[:3]
            if isinstance(step.variables.get("self"), nn.Embedding | nn.EmbeddingBag)
        ),
        None,
    )
    for step in steps if layer is not None else ():
        owner = step.variables.get("self")
        if isinstance(owner, nn.Module) and owner is not layer:
            return next((name for name, child in owner.named_children() if child is layer), "")
    return name_of(layer, steps) if layer is not None else ""


def _out_of_range(
    raised: Raised, table: str, ids: Tensor, weight: Tensor, outside: list[Step]
) -> Diagnosis | None:
    rows = weight.shape[0]
    if ids.is_floating_point() or not ids.numel():
        return None
    lowest, highest = int(ids.min()), int(ids.max())
    if lowest >= 0 and highest < rows:
        return None
    last = table.rpartition(".")[2].lower()
    if lowest >= 0 and (is_positions(table) or _counts_up(ids, rows)):
        return _positions(raised, table, ids, weight, outside)
    count = int(((ids < 0) | (ids >= rows)).sum())
    values = f"from {lowest} to {highest}; {count} of {ids.numel()} have no row"
    got = f"{table} with {rows} rows, ids {shape(ids)} {values}"
    needs = f"ids from 0 to {rows - 1}"
    if "type" in last:
        second = ", 1 for the second" if rows > 1 else ""
        needs = f"token types from 0 to {rows - 1}: 0 for the first sentence{second}"
        return raised.diagnosis("vocab_range", got, needs, [_no_types(raised, ids, weight)])
    if lowest < 0:
        return raised.diagnosis(
            "vocab_range", got, f"{needs}; a negative one marks no token (-100 is for labels)"
        )
    needs += f", or {highest + 1} rows; tokenizer and model belong together: len(tokenizer) is at most {rows}"
    return raised.diagnosis(
        "vocab_range", got, needs, [_more_rows(raised, table, ids, weight, highest + 1, outside)]
    )


def _counts_up(ids: Tensor, rows: int) -> bool:
    """Whether these are positions: each row counts on by 1 until past the table's end."""
    flat = ids.reshape(-1, ids.shape[-1]) if ids.ndim else ids.reshape(1, 1)
    return flat.shape[1] > rows // 2 > 0 and bool((flat.diff(dim=1) == 1).all())


def _positions(raised: Raised, table: str, ids: Tensor, weight: Tensor, outside: list[Step]) -> Diagnosis:
    # RoBERTa starts to count after the row for padding, so its last row is reached earlier.
    lookups = (step for step in raised.steps if step.frame.f_code is F.embedding.__code__)
    padding = next((step.variables.get("padding_idx") for step in lookups), None)
    start = 0 if padding is None else int(padding) + 1
    length = ids.shape[-1] if ids.ndim else 1
    words = [
        value
        for step in outside
        for value in step.variables.values()
        if isinstance(value, Tensor) and value.ndim == 2 and value.shape[1] == length and is_integer(value)
    ]
    given = words[-1] if words else ids.reshape(1, -1) if ids.ndim < 2 else ids
    return too_long(raised, given, table, weight.shape[0] - start)


def _no_types(raised: Raised, ids: Tensor, weight: Tensor) -> Fix | None:
    name = name_of(ids, raised.steps)
    name = name if name.isidentifier() else "token_type_ids"
    return tried(
        "one sentence: all types 0",
        f"{name} = torch.zeros_like({name})",
        {name: ids},
        lambda names: F.embedding(getattr(names, name), weight),
        "or leave token_type_ids out",
    )


def _more_rows(
    raised: Raised, table: str, ids: Tensor, weight: Tensor, rows: int, outside: list[Step]
) -> Fix | None:
    """Give every id a row; not where the ids are so many that they belong to another vocabulary."""
    if rows > 10 * weight.shape[0]:
        return None
    models = (step.variables.get("self") for step in reversed(outside))
    model = next((found for found in models if hasattr(found, "resize_token_embeddings")), None)
    if model is None and rows * weight.shape[1] > LARGEST:
        return None
    if model is None:
        last = table.rpartition(".")[2]
        code = f"{last} = nn.Embedding({rows}, {weight.shape[1]})"
        when = f"where there are {rows} ids"
        return tried("a row for every id", code, {}, lambda names: getattr(names, last)(ids), when)
    name = name_of(model, raised.steps)
    if not name.isidentifier():
        return None
    grown = SimpleNamespace()
    # Only whether every id has a row is in question: a narrow table of the new length answers that.
    grown.resize_token_embeddings = lambda count: setattr(grown, "table", nn.Embedding(count, 1))
    code = f"{name}.resize_token_embeddings({rows})"
    when = "where tokens were added to the tokenizer"
    return tried(
        "a row for every new token", code, {name: grown}, lambda _: _all_found(grown.table, ids), when
    )


def _all_found(table: nn.Embedding, ids: Tensor) -> str:
    return f"a row for each of {table(ids).numel()} ids"


def _unread(raised: Raised, table: str, ids: Tensor, weight: Tensor) -> Diagnosis:
    got = f"{table} with {weight.shape[0]} rows, ids {shape(ids)} on {ids.device}"
    needs = f"ids from 0 to {weight.shape[0] - 1}"
    cause = "too_long" if "position" in table or ids.shape[-1:] > weight.shape[:1] else "vocab_range"
    return raised.diagnosis(cause, got, needs, certain=False, also=RERUN)
