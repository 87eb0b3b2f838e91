"""The learner's failing expression: what it names, and how to run it again with one thing changed.

`executing` finds the expression in the source. Where there is none, as in code that was handed to `exec`, it
is read back from the byte code. What the line names is only looked at; what is run again are operations of
libraries, on copies, and models, on stand-ins: no other function and no property of the learner's own.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections import UserDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from executing import Source
from torch import Tensor, nn

from helpers.diagnosis.seen.decompiled import decompiled, instruction_at
from helpers.diagnosis.seen.frames import Step, is_learners, is_librarys, learners_steps, words
from helpers.diagnosis.seen.stand_in import PARTS, twin_of
from helpers.trial import came_of, quiet

MISSING = object()
CHAIN = (ast.Name, ast.Attribute, ast.Subscript)
# These bind names that no frame holds, or go on elsewhere.
UNREADABLE = (
    ast.Lambda | ast.NamedExpr | ast.GeneratorExp | ast.SetComp | ast.DictComp | ast.Await | ast.Yield
)
DATA = (str, int, float, list, tuple, dict, slice, UserDict)
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

    @property
    def numbers(self) -> list[int]:
        """The whole numbers that the failing call is given as they stand, or by a name."""
        given = self.node.args if isinstance(self.node, ast.Call) and self.again else []
        values = [came_of(partial(self.run, node=node)).value for node in given]
        several = [value if isinstance(value, list | tuple) else (value,) for value in values]
        return [number for numbers in several for number in numbers if type(number) is int]

    def of(self, slot: str) -> Leaf | None:
        """Return the leaf that a slot stands for."""
        return next((leaf for leaf in self.leaves if leaf.slot == slot), None)

    def spelled(self, node: ast.expr | None = None, changed: Mapping[str, str] | None = None) -> str:
        """Return the expression as the learner wrote it, with other text for some of its leaves."""
        texts = {leaf.slot: leaf.text for leaf in self.leaves} | dict(changed or {})

        def written(part: ast.AST) -> ast.expr | None:
            text = texts.get(part.id) if isinstance(part, ast.Name) else None
            return None if text is None else ast.parse(text, mode="eval").body

        return ast.unparse(rebuilt(node or self.node, written))

    def spelled_in(self, words: str) -> str:
        """Put the learner's own names for the slots that a sentence names."""
        texts = {leaf.slot: leaf.text for leaf in self.leaves}
        return re.sub(r"\b_\d+(_\d+)?\b", lambda found: texts.get(found[0], found[0]), words)

    def run(self, changed: Mapping[str, Any] | None = None, node: ast.expr | None = None) -> Any:
        """Run it once more, with other values for some of its leaves.

        Raises:
            Whatever it raises.
        """
        tree = ast.fix_missing_locations(ast.Expression(rebuilt(node or self.node)))
        value = eval(compile(tree, "<line>", "eval"), {**self._twins, **(changed or {})})
        if self.parts and (isinstance(value, Mapping) or len(value) != len(self.parts)):
            raise ValueError(f"{len(value)} parts for {len(self.parts)} names")
        return value

    @cached_property
    def _twins(self) -> dict[str, Any]:
        return {leaf.slot: twin_of(leaf.value) for leaf in self.leaves}

    def made_by(self, leaf: Leaf, unpacked: bool = False) -> Line | None:
        """Return the assignment that a leaf comes from, the last above this line, where the source is known.

        Args:
            leaf: One that is a plain name.
            unpacked: Look for `_, name = expression`, and not for `name = expression`.
        """
        if not leaf.text.isidentifier() or not is_learners(self.step):
            return None
        tree, above = Source.for_frame(self.step.frame).tree, {}
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign):
                names = getattr(node.targets[0], "elts", []) if unpacked else node.targets
                is_it = any(isinstance(part, ast.Name) and part.id == leaf.text for part in names)
                if is_it and self.step.frame.f_code.co_firstlineno <= node.lineno < self.step.line:
                    above[node.lineno] = node.value
        return line_of(self.step, node=above[max(above)]) if above else None


