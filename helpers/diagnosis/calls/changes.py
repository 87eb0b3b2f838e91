"""What may have been meant by an operand: the changes that are tried on it, each with its price.

A price says how unlikely a mistake is beside the others: 0.5 for what can hardly be otherwise, such as an
object where a tensor belongs, 1 for an axis of size 1, 1.5 and more for what runs in many ways.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from helpers.diagnosis.calls.inputs import at_most, longest
from helpers.diagnosis.calls.layers import Failed
from helpers.diagnosis.calls.operations import AXIS, COLUMNS, JOINS, MAKES, PAIRS, PRODUCTS, VIEWS
from helpers.diagnosis.calls.rows import MAPPINGS, lengths_of
from helpers.diagnosis.loss.values import is_whole
from helpers.diagnosis.seen.line import Leaf, Line, rebuilt
from helpers.diagnosis.seen.raised import Raised, described, shape

ARGMAX = "leave argmax out"
FEW = 10_000  # numbers, up to which it is asked whether they are whole
FIRST_ON = "a mask that is on at the first token: [CLS] has the label -100 and is switched off with it. "
FIRST_ON += "Leave [CLS] out of emissions, labels and mask alike: [:, 1:]"
AXES = "needs_flatten_or_transpose"


class Change(NamedTuple):
    """One thing that may have been meant.

    Attributes:
        cause: Whose mistake it undoes.
        price: How unlikely that mistake is.
        code: An expression in which {x} stands for what is changed.
        title: What it does.
        needs: What is needed instead.
    """

    cause: str
    price: float
    code: str
    title: str
    needs: str


def is_output(value: Any) -> bool:
    """Whether this is what a transformers model returns."""
    return isinstance(value, Mapping) and hasattr(value, "to_tuple")


def is_mask(line: Line, leaf: Leaf) -> bool:
    """Whether a tensor says which others count: by its dtype, its name, or the name of the argument."""
    if not isinstance(leaf.value, Tensor):
        return False
    given = line.node.keywords if isinstance(line.node, ast.Call) else []
    name = next((each.arg for each in given if getattr(each.value, "id", "") == leaf.slot), "") or ""
    return leaf.value.dtype == torch.bool or "mask" in f"{leaf.text} {name}".lower()


def changes(raised: Raised, line: Line, leaf: Leaf, failed: Failed | None) -> Iterator[Change]:
    """What may have been meant by one of the line's operands."""
    value = leaf.value
    if failed is not None and failed.cause == "missing_or_wrong_mask" and not is_mask(line, leaf):
        return
    if failed is not None and failed.wanted:
        yield from _other_state(leaf, failed)
    if is_output(value):
        for name, part in value.items():
            if isinstance(part, Tensor) and part.ndim:
                price = {"logits": 0.4, "last_hidden_state": 0.6, "pooler_output": 0.7}.get(name, 0.9)
                needs = f"{leaf.text}.{name}: a transformers model returns an object that holds its tensors"
                yield Change(
                    "not_a_tensor", price, f"{{x}}.{name}", f"take {name} out of the model's output", needs
                )
    elif isinstance(value, Tensor):
        if isinstance(line.called, nn.Module):
            yield from _inputs(line, leaf, failed)
        yield from _dtypes(line, leaf)
        if line.operation not in MAKES - {"TensorDataset"}:
            yield from _axes(raised, line, leaf)
    elif isinstance(value, np.ndarray):
        yield from _of_array(line, leaf.text, value)
    elif hasattr(value, "to_numpy"):
        needs = f"a tensor of numbers; {leaf.text} is a table's column"
        yield Change("not_a_tensor", 0.5, "torch.tensor({x}.to_numpy())", "take the numbers out", needs)
    elif isinstance(value, list | tuple) and value and not _is_made(line, leaf):
        yield from _of_list(line, leaf, list(value))


