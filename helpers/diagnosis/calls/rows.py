"""Rows of different lengths, wherever someone tries to make one tensor of them."""

from __future__ import annotations

import re
from typing import Any

import torch

from helpers.diagnosis.calls.squeezed import explain_squeezed
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step, is_learners
from helpers.diagnosis.seen.names import MAPPINGS, called, named
from helpers.diagnosis.seen.raised import Raised, shape, tried

JOINS = ("stack", "cat", "concat", "concatenate", "hstack", "vstack", "dstack", "column_stack", "row_stack")
MAKERS = (
    *JOINS,
    "pad_sequence",
    *(
        "tensor",
        "as_tensor",
        "LongTensor",
        "FloatTensor",
        "IntTensor",
        "Tensor",
        "array",
        "asarray",
        "asanyarray",
        "from_numpy",
    ),
    *("nested_tensor", "TensorDataset", "from_dict", "convert_to_tensor"),
)
# Where NumPy or torch was given the rows as they stand, there is nothing left to look at but the text.
TEXTS = (
    r"inhomogeneous",
    r"expected sequence of length \d+",
    r"each element in list of batch should be of equal size",
    r"stack expects each tensor to be equal size",
    r"setting an array element with a sequence",
)
NUMBERS = {int, float, bool}
ENOUGH = 500  # rows that are looked at: a whole data set may be in the list


def lengths_of(value: Any) -> str:
    """Say which lengths the rows of nested lists, arrays or tensors have; "" where they are all equal."""
    rows = _rows(value)
    if rows is None or set(map(type, rows)) <= NUMBERS:
        return ""
    sizes = [_size(row) for row in rows]
    if None in sizes:
        return ""
    if len(set(sizes)) > 1:
        return f"{len(sizes)} rows of {_counted(sizes)}"
    return next(filter(None, map(lengths_of, rows)), "")


def _rows(value: Any) -> list[Any] | None:
    if getattr(getattr(value, "dtype", None), "kind", "") == "O":  # NumPy's array of lists
        value = value.tolist()
    if isinstance(value, list | tuple) and len(value) > 1:
        return list(value[:ENOUGH])
    return None


def _ragged_field(value: Any) -> tuple[str, Any]:
    """Where the rows are dictionaries, or the value is one, return the field whose rows differ."""
    if isinstance(value, MAPPINGS):
        fields: list[tuple[str, Any]] = [(str(key), rows) for key, rows in value.items()]
    elif isinstance(value, list | tuple) and value and all(isinstance(row, MAPPINGS) for row in value):
        fields = [(str(key), [row[key] for row in value if key in row]) for key in value[0]]
    else:
        return "", value
    return next(((key, rows) for key, rows in fields if lengths_of(rows)), ("", None))


def _size(row: Any) -> tuple[Any, ...] | None:
    if hasattr(row, "shape"):
        return tuple(row.shape)
    return (len(row),) if isinstance(row, list | tuple) else () if isinstance(row, int | float) else None


def _counted(sizes: list[Any]) -> str:
    flat = all(len(size) == 1 for size in sizes)
    told = [str(size[0]) if flat else str(size) for size in sizes[:4]]
    return f"{'length ' if flat else ''}{', '.join(told)}{', ...' if len(sizes) > 4 else ''}"


def explain_ragged(raised: Raised) -> Diagnosis | None:
    """Rows of different lengths on their way into one tensor."""
    for step in raised.steps[:12]:
        found = _collation(raised, step)
        if found is not None:
            return found
    return _learners_line(raised) or _from_text(raised)


def _collation(raised: Raised, step: Step) -> Diagnosis | None:
    if step.module not in ("torch.utils.data._utils.collate", "transformers.data.data_collator"):
        return None
    name = "batch" if "batch" in step.variables else "features"
    field, rows = _ragged_field(step.variables.get(name))
    lengths = lengths_of(rows)
    if not lengths:
        return None
    got = f"the DataLoader's batch{f' of {field}' if field else ''}: {lengths}"
    needs = "rows of one length: padding in the tokenizer, or a collate_fn that pads"
    return raised.diagnosis("ragged_padding", got, needs, [padded(name, step.variables[name], field)])