def rebuilt(node: Any, other: Callable[[ast.AST], ast.expr | None] = lambda _: None) -> Any:
    """Copy an expression, with other parts for some of its own.

    Not copy.deepcopy: `executing` links each node to its parent, and so to the whole file.
    """
    if isinstance(node, list):
        return [rebuilt(part, other) for part in node]
    if not isinstance(node, ast.AST):
        return node
    new = other(node)
    return new or type(node)(**{name: rebuilt(value, other) for name, value in ast.iter_fields(node)})


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
    reader = _Reader(step, failing, _given(failing, inner) if inner is not None else {}, as_given)
    tree = rebuilt(failing, reader.other)
    return _unpacked(Line(step, tree, tuple(reader.leaves), reader.again, parts))


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
    return Line(line.step, node, tuple(leaves), line.again, line.parts)


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
        return ast.BinOp(node, ast.Add(), parent.value), ()
    if isinstance(node, ast.Attribute) and isinstance(parent, ast.Call) and parent.func is node:
        return parent, ()
    if isinstance(node, ast.Assign | ast.AugAssign):
        return node.value, ()
    if isinstance(node, ast.expr):
        return node, ()
    return (decompiled(step.frame.f_code, step.lasti) if node is None else None), ()


class _Reader:
    """Puts a slot in the place of what an expression names.

    What can't be run again is taken as the called function got it; or else it is run once, by itself.
    """

    def __init__(self, step: Step, root: ast.expr, given: Mapping[ast.expr, Any], as_given: bool) -> None:
        self.step, self.root, self.given = step, root, given
        self.leaves: list[Leaf] = []
        self.again = True
        parts = list(ast.walk(root))
        targets = [part.target for part in parts if isinstance(part, ast.comprehension)]
        self.bound = {part.id for each in targets for part in ast.walk(each) if isinstance(part, ast.Name)}
        # Of `np.stack` the search sees more than of a function without a name.
        functions = [part.func for part in parts if isinstance(part, ast.Call)]
        chains = [each for each in functions if isinstance(each, ast.Attribute)]
        self.kept = {each for each in chains if isinstance(read(each.value, step), ModuleType)}
        self.as_given = as_given or not all(map(self._is_harmless, parts))

    def other(self, node: ast.AST) -> ast.expr | None:
        """Return the slot for a part of the expression; None where it is to be looked into."""
        if not isinstance(node, ast.expr):
            return None
        value = self._value(node)
        if value is MISSING:
            self.again &= self._is_harmless(node)
            return None
        text = ast.unparse(node)
        known = next((leaf for leaf in self.leaves if leaf.text == text), None)
        if known is None:
            known = Leaf(text, value, f"_{len(self.leaves)}")
            self.leaves.append(known)
        return ast.Name(known.slot, ast.Load())

    def _value(self, node: ast.expr) -> Any:
        """Return what a part of the line is: named, given to the called function, or made on the line."""
        value = self._read(node) if node not in self.kept else MISSING
        if value is not MISSING or node is self.root or node is getattr(self.root, "func", None):
            return value
        if self.as_given and node in self.given:
            return self.given[node]
        if not isinstance(node, ast.ListComp) and all(map(self._is_harmless, ast.walk(node))):
            return MISSING
        line = line_of(self.step, node=node)
        with quiet():
            came = came_of(line.run) if line is not None and line.again else None
        return came.value if came is not None and came.error is None else MISSING

    def _read(self, node: ast.expr) -> Any:
        """Return what is known without running anything."""
        if isinstance(node, CHAIN):
            return MISSING if _first_name(node) in self.bound else read(node, self.step)
        return self.given.get(node, MISSING) if node is getattr(self.root, "func", None) else MISSING

    def _is_harmless(self, node: ast.AST) -> bool:
        """Whether running this part once more changes nothing, and runs code of libraries and models only."""
        if isinstance(node, ast.Call):
            return self._may_run(node)
        if isinstance(node, ast.Name):
            return node.id in self.bound or self._read(node) is not MISSING
        if isinstance(node, ast.Attribute | ast.Subscript) and self._read(node) is MISSING:
            return _is_open(self._read(node.value))
        return not isinstance(node, UNREADABLE)

    def _may_run(self, call: ast.Call) -> bool:
        function, name = self._read(call.func), ast.unparse(call.func).rpartition(".")[2]
        if name in NEVER_AGAIN or (name.endswith("_") and not name.endswith("__")):
            return False
        if isinstance(function, nn.Module):
            # A model inside another call takes its time, and its result is at hand.
            return call is self.root
        if function is MISSING:  # a method of what a library made
            return isinstance(call.func, ast.Attribute)
        return _is_librarys(function)