def _is_made(line: Line, leaf: Leaf) -> bool:
    """Whether a part of the line makes a tensor of the list already."""
    calls = [part for part in ast.walk(line.node) if isinstance(part, ast.Call) and part is not line.node]
    makes = [part for part in calls if line.spelled(part.func).rpartition(".")[2] in MAKES]
    return any(getattr(each, "id", "") == leaf.slot for part in makes for each in part.args)


def _other_state(leaf: Leaf, failed: Failed) -> Iterator[Change]:
    """A recurrent layer's state made anew, where this operand is, or holds, the old one."""
    parts = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if any(isinstance(part, Tensor) and part.shape == failed.given.shape for part in parts):
        made = f"new_zeros{failed.wanted}"
        code = f"tuple(part.{made} for part in {{x}})" if isinstance(leaf.value, tuple) else f"{{x}}.{made}"
        yield Change(failed.cause, 0.8, code, "make it for this batch", failed.needs)


def _inputs(line: Line, leaf: Leaf, failed: Failed | None) -> Iterator[Change]:
    """What a model is given: longer than it can read, or of another shape than its ids."""
    ids, value = ids_of(line), leaf.value
    if ids is None or value.ndim < 2:
        return
    wanted = tuple(ids.value.shape[:2])
    most = failed.most if failed is not None and failed.most else longest(line.called) or wanted[1]
    if (
        is_mask(line, leaf)
        and value.ndim == 2
        and wanted == value.shape
        and not bool((value != 0)[:, 0].all())
    ):
        yield Change("missing_or_wrong_mask", 0.8, "{x}[:, 1:]", "leave out [CLS]", FIRST_ON)
    if leaf is ids:
        needs = at_most(most)
        for price, then in ((0.7, ""), (1.17, ".contiguous()")) if wanted[1] > most else ():
            yield Change("too_long", price, f"{{x}}[:, :{most}]{then}", "cut what is too long", needs)
        return
    if failed is not None and failed.cause == "vocab_range" and torch.equal(failed.given, value):
        yield Change("vocab_range", 0.8, "torch.zeros_like({x})", "one sentence: all types 0", failed.needs)
    if value.shape[:2] == wanted:
        return
    cause, needs = "static_length", f"{leaf.text} {wanted}, like {ids.text}: pad and cut all alike"
    if is_mask(line, leaf):
        cause, padding = (
            "missing_or_wrong_mask",
            getattr(getattr(line.called, "config", None), "pad_token_id", None),
        )
        if padding is not None:
            yield Change(cause, 0.9, f"({ids.slot} != {padding}).long()", "make it from the ids", needs)
    if value.shape == wanted[::-1]:
        yield Change(cause, 0.7, "{x}.T", "turn it", needs)
    elif value.numel() == wanted[0] * wanted[1]:
        yield Change(cause, 0.75, f"{{x}}.reshape{wanted}", "give it the shape of the ids", needs)
    if value.shape[0] == wanted[0] and value.shape[1] > wanted[1]:
        yield Change(cause, 0.7, f"{{x}}[:, :{wanted[1]}]", "cut it like the ids", needs)


def ids_of(line: Line) -> Leaf | None:
    """Return what the rest of a model's input goes with: ids (N, T), or states (N, T, H)."""
    tensors = [leaf for leaf in line.operands if isinstance(leaf.value, Tensor) and leaf.value.ndim > 1]
    others = [leaf for leaf in tensors if not is_mask(line, leaf)]
    whole = [leaf for leaf in others if not leaf.value.is_floating_point()]
    return next(iter(whole or others), None)


