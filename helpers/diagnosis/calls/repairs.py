"""Why an operation on the learner's own line refused: one thing is changed, and the line is run once more.

What was changed is the cause: the cheapest change after which the line runs and its result still fits the
batch's labels. Where none helps, numbers are missing that no code can make up, and the shapes say which.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.calls.changes import ARGMAX, FIRST_ON, Change, changes, is_mask, is_output, variants
from helpers.diagnosis.calls.inputs import explain_inputs, is_positions
from helpers.diagnosis.calls.layers import Failed, layer_that_failed, with_layer
from helpers.diagnosis.calls.operations import JOINS, KNOWN, MAKES, PAIRS, PRODUCTS, VIEWS
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.line import Leaf, Line
from helpers.diagnosis.seen.made import typed, ways_to
from helpers.diagnosis.seen.raised import RERUN, Raised, described, gave, shape
from helpers.diagnosis.seen.stand_in import stand_in, without_numbers
from helpers.trial import came_of, quiet

MOST_FIXES, MOST_RUNS, FEW = 2, 100, 32
MANY = 100_000  # numbers, from which on shapes are tried first
ROWS = ("TensorDataset", "pack_padded_sequence")  # a row of each belongs to a row of the others
NEAR = 0.45  # a change this much dearer may still be what is meant
# What transformers' models call the parts of what they return.
PARTS = {"last_hidden_state", "pooler_output", "hidden_states", "attentions", "logits", "loss"}
TOOLS = {"torch": torch, "nn": nn, "F": F, "np": np}
LABELS = ("label", "labels", "target", "targets", "y", "yb", "tags", "y_true")


class Found(NamedTuple):
    """A change after which the line runs."""

    change: Change
    price: float
    fix: Fix
    line: Line


def _text(raised: Raised, line: Line) -> Diagnosis | None:
    """One label as text, where the others that would say its number are not at hand."""
    words = [leaf for leaf in line.operands if isinstance(leaf.value, str)]
    named = next((leaf for leaf in words if leaf.value in PARTS), None)
    if named is not None and _is_about_operands(line):
        needs = (
            f"a tensor: unpacking a transformers model's output gives its names; take output.{named.value}"
        )
        return raised.diagnosis("not_a_tensor", f"{named.text} {described(named.value)}", needs)
    if line.operation not in MAKES or len(words) != 1 or len(line.operands) > 2:
        return None
    needs = "a number for each class, as in label2id = {'negative': 0, 'positive': 1}: a tensor holds no text"
    return raised.diagnosis("target_dtype", f"{words[0].text} {described(words[0].value)}", needs)


def _without_part(raised: Raised, line: Line) -> Diagnosis | None:
    """A part was asked of a model's output that this model doesn't give."""
    node = line.node
    leaf = (
        line.of(node.value.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        else None
    )
    if not isinstance(node, ast.Attribute) or leaf is None or not is_output(leaf.value):
        return None
    needs = f"one of what it holds: {', '.join(leaf.value)}"
    if "logits" in leaf.value and node.attr in ("last_hidden_state", "pooler_output"):
        needs += f"; {node.attr} is given by the model without a head, AutoModel; a model with a head gives "
        needs += "hidden_states[-1] when it is asked with output_hidden_states=True"
    return raised.diagnosis("not_a_tensor", f"{leaf.text} {described(leaf.value)}", needs)


def explain_line(raised: Raised) -> Diagnosis | None:
    """An operation, a layer or a model, and operands that don't fit each other.

    First the line itself; then, where no change of it helps, the lines that led there: a sentence is cut
    where the model is called, not where it adds the positions.
    """
    failed = layer_that_failed(raised)
    found = [each for line in raised.lines for each in _search(raised, line, failed)]
    if found:
        return _diagnosis(raised, found, failed)
    line = raised.line
    said = _missing(raised, line, failed)
    if said is None and line is not None:
        said = _without_part(raised, line) or _text(raised, line)
    for outer in raised.outer_lines:
        found = [
            each for each in _search(raised, outer, failed) if said is None or each.change.cause == said.cause
        ]
        if found:
            mended = _diagnosis(raised, found, failed)
            return mended if said is None else replace(said, fixes=mended.fixes)
    return said or explain_inputs(raised) or _first_masked(raised)


def _diagnosis(raised: Raised, found: list[Found], failed: Failed | None) -> Diagnosis:
    found = sorted(found, key=lambda each: each.price)
    first, line = found[0], found[0].line
    near = [each for each in found if each.price <= _dearest(found)]
    said = {first.change.cause, first.change.needs}
    others = [each.change for each in near if each.fix.code != first.fix.code]
    also = next((each.needs for each in others if not said & {each.cause, each.needs}), "")
    fixes = list(dict.fromkeys(each.fix for each in near))[:MOST_FIXES]
    got = _got(line) or (failed.got if failed is not None else line.spelled())
    return raised.diagnosis(first.change.cause, got, first.change.needs, fixes, certain=not also, also=also)


def _told(leaves: list[Leaf]) -> str:
    return ", ".join(f"{leaf.text} {described(leaf.value)}" for leaf in leaves[:3])


def _got(line: Line) -> str:
    told = [leaf for leaf in line.operands if not isinstance(leaf.value, int | float | bool | type | None)]
    layer = ""
    if isinstance(line.called, nn.Linear) and isinstance(line.node, ast.Call):
        layer = f"{line.spelled(line.node.func)} = {described(line.called)}, "
    return layer + _told([leaf for leaf in told if not isinstance(leaf.value, torch.dtype | torch.device)])


def _search(raised: Raised, line: Line, failed: Failed | None) -> list[Found]:
    """Return the changes that make a line run."""
    if raised.is_unread or not line.again or not _is_about_operands(line):
        return []
    if hasattr(line.called, "pad_token"):
        line = replace(line, leaves=tuple(leaf._replace(value=_few(leaf.value)) for leaf in line.leaves))
    with quiet(seed=0):
        if _run(line) is not None:
            return []  # unchanged, it must fail: else what a change proves is nothing
        singles = [(leaf, each) for leaf in line.operands for each in changes(raised, line, leaf, failed)]
        singles = sorted(singles, key=lambda one: one[1].price)[:MOST_RUNS]
        if sum(leaf.value.numel() for leaf in line.leaves if isinstance(leaf.value, Tensor)) > MANY:
            singles = [step for step in singles if _fits_without_numbers(line, *step)]
        found = list(_unpacked(line))
        for leaf, change in singles:
            if change.price > _dearest(found):
                break  # a model's call may take seconds
            ran = _tried(raised, line, [(leaf, change)])
            found += [ran] if ran is not None else []
        found += [*_layers(raised, line, failed), *_settings(line)]
        found += _rewritten(raised, line, _dearest(found))
        found = found or list(_pairs(raised, line, singles))
    return found


def _dearest(found: list[Found]) -> float:
    """Return the price up to which a change is near enough to the cheapest that ran."""
    return min((each.price for each in found), default=inf) + NEAR


def _few(value: Any) -> Any:
    """The first texts of many: a whole data set may be in the list."""
    return value[:FEW] if isinstance(value, list) else value


def _is_about_operands(line: Line) -> bool:
    known = line.operation in KNOWN or isinstance(line.called, nn.Module) or bool(line.parts)
    known = known or hasattr(line.called, "pad_token")
    return (
        known
        or isinstance(line.node, ast.Subscript | ast.Attribute)
        or any(is_output(leaf.value) for leaf in line.operands)
    )


def _fits_without_numbers(line: Line, leaf: Leaf, change: Change) -> bool:
    """Whether the line runs on shapes alone: that is asked first where the numbers are many."""
    empty = {each.slot: without_numbers(each.value) for each in line.leaves}
    try:
        for each in _alike(line, leaf, change):
            empty[each.slot] = eval(change.code.replace("{x}", "_x"), {**TOOLS, "_x": empty[each.slot]})
        line.run(empty)
    except Exception:  # it still refuses, or needs the numbers
        return False
    return True


class Ran(NamedTuple):
    """What the line gave."""

    value: Any


def _run(line: Line, changed: Mapping[str, Any] | None = None, node: ast.expr | None = None) -> Ran | None:
    try:
        came = line.run(changed, node)
    except Exception:  # it still refuses: that is what is asked
        return None
    return None if _grew(line, changed or {}, came) else Ran(came)


def _grew(line: Line, changed: Mapping[str, Any], came: Any) -> bool:
    """Whether two operands were stretched against each other: that runs, and is a mistake of its own."""
    is_pair = line.operation in PAIRS - {"scaled_dot_product_attention"}
    if not is_pair or not isinstance(came, Tensor | np.ndarray):
        return False
    values = [changed.get(leaf.slot, leaf.value) for leaf in line.operands]
    return tuple(came.shape) not in [tuple(value.shape) for value in values if hasattr(value, "shape")]


def _tried(raised: Raised, line: Line, steps: list[tuple[Leaf, Change]]) -> Found | None:
    """Make the changes, on all that one mistake has made alike, and run the line."""
    changed, texts = {}, {}
    slots = {each.slot: each.value for each in line.operands}
    for leaf, change in steps:
        for each in _alike(line, leaf, change):
            given = each.value.detach() if isinstance(each.value, Tensor) else each.value
            try:
                changed[each.slot] = eval(change.code.replace("{x}", "_x"), {**TOOLS, **slots, "_x": given})
            except Exception:  # this change can't be made here
                return None
            texts[each.slot] = line.spelled_in(change.code.replace("{x}", each.text))
    ran = _run(line, changed)
    if ran is None:
        return None
    leaves = [leaf for leaf in line.leaves if leaf.slot in texts]
    named = all(leaf.is_name for leaf in leaves)
    code = (
        "\n".join(f"{leaf.text} = {texts[leaf.slot]}" for leaf in leaves)
        if named
        else line.spelled(changed=texts)
    )
    price = sum(change.price + _depth(line, leaf) for leaf, change in steps) + _misfit(
        raised, line, ran.value
    )
    change = steps[0][1]
    if len(steps) > 1:
        change = change._replace(needs=f"{change.needs}; and {steps[1][1].needs}")
    return Found(change, price, Fix(change.title, code, gave(ran.value)), line)


def _depth(line: Line, leaf: Leaf) -> float:
    """Return what it adds to a price that a layer is given what another call made of the leaf."""
    if not isinstance(line.called, nn.Module) or not isinstance(line.node, ast.Call):
        return 0.0
    given = [*line.node.args, *(keyword.value for keyword in line.node.keywords)]
    return 0.0 if any(isinstance(node, ast.Name) and node.id == leaf.slot for node in given) else 0.6


def _alike(line: Line, leaf: Leaf, change: Change) -> list[Leaf]:
    """Ids and mask of one shape, lists beside lists: what came out of one data set."""
    if not isinstance(line.called, nn.Module):
        return [leaf]
    if change.code.startswith("{x}[:, "):  # tokens are left out
        tensors = [each for each in line.operands if isinstance(each.value, Tensor) and each.value.ndim > 1]
        return [each for each in tensors if each.value.shape[:2] == leaf.value.shape[:2]]

    if change.price < 1 and not isinstance(leaf.value, list | tuple):
        return [leaf]

    def kind(value: Any) -> tuple[Any, ...]:
        first = value[0] if isinstance(value, list | tuple) and value else None
        return type(value), tuple(getattr(value, "shape", ())), type(first)

    return [each for each in line.operands if kind(each.value) == kind(leaf.value)]


def _misfit(raised: Raised, line: Line, came: Any) -> float:
    """Return what it adds to a price that the result has another count of rows than the batch's labels."""
    if not isinstance(came, Tensor) or not came.ndim or not isinstance(line.called, nn.Module):
        return 0.0
    near = (step.variables.get(name) for step in raised.own[:3] for name in LABELS)
    rows = next((value.shape[0] for value in near if isinstance(value, Tensor) and value.ndim), None)
    return 0.0 if rows in (None, came.shape[0]) else 1.5


