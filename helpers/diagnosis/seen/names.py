"""What the learner's failing expression names, and how the learner calls an object.

Only looked at, never run again: an attribute is read from where it is stored, so that no property of the
learner's runs.
"""

from __future__ import annotations

import dis
from collections import UserDict
from functools import lru_cache
from types import CodeType
from typing import Any

from torch import nn

from helpers.diagnosis.seen.frames import Step, learners_steps

LOADS = ("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF")
BETWEEN = ("CACHE", "BINARY_SUBSCR", "PRECALL", "PUSH_NULL")
MAPPINGS = (dict, UserDict)
Route = tuple[tuple[str, str], ...]  # how each part is reached ("", "." or "["), and its name


def named(step: Step) -> dict[str, Any]:
    """Return what the failing expression names, in the order in which it names it.

    For `torch.stack(rows)` that is {"torch": ..., "rows": ...}; `self.head` and `batch["labels"]` are names.
    It is read from the byte code's positions, so it works where there is no source to read.
    """
    found: dict[str, Any] = {}
    for path in _paths(step.frame.f_code, step.lasti):
        value = step.variables.get(path[0][1], step.frame.f_globals.get(path[0][1]))
        for how, key in path[1:]:
            value = (
                stored(value, key) if how == "." else value.get(key) if isinstance(value, MAPPINGS) else None
            )
        if value is not None:
            found[_spelled(path)] = value
    return found


def _spelled(path: Route) -> str:
    return "".join(key if not how else f".{key}" if how == "." else f'["{key}"]' for how, key in path)


@lru_cache(maxsize=512)
def _paths(code: CodeType, lasti: int) -> tuple[Route, ...]:
    """Return what an instruction's expression loads, each such as (("", "batch"), ("[", "labels"))."""
    failing = _range(code, lasti)
    if failing[0] is None or failing[2] is None:
        return ()
    paths: list[Route] = []
    path: Route = ()
    for place in dis.get_instructions(code):
        if not _inside(place.positions, failing):
            continue
        if place.opname.startswith(LOADS):
            names = place.argval if isinstance(place.argval, tuple) else (place.argval,)
            paths += [(("", str(name)),) for name in names]
        elif place.opname in ("LOAD_ATTR", "LOAD_METHOD") and path:
            paths.append((*path, (".", str(place.argval))))
        elif place.opname == "LOAD_CONST" and isinstance(place.argval, str) and path:
            paths.append((*path, ("[", place.argval)))
        elif place.opname not in BETWEEN:
            path = ()
            continue
        path = paths[-1] if paths else ()
    return tuple(paths)


def _range(code: CodeType, lasti: int) -> tuple[Any, ...]:
    """Return an expression's lines and columns; the whole line's for `rows[0] = row`, to have row as well."""
    positions = list(code.co_positions())
    failing = positions[min(lasti // 2, len(positions) - 1)]
    stores = any(
        place.offset == lasti and place.opname == "STORE_SUBSCR" for place in dis.get_instructions(code)
    )
    return (failing[0], failing[1], 0, 10_000) if stores else failing


def _inside(positions: Any, failing: tuple[Any, ...]) -> bool:
    if positions is None or positions.lineno is None or positions.col_offset is None:
        return False
    start, end = (failing[0], failing[2]), (failing[1], failing[3])
    return (
        start <= (positions.lineno, positions.col_offset)
        and (positions.end_lineno, positions.end_col_offset) <= end
    )


def stored(owner: Any, attribute: str) -> Any:
    """Read an attribute from where the object keeps it, without running any code of the object's class."""
    kept = getattr(owner, "__dict__", None)
    if not isinstance(kept, dict):
        return None
    places = [
        kept,
        *(
            kept.get(name, {})
            for name in ("_modules", "_parameters", "_buffers")
            if isinstance(owner, nn.Module)
        ),
    ]
    return next((place[attribute] for place in places if attribute in place), None)


def name_of(value: Any, steps: list[Step]) -> str:
    """Return the learner's own name for an object, such as "model.head", or "" where it has none."""
    for step in learners_steps(steps):
        for name, candidate in {**named(step), **step.variables}.items():
            if candidate is value and not name.startswith("_"):
                return name
    return ""


def called(step: Step, names: tuple[str, ...]) -> str:
    """Return which of these functions the failing expression names, or "@" for a matrix product."""
    spelled = [route[-1][1] for route in _paths(step.frame.f_code, step.lasti)]
    found = next((name for name in names if name in spelled), "")
    if found or "@" not in names:
        return found
    return "@" if _failing(step).argrepr in ("@", "@=") else ""


def is_index(step: Step) -> bool:
    """Whether the failing expression is `value[index]`, read or assigned."""
    return "SUBSCR" in _failing(step).opname


def _failing(step: Step) -> dis.Instruction:
    places = dis.get_instructions(step.frame.f_code)
    return next(place for place in places if place.offset >= step.lasti)


def numbers(step: Step) -> list[int]:
    """Return the whole numbers that the failing call is given; none where one of them is itself computed."""
    code = step.frame.f_code
    failing = _range(code, step.lasti)
    places = [place for place in dis.get_instructions(code) if _inside(place.positions, failing)]
    if sum(place.opname.startswith("CALL") for place in places) > 1:
        return []
    found: list[int] = []
    for place in places:
        if place.opname == "LOAD_CONST":
            given = place.argval if isinstance(place.argval, tuple) else (place.argval,)
            found += [value for value in given if isinstance(value, int)]
        elif place.opname.startswith(LOADS) and isinstance(place.argval, str):
            value = step.variables.get(place.argval, step.frame.f_globals.get(place.argval))
            found += [value] if isinstance(value, int) else []
    return found
