"""What was raised, as every reader gets it, and how a repair is tried away from the learner's own objects."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType, SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import LIBRARIES, Step, is_learners, said, steps_of, where
from helpers.diagnosis.seen.line import Line, line_of, line_of_call
from helpers.trial import came_of

RERUN = "no value on the GPU can be read any more: restart, and run this on the CPU, which names the value"


CALL = nn.Module._call_impl.__code__


@dataclass(frozen=True)
class Raised:
    """An error with the frames it came through.

    Attributes:
        error: The exception.
    """

    error: BaseException

    @cached_property
    def steps(self) -> list[Step]:
        """The frames, the innermost first."""
        return steps_of(self.error)

    @cached_property
    def own(self) -> list[Step]:
        """Those of the learner's own code."""
        return [step for step in self.steps if is_learners(step)]

    @cached_property
    def where(self) -> str:
        """The learner's own innermost line."""
        return where(self.steps)

    @property
    def line(self) -> Line | None:
        """The learner's own failing expression."""
        return next(iter(self.lines), None)

    @cached_property
    def lines(self) -> list[Line]:
        """That line, and the same with each argument as one operand: what the called function was given."""
        if not self.own:
            return []
        place = self.steps.index(self.own[0])
        inner = self.steps[place - 1] if place else None
        both = [line_of(self.own[0], inner, as_given=each) for each in (False, True)[: 1 + bool(place)]]
        found = [line for line in both if line is not None]
        named = [[leaf.text for leaf in line.leaves] for line in found]
        return found[:1] if named[1:] == named[:1] else found

    @cached_property
    def outer_lines(self) -> list[Line]:
        """What else may be run again: the learner's lines that led there, and a model's own call."""
        found = [line_of(step, self.steps[self.steps.index(step) - 1]) for step in self.own[1:3]]
        inside = self.steps[: self.steps.index(self.own[0])] if self.own else self.steps
        calls = [step for step in inside if step.frame.f_code is CALL]
        found += [line_of_call(step, self.steps) for step in calls[-1:]]
        return [line for line in found if line is not None]

    @property
    def calls(self) -> list[Line]:
        """The calls of modules that the error came through, the innermost first."""
        return [line_of_call(step, self.steps) for step in self.steps if step.frame.f_code is CALL]

    @cached_property
    def is_unread(self) -> bool:
        """Whether a GPU has stopped, so that no value on it can be read any more."""
        lost: Any = getattr(torch, "AcceleratorError", ())
        return isinstance(self.error, lost) or "device-side assert" in str(self.error)

    @cached_property
    def squeezed(self) -> str:
        """Where squeeze() took the axis of a batch of one, as words that follow a sentence; or ""."""
        around = [each for step in self.own[:4] for each in step.variables.values()]
        operands = [leaf.value for leaf in (self.line.operands if self.line is not None else ())]
        made = [each.grad_fn.name() for each in operands if getattr(each, "grad_fn", None) is not None]
        was = any(name.startswith("SqueezeBackward") for name in made)  # autograd still knows
        if not was and not any(isinstance(each, Tensor) and each.shape[:1] == (1,) for each in around):
            return ""
        models = [type(each).forward for each in around if isinstance(each, nn.Module)]
        codes = [step.frame.f_code for step in self.own[:4]]
        codes += [each.__code__ for each in models if hasattr(each, "__code__")]
        place = next(filter(None, map(_squeeze_in, codes)), "")
        words = f": squeeze(){place} takes it from a batch of one; name the axis, or use flatten(1)"
        return words if place or was else ""

    def diagnosis(
        self, cause: str, got: str, needs: str, fixes: Iterable[Fix | None] = (), **more: Any
    ) -> Diagnosis:
        """Return what was found; a fix that did not run is left out."""
        more |= {"error": said(self.error), "where": self.where, "cause": cause, "needs": needs}
        return Diagnosis("raises", got, fixes=tuple(fix for fix in fixes if fix is not None), **more)


def explain_gpu(raised: Raised) -> Diagnosis | None:
    """Say what a device-side assert means where it surfaced too late to see which call it was."""
    if not raised.is_unread or not raised.own:
        return None
    tensors = [(name, value) for name, value in raised.own[0].variables.items() if isinstance(value, Tensor)]
    got = ", ".join(f"{name} {shape(value)}" for name, value in tensors[:4]) or "a stopped GPU"
    needs = "labels from 0 to C - 1, and ids from 0 to num_embeddings - 1: an index had no place"
    also = f"an id has no row in the embedding; {RERUN}"
    return raised.diagnosis("head_size", got, needs, certain=False, also=also)