def _pairs(raised: Raised, line: Line, singles: list[tuple[Leaf, Change]]) -> Iterator[Found]:
    """Two mistakes at once, the first of which is a kind of thing that no operation takes."""
    for first in [step for step in singles if step[1].price < 1][:6]:
        for second in singles[:30]:
            found = _tried(raised, line, [first, second]) if second[0].slot != first[0].slot else None
            if found is not None:
                yield found
                return


def _unpacked(line: Line) -> Iterator[Found]:
    """`_, pooled = model(...)` unpacks the names of what the model returns, as many as there are."""
    output = _run(replace(line, parts=())) if line.parts else None
    if output is not None and is_output(output.value):
        fields = [name for name, part in output.value.items() if isinstance(part, Tensor)]
        needs = f"{', '.join(fields)} by name: unpacking a {type(output.value).__name__} gives its names, "
        needs += f"and it has {len(output.value)}: {', '.join(output.value)}"
        code = f"output = {line.spelled()}\n"
        code += "\n".join(f"{name} = output.{field}" for name, field in zip(line.parts, fields, strict=False))
        change = Change("not_a_tensor", 0.3, "", "take the parts by their names", needs)
        yield Found(change, 0.3, Fix(change.title, code, gave(output.value)), line)
    for leaf in line.operands:
        made = line.made_by(leaf, unpacked=True) if isinstance(leaf.value, str) else None
        output = _run(made) if made is not None and made.again else None
        part = getattr(output.value, leaf.value, None) if output and is_output(output.value) else None
        ran = _run(line, {leaf.slot: part}) if isinstance(part, Tensor) and made else None
        if ran is not None and made is not None and output is not None:
            name = type(output.value).__name__
            needs = f"a tensor; {leaf.text} is the text {leaf.value!r}: unpacking a {name} gives its names"
            change = Change("not_a_tensor", 0.3, "", f"take {leaf.value} by its name", needs)
            code = f"{leaf.text} = {made.spelled()}.{leaf.value}"
            yield Found(change, 0.3, Fix(change.title, code, gave(ran.value)), line)


