"""Rows on their way into one tensor: of other lengths, or text, in a collator, a tokenizer, or the line."""

from __future__ import annotations

import re
import sys
from collections import UserDict
from types import SimpleNamespace
from typing import Any

from helpers.diagnosis.calls.operations import JOINS, MAKES
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, gave, shape, tried
from helpers.trial import came_of, names_after, quiet

MAPPINGS = (dict, UserDict)
NUMBERS = {int, float, bool}
ENOUGH, FEW = (
    500,
    32,
)  # rows that are looked at, and texts on which padding is tried: a data set may be in the list
COLLATORS = ("torch.utils.data._utils.collate", "transformers.data.data_collator")
# Where NumPy or torch was given the rows as they stand, there is nothing left to look at but the text.
TEXTS = (
    r"inhomogeneous",
    r"expected sequence of length \d+",
    r"each element in list of batch should be of equal size",
    r"stack expects each tensor to be equal size",
    r"setting an array element with a sequence",
)


def lengths_of(value: Any) -> str:
    """Say which lengths the rows of nested lists, arrays or tensors have; "" where they are all equal."""
    rows = _rows(value)
    if rows is None or set(map(type, rows)) <= NUMBERS:
        return ""
    sizes = [_size(row) for row in rows]
    if None in sizes:
        return ""
    if len(set(sizes)) > 1:
        flat = all(len(size) == 1 for size in sizes if size is not None)
        told = [str(size[0]) if flat and size else str(size) for size in sizes[:4]]
        more = ["..."] * (len(sizes) > 4)
        return f"{len(sizes)} rows of {'length ' if flat else ''}{', '.join([*told, *more])}"
    return next(filter(None, map(lengths_of, rows)), "")


def _rows(value: Any) -> list[Any] | None:
    if getattr(getattr(value, "dtype", None), "kind", "") == "O":  # NumPy's array of lists
        value = value.tolist()
    return list(value[:ENOUGH]) if isinstance(value, list | tuple) and len(value) > 1 else None


def _size(row: Any) -> tuple[Any, ...] | None:
    if hasattr(row, "shape"):
        return tuple(row.shape)
    return (len(row),) if isinstance(row, list | tuple) else () if isinstance(row, int | float) else None


def explain_rows(raised: Raised) -> Diagnosis | None:
    """Rows of different lengths, or rows of text, that were to become one tensor."""
    for step in raised.steps[:12]:
        found = _collated(raised, step) or _tokenized(raised, step)
        if found is not None:
            return found
    return _named_on_the_line(raised) or _no_column(raised) or _from_text(raised)


def fields(value: Any) -> dict[str, list[Any]]:
    """Return the columns of rows that are dictionaries, or of a dictionary of columns; else the rows."""
    if isinstance(value, MAPPINGS):
        return {str(key): list(rows) for key, rows in value.items() if isinstance(rows, list | tuple)}
    if isinstance(value, list | tuple) and value and all(isinstance(row, MAPPINGS) for row in value):
        return {str(key): [row[key] for row in value if key in row] for key in value[0]}
    rows = _rows(value)
    return {"": rows} if rows is not None else {}


def _collated(raised: Raised, step: Step) -> Diagnosis | None:
    if step.module not in COLLATORS:
        return None
    name = "batch" if "batch" in step.variables else "features"
    rows = step.variables.get(name)
    columns = fields(rows)
    for column, values in columns.items():
        if values and all(isinstance(value, str) for value in values) and "label" in column:
            return _text_labels(raised, step, name, column, values)
    for column, values in columns.items():
        lengths = lengths_of(values)
        if lengths:
            got = f"the DataLoader's batch{f' of {column}' if column else ''}: {lengths}"
            needs = "rows of one length: padding and truncation in the tokenizer, or a collate_fn that pads"
            fixes = [_with_collator(raised, step, rows)] if column else [padded(name, rows)]
            most = _limit(values)
            if most:
                needs = f"no row longer than {most}, to which the others are cut or padded: truncation=True"
                return raised.diagnosis("too_long", got, needs, also=CAUSES["ragged_padding"].title)
            return raised.diagnosis("ragged_padding", got, needs, fixes)
    return None