def _of_list(line: Line, leaf: Leaf, value: list[Any]) -> Iterator[Change]:
    makes, lengths = line.operation in MAKES | JOINS, lengths_of(value)
    sizes = [tuple(part.shape) if hasattr(part, "shape") else None for part in value]
    if all(isinstance(part, str) and part.lstrip("-").isdigit() for part in value):
        needs = "numbers; these are digits, as text: int(...) where they are read"
        numbers = "[int(text) for text in {x}]"
        code = numbers if makes else f"torch.tensor({numbers})"
        yield Change("target_dtype", 0.4, code, "make them numbers", needs)
    elif all(isinstance(part, str) for part in value):
        numbers = "[sorted(set({x})).index(name) for name in {x}]"
        yield _numbered(numbers if makes else f"torch.tensor({numbers})", len(set(value)))
    elif makes and lengths:
        yield from _of_parts(line, leaf, sizes, lengths)
    elif isinstance(leaf.value, tuple) and len(value) < 6 and sizes[0] is not None and not makes:
        needs = f"one of its parts, {leaf.text}[0] for the first; {leaf.text} {described(leaf.value)}"
        for place in (place for place, size in enumerate(sizes) if size is not None):
            yield Change("not_a_tensor", 0.6 + 0.5 * place, f"{{x}}[{place}]", "take one of the parts", needs)
    elif all(isinstance(part, Tensor) for part in value) and len(set(sizes)) == 1:
        yield from _of_tensors(line, leaf, sizes[0] or ())
    elif isinstance(value[0], np.ndarray) and not lengths:
        needs = f"one tensor; {leaf.text} {described(value)}"
        yield Change(
            "not_a_tensor", 0.6, "torch.from_numpy(np.stack({x}))", "make one tensor of the arrays", needs
        )
    elif {type(part) for part in value} <= {int, float, bool, list} and not makes and not lengths:
        needs = f'a tensor; {leaf.text} is a list: torch.tensor(...), or return_tensors="pt" in the tokenizer'
        yield Change("not_a_tensor", 0.5, "torch.tensor({x})", "make a tensor of the list", needs)


def _numbered(code: str, count: int) -> Change:
    """Names of classes where numbers are wanted."""
    needs = f"class indices: numbers. These are {count} names, as text: number them, in every split alike"
    return Change("target_dtype", 0.5, code, "number the names", needs)


def _of_tensors(line: Line, leaf: Leaf, each: tuple[int, ...]) -> Iterator[Change]:
    """A list of tensors of one shape where one tensor is wanted."""
    needs = f"one tensor; {leaf.text} {described(leaf.value)}"
    if len(each) == 1 and line.operation not in MAKES | JOINS:
        needs += ", one for each token: let the dataset return tensors, torch.tensor(...), and not lists"
        yield Change("not_a_tensor", 0.6, "torch.stack({x}, 1)", "one row per sentence again", needs)
    if line.operation not in JOINS:
        yield Change("not_a_tensor", 0.7, "torch.stack({x})", "make one tensor of the list", needs)


def _of_parts(line: Line, leaf: Leaf, sizes: list[Any], lengths: str) -> Iterator[Change]:
    """Parts to be joined whose shapes differ: one was squeezed, or the rows have other lengths."""
    if None not in sizes:
        axes = max(map(len, sizes))
        row = max(sizes, key=len)[1:]
        odd = [place for place, size in enumerate(sizes) if size == row]
        if odd and all(size[1:] == row for size in sizes if size != row):
            needs = (
                f"{(1, *row)} for part {odd[0]}: a batch of one, whose axis squeeze() takes with the others"
            )
            code = f"[part if part.ndim == {axes} else part.unsqueeze(0) for part in {{x}}]"
            yield Change("squeeze_mismatch", 0.8, code, "give it its axis back", needs)
    fill = ", padding_value=-100" if "label" in leaf.text else ""
    code = f"nn.utils.rnn.pad_sequence([torch.as_tensor(row) for row in {{x}}], batch_first=True{fill})"
    if line.operation in ("array", "asarray", "asanyarray") and all(
        isinstance(row, list) for row in leaf.value
    ):
        code = f"[row + [0] * ({max(map(len, leaf.value))} - len(row)) for row in {{x}}]"
    code = f"list({code})" if line.operation in JOINS else code
    yield Change("ragged_padding", 1.0, code, "pad to the longest", "rows of one length")