def _layers(raised: Raised, line: Line, failed: Failed | None) -> Iterator[Found]:
    """Another layer in the place of the one that refused."""
    other = failed.other(raised) if failed is not None else None
    callee = next((leaf for leaf in line.leaves if leaf.value is line.called), None)
    if failed is None or other is None or callee is None or not isinstance(line.called, nn.Module):
        return
    price, code, layer = other
    ran = _run(line, {callee.slot: with_layer(line.called, failed.layer, layer)})
    if ran is not None:
        wide = isinstance(failed.layer, nn.Linear)
        title = "make the layer as wide as its input" if wide else "a row for every id"
        change = Change(failed.cause, price, code, title, failed.needs)
        size = "in_features" if wide else "num_embeddings"
        ways = ways_to(raised.steps, lambda part: part is failed.layer) if " = nn." in code else ()
        made = next(filter(None, (typed(way, size, getattr(layer, size)) for way in ways)), "")
        yield Found(change, price, Fix(title, code, gave(ran.value), typed=made), line)


def _settings(line: Line) -> Iterator[Found]:
    """A decoder that classifies looks for each row's last token, and so for the padding after it."""
    callee = next((leaf for leaf in line.leaves if leaf.value is line.called), None)
    config: Any = getattr(line.called, "config", None)
    if callee is None or config is None or getattr(config, "pad_token_id", 0) is not None:
        return
    twin: Any = stand_in(line.called)
    twin.config.pad_token_id = 0
    ran = _run(line, {callee.slot: twin})
    if ran is not None:
        needs = f"a token to pad with: {callee.text}.config.pad_token_id = tokenizer.pad_token_id"
        change = Change(
            "ragged_padding", 0.9, f"{callee.text}.config.pad_token_id = 0", "name the padding", needs
        )
        fix = Fix(change.title, change.code, gave(ran.value), "or the tokenizer's pad_token_id")
        yield Found(change, 0.9, fix, line)


