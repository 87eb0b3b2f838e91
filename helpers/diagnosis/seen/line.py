"""The learner's failing expression: what it names, and how to run it again with one thing changed.

`executing` finds the expression in the source. Where there is none, as in code that was handed to `exec`, it
is read back from the byte code. What the line names is only looked at; what is run again are operations of
libraries, on copies, and models, on stand-ins: no other function and no property of the learner's own.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import re
from collections import UserDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from executing import Source
from torch import Tensor, nn

from helpers.diagnosis.seen.decompiled import decompiled, instruction_at
from helpers.diagnosis.seen.frames import Step, is_learners, is_librarys, learners_steps, words
from helpers.diagnosis.seen.stand_in import stand_in
from helpers.trial import came_of, quiet

MISSING = object()
Place = tuple[int, int, int]
CHAIN = (ast.Name, ast.Attribute, ast.Subscript)
# Of Python's own functions, those that change nothing.
HARMLESS = (len, list, tuple, int, float, bool, range, sorted, set, max, min, sum, zip, dict, enumerate, str)
# What a library may not be asked twice: it trains, draws from a loader, writes, or takes minutes.
NEVER_AGAIN = words(
    "backward step train fit evaluate predict train_on_batch test_on_batch predict_on_batch compile map save "
    "load save_pretrained from_pretrained load_state_dict set_weights manual_seed append extend update pop "
    "insert remove clear sort"
)


class Leaf(NamedTuple):
    """Something that the failing expression names, or was given as an argument.

    Attributes:
        text: As the learner wrote it, such as 'batch["labels"]'.
        value: What it was when the error passed.
        slot: The name that stands for it when the expression is run again.
    """

    text: str
    value: Any
    slot: str

    @property
    def is_name(self) -> bool:
        """Whether code can assign to it."""
        return isinstance(ast.parse(self.text, mode="eval").body, CHAIN) and "(" not in self.text


@dataclass(frozen=True)
class Line:
    """One failing expression.

    Attributes:
        step: The learner's frame.
        node: The expression, with a slot for each leaf.
        leaves: What the slots stand for.
        again: Whether it can be run once more without touching anything of the learner's.
        parts: The names into which its value was to be unpacked; none where it was not.
    """

    step: Step
    node: ast.expr
    leaves: tuple[Leaf, ...]
    again: bool
    parts: tuple[str, ...] = ()

    @cached_property
    def operation(self) -> str:
        """The name of what is called, or of an operator, such as "stack" or "Add"; "" for an index."""
        node = self.node
        if isinstance(node, ast.Call):
            return self.spelled(node.func).rpartition(".")[2]
        if isinstance(node, ast.Compare):
            return "Compare"
        return type(node.op).__name__ if isinstance(node, ast.BinOp) else ""

    @cached_property
    def called(self) -> Any:
        """The function or module that is called, where it is a leaf."""
        func = self.node.func if isinstance(self.node, ast.Call) else None
        leaf = self.of(func.id) if isinstance(func, ast.Name) else None
        return leaf.value if leaf is not None else None

    @cached_property
    def operands(self) -> tuple[Leaf, ...]:
        """The leaves that are data: no function, no module of code, no layer."""
        data = (leaf for leaf in self.leaves if not isinstance(leaf.value, ModuleType | type | nn.Module))
        return tuple(leaf for leaf in data if not callable(leaf.value) or isinstance(leaf.value, Tensor))

    @cached_property
    def numbers(self) -> list[int]:
        """The whole numbers that the failing call is given as they stand, or by a name."""
        given: list[ast.expr] = []
        if isinstance(self.node, ast.Call):
            given = [*self.node.args, *(keyword.value for keyword in self.node.keywords)]
        return [number for node in given for number in self._numbers(node)]

    def _numbers(self, node: ast.expr) -> list[int]:
        if isinstance(node, ast.Tuple | ast.List):
            return [number for part in node.elts for number in self._numbers(part)]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return [-number for number in self._numbers(node.operand)]
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.Name) and (leaf := self.of(node.id)):
            value = leaf.value
        values = value if isinstance(value, tuple) else (value,)
        return [number for number in values if isinstance(number, int) and not isinstance(number, bool)]

    def of(self, slot: str) -> Leaf | None:
        """Return the leaf that a slot stands for."""
        return next((leaf for leaf in self.leaves if leaf.slot == slot), None)

    def spelled(self, node: ast.AST | None = None, changed: Mapping[str, str] | None = None) -> str:
        """Return the expression as the learner wrote it, with other text for some of its leaves."""
        texts = {leaf.slot: leaf.text for leaf in self.leaves} | dict(changed or {})
        return ast.unparse(_Renamed(texts).visit(_copied(node or self.node)))

    def run(self, changed: Mapping[str, Any] | None = None, node: ast.expr | None = None) -> Any:
        """Run it once more, with other values for some of its leaves.

        Raises:
            Whatever it raises.
        """
        names = {leaf.slot: self._safe(leaf.value) for leaf in self.leaves} | dict(changed or {})
        tree = ast.fix_missing_locations(ast.Expression(_copied(node or self.node)))
        value = eval(compile(tree, "<line>", "eval"), names)
        if self.parts and (isinstance(value, Mapping) or len(value) != len(self.parts)):
            raise ValueError(f"{len(value)} parts for {len(self.parts)} names")
        return value

    def _safe(self, value: Any) -> Any:
        if isinstance(value, nn.Module) or hasattr(value, "_tokenizer"):
            if id(value) not in self._twins:
                self._twins[id(value)] = (
                    stand_in(value) if isinstance(value, nn.Module) else _tokenizer(value)
                )
            return self._twins[id(value)]
        if isinstance(value, np.ndarray):
            return value.copy()  # what writes in place writes there
        return value.detach() if isinstance(value, Tensor) else value

    @cached_property
    def _twins(self) -> dict[int, Any]:
        return {}

    def spelled_in(self, words: str) -> str:
        """Put the learner's own names for the slots that a sentence names."""
        texts = {leaf.slot: leaf.text for leaf in self.leaves}
        return re.sub(r"\b_\d+(_\d+)?\b", lambda found: texts.get(found[0], found[0]), words)

    def made_by(self, leaf: Leaf, unpacked: bool = False) -> Line | None:
        """Return the assignment that a leaf comes from, the last above this line, where the source is known.

        Args:
            leaf: One that is a plain name.
            unpacked: Look for `_, name = expression`, and not for `name = expression`.
        """
        found: ast.Assign | None = None
        if not is_learners(self.step):
            return None
        tree = Source.for_frame(self.step.frame).tree if leaf.text.isidentifier() else None
        for node in ast.walk(tree) if tree is not None else ():
            if not isinstance(node, ast.Assign):
                continue
            names = getattr(node.targets[0], "elts", []) if unpacked else node.targets
            is_it = any(isinstance(part, ast.Name) and part.id == leaf.text for part in names)
            is_here = self.step.frame.f_code.co_firstlineno <= node.lineno < self.step.line
            if is_it and is_here and (found is None or node.lineno > found.lineno):
                found = node
        return line_of(self.step, None, found.value) if found is not None else None


