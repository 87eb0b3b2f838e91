"""A failing expression read back from its byte code, for code that has no source to look at.

Only the instructions inside the failing expression's own range are read. One that is not known, as in a
comprehension, makes the whole expression unknown: then less is said, and nothing wrong.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

from helpers.diagnosis.seen.frames import words

SKIPPED = words("CACHE PRECALL RESUME NOP PUSH_NULL EXTENDED_ARG COPY_FREE_VARS GET_ITER NOT_TAKEN")
BUILT = {"BUILD_TUPLE": ast.Tuple, "BUILD_LIST": ast.List}
UNARY = {"UNARY_NEGATIVE": "-{}", "UNARY_NOT": "not {}", "UNARY_INVERT": "~{}"}
Stack = list[ast.expr]


@lru_cache(maxsize=512)
def decompiled(code: CodeType, lasti: int) -> ast.expr | None:
    """Return the expression that was at work, or None where it can't be read back."""
    positions = list(code.co_positions())
    failing = positions[min(lasti // 2, len(positions) - 1)]
    at = instruction_at(code, lasti)
    if at.opname == "STORE_SUBSCR":
        failing = (failing[0], failing[1], 0, 10_000)  # with what is assigned
    stack: Stack = []
    names: tuple[str, ...] = ()
    for place in dis.get_instructions(code):
        is_failing = place.offset == at.offset
        if not is_failing and not _inside(place.positions, failing):
            continue
        if place.opname == "KW_NAMES":
            names = code.co_consts[place.arg or 0]
        elif not _step(stack, place, names):
            return None
        elif place.opname == "CALL":
            names = ()
        if is_failing:
            break
    try:
        return _located(stack[-1]) if stack else None
    except SyntaxError:  # a constant that no source can spell
        return None


def instruction_at(code: CodeType, lasti: int) -> dis.Instruction:
    """Return the instruction that was at work; a call may stand at one of the caches behind it."""
    return [place for place in dis.get_instructions(code) if place.offset <= lasti][-1]


def _step(stack: Stack, place: dis.Instruction, names: tuple[str, ...]) -> bool:
    """Do to the stack what the instruction does; whether that could be told."""
    name, value = place.opname, place.argval
    try:
        if name in SKIPPED:
            return True
        if name.startswith(("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF")):
            stack += [
                ast.Name(str(each), ast.Load()) for each in (value if isinstance(value, tuple) else (value,))
            ]
        elif name in ("LOAD_CONST", "LOAD_SMALL_INT"):
            stack.append(ast.Constant(value))
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            stack.append(ast.Attribute(stack.pop(), str(value), ast.Load()))
        elif name == "BINARY_SUBSCR" or (name == "BINARY_OP" and place.argrepr == "[]"):
            key = stack.pop()
            stack.append(ast.Subscript(stack.pop(), key, ast.Load()))
        elif name == "STORE_SUBSCR":  # what is assigned has to fit what is there, as in a sum
            value, owner, key = _taken(stack, 3)
            stack.append(ast.BinOp(ast.Subscript(owner, key, ast.Load()), ast.Add(), value))
        elif name == "BINARY_SLICE":
            lower, upper = _taken(stack, 2)
            stack.append(ast.Subscript(stack.pop(), _slice(lower, upper), ast.Load()))
        elif name in ("BINARY_OP", "COMPARE_OP"):
            left, right = _taken(stack, 2)
            sign = (
                place.argrepr.removeprefix("bool(")
                .removesuffix(")")
                .removesuffix("=" if name == "BINARY_OP" else " ")
            )
            stack.append(_parsed(f"({{}}) {sign} ({{}})", left, right))
        elif name in UNARY:
            stack.append(_parsed(UNARY[name], stack.pop()))
        elif name in BUILT:
            stack.append(BUILT[name](_taken(stack, place.arg or 0), ast.Load()))
        elif name == "BUILD_SLICE":
            stack.append(_slice(*_taken(stack, place.arg or 2)))
        elif name == "LOAD_CLOSURE":
            stack.append(ast.Constant(None))
        elif name == "MAKE_FUNCTION":  # a comprehension: what it runs over comes next
            _taken(stack, 1 + bool(place.arg))
            stack.append(ast.Name("_comprehension", ast.Load()))
        elif name == "BUILD_MAP" and place.arg == 0:
            stack.append(ast.Dict([], []))
        elif (
            name == "LIST_EXTEND"
            and isinstance(stack[-1], ast.Constant)
            and isinstance(stack[-1].value, tuple)
        ):
            rest = stack.pop().value
            stack[-1].elts += [ast.Constant(each) for each in rest]
        elif name == "DICT_MERGE":
            stack[-2:] = [stack[-1]]
        elif name in ("CALL", "CALL_FUNCTION_EX", "CALL_KW"):
            _call(stack, place, names)
        elif name in ("UNPACK_SEQUENCE", "FOR_ITER"):
            pass
        else:
            return False
    except (IndexError, AttributeError, SyntaxError, TypeError):  # not the order that this reader knows
        return False
    return True


def _slice(*parts: ast.expr) -> ast.Slice:
    return ast.Slice(
        *(None if isinstance(part, ast.Constant) and part.value is None else part for part in parts)
    )


def _call(stack: Stack, place: dis.Instruction, names: tuple[str, ...]) -> None:
    below = stack[-2] if len(stack) > 1 else None
    if not place.arg and isinstance(below, ast.Name) and below.id == "_comprehension":
        over = stack.pop()
        stack[-1] = ast.Call(below, [over], [])
        return
    if place.opname == "CALL_FUNCTION_EX":
        packed = stack.pop() if (place.arg or 0) & 1 else None
        starred: ast.expr = stack.pop()
        given: Stack = [] if isinstance(starred, ast.Constant) else [ast.Starred(starred, ast.Load())]
        stack.append(ast.Call(stack.pop(), given, [ast.keyword(None, packed)] if packed else []))
        return
    if place.opname == "CALL_KW":
        names = getattr(stack.pop(), "value", ())
    values = _taken(stack, place.arg or 0)
    plain = len(values) - len(names)
    keywords = [ast.keyword(name, value) for name, value in zip(names, values[plain:], strict=True)]
    stack.append(ast.Call(stack.pop(), values[:plain], keywords))


def _taken(stack: Stack, count: int) -> Stack:
    taken = stack[len(stack) - count :] if count else []
    if len(taken) != count:
        raise IndexError
    del stack[len(stack) - count :]
    return taken


def _parsed(pattern: str, *parts: ast.expr) -> ast.expr:
    return ast.parse(pattern.format(*(ast.unparse(_located(part)) for part in parts)), mode="eval").body


def _located(node: ast.expr) -> ast.expr:
    """Give each part a place of its own, as parsed code has."""
    tree = ast.parse(ast.unparse(ast.fix_missing_locations(node)), mode="eval").body
    return tree


def _inside(positions: Any, failing: Iterable[Any]) -> bool:
    first, last, start, end = failing
    if positions is None or None in (positions.lineno, positions.col_offset, first, start):
        return False
    return (first, start) <= (positions.lineno, positions.col_offset) and (
        positions.end_lineno,
        positions.end_col_offset,
    ) <= (last, end)
