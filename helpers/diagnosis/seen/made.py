"""Where a layer was made: the learner's own statement with another size in it: what a person changes.

Nothing is run for it. A layer is found where modules keep their parts; its statement in the source of the
frames, of the class that holds it, or of the notebook's other cells. A number that stands there is replaced
only where it is the layer's own, for a source may be newer than what ran.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import inf
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from executing import Source
from torch import nn

from helpers.diagnosis.seen.frames import Step, file_of, is_learners_code, is_librarys, learners_steps
from helpers.diagnosis.seen.line import read, stored

PLACES = {"in_features": 0, "out_features": 1, "num_embeddings": 0}  # a layer's sizes among its arguments
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)
TAKE_NUM_LABELS = r"Config$|\.from_(pretrained|config)$"
MOST_LINES = 3  # of a statement; of a longer one the call alone is shown


class Way(NamedTuple):
    """How a frame of the learner's reaches a layer: the names, and what they hold; the layer is last."""

    step: Step
    names: tuple[str, ...]
    held: tuple[Any, ...]

    def spelled(self, depth: int = -1) -> str:
        """Return how the learner would write the layer, or one before it, such as "model.fc[2]"."""
        rest = self.names[1 : depth % len(self.names) + 1]
        return self.names[0] + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in rest)


class Text(NamedTuple):
    """A source, and the function in it whose names are meant."""

    place: str
    text: str
    scope: Any = None  # none: the names of the cell or script itself
    until: float = inf  # what stands below the line that failed has not run
    inside: str = ""


class Made(NamedTuple):
    """A statement, and the expression in it that made what is looked for."""

    text: Text
    statement: ast.stmt
    value: ast.expr


def ways_to(steps: list[Step], is_it: Callable[[nn.Module], bool]) -> Iterator[Way]:
    """Return how the learner's frames reach the layers that are meant; the outermost makes models."""
    for step in reversed(learners_steps(steps)):
        used = {name: step.frame.f_globals.get(name) for name in step.frame.f_code.co_names}
        for name, root in {**used, **step.variables}.items():
            if isinstance(root, nn.Module) and not name.startswith("_"):
                for path, part in nn.Module.named_modules(root):
                    if is_it(part):
                        names, held = path.split(".") if path else [], list[Any]([root])
                        for each in names:
                            held.append(held[-1]._modules[each])
                        yield Way(step, (name, *names), tuple(held))


def called_in(step: Step) -> list[Any]:
    """Return the functions and modules that a frame's own source calls."""
    text = _text_of(step.frame.f_code, step)
    return [read(call.func, step) for call in _calls(text.scope or _parsed(text.text))]


def typed(way: Way, size: str, new: int) -> str:
    """Return the learner's own statement that gives a layer another size, and where it is; "" if not known.

    Args:
        way: How the learner reaches the layer.
        size: One of `PLACES`.
        new: What it is to be.
    """
    return _Change(way, size, new).text()


def remade(way: Way, outputs: int) -> str:
    """Return what gives a head other outputs where the line that made it is not known."""
    layer = way.held[-1]
    for depth, held in enumerate(way.held):
        if has_num_labels(held, layer.out_features):
            return f"{way.spelled(depth)} = {from_pretrained(held, outputs)}"
    return f"{way.spelled()} = nn.Linear({layer.in_features}, {outputs})"


def has_num_labels(model: Any, outputs: int) -> bool:
    """Whether this is a model of transformers whose config holds its number of outputs."""
    config = stored(model, "config")
    is_known = all(is_librarys(type(each).__module__) for each in (model, config))
    return is_known and getattr(config, "num_labels", None) == outputs


def from_pretrained(model: Any, outputs: int) -> str:
    """Return how a model of transformers is given its number of outputs."""
    return f"{type(model).__name__}.from_pretrained(..., num_labels={outputs})"