def _with_collator(raised: Raised, step: Step, rows: Any) -> Fix | None:
    """Pad all fields alike, with the learner's own tokenizer: one padded alone fits the others no more."""
    spaces = [space for own in raised.own[:3] for space in (own.variables, own.frame.f_globals)]
    named = ((name, each) for space in spaces for name, each in space.items() if not name.startswith("_"))
    name, tokenizer = next(
        ((name, each) for name, each in named if hasattr(each, "pad_token_id")), ("", None)
    )
    if tokenizer is None or getattr(tokenizer, "pad_token_id", None) is None:
        return None
    came = came_of(lambda: sys.modules["transformers"].DataCollatorWithPadding(tokenizer)(list(rows)))
    if came.error is not None:
        return None
    where = "data_collator" if step.module.startswith("transformers.") else "collate_fn"
    told = ", ".join(f"{key} {shape(value)}" for key, value in list(came.value.items())[:3])
    return Fix("pad each batch", f"{where} = DataCollatorWithPadding({name})", f"gives {told}")


def _limit(values: list[Any]) -> int:
    """Return the length that rows were cut or padded to, a power of two, where others are longer; else 0."""
    lengths = [len(value) for value in values if hasattr(value, "__len__")]
    common = min(lengths, default=0)
    is_limit = common >= 64 and not common & (common - 1) and 2 * lengths.count(common) >= len(lengths)
    return common if is_limit and max(lengths) > common else 0


def _text_labels(raised: Raised, step: Step, name: str, column: str, values: list[str]) -> Diagnosis:
    """The class names themselves in the data set: numbered, the same collator takes them."""
    names = sorted(set(values))
    got = f"the batch's {column} {', '.join(map(repr, names[:3]))}: text"
    needs = "class indices: numbers. Number the names before batching, in every split the same way: "
    needs += f"label2id = {dict(zip(names[:3], range(3), strict=False))}"
    code = f"names = sorted({{row[{column!r}] for row in {name}}})\n"
    code += f"{name} = [{{**row, {column!r}: names.index(row[{column!r}])}} for row in {name}]"
    with quiet():
        after = names_after(code, {name: step.variables[name]})
        came = _again(step, {name: after[name]}) if after else None
    fixes = (
        [Fix("number the names", code, gave(came[column if column in came else "labels"]))] if came else []
    )
    return raised.diagnosis("target_dtype", got, needs, fixes)


def _again(step: Step, changed: dict[str, Any]) -> Any:
    """Ask the same collator once more, with other rows; None where it still refuses."""
    this, function = step.variables.get("self"), step.frame.f_globals.get(step.function)
    call = this if callable(this) else function
    try:
        return call(*changed.values()) if callable(call) else None
    except Exception:  # the same line still fails
        return None


def padded(name: str, value: Any, field: str = "") -> Fix | None:
    """Pad the rows, or one field of rows that are dictionaries, in code that rebinds their name."""
    if not (field or name).isidentifier() or (field and not isinstance(value, list | tuple)):
        return None
    row = f'row["{field}"]' if field else "row"
    label = ", padding_value=-100" if "label" in (field or name) else ""
    rows = f"[torch.as_tensor({row}) for row in {name}]"
    code = f"{field or name} = nn.utils.rnn.pad_sequence({rows}, batch_first=True{label})"
    return tried("pad to the longest", code, {name: value}, lambda names: getattr(names, field or name))


def _named_on_the_line(raised: Raised) -> Diagnosis | None:
    """Rows that the line names, or runs over, where the line itself can't be run again."""
    line = raised.line
    if line is None or line.operation not in (JOINS | MAKES) - {"TensorDataset"}:
        return None
    inner = raised.steps[0].variables if raised.own and raised.steps[0] is not raised.own[0] else {}
    places = {leaf.text: leaf.value for leaf in line.operands}
    for name, value in {**places, **inner}.items():
        for field, rows in fields(value).items():
            lengths = lengths_of(rows)
            if lengths and not isinstance(value, UserDict):
                got = f"{name}{', ' if field else ''}{field}: {lengths}"
                return raised.diagnosis(
                    "ragged_padding", got, "rows of one length", [padded(name, value, field)]
                )
    flat = {name: value for name, value in places.items() if getattr(value, "ndim", 1) == 1 and _size(value)}
    lengths = lengths_of(list(flat.values()))
    if not lengths or not any(isinstance(value, list) for value in flat.values()):
        return None
    return raised.diagnosis("ragged_padding", f"{', '.join(flat)}: {lengths}", "rows of one length")


def _from_text(raised: Raised) -> Diagnosis | None:
    found = re.search("|".join(TEXTS) + r"[^\n]*", str(raised.error))
    if found is None or not isinstance(raised.error, ValueError | RuntimeError | TypeError):
        return None
    needs = "rows of one length: pad them before they become one tensor"
    return raised.diagnosis("ragged_padding", found.group(), needs)