def padded(name: str, value: Any, field: str = "") -> Fix | None:
    """Pad the rows, or one field of rows that are dictionaries, in code that rebinds their name."""
    if not name.isidentifier() or (field and not isinstance(value, list | tuple)):
        return None
    row = f'row["{field}"]' if field else "row"
    label = ", padding_value=-100" if "label" in (field or name) else ""
    rows = f"[torch.as_tensor({row}) for row in {name}]"
    code = f"{field or name} = nn.utils.rnn.pad_sequence({rows}, batch_first=True{label})"
    if not (field or name).isidentifier():
        return None
    return tried("pad to the longest", code, {name: value}, lambda names: getattr(names, field or name))


def _padded_lists(name: str, rows: list[list[Any]]) -> Fix | None:
    """Pad lists on their way into NumPy, in plain Python: torch may not be imported there."""
    longest = max(map(len, rows))
    if not name.isidentifier() or any(set(map(type, row)) - NUMBERS for row in rows):
        return None
    code = f"{name} = [row + [0] * ({longest} - len(row)) for row in {name}]"
    return tried("pad to the longest", code, {name: rows}, lambda names: torch.tensor(getattr(names, name)))


def _learners_line(raised: Raised) -> Diagnosis | None:
    """torch.stack(rows), torch.tensor(rows), np.array(rows) and their like on the learner's own line."""
    if not raised.own:
        return None
    step = raised.own[0]
    operation = called(step, MAKERS)
    if not operation:
        return None
    inner = raised.steps[0]
    places = {**named(step), **({} if is_learners(inner) else inner.variables)}
    for name, value in places.items():
        field, rows = _ragged_field(value)
        lengths = lengths_of(rows)
        squeezed = explain_squeezed(raised, name, value) if lengths and operation in JOINS else None
        if squeezed is not None:
            return squeezed
        if lengths:
            got = f"{name}{', ' if field else ''}{field}: {lengths}"
            is_flat = all(isinstance(row, list) for row in rows)
            by_hand = operation in ("array", "asarray", "asanyarray") and is_flat and not field
            fix = (
                _padded_lists(name, list(rows))
                if by_hand
                else padded(name, value if field else list(rows), field)
            )
            return raised.diagnosis("ragged_padding", got, "rows of one length", [fix])
    return _joined_by_name(raised, step) if operation in JOINS else _listed_by_name(raised, step)


def _listed_by_name(raised: Raised, step: Step) -> Diagnosis | None:
    """torch.tensor([first, second]) with the rows named on the line."""
    rows = {
        name: value for name, value in named(step).items() if isinstance(value, list | tuple) or is_row(value)
    }
    lengths = lengths_of(list(rows.values()))
    if not lengths:
        return None
    return raised.diagnosis("ragged_padding", f"{', '.join(rows)}: {lengths}", "rows of one length")


def is_row(value: Any) -> bool:
    """Whether this is an array or a tensor with one axis."""
    return getattr(value, "ndim", 0) == 1


def _joined_by_name(raised: Raised, step: Step) -> Diagnosis | None:
    """torch.cat([a, b], 1) with the tensors named on the line."""
    parts = {
        name: value for name, value in named(step).items() if isinstance(getattr(value, "shape", 0), tuple)
    }
    if len({tuple(part.shape) for part in parts.values()}) < 2:
        return None
    got = ", ".join(f"{name} {shape(part)}" for name, part in parts.items())
    return raised.diagnosis(
        "static_length", got, "the same size on every axis but the one they are joined on"
    )


def _from_text(raised: Raised) -> Diagnosis | None:
    text = str(raised.error)
    found = re.search("|".join(TEXTS) + r"[^\n]*", text)
    if found is None or not isinstance(raised.error, ValueError | RuntimeError | TypeError):
        return None
    needs = "rows of one length: pad them before they become one tensor"
    return raised.diagnosis("ragged_padding", found.group(), needs)