class _Change:
    """The search for the one argument that is to be another number, from the layer outwards."""

    def __init__(self, way: Way, size: str, new: int) -> None:
        self.way, self.size, self.new = way, size, new
        self.old = getattr(way.held[-1], size)
        self.texts = tuple(_texts_of(way.step))
        code = way.step.frame.f_code
        is_local = way.names[0] in (*code.co_varnames, *code.co_cellvars)
        self.near = self.texts[: 1 if is_local else None]  # where the first name gets its value

    def text(self) -> str:
        for depth in reversed(range(len(self.way.held))):
            held, layer = self.way.held[depth], self.way.held[-1]
            for made in self._made(depth):
                call = _call_of(made.value, held, layer)
                found = self._with(made, call, _given(call, self.size, PLACES[self.size]), depth)
                if found:
                    return found
            if self.size == "out_features" and has_num_labels(held, self.old):
                return self._of_num_labels(depth)
        return ""

    def _made(self, depth: int) -> Iterator[Made]:
        """Return the statements that may have made what is held there."""
        for text in self.near:
            yield from _assigned(text, self.way.spelled(depth))
        for text in _inits(self.way, depth - 1):
            yield from _assigned(text, f"{text.scope.args.args[0].arg}.{self.way.names[depth]}")

    def _with(self, made: Made, call: ast.Call | None, given: ast.expr | None, depth: int) -> str:
        """Put the number there, or where the name that stands there gets its own."""
        found = ""
        if call is None or given is None or (isinstance(given, ast.Constant) and given.value != self.old):
            return ""
        if self.size == "out_features" and isinstance(given, ast.Name):
            found = self._of_parameter(made.text, given.id, depth) or self._of_variable(made.text, given.id)
        elif isinstance(given, ast.Attribute) and given.attr == "num_labels" and depth:
            found = self._of_num_labels(depth - 1)
        return found or _shown(made, call, _span(made.text, given), str(self.new))

    def _of_parameter(self, text: Text, name: str, depth: int) -> str:
        """The class that holds the layer is called with the number, or has it as a default."""
        own = next(_inits(self.way, depth - 1), None)
        if own is None or own.scope is not text.scope:
            return ""
        names = [each.arg for each in (*own.scope.args.args[1:], *own.scope.args.kwonlyargs)]
        kind = type(self.way.held[depth - 1]).__name__
        for made in self._made(depth - 1) if name in names else ():
            for call in _calls(made.value, rf"\b{kind}$"):
                given = _given(call, name, names.index(name))
                found = self._with(made, call, given, depth - 1) if given else self._added(made, call, name)
                if found:
                    return found
        return ""

    def _of_variable(self, text: Text, name: str) -> str:
        """A variable holds the number; a parameter of that name is none."""
        given = getattr(text.scope, "args", None)
        parameters = [each.arg for each in ast.walk(given) if isinstance(each, ast.arg)] if given else []
        for made in self._named(text, name) if name not in parameters else ():
            if isinstance(made.value, ast.Constant) and made.value.value == self.old:
                return _shown(made, None, _span(made.text, made.value), str(self.new))
        return ""

    def _of_num_labels(self, depth: int) -> str:
        """A model of transformers, or its config, is told the number when it is made; or it is told now."""
        for made in (made for outer in reversed(range(depth + 1)) for made in self._made(outer)):
            names = dict.fromkeys(part.id for part in ast.walk(made.value) if isinstance(part, ast.Name))
            configs = [each for name in names for each in self._named(made.text, name)]
            places = [each for each in configs if _calls(each.value, TAKE_NUM_LABELS)] + [made]
            calls = [(place, call) for place in places for call in _calls(place.value)]
            takes = [(*each, given) for each in calls for given in self._num_labels_of(each[1])]
            for place, call, given in sorted(takes, key=lambda each: each[2] is None):
                found = (
                    self._with(place, call, given, depth) if given else self._added(place, call, "num_labels")
                )
                if found:
                    return found
        return ""

    def _num_labels_of(self, call: ast.Call) -> list[ast.expr | None]:
        """What a call is given as num_labels, None where that is nothing; an empty list if it takes none."""
        function: Any = read(call.func, self.way.step)
        code = function.__code__ if isinstance(function, FunctionType) else None
        names = code.co_varnames[: code.co_argcount] if code is not None else ()
        given = _given(call, "num_labels", names.index("num_labels") if "num_labels" in names else None)
        takes = given or "num_labels" in names or re.search(TAKE_NUM_LABELS, ast.unparse(call.func))
        return [given] if takes else []

    def _named(self, text: Text, name: str) -> Iterator[Made]:
        for each in (text, text._replace(scope=None), *self.texts):
            yield from _assigned(each, name)

    def _added(self, made: Made, call: ast.Call, name: str) -> str:
        """Return the statement where the call is told one thing more."""
        names = {each.arg for each in call.keywords}
        if {None, "id2label"} & names or any(isinstance(each, ast.Starred) for each in call.args):
            return ""  # it may have been told already
        ends = [_span(made.text, each)[1] for each in (*call.args, *call.keywords)]
        place = max(ends, default=_span(made.text, call)[1] - 1)
        return _shown(made, call, (place, place), f"{', ' * bool(ends)}{name}={self.new}")