def _squeeze_in(code: CodeType) -> str:
    """Return where a function of the learner's own squeezes, such as " in Net.forward, line 27,"."""
    if any(f"/{part}/" in code.co_filename for part in LIBRARIES):
        return ""
    for number in sorted({line for _, _, line in code.co_lines() if line}):
        if re.search(r"\.squeeze\(0?\)", linecache.getline(code.co_filename, number)):
            return f" in {code.co_qualname if code.co_name != '<module>' else 'your code'}, line {number},"
    has_source = bool(linecache.getlines(code.co_filename))
    return " in your code" if "squeeze" in code.co_names and not has_source else ""


def tried(
    title: str, code: str, values: dict[str, Any], proof: Callable[[SimpleNamespace], Any], when: str = ""
) -> Fix | None:
    """Run a repair and its proof; None when either raises, which says that it is none.

    Args:
        title: What the repair does.
        code: Python that rebinds one of the values.
        values: The learner's objects by the learner's names. For "self.head" the code gets a stand-in for
            `self`, so that what it assigns does not reach the learner's model.
        proof: Gets the names afterwards and returns what came out: a tensor, or words.
        when: When to choose this repair.
    """
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F}
    for name, value in values.items():
        _put(space, name, value.detach() if isinstance(value, Tensor) else value)

    def run() -> Any:
        exec(compile(code, "<fix>", "exec"), space)
        return proof(SimpleNamespace(**space))

    with torch.no_grad():
        came = came_of(run)
    gives = f"gives {shape(came.value)}" if isinstance(came.value, Tensor) else str(came.value)
    return Fix(title, code, gives, when) if came.error is None else None


def _put(space: dict[str, Any], name: str, value: Any) -> None:
    owner, _, rest = name.partition(".")
    if rest:
        _put(vars(space.setdefault(owner, SimpleNamespace())), rest, value)
    else:
        space[name] = value


def shape(value: Any, axes: str = "") -> str:
    """Spell a shape, with the axes' letters where they are known: "(N=2, T=7)"."""
    sizes = [int(size) for size in value.shape]
    if len(axes) == len(sizes):
        inner = ", ".join(f"{axis}={size}" for axis, size in zip(axes, sizes, strict=True))
    else:
        inner = ", ".join(map(str, sizes))
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"


def described(value: Any) -> str:
    """Say what stands somewhere: a shape, or what else it is."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        kind = str(value.dtype).removeprefix("torch.")
        return shape(value) if kind in ("float32", "int64") else f"{shape(value)} of {kind}"
    if isinstance(value, nn.Linear):
        return f"nn.Linear({value.in_features}, {value.out_features})"
    if isinstance(value, str):
        return f"is the text {value[:40]!r}"
    if isinstance(value, Mapping):
        parts = [f"{name} {shape(part)}" for name, part in value.items() if hasattr(part, "shape")]
        return f"is a {type(value).__name__}{' with ' * bool(parts)}{', '.join(parts[:4])}"
    if isinstance(value, list | tuple) and value:
        names = dict.fromkeys(_NOUNS.get(type(part), f"{type(part).__name__}s") for part in value[:100])
        sizes = dict.fromkeys(
            tuple(part.shape) if hasattr(part, "shape") else len(part)
            for part in value[:100]
            if hasattr(part, "shape") or isinstance(part, list | tuple)
        )
        kind = " of length" if all(isinstance(size, int) for size in sizes) else ""
        each = f"{kind} {', '.join(map(str, list(sizes)[:4]))}" if sizes else ""
        return f"is a {type(value).__name__} of {len(value)} {' and '.join(names)}{each}"
    return f"is a {type(value).__name__}"


_NOUNS = {str: "texts", int: "numbers", float: "numbers", Tensor: "tensors", list: "lists"}


def gave(value: Any) -> str:
    """Say what a line gave that now runs."""
    if hasattr(value, "shape") and hasattr(value, "ndim"):
        return f"gives {shape(value)}" if value.ndim else f"gives {float(value):.3f}"
    if isinstance(value, Mapping):
        tensors = {name: part for name, part in value.items() if isinstance(part, Tensor) and part.ndim}
        return next((f"gives {name} {shape(part)}" for name, part in tensors.items()), "runs")
    return "runs"