def _rewritten(raised: Raised, line: Line, dearest: float) -> Iterator[Found]:
    """The line itself changed, or the assignment that one of its operands comes from."""
    for made, leaf in [(line, None), *_makers(line)]:
        for change, node in (each for each in variants(made) if each[0].price <= dearest):
            value = _run(made, node=node)
            if change.title == ARGMAX and (
                value is None or getattr(value.value, "ndim", 0) != 1 or not _is_whole(value.value)
            ):
                continue  # scores, or one-hot rows
            ran = value if leaf is None or value is None else _run(line, {leaf.slot: value.value})
            if ran is not None:
                text = made.spelled(node)
                fix = Fix(change.title, text if leaf is None else f"{leaf.text} = {text}", gave(ran.value))
                change = change._replace(needs=made.spelled_in(change.needs))
                yield Found(change, change.price + _misfit(raised, line, ran.value), fix, line)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) and "int" in str(value.dtype)


def _makers(line: Line) -> Iterator[tuple[Line, Leaf]]:
    """Return the assignments that tensors come from, where making them again gives the same."""
    for leaf in line.operands:
        made = line.made_by(leaf) if isinstance(leaf.value, Tensor | np.ndarray) else None
        ran = _run(made) if made is not None and made.again else None
        if made and ran and tuple(getattr(ran.value, "shape", ())) == tuple(leaf.value.shape):
            yield made, leaf


# No change helps: something is missing that no code can supply.