def _of_array(line: Line, name: str, value: np.ndarray) -> Iterator[Change]:
    kind = value.dtype.kind
    if kind in "US" or (kind == "O" and value.size and isinstance(value.flat[0], str)):
        numbers = "np.unique({x}, return_inverse=True)[1]"
        code = numbers if line.operation in MAKES else f"torch.from_numpy({numbers})"
        yield _numbered(code, len(set(value.ravel().tolist())))
    elif kind == "O" and value.size and isinstance(value.flat[0], int | float):
        needs = "a dtype of numbers, .astype(np.float32); this array holds objects, as a table with text does"
        yield Change("target_dtype", 0.4, "{x}.astype('float32')", "give it a dtype of numbers", needs)
    elif kind == "O":
        needs = "an array of numbers; this one holds objects, which no tensor can"
        for price, code in ((0.5, "np.stack({x}.tolist())"), (0.6, "torch.tensor(np.stack({x}.tolist()))")):
            yield Change("not_a_tensor", price, code, "make one array of the rows", needs)
    else:
        if value.ndim == 2 and kind == "f":
            needs = f"one class per row; {name} {shape(value)} holds a score for each class: take its argmax"
            yield Change(
                "one_hot_index", 0.9, "{x}.argmax(-1)", "take the class with the highest score", needs
            )
        needs = f"a tensor; this is a NumPy array of {value.dtype}"
        for price, then in ((0.6, ""), (0.7, ".float()"), (0.7, ".long()")):
            yield Change("not_a_tensor", price, f"torch.from_numpy({{x}}){then}", "make it a tensor", needs)


def _dtypes(line: Line, leaf: Leaf) -> Iterator[Change]:
    value: Tensor = leaf.value
    if (
        isinstance(line.node, ast.Subscript)
        and not value.is_floating_point()
        and value.numel()
        and value.min() < 0
    ):
        low = int(value.min())
        needs = f"labels from 0 on; {leaf.text} has {low}, which is for a loss that leaves it out: "
        needs += "here every label is looked up, so give those another label and switch them off in the mask"
        yield Change(
            "label_range", 0.8, "{x}.clamp(min=0)", "give what does not count a label that exists", needs
        )
    if line.operation in COLUMNS and value.numel() and int(value.min()):
        lowest = int(value.min())
        first, needs = (
            f"- {lowest}" if lowest > 0 else f"+ {-lowest}",
            f"labels from 0 on; {leaf.text} has {lowest}",
        )
        yield Change("label_range", 0.8, f"{{x}} {first}", "count from 0", needs)
    here = f"{leaf.text} is {str(value.dtype).removeprefix('torch.')}"
    if isinstance(line.node, ast.Subscript) and value.dtype == torch.bool:
        return  # what selects by True and False would select rows 0 and 1
    if is_mask(line, leaf) and value.dtype != torch.bool:
        yield Change(
            "missing_or_wrong_mask", 0.8, "{x}.bool()", "make it bool", f"a mask of True and False; {here}"
        )
    if value.dtype != torch.float32:
        yield Change("target_dtype", 0.8, "{x}.float()", "make it float32", f"float32; {here}")
    few = value.numel() < FEW
    if value.dtype != torch.int64 and (not value.is_floating_point() or (few and is_whole(value))):
        yield Change("target_dtype", 0.9, "{x}.long()", "make it int64", f"whole numbers, int64; {here}")