def _tokenizer(value: Any) -> Any:
    """Return a tokenizer of its own: each call sets how the one inside pads."""
    twin = copy.copy(value)
    twin._tokenizer = copy.deepcopy(value._tokenizer)
    return twin


def line_of(
    step: Step, inner: Step | None = None, node: ast.expr | None = None, as_given: bool = False
) -> Line | None:
    """Return what failed in a frame of the learner's; None where it can't be told.

    Args:
        step: The learner's frame.
        inner: The frame that it called, where that is one of Python's: it knows what it was given.
        node: Another expression of the same frame.
        as_given: Take each argument for one operand, however it was made.
    """
    failing, parts = (node, ()) if node is not None else _failing(step)
    if failing is None:
        return None
    line = None if as_given else _line(step, failing)
    if (line is None or not line.again) and inner is not None:
        # An argument that can't be made again is taken as the called function got it.
        line = _line(step, failing, _given(failing, inner)) or line
    if line is not None and not line.again:
        line = _line(step, failing, computed=True) or line
    return replace(line, parts=parts) if line is not None else None


def line_of_call(step: Step, steps: list[Step]) -> Line:
    """Return the call of a module, from the frame of torch that makes it, by the learner's own names."""
    model, args, kwargs = (step.variables[name] for name in ("self", "args", "kwargs"))
    names = [name for name in inspect.signature(type(model).forward).parameters if name != "self"]
    given = dict(zip(names, args, strict=False)) | kwargs
    leaves = [Leaf(name_of(model, steps) or "model", model, "_0")]
    for name, value in given.items():
        own = name_of(value, steps) if isinstance(value, Tensor) else ""
        leaves.append(Leaf(own if own.isidentifier() else name, value, f"_{len(leaves)}"))
    arguments = ", ".join(f"{name}={leaf.slot}" for name, leaf in zip(given, leaves[1:], strict=True))
    return Line(step, ast.parse(f"_0({arguments})", mode="eval").body, tuple(leaves), True)