def _no_column(raised: Raised) -> Diagnosis | None:
    """one_hot and to_categorical, where a label has no column."""
    line = raised.line
    if line is None or raised.is_unread or line.operation not in ("one_hot", "to_categorical"):
        return None
    classes = [number for number in line.numbers if number > 0]
    for leaf in line.operands:
        if not getattr(leaf.value, "shape", ()) or not len(leaf.value):
            continue
        lowest, highest = int(leaf.value.min()), int(leaf.value.max())
        got = f"{leaf.text} {shape(leaf.value)} with labels {lowest} to {highest}"
        if lowest < 0:
            return raised.diagnosis("label_range", got, "labels that count from 0")
        if classes and lowest > 0 and highest - lowest < classes[-1]:
            needs = f"labels from 0 to {classes[-1] - 1}; these count from {lowest}: {leaf.text} - {lowest}"
            return raised.diagnosis("label_range", got, needs)
        if classes and highest >= classes[-1]:
            needs = f"num_classes {highest + 1} for labels up to {highest}; it is {classes[-1]}"
            return raised.diagnosis("head_size", got, needs)
    return None


# A tokenizer that was asked for one tensor.


def _tokenized(raised: Raised, step: Step) -> Diagnosis | None:
    if not step.module.startswith("transformers.tokenization"):
        return None
    this: Any = step.variables.get("self")
    if step.function == "convert_to_tensors":
        for name, rows in (getattr(this, "data", None) or {}).items():
            if isinstance(rows, list) and rows and all(isinstance(row, str) for row in rows):
                return _in_a_collator(raised, str(name), rows)
            if lengths_of(rows):
                return _unpadded(raised, f"{name}: {lengths_of(rows)}", str(name))
    asks = step.function == "_get_padding_truncation_strategies"
    if asks and step.variables.get("padding") and getattr(this, "pad_token", "") is None:
        return _no_pad_token(raised, this)
    return None


def _in_a_collator(raised: Raised, column: str, rows: list[str]) -> Diagnosis:
    outer = next(
        (step for step in raised.steps if step.module in COLLATORS and "features" in step.variables), None
    )
    if outer is not None:
        return _text_labels(raised, outer, "features", column, rows)
    needs = "numbers: class indices for the names"
    return raised.diagnosis("target_dtype", f"{column} {', '.join(map(repr, rows[:3]))}: text", needs)


def _unpadded(raised: Raised, got: str, name: str) -> Diagnosis:
    if name == "labels":
        needs = "labels padded like input_ids, with -100: DataCollatorForTokenClassification"
        return raised.diagnosis("ragged_padding", got, needs)
    needs = "one length: tokenizer(..., padding=True, truncation=True)"
    return raised.diagnosis("ragged_padding", got, needs, [_called_again(raised)])


def _called_again(raised: Raised) -> Fix | None:
    """Call the learner's tokenizer with padding, on the first texts; how it pads is put back afterwards."""
    leaves = [leaf for leaf in (raised.line.leaves if raised.line else ()) if leaf.text.isidentifier()]
    tokenizers = [leaf for leaf in leaves if hasattr(leaf.value, "pad_token")]
    texts = [leaf for leaf in leaves if isinstance(leaf.value, list | tuple)]
    if len(tokenizers) != 1 or len(texts) != 1:
        return None
    (name, tokenizer, _), (given, value, _) = tokenizers[0], texts[0]
    backend = getattr(tokenizer, "_tokenizer", None)
    before = (getattr(backend, "padding", None), getattr(backend, "truncation", None))
    code = f'encoded = {name}({given}, padding=True, truncation=True, return_tensors="pt")'
    values = {name: tokenizer, given: value[:FEW]}
    fix = tried("pad while tokenizing", code, values, lambda space: space.encoded["input_ids"])
    if backend is not None:
        backend.enable_padding(**before[0]) if before[0] else backend.no_padding()
        backend.enable_truncation(**before[1]) if before[1] else backend.no_truncation()
    return fix


def _no_pad_token(raised: Raised, tokenizer: Any) -> Diagnosis:
    name, end, fix = name_of(tokenizer, raised.steps), getattr(tokenizer, "eos_token", None), None
    if end and name.isidentifier():
        code = f"{name}.pad_token = {name}.eos_token"
        when = f"and model.config.pad_token_id = {name}.pad_token_id"
        stand_in = SimpleNamespace(eos_token=end)
        fix = tried(
            "pad with a token that it has", code, {name: stand_in}, lambda _: f"pads with {end!r}", when
        )
    got = f"{type(tokenizer).__name__} asked for padding; its pad_token is None"
    return raised.diagnosis("ragged_padding", got, "a token to pad with", [fix])