def _axes(raised: Raised, line: Line, leaf: Leaf) -> Iterator[Change]:
    """An axis too many, too few, or elsewhere."""
    value: Tensor = leaf.value
    sizes, here = tuple(value.shape), f"here {leaf.text} is {shape(value)}"
    mask = is_mask(line, leaf)
    cause = "missing_or_wrong_mask" if mask else AXES
    squeezed = raised.squeezed
    is_batch = isinstance(line.called, nn.Module) and len(sizes) > 1 and not value.is_floating_point()
    is_index = isinstance(line.node, ast.Subscript) and not squeezed
    if len(sizes) < 4 and not is_batch and not is_index and line.operation not in JOINS:
        needs, why = (
            f"an axis for the batch in front; {here}{squeezed}",
            "squeeze_mismatch" if squeezed else cause,
        )
        yield Change(why, 1.0, "{x}.unsqueeze(0)", "put the batch axis back", needs)
    if line.operation in AXIS | VIEWS:
        return
    for axis, size in enumerate(sizes):
        if size == 1:
            yield Change(
                cause, 1.0, f"{{x}}.squeeze({axis})", "drop the axis of size 1", f"no axis of size 1; {here}"
            )
    if mask and sizes:
        needs = f"an axis of size 1 wherever the mask has none of its own; {here}"
        for code in ("[:, None]", "[:, None, None]", ".unsqueeze(-1)"):
            yield Change(cause, 1.1, f"{{x}}{code}", "give the mask the missing axes", needs)
    elif sizes and line.operation in (PAIRS | JOINS) - {"Compare"}:
        needs = f"as many axes on both sides; {here}"
        yield Change(cause, 1.4, "{x}.unsqueeze(-1)", "add the missing axis", needs)
    if len(sizes) > 1 and (isinstance(line.node, ast.Compare) or line.operation in ("at", "bincount")):
        needs = f"one class per row; {here}, a score for each class"
        yield Change(cause, 1.3, "{x}.argmax(-1)", "compare the class with the highest score", needs)
    others = [other for other in line.operands if other is not leaf and isinstance(other.value, Tensor)]
    if mask and isinstance(line.called, nn.Module) and not isinstance(line.called, nn.MultiheadAttention):
        return
    scores = [other.value.shape[-1] for other in others if other.value.ndim == len(sizes) + 1]
    are_indices = not mask and 0 < value.numel() < FEW and not value.is_floating_point()
    if line.operation in PAIRS and scores and are_indices and 0 <= value.min() <= value.max() < scores[0]:
        needs = f"a 0 or 1 for each of {scores[0]} classes, or the right one's score by gather; {here}"
        yield Change("one_hot_index", 1.2, f"F.one_hot({{x}}, {scores[0]})", "make them one-hot", needs)
    if line.operation in PAIRS and not any(sorted(other.value.shape) == sorted(sizes) for other in others):
        return  # turning helps only where both have the same sizes in another order
    needs = f"the axes in another order; {here}"
    if len(sizes) == 2:
        yield Change(cause, 1.2, "{x}.T", "turn it", needs)
    if len(sizes) > 2:
        for code in (".transpose(-1, -2)", ".transpose(0, 1)", ".movedim(1, -1)"):
            yield Change(cause, 1.2, f"{{x}}{code}", "turn the axes", needs)
        if isinstance(line.called, nn.Module) or line.operation in PRODUCTS:
            needs = f"one axis for all that belongs to a row; {here}"
            yield Change(cause, 1.1, "{x}.flatten(1)", "flatten all but the batch", needs)
            yield Change(cause, 1.6, "{x}.flatten(0, 1)", "fold the second axis into the batch", needs)


# The expression itself, with one call or index in it changed: a change's code is the new part.


def variants(line: Line) -> Iterator[tuple[Change, ast.expr]]:
    """What may have been meant by the line, as new expressions."""
    for part in ast.walk(line.node):
        # A layer is not often given what another call on the line makes.
        inside = 0.6 if isinstance(line.called, nn.Module) and part is not line.node else 0.0
        for change in _variants_of(line, part):
            change = change._replace(price=change.price + inside)
            new = ast.parse(change.code, mode="eval").body
            yield change, rebuilt(line.node, {part: new}.get)