def _line(
    step: Step, failing: ast.expr, given: Mapping[Place, Any] | None = None, computed: bool = False
) -> Line | None:
    root = _copied(failing)
    reader = _Reader(step, given or {}, root, computed)
    tree = reader.visit(root)
    if not isinstance(tree, ast.expr):
        return None
    line = _unpacked(Line(step, tree, tuple(reader.leaves), False))
    return replace(line, again=not reader.unread and _is_harmless(tree, line))


def _unpacked(line: Line) -> Line:
    """Take each part of a batch for an operand of its own, where a call is given `**batch`."""
    node, leaves = line.node, list(line.leaves)
    for keyword in list(node.keywords) if isinstance(node, ast.Call) else ():
        batch = line.of(keyword.value.id) if not keyword.arg and isinstance(keyword.value, ast.Name) else None
        if batch is not None and isinstance(batch.value, dict | UserDict) and isinstance(node, ast.Call):
            node.keywords.remove(keyword)
            leaves.remove(batch)
            for name, value in batch.value.items():
                leaves.append(Leaf(f'{batch.text}["{name}"]', value, f"{batch.slot}_{len(leaves)}"))
                node.keywords.append(ast.keyword(str(name), ast.Name(leaves[-1].slot, ast.Load())))
    return replace(line, leaves=tuple(leaves))


def _failing(step: Step) -> tuple[ast.expr | None, tuple[str, ...]]:
    """Return the expression that failed, and the names into which it was unpacked where that was it."""
    try:
        found = Source.executing(TracebackType(None, step.frame, step.lasti, step.line))
        node = found.node
        statements = [each for each in found.statements or () if isinstance(each, ast.Assign)]
    except Exception:  # a source that is no longer the one that ran
        node, statements = None, []
    parent: Any = getattr(node, "parent", None)
    if statements and instruction_at(step.frame.f_code, step.lasti).opname.startswith("UNPACK"):
        names = statements[0].targets[0]
        parts = names.elts if isinstance(names, ast.Tuple | ast.List) else []
        return statements[0].value, tuple(map(ast.unparse, parts))
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(parent, ast.Assign):
        # What is assigned has to fit what is there, as in a sum.
        return ast.copy_location(ast.BinOp(node, ast.Add(), parent.value), node), ()
    if isinstance(node, ast.Attribute) and isinstance(parent, ast.Call) and parent.func is node:
        return parent, ()
    if isinstance(node, ast.Assign | ast.AugAssign):
        return node.value, ()
    if isinstance(node, ast.expr):
        return node, ()
    return (decompiled(step.frame.f_code, step.lasti) if node is None else None), ()