def _missing(raised: Raised, line: Line | None, failed: Failed | None) -> Diagnosis | None:
    if failed is not None:
        lost = raised.is_unread
        return raised.diagnosis(failed.cause, failed.got, failed.needs, certain=not lost, also=RERUN * lost)
    is_direct = bool(raised.own) and raised.steps[0] is raised.own[0]
    is_direct = is_direct or (line is not None and line.operation in ROWS)
    if line is None or raised.is_unread or not is_direct or (line.again and _runs_bare(line)):
        return None
    tensors = [leaf for leaf in line.operands if isinstance(leaf.value, Tensor | np.ndarray)]
    masks = [leaf for leaf in tensors if is_mask(line, leaf)]
    others = [leaf for leaf in tensors if leaf not in masks]
    if masks and others and (line.operation in PAIRS or isinstance(line.node, ast.Subscript)):
        return _mask(raised, line, masks[0], others[0])
    if line.operation in VIEWS and len(tensors) == 1 and line.numbers:
        leaf = tensors[0]
        count = prod(leaf.value.shape)
        got = f"{leaf.text} {shape(leaf.value)}, {count} numbers; asked for {tuple(line.numbers)}"
        needs = "sizes with the product of the tensor's own; -1 leaves one of them open"
        return raised.diagnosis("static_length", got, needs, certain=False)
    node = line.node
    if line.again and isinstance(node, ast.BinOp | ast.Compare):
        sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.left, *node.comparators]
        tensors = [
            Leaf(line.spelled(side), came_of(partial(line.run, node=side)).value, "") for side in sides
        ]
        tensors = [leaf for leaf in tensors if isinstance(leaf.value, Tensor | np.ndarray)]
    if len(tensors) > 1 and tensors[0].value.ndim and tensors[1].value.ndim:
        return _operands(raised, line, tensors)
    return None


def _runs_bare(line: Line) -> bool:
    with quiet(seed=0):
        return _run(line) is not None


def _mask(raised: Raised, line: Line, mask: Leaf, other: Leaf) -> Diagnosis:
    wanted = tuple(other.value.shape[: mask.value.ndim])
    needs = f"{mask.text} {wanted}: the first axes of {other.text}"
    if not isinstance(line.node, ast.Subscript):
        needs = (
            f"each axis of {mask.text}, from the last, of size 1 or as in {other.text} {shape(other.value)}"
        )
    return raised.diagnosis("missing_or_wrong_mask", _got(line), needs)


def _operands(raised: Raised, line: Line, tensors: list[Leaf]) -> Diagnosis | None:
    """Two tensors whose sizes differ because their data does."""
    left, right = tensors[0], tensors[1]
    a, b = left.value.shape, right.value.shape
    is_item = isinstance(line.node, ast.Subscript) or isinstance(
        getattr(line.node, "left", None), ast.Subscript
    )
    for table, other in ((left, right), (right, left)):
        most = (
            table.value.shape[-2]
            if table.value.ndim > 1 and is_positions(table.text.partition("[")[0])
            else 0
        )
        if 0 < most < max(other.value.shape[1:2], default=0):
            needs = f"T at most {most}, as long as {table.text}: truncate, or make {table.text} longer"
            return raised.diagnosis("too_long", _told(tensors), needs)
    kept = next((leaf for leaf in tensors[:2] if leaf.text.startswith("self.")), left)
    is_kept = kept.text.startswith("self.") and a[0] != b[0] and a[1:] == b[1:]
    wanted = b[-1] if line.operation == "linear" or len(b) == 1 else b[-2]
    product = f"the last axis of {left.text} as long as the rows of {right.text}: {wanted}; it is {a[-1]}"
    state = (
        f"a state for each batch: {kept.text} is kept from one of {len(kept.value)} rows; make it from the "
    )
    state += "batch's own size; drop_last=True would leave out the last batch's rows"
    deeper = "the same axes on both sides; where one has an axis for classes, take its argmax first"
    rows, size = "batch_target", "static_length"
    sure = [
        (line.operation in ROWS and a[0] != b[0], rows, "as many rows in each: row n of all go together"),
        (line.operation in JOINS, size, "the same size on every axis but the one they are joined on"),
        (line.operation in PRODUCTS, "head_size", product),
        (is_item, size, "the same size on both sides"),
        (line.operation not in PAIRS, "", ""),
        (is_kept, size, state),
    ]
    unsure = [
        (a[0] != b[0] and 1 not in (a[0], b[0]), rows, "the same number of rows on both sides"),
        (len(a) != len(b), "needs_flatten_or_transpose", deeper),
        (True, size, "the same size on every axis"),
    ]
    said = next(row for row in sure + unsure if row[0])
    return raised.diagnosis(said[1], _told(tensors), said[2], certain=said in sure) if said[1] else None


def _first_masked(raised: Raised) -> Diagnosis | None:
    """A loss by hand, such as a CRF, that refused a mask which is off at the first token."""
    if not raised.own or raised.steps[0] is not raised.own[0] or "mask" not in str(raised.error).lower():
        return None
    for name, value in raised.own[0].variables.items():
        is_masks = isinstance(value, Tensor) and value.ndim == 2 and "mask" in name.lower()
        if is_masks and not bool((value != 0)[:, 0].all()):
            got = f"{name} {shape(value)}, off at the first token"
            return raised.diagnosis("missing_or_wrong_mask", got, FIRST_ON)
    return None