def _is_open(owner: Any) -> bool:
    """Whether an attribute, an item or a method of this is a library's affair, or a model's on a stand-in."""
    kind = owner if isinstance(owner, type) else type(owner)
    known = owner is MISSING or isinstance(owner, nn.Module | ModuleType) or issubclass(kind, DATA)
    return known or is_librarys(kind.__module__)


def _is_librarys(function: Any) -> bool:
    """Whether calling this runs a library's code alone."""
    name = getattr(function, "__name__", "")
    # Those written in C name no module.
    known = [*HARMLESS, *(vars(place).get(name) for place in (torch, F, np))]  # np.str would warn
    if isinstance(getattr(function, "__self__", None), (Tensor, *DATA)):
        return True
    module = getattr(function, "__module__", None) or type(function).__module__
    return any(function is each for each in known) or is_librarys(module)


def _first_name(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def read(node: ast.expr, step: Step) -> Any:
    """Return what a name, an attribute or an item is, without running code of the learner's; else MISSING."""
    if isinstance(node, ast.Name):
        spaces = (step.variables, step.frame.f_globals, vars(builtins))
        return next((space[node.id] for space in spaces if node.id in space), MISSING)
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
    places = [kept, *(kept.get(part, {}) for part in PARTS if isinstance(owner, nn.Module))]
    return next((place[name] for place in places if name in place), MISSING)


def stored(owner: Any, name: str) -> Any:
    """Read an attribute as `attribute` does; None where there is none."""
    value = attribute(owner, name)
    return None if value is MISSING else value


def _given(call: ast.expr, inner: Step) -> dict[ast.expr, Any]:
    """Return what the called function was given, by the argument that stands in the learner's line."""
    if not isinstance(call, ast.Call) or any(isinstance(part, ast.Starred) for part in call.args):
        return {}
    names, rest, extra, held = inspect.getargvalues(inner.frame)
    names = names[: inner.frame.f_code.co_argcount]
    in_order = [held.get(name, MISSING) for name in names if name not in ("self", "cls")]
    in_order += held.get(rest or "", ())
    by_name = {**held, **held.get(extra or "", {})}
    found = dict(zip(call.args, in_order, strict=False))
    found |= {each.value: by_name.get(each.arg or "", MISSING) for each in call.keywords}
    if isinstance(held.get("self"), nn.Module):
        found[call.func] = held["self"]
    return found


def name_of(value: Any, steps: list[Step]) -> str:
    """Return the learner's own name for an object, such as "model.head", or "" where it has none."""
    for step in learners_steps(steps):
        own = {name: held for name, held in step.variables.items() if not name.startswith("_")}
        for name, held in [*names_in(step).items(), *own.items()]:
            if held is value:
                return name
    return ""


def names_in(step: Step) -> dict[str, Any]:
    """Return what the failing expression names, by how it is spelled; nothing is run for it."""
    failing, _ = _failing(step)
    chains = [node for node in ast.walk(failing) if isinstance(node, CHAIN)] if failing is not None else []
    found = {ast.unparse(node): read(node, step) for node in chains}
    return {text: value for text, value in found.items() if value is not MISSING}
