"""A failing expression read back from its byte code, for code that has no source to look at.

Only the instructions inside the failing expression's own range are read. One that is not known makes the
whole expression unknown: then less is said, and nothing wrong.
"""

from __future__ import annotations

import ast
import dis
from functools import lru_cache
from types import CodeType
from typing import Any

from helpers.diagnosis.seen.frames import words

SKIPPED = words("CACHE PRECALL RESUME NOP PUSH_NULL EXTENDED_ARG COPY_FREE_VARS GET_ITER NOT_TAKEN")
SKIPPED |= words("UNPACK_SEQUENCE FOR_ITER")
LOADS = ("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_CLOSURE")
# How many texts an instruction takes from the stack, and what it makes of them.
MAKES = {
    "LOAD_ATTR": (1, "{0}.{name}"),
    "LOAD_METHOD": (1, "{0}.{name}"),
    "BINARY_OP": (2, "({0} {sign} {1})"),
    "COMPARE_OP": (2, "({0} {sign} {1})"),
    "BINARY_SUBSCR": (2, "{0}[{1}]"),
    "STORE_SUBSCR": (3, "{1}[{2}] + {0}"),  # what is assigned has to fit what is there, as in a sum
    "UNARY_NEGATIVE": (1, "(-{0})"),
    "UNARY_NOT": (1, "(not {0})"),
    "UNARY_INVERT": (1, "(~{0})"),
    "DICT_MERGE": (2, "{1}"),
}
COMPREHENSION = "_comprehension"


@lru_cache(maxsize=512)
def decompiled(code: CodeType, lasti: int) -> ast.expr | None:
    """Return the expression that was at work, or None where it can't be read back."""
    at = instruction_at(code, lasti)
    whole = at.positions
    stack: list[str] = []
    if at.opname == "STORE_SUBSCR" and whole is not None:
        whole = whole._replace(col_offset=0, end_col_offset=10_000)  # with what is assigned
    try:
        for place in dis.get_instructions(code):
            if place.offset == at.offset or _is_inside(place.positions, whole):
                _step(stack, place, code.co_consts)
            if place.offset == at.offset:
                break
        tree: ast.Expression = ast.parse(stack[-1], mode="eval")
        return tree.body
    except (LookupError, SyntaxError):  # an unknown instruction, or a constant that no source can spell
        return None


def instruction_at(code: CodeType, lasti: int) -> dis.Instruction:
    """Return the instruction that was at work; a call may stand at one of the caches behind it."""
    return [place for place in dis.get_instructions(code) if place.offset <= lasti][-1]


def _is_inside(inner: dis.Positions | None, outer: dis.Positions | None) -> bool:
    if inner is None or outer is None or None in (*inner, *outer):
        return False
    starts = (outer.lineno, outer.col_offset) <= (inner.lineno, inner.col_offset)
    return starts and (inner.end_lineno, inner.end_col_offset) <= (outer.end_lineno, outer.end_col_offset)


def _step(stack: list[str], place: dis.Instruction, constants: tuple[Any, ...]) -> None:
    """Do to the stack what the instruction does, with texts in the place of values. A tuple ends in ",)"."""
    name, value, count = place.opname, place.argval, place.arg or 0
    if name in SKIPPED:
        return
    if name.startswith(LOADS):
        stack += value if isinstance(value, tuple) else [value]
    elif name in ("LOAD_CONST", "LOAD_SMALL_INT"):
        text = repr(value).replace("Ellipsis", "...")
        stack.append(f"{text[:-1].rstrip(',')},)" if value and isinstance(value, tuple) else text)
    elif name == "KW_NAMES":
        names = constants[count]
        stack[-len(names) :] = map("{}={}".format, names, stack[-len(names) :])
    elif name == "MAKE_FUNCTION":  # a comprehension: what it runs over comes next
        _taken(stack, 1 + bool(count))
        stack.append(COMPREHENSION)
    elif name == "BUILD_MAP" and not count:
        stack.append("{}")
    elif name == "BUILD_TUPLE":
        stack.append(f"({', '.join(_taken(stack, count))},)")
    elif name == "BUILD_LIST":
        stack.append(f"[{', '.join(_taken(stack, count))}]")
    elif name == "LIST_EXTEND":
        own, rest = _taken(stack, 2)
        stack.append(f"[{rest[1:-1]}]" if own == "[]" and rest.endswith(",)") else f"[*{own}, *{rest}]")
    elif name in ("BUILD_SLICE", "BINARY_SLICE"):
        parts = _taken(stack, 2 if name == "BINARY_SLICE" else count)
        stack.append(":".join("" if part == "None" else part for part in parts))
        if name == "BINARY_SLICE":
            stack[-2:] = [f"{stack[-2]}[{stack[-1]}]"]
    elif name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX"):
        _call(stack, name, count)
    else:
        takes, makes = MAKES["BINARY_SUBSCR" if place.argrepr == "[]" else name]
        taken = _taken(stack, takes)
        if "[" in makes and taken[-1].endswith(",)"):  # slices stand in no other brackets
            taken[-1] = taken[-1][1:-1]
        sign = place.argrepr.removeprefix("bool(").removesuffix(")")
        sign = sign.removesuffix("=") if name == "BINARY_OP" else sign
        stack.append(makes.format(*taken, name=value, sign=sign))


def _call(stack: list[str], name: str, count: int) -> None:
    if name == "CALL_FUNCTION_EX":
        packed = [f"**{stack.pop()}"] if count & 1 else []
        starred = stack.pop()
        each = starred[1:-1].rstrip(",") if starred.endswith(",)") else f"*{starred}"
        given = packed if starred == "()" else [each, *packed]
    else:
        names = ast.literal_eval(stack.pop()) if name == "CALL_KW" else ()
        is_comprehension = not count and stack[-2:-1] == [COMPREHENSION]
        given = _taken(stack, 1 if is_comprehension else count)
        plain = len(given) - len(names)
        given[plain:] = map("{}={}".format, names, given[plain:])
    stack.append(f"{stack.pop()}({', '.join(given)})")


def _taken(stack: list[str], count: int) -> list[str]:
    if count > len(stack):
        raise IndexError(f"{len(stack)} parts where {count} are taken")
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken
