"""Rows on their way into one tensor: of other lengths, or text, in a collator, a tokenizer, or the line."""

from __future__ import annotations

import re
import sys
from collections import UserDict
from types import SimpleNamespace
from typing import Any

from helpers.diagnosis.calls.operations import JOINS, MAKES
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import Diagnosis, Example, Fix
from helpers.diagnosis.seen.alike import alike, example, program
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape, tried
from helpers.trial import came_of

MAPPINGS = (dict, UserDict)
NUMBERS = {int, float, bool}
LABELS_PADDED = "labels padded like input_ids, with -100: DataCollatorForTokenClassification"
ENOUGH = 500  # rows that are looked at: a data set may be in the list
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
    """Rows of different lengths, or rows of text, that a collator, a tokenizer or a line was to join."""
    for step in raised.steps[:12]:
        found = _joined(raised, step) or _no_pad_token(raised, step)
        if found is not None:
            return found
    return _named_on_the_line(raised) or _from_text(raised)


def fields(value: Any) -> dict[str, list[Any]]:
    """Return the columns of rows that are dictionaries, or of a dictionary of columns; else the rows."""
    if isinstance(value, MAPPINGS):
        return {str(key): list(rows) for key, rows in value.items() if isinstance(rows, list | tuple)}
    if isinstance(value, list | tuple) and value and all(isinstance(row, MAPPINGS) for row in value):
        return {str(key): [row[key] for row in value if key in row] for key in value[0]}
    rows = _rows(value)
    return {"": rows} if rows is not None else {}


def _joined(raised: Raised, step: Step) -> Diagnosis | None:
    at = step.module, step.function
    is_tokenizers = at[0].startswith("transformers.tokenization") and at[1] == "convert_to_tensors"
    rows = step.variables.get("batch", step.variables.get("features")) if step.module in COLLATORS else None
    for column, values in fields(step.variables["self"].data if is_tokenizers else rows).items():
        is_label, lengths = "label" in column, lengths_of(values)
        if values and all(isinstance(value, str) for value in values) and (is_label or is_tokenizers):
            return _text_labels(raised, column, values)
        if not lengths:
            continue
        needs = "rows of one length: tokenizer(..., padding=True, truncation=True)"
        if not is_tokenizers:
            needs = (
                'rows of one length: a collate_fn that pads, or padding="max_length" where each is tokenized'
            )
        got, most = f"{column or 'the batch'}: {lengths}", _limit(values)
        alone = Example() if is_tokenizers else _example(step, rows)
        if is_tokenizers:
            needs = LABELS_PADDED if is_label else needs
            return raised.diagnosis("ragged_padding", got, needs)
        if most:
            needs = f"no row longer than {most}, to which the others are cut or padded: truncation=True"
            also = CAUSES["ragged_padding"].title
            return raised.diagnosis("too_long", got, needs, also=also, example=alone)
        fix = _with_collator(raised, step, rows) if column else padded("batch", rows)
        return raised.diagnosis("ragged_padding", got, needs, [fix], example=alone)
    return None


def _example(step: Step, rows: Any) -> Example:
    """The collator by itself, of rows alike."""
    collate = "transformers.default_data_collator"
    collate = "torch.utils.data.default_collate" if step.module == COLLATORS[0] else collate
    return example(lambda: program(f"rows = {alike(rows)}", f"{collate}(rows)"))


def _limit(values: list[Any]) -> int:
    """Return the power of two that half of the rows were cut or padded to, where others are longer."""
    lengths = [len(value) for value in values if hasattr(value, "__len__")]
    common = min(lengths, default=0)
    is_limit = common >= 64 and not common & (common - 1) and 2 * lengths.count(common) >= len(lengths)
    return common if is_limit else 0


def _with_collator(raised: Raised, step: Step, rows: Any) -> Fix | None:
    """Pad all fields alike, with the learner's own tokenizer: one padded alone fits the others no more."""
    spaces = [space for own in raised.own[:3] for space in (own.variables, own.frame.f_globals)]
    named = ((name, each) for space in spaces for name, each in space.items() if not name.startswith("_"))
    # Of a class nothing is asked: transformers has some that raise whatever they are asked.
    things = ((name, each) for name, each in named if not isinstance(each, type) and hasattr(each, "pad"))
    own = ((name, each) for name, each in things if getattr(each, "pad_token_id", None) is not None)
    name, tokenizer = next(own, ("", None))
    came = came_of(lambda: sys.modules["transformers"].DataCollatorWithPadding(tokenizer)(list(rows)))
    if tokenizer is None or came.error is not None:
        return None
    where = "data_collator" if step.module.startswith("transformers.") else "collate_fn"
    told = ", ".join(f"{key} {shape(value)}" for key, value in list(came.value.items())[:3])
    return Fix("pad each batch", f"{where} = DataCollatorWithPadding({name})", f"gives {told}")


def _text_labels(raised: Raised, column: str, values: list[str]) -> Diagnosis:
    """The class names themselves in the data set: numbered, the same collator takes them."""
    names = sorted(set(values))
    got = f"the batch's {column} {', '.join(map(repr, names[:3]))}: text"
    needs = "class indices: numbers. Number the names before batching, in every split the same way: "
    needs += f"label2id = {dict(zip(names[:3], range(3), strict=False))}"
    outer = (step for step in raised.steps if step.module in COLLATORS)
    step = next((step for step in outer if {"batch", "features"} & step.variables.keys()), None)
    if step is None:
        return raised.diagnosis("target_dtype", got, needs)
    name = "batch" if "batch" in step.variables else "features"
    code = f"names = sorted({{row[{column!r}] for row in {name}}})\n"
    code += f"{name} = [{{**row, {column!r}: names.index(row[{column!r}])}} for row in {name}]"
    this, function = step.variables.get("self"), step.frame.f_globals.get(step.function)
    collate: Any = this if callable(this) else function

    def joined(space: Any) -> Any:
        batch = collate(getattr(space, name))
        return batch[column if column in batch else "labels"]

    fix = tried("number the names", code, {name: step.variables[name]}, joined)
    return raised.diagnosis("target_dtype", got, needs, [fix], example=_example(step, step.variables[name]))


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


def _no_pad_token(raised: Raised, step: Step) -> Diagnosis | None:
    """A tokenizer that was asked to pad, and has no token for it."""
    tokenizer: Any = step.variables.get("self")
    asks = step.function == "_get_padding_truncation_strategies" and step.variables.get("padding")
    if not asks or getattr(tokenizer, "pad_token", "") is not None:
        return None
    name, end, fix = name_of(tokenizer, raised.steps), getattr(tokenizer, "eos_token", None), None
    if end and name.isidentifier():
        when = f"and model.config.pad_token_id = {name}.pad_token_id"
        code, twin = f"{name}.pad_token = {name}.eos_token", SimpleNamespace(eos_token=end)
        fix = tried("pad with a token that it has", code, {name: twin}, lambda _: f"pads with {end!r}", when)
    got = f"{type(tokenizer).__name__} asked for padding; its pad_token is None"
    return raised.diagnosis("ragged_padding", got, "a token to pad with", [fix])