def _variants_of(line: Line, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        yield from _other_index(node, node.slice.elts)
    if isinstance(node, ast.Attribute) and node is line.node and isinstance(node.value, ast.Name):
        leaf = line.of(node.value.id)
        if leaf is not None and isinstance(leaf.value, tuple) and not hasattr(leaf.value, "_fields"):
            needs = f"{leaf.text}[0] for the first part: this model returns a tuple, which has no names"
            yield Change("not_a_tensor", 0.5, f"{leaf.slot}[0]", "take the part by its place", needs)
    if isinstance(node, ast.Call) and node is line.node and isinstance(node.func, ast.Name):
        yield from _other_inputs(line, node, node.func)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        given = [ast.unparse(each) for each in node.args]
        yield from _other_function(line, node, node.func, given)
        shapes = [tuple(leaf.value.shape) for leaf in line.operands if isinstance(leaf.value, Tensor)]
        is_other = any(len(each) == 1 and each[0] not in shapes[0][:2] for each in shapes)
        if node.func.attr != "pack_padded_sequence" or not is_other:  # lengths of another batch
            yield from _other_arguments(node, node.func, given)


def _owner(node: ast.expr) -> str:
    """Spell what an index or a method is of, with the parentheses that a sum needs."""
    return ast.unparse(ast.Attribute(node, "_")).removesuffix("._")


def _other_index(node: ast.Subscript, parts: list[ast.expr]) -> Iterator[Change]:
    """`hidden[:, :, 0]` for `hidden[:, 0]`: the one index on another axis."""
    at = [n for n, part in enumerate(parts) if isinstance(part, ast.Constant) and isinstance(part.value, int)]
    whole = [part for part in parts if isinstance(part, ast.Slice) and part.lower is part.upper is None]
    if len(at) != 1 or len(whole) != len(parts) - 1:
        return
    owner, index = _owner(node.value), ast.unparse(parts[at[0]])
    for place in (place for place in range(len(parts)) if place != at[0]):
        code = f"{owner}[{', '.join([*[':'] * place, index])}]"
        needs = f"{code}, the index on axis {place} and not {at[0]}: [:, 0] is the first token of each row"
        yield Change(AXES, 0.8 + abs(place - 1) / 5, code, "index the other axis", needs)


def _other_function(line: Line, node: ast.Call, func: ast.Attribute, given: list[str]) -> Iterator[Change]:
    """Stack for cat, a named axis for squeeze(), flatten for view, nothing for argmax."""
    name, owner = func.attr, _owner(func.value)
    if name == "argmax" and given and (node.keywords or len(given) > 1):
        needs = "the labels as they are: they are class indices already; argmax is for one-hot rows or scores"
        yield Change("one_hot_index", 0.9, given[0], ARGMAX, needs)
    elif name in ("concatenate", "cat", "concat", "hstack") and given:
        needs = "the parts beside each other, as columns; joined end to end they are one long row"
        for place in (-1, 0):
            code = f"{owner}.stack({given[0]}, {'axis' if name == 'concatenate' else 'dim'}={place})"
            yield Change(AXES, 1.1 - place / 10, code, "stack them as columns", needs)
    elif name == "squeeze" and not given and not node.keywords:
        needs = "only the axis that is meant: squeeze() takes every axis of size 1, a batch of one too"
        for place in (-1, 1):
            yield Change(
                "squeeze_mismatch", 0.9, f"{owner}.squeeze({place})", "name the axis to squeeze", needs
            )
    elif name in COLUMNS and (leaf := line.of(given[0])) is not None:
        highest = int(leaf.value.max())
        needs = f"num_classes {highest + 1}: {leaf.text} has labels up to {highest}"
        code = f"{owner}.{name}({given[0]}, {highest + 1})"
        yield Change("head_size", 0.9, code, "a column for each class", needs)
    elif name in VIEWS and len(given) > 1:
        is_mask = "mask" in line.spelled(func)
        for place in () if "-1" in given else range(len(given)):
            code = f"{owner}.{name}({', '.join([*given[:place], '-1', *given[place + 1 :]])})"
            needs = f"sizes whose product is the tensor's own; {given[place]} is fixed, and -1 leaves it open"
            cause = "missing_or_wrong_mask" if is_mask else "static_length"
            yield Change(cause, 1.0 + place / 10, code, "leave one size open", needs)
        needs = "a row for each row of the batch: the first axis kept, the rest flattened"
        cause = "missing_or_wrong_mask" if is_mask else AXES
        yield Change(cause, 1.2, f"{owner}.flatten(1)", "keep the batch axis", needs)


def _other_arguments(node: ast.Call, func: ast.Attribute, given: list[str]) -> Iterator[Change]:
    """Another axis, or what a function has to be told."""
    named = {each.arg: ast.unparse(each.value) for each in node.keywords if each.arg}

    def called(**changed: object) -> str:
        arguments = [*given, *(f"{name}={value}" for name, value in {**named, **changed}.items())]
        return f"{ast.unparse(func)}({', '.join(arguments)})"

    if func.attr == "pack_padded_sequence":
        needs = "the longest row first, or enforce_sorted=False, which sorts them and puts the order back"
        yield Change("ragged_padding", 0.9, called(enforce_sorted=False), "let it sort the rows", needs)
    for axis in {"dim", "axis"} & set(named) if func.attr not in JOINS else ():
        for place in (-1, 0, 1):
            yield Change(
                AXES, 1.6, called(**{axis: place}), "take another axis", f"another axis: {axis}={place}"
            )


def _other_inputs(line: Line, node: ast.Call, func: ast.Name) -> Iterator[Change]:
    """What a model or a tokenizer is given, by other names, or with something more."""
    model, given = line.called, [ast.unparse(each) for each in node.args]
    rest = [ast.unparse(each) for each in node.keywords]

    def called(*arguments: str) -> str:
        return f"{func.id}({', '.join(arguments)})"

    if hasattr(model, "pad_token"):
        needs = "one length: tokenizer(..., padding=True, truncation=True)"
        more = [each for each in rest if not each.startswith(("padding", "truncation"))]
        code = called(*given, "padding=True", "truncation=True", *more)
        yield Change("ragged_padding", 0.6, code, "pad while tokenizing", needs)
    if not isinstance(model, nn.Module) or any(isinstance(each, ast.Starred) for each in node.args):
        return
    names = list(inspect.signature(type(model).forward).parameters)[1:]
    named = {each.arg: ast.unparse(each.value) for each in node.keywords if each.arg}
    placed = dict(zip(names, given, strict=False)) | named
    leaf = line.of(given[0]) if given else None
    if len(placed) == 1 and leaf is not None and isinstance(leaf.value, MAPPINGS):
        needs = (
            f"a tensor for each input: model(**{given[0]}), so that {', '.join(leaf.value)} arrive by name"
        )
        yield Change("missing_input", 0.5, called(f"**{given[0]}"), "unpack it", needs)
    for now, text in placed.items():
        for name in {"labels", "inputs_embeds"} & set(names) - set(placed):
            code = called(*(f"{name if key == now else key}={each}" for key, each in placed.items()))
            needs = f"each input by its name: {name}={text}; by position they are {', '.join(names[:4])}"
            yield Change("missing_input", 0.9, code, "name the input", needs)
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        first = next(iter(given), "") or next((each.partition("=")[2] for each in rest), "")
        needs = f"also decoder_input_ids (N, T), or labels: {func.id} has an encoder and a decoder"
        code = called(*given, *rest, f"decoder_input_ids={first}")
        yield Change("missing_input", 0.9, code, "give the decoder something to read", needs)