class _Reader(ast.NodeTransformer):
    """Puts a slot in the place of everything that the expression names."""

    def __init__(self, step: Step, given: Mapping[Place, Any], root: ast.AST, computed: bool) -> None:
        self.step, self.given, self.root, self.computed = step, given, root, computed
        self.leaves: list[Leaf] = []
        self.bound: set[str] = set()
        self.functions = [part.func for part in ast.walk(root) if isinstance(part, ast.Call)]
        self.unread = False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, _OWN_NAMES):
            self.unread = True
        elif isinstance(node, CHAIN) and _first_name(node) in self.bound:
            return node
        elif isinstance(node, ast.expr):
            value = self._value(node)
            if value is not MISSING:
                return self._slot(node, value)
            self.unread |= isinstance(node, ast.Name)
        if isinstance(node, ast.ListComp):
            targets = [part for each in node.generators for part in ast.walk(each.target)]
            self.bound |= {part.id for part in targets if isinstance(part, ast.Name)}
        return node if isinstance(node, (*_OWN_NAMES, ast.Name)) else super().visit(node)

    def _value(self, node: ast.expr) -> Any:
        """Return what a part of the line is: named, given to the called function, or made on the line."""
        if isinstance(node, CHAIN) and not self._is_modules_function(node):
            value = read(node, self.step)
            if value is not MISSING:
                return value
        if not isinstance(node, ast.Constant | ast.Starred) and _place(node) in self.given:
            return self.given[_place(node)]
        return self._computed(node) if node is not self.root and self._is_computed(node) else MISSING

    def _is_modules_function(self, node: ast.expr) -> bool:
        """Whether this is `np.stack`: the search sees more in it than in a function without a name."""
        is_called = any(node is function for function in self.functions)
        owner = read(node.value, self.step) if is_called and isinstance(node, ast.Attribute) else None
        return isinstance(owner, ModuleType)

    def _is_computed(self, node: ast.AST) -> bool:
        """Whether a part is taken for what it gives: a list made on the line, or what comes of a model."""
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        models = [part for part in calls if isinstance(read(part.func, self.step), nn.Module)]
        is_function = node is getattr(self.root, "func", None)
        return isinstance(node, ast.ListComp) or (self.computed and bool(models) and not is_function)

    def _computed(self, node: ast.expr) -> Any:
        is_model = isinstance(node, ast.Call) and isinstance(read(node.func, self.step), nn.Module)
        line = _line(self.step, node, computed=self.computed and not is_model)
        if line is None or not line.again:
            return MISSING
        with quiet():
            came = came_of(line.run)
        return MISSING if came.error is not None else came.value

    def _slot(self, node: ast.expr, value: Any) -> ast.Name:
        text = ast.unparse(node)
        known = next((leaf for leaf in self.leaves if leaf.text == text), None)
        if known is None:
            known = Leaf(text, value, f"_{len(self.leaves)}")
            self.leaves.append(known)
        return ast.Name(known.slot, ast.Load())


# These bind names of their own, which no frame holds.
_OWN_NAMES = (ast.GeneratorExp, ast.SetComp, ast.DictComp, ast.Lambda, ast.NamedExpr)


def _first_name(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


class _Renamed(ast.NodeTransformer):
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.AST:
        text = self.texts.get(node.id)
        return node if text is None else ast.parse(text, mode="eval").body


def _copied(node: Any) -> Any:
    if isinstance(node, list):
        return [_copied(part) for part in node]
    if not isinstance(node, ast.AST):
        return node
    # Not copy.deepcopy: `executing` links each node to its parent, and so to the whole file.
    new = type(node)(**{field: _copied(value) for field, value in ast.iter_fields(node)})
    return ast.copy_location(new, node)


def read(node: ast.expr, step: Step) -> Any:
    """Return what a name, an attribute or an item is, without running code of the learner's; else MISSING."""
    if isinstance(node, ast.Name):
        for space in (step.variables, step.frame.f_globals, vars(builtins)):
            if node.id in space:
                return space[node.id]
        return MISSING
    base = read(node.value, step) if isinstance(node, ast.Attribute | ast.Subscript) else MISSING
    if base is MISSING:
        return MISSING
    if isinstance(node, ast.Attribute):
        return attribute(base, node.attr)
    key = _number_or_name(node.slice) if isinstance(node, ast.Subscript) else None
    if isinstance(base, dict | UserDict) and key is not None:
        return base.get(key, MISSING)
    if isinstance(base, list | tuple) and isinstance(key, int) and -len(base) <= key < len(base):
        return base[key]
    return MISSING


def _number_or_name(key: ast.expr) -> Any:
    try:
        return ast.literal_eval(key)  # -1 is an operation on 1
    except ValueError:
        return None


def attribute(owner: Any, name: str) -> Any:
    """Read an attribute from where the object keeps it, without running any code of the object's class."""
    if isinstance(owner, ModuleType):
        return getattr(owner, name, MISSING)
    if isinstance(owner, UserDict) and name in owner.data:  # a BatchEncoding gives its fields as attributes
        return owner.data[name]
    kept = getattr(owner, "__dict__", None)
    if not isinstance(kept, dict):
        return MISSING
    parts = ("_modules", "_parameters", "_buffers") if isinstance(owner, nn.Module) else ()
    places = [kept, *(kept.get(part, {}) for part in parts)]
    return next((place[name] for place in places if name in place), MISSING)


def stored(owner: Any, name: str) -> Any:
    """Read an attribute as `attribute` does; None where there is none."""
    value = attribute(owner, name)
    return None if value is MISSING else value


def _is_harmless(tree: ast.expr, line: Line) -> bool:
    """Whether running the expression once more touches nothing: libraries' operations only."""
    if any(
        isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr) for node in ast.walk(tree)
    ):
        return False
    # A model inside another call takes its time, and its result is at hand.
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return all(_is_harmless_call(node.func, line, node is tree) for node in calls)