# The sources.


def _texts_of(step: Step) -> Iterator[Text]:
    """Where a frame's names get their values: in its function, its file, the notebook's other cells."""
    text = _text_of(step.frame.f_code, step)
    yield text._replace(until=step.line)
    yield text._replace(scope=None, until=step.line if text.scope is None else inf)
    cells = step.frame.f_globals.get("In")
    numbered = list(enumerate(cells)) if type(cells) is list else []
    yield from (Text(f"In[{place}], ", cell) for place, cell in reversed(numbered) if type(cell) is str)


def _inits(way: Way, depth: int) -> Iterator[Text]:
    """Each `__init__` of the learner's that what is held there went through, that of its own class first."""
    for kind in type(way.held[depth]).__mro__ if depth >= 0 else ():
        init = vars(kind).get("__init__")
        if isinstance(init, FunctionType) and is_learners_code(init.__code__, init.__module__):
            text = _text_of(init.__code__, way.step)
            if text.scope is not None:
                yield text._replace(inside=f", in {kind.__qualname__}.__init__")


def _text_of(code: CodeType, step: Step) -> Text:
    source = Source.for_filename(code.co_filename)
    nodes = source.statements_at_line(code.co_firstlineno) if source.tree is not None else ()
    scope = next((node for node in nodes if getattr(node, "name", "") == code.co_name), None)
    return Text(file_of(code.co_filename, step.frame.f_code.co_filename), source.text, scope)


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _assigned(text: Text, name: str) -> Iterator[Made]:
    """The assignments to a name, the latest first."""
    if re.split(r"\W", name)[0] not in text.text:
        return
    todo = [text.scope or _parsed(text.text)]
    for node in todo:  # it grows while it is read
        inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, BLOCKS)]
        todo += [each for each in inner if not isinstance(each, DEFINITIONS)]
    above = [node for node in todo if isinstance(node, ast.Assign) and node.lineno <= text.until]
    for node in sorted(above, key=lambda node: -node.lineno):
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            yield from (Made(text, node, value) for each, value in pairs if ast.unparse(each) == name)


# The calls in a statement, and its words.


def _calls(value: ast.AST, named: str = "") -> list[ast.Call]:
    """The calls whose function's name is like this, in the order in which they stand."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    found = [call for call in calls if re.search(named, ast.unparse(call.func))]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _call_of(value: ast.expr, held: Any, layer: nn.Module) -> ast.Call | None:
    """The call that made a layer, where each layer of its kind was made by a call of its own."""
    same = [part for part in nn.Module.modules(held) if type(part) is type(layer)]
    calls = _calls(value, rf"\b{type(layer).__name__}$")
    place = next(place for place, part in enumerate(same) if part is layer)
    return calls[place] if len(calls) == len(same) else None


def _given(call: ast.Call | None, name: str, place: int | None = None) -> ast.expr | None:
    """What a call is given under this name, or at this place."""
    if call is None or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    by_name = [each.value for each in call.keywords if each.arg == name]
    by_place = call.args[place : place + 1] if place is not None else []
    return next(iter([*by_name, *by_place]), None)


def _shown(made: Made, call: ast.Call | None, span: tuple[int, int], new: str) -> str:
    """Return the statement as the learner wrote it, but for what stands there; and where it is."""
    text, whole = made.text.text, made.statement
    is_long = (whole.end_lineno or 0) - whole.lineno >= MOST_LINES
    shown = call if call is not None and is_long else whole
    first, last = _span(made.text, shown)
    lines = (text[first : span[0]] + new + text[span[1] : last]).split("\n")
    lines[1:] = [re.sub(rf"^\s{{0,{whole.col_offset}}}", "", line) for line in lines[1:]]
    return "\n".join(lines) + f"  # {made.text.place}line {shown.lineno}{made.text.inside}"


def _span(text: Text, node: Any) -> tuple[int, int]:
    """Where a part of a source begins and ends; the parser counts bytes."""
    lines = text.text.split("\n")
    places = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    start, end = (
        sum(len(each) + 1 for each in lines[: line - 1]) + len(lines[line - 1].encode()[:column].decode())
        for line, column in places
    )
    return start, end