def _is_harmless_call(func: ast.expr, line: Line, is_outermost: bool) -> bool:
    leaf = line.of(func.id) if isinstance(func, ast.Name) else None
    name = func.attr if isinstance(func, ast.Attribute) else leaf.text if leaf is not None else ""
    last = name.rpartition(".")[2]
    if not last or last in NEVER_AGAIN or (last.endswith("_") and not last.endswith("__")):
        return False
    if leaf is not None:
        return _is_librarys(leaf.value) and (is_outermost or not isinstance(leaf.value, nn.Module))
    owner = func.value if isinstance(func, ast.Attribute) else None
    module = line.of(owner.id) if isinstance(owner, ast.Name) else None
    if module is None or not isinstance(module.value, ModuleType):
        return True  # a method of what a library made
    return _is_librarys(getattr(module.value, last, None))


def _is_librarys(value: Any) -> bool:
    """Whether calling this runs a library's code alone."""
    if isinstance(value, nn.Module):
        return True  # it is run on a stand-in
    if any(value is harmless for harmless in HARMLESS):
        return True
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType | type) and not callable(value):
        return False
    name = getattr(value, "__name__", "")
    if any(value is getattr(place, name, None) for place in (torch, F, np)):
        return True  # those written in C name no module
    module = getattr(value, "__module__", None) or type(owner if owner is not None else value).__module__
    return is_librarys(module) or (
        module == "builtins" and isinstance(owner, Tensor | str | list | tuple | dict)
    )


def _given(call: ast.expr, inner: Step) -> dict[tuple[int, int, int], Any]:
    """Return what the called function was given, by where each argument stands in the learner's line."""
    if not isinstance(call, ast.Call) or any(isinstance(part, ast.Starred) for part in call.args):
        return {}
    code, names = inner.frame.f_code, inner.frame.f_code.co_varnames
    values = inner.variables
    plain = list(names[: code.co_argcount])
    bound = bool(plain) and plain[0] in ("self", "cls")
    in_order = [values.get(name, MISSING) for name in plain[bound:]]
    rest = names[code.co_argcount + code.co_kwonlyargcount :]
    if code.co_flags & 4 and rest:  # *args
        in_order += list(values.get(rest[0], ()))
    by_name = dict(values)
    if code.co_flags & 8:  # **kwargs
        extra = values.get(rest[1 if code.co_flags & 4 else 0], {})
        by_name |= extra if isinstance(extra, dict) else {}
    found = dict(zip(map(_place, call.args), in_order, strict=False))
    if isinstance(values.get("self"), nn.Module):
        found[_place(call.func)] = values["self"]
    found |= {_place(part.value): by_name.get(part.arg or "", MISSING) for part in call.keywords}
    return {place: value for place, value in found.items() if value is not MISSING}


def _place(node: ast.expr) -> tuple[int, int, int]:
    return node.lineno, node.col_offset, node.end_col_offset or 0


def name_of(value: Any, steps: list[Step]) -> str:
    """Return the learner's own name for an object, such as "model.head", or "" where it has none."""
    return next((name for name, found in _named(steps) if found is value), "")


def _named(steps: list[Step]) -> Iterator[tuple[str, Any]]:
    for step in learners_steps(steps):
        yield from names_in(step).items()
        yield from ((name, value) for name, value in step.variables.items() if not name.startswith("_"))


def names_in(step: Step) -> dict[str, Any]:
    """Return what the failing expression names, by how it is spelled; nothing is run for it."""
    failing, _ = _failing(step)
    line = _line(step, failing) if failing is not None else None
    return {leaf.text: leaf.value for leaf in (line.leaves if line is not None else ())}
