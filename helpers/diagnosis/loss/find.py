"""Find the loss call in a traceback: the tensors before anyone flattened them, the states a head read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from math import prod
from typing import Any, NamedTuple

from torch import Tensor

from helpers.diagnosis.loss.call import FUNCTIONS, OPTIONS, LossCall
from helpers.diagnosis.seen.frames import Step, is_learners
from helpers.diagnosis.seen.line import names_in

BY_CODE = {function.__code__: name for name, function in FUNCTIONS.items()}
# How far above the logits the head's own product is looked for: views, squeezes and transposes lie between.
STEPS_UP = 6
DEFAULTS = {
    name: {key: value.default for key, value in signature(function).parameters.items()}
    for name, function in FUNCTIONS.items()
}


class Around(NamedTuple):
    """A step outside the loss, with its tensors by name."""

    step: Step
    tensors: Mapping[str, Tensor]


def find_loss(steps: list[Step]) -> tuple[LossCall, list[Around]] | None:
    """Return the innermost loss call and what is around it, or None where no known loss was called."""
    for index, step in enumerate(steps):
        name = BY_CODE.get(step.frame.f_code)
        variables = step.variables
        if name is None or not _are_tensors(variables.get("input"), variables.get("target")):
            continue
        outside = [Around(step, _tensors_in(step)) for step in steps[index + 1 :]]
        call = _call(name, dict(variables))
        logits, target = _as_held(call.logits, outside), _as_held(call.target, outside)
        # Logits and target as the learner holds them, where they were flattened on the way.
        folded = None if logits is call.logits and target is call.target else (logits, target)
        return replace(call, folded=folded, hidden=states_behind(logits)), outside
    return None


def _are_tensors(*values: Any) -> bool:
    return all(isinstance(value, Tensor) for value in values)


def _call(name: str, variables: dict[str, Any]) -> LossCall:
    defaults = DEFAULTS[name]
    options = {
        option: variables[option]
        for option in OPTIONS
        if option in defaults
        and variables.get(option) is not None
        and not _is_default(variables[option], defaults[option])
    }
    criterion = partial(FUNCTIONS[name], **options) if options else FUNCTIONS[name]
    return LossCall(name, criterion, variables["input"], variables["target"], options)


def _is_default(value: Any, default: Any) -> bool:
    return not isinstance(value, Tensor) and bool(value == default)


def _as_held(passed: Tensor, outside: list[Around]) -> Tensor:
    if any(value is passed for step, held in outside if is_learners(step) for value in held.values()):
        return passed
    held = [value for _, tensors in outside for value in tensors.values()]
    same = [value for value in held if value.shape != passed.shape and _same_numbers(value, passed)]
    # Of several views the one with most axes is the one that nobody has flattened yet.
    return max(same, key=lambda value: value.ndim) if same else _unfolded(passed)


def _unfolded(passed: Tensor) -> Tensor:
    """Undo a view that was written into the call, such as `criterion(model(x).view(-1, 3), y)`."""
    sizes = _saved(passed.grad_fn, "_saved_self_sym_sizes") if _is_view(passed) else None
    if sizes is None and passed._base is not None:
        sizes = passed._base.shape
    if sizes is None or len(sizes) <= passed.ndim or prod(sizes) != passed.numel() or 1 in sizes:
        return passed
    return passed.view(tuple(sizes))


def _is_view(passed: Tensor) -> bool:
    return passed.grad_fn is not None and passed.grad_fn.name().startswith(
        ("View", "UnsafeView", "ReshapeAlias")
    )


def _same_numbers(one: Tensor, other: Tensor) -> bool:
    """Tell whether one is a view of the other."""
    if one.numel() != other.numel() or not one.numel() or one.layout != other.layout or one.is_meta:
        return False
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def before_view(flat: Tensor, other: Tensor) -> Tensor:
    """Return the tensor that this one is a view of, where the view changed what its rows are."""
    base = flat._base
    if base is None or base.shape == flat.shape or base.numel() != flat.numel():
        return flat
    # A base with fewer axes is most often only how the numbers were made, unless its rows are those that fit.
    fits = bool(base.ndim and other.ndim and flat.ndim) and flat.shape[0] != other.shape[0] == base.shape[0]
    return base if base.ndim >= flat.ndim or fits else flat


def _tensors_in(step: Step) -> dict[str, Tensor]:
    """A frame's own tensors by name; those inside its dictionaries too, such as batch["labels"]."""
    named = names_in(step) if is_learners(step) else {}
    found: dict[str, Tensor] = {}
    for name, value in {**step.variables, **named}.items():
        if isinstance(value, Tensor):
            found[name] = value
        elif isinstance(value, dict) and name != "kwargs" and len(value) < 50:
            found |= {f'{name}["{key}"]': item for key, item in value.items() if isinstance(item, Tensor)}
    return found


def states_behind(logits: Tensor) -> Tensor | None:
    """Return the (..., H) states from which a linear head made these (..., C) logits, or None."""
    if not logits.ndim:
        return None
    for states in _products(logits):
        width = states.shape[-1]
        if width != logits.shape[-1] and states.numel() == prod(logits.shape[:-1]) * width:
            return states.detach().reshape(*logits.shape[:-1], width)
    return None


def _products(logits: Tensor) -> Iterator[Tensor]:
    node = logits.grad_fn
    for _ in range(STEPS_UP):
        if node is None:
            return
        for kept in ("_saved_mat1", "_saved_self"):
            if node.name().startswith(("Addmm", "Mm")) and isinstance(states := _saved(node, kept), Tensor):
                yield states
                return
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)


def is_joined(logits: Tensor) -> bool:
    """Whether autograd knows that rows were joined below each other on the way to these logits."""
    nodes = [logits.grad_fn]
    for node in nodes:  # it grows while it is read
        if node is not None and node.name().startswith("Cat") and _saved(node, "_saved_dim") == 0:
            return True
        if node is not None and len(nodes) < 4 * STEPS_UP:
            nodes += [parent for parent, _ in node.next_functions]
    return False


def _saved(node: Any, name: str) -> Any:
    """Return what a step of autograd keeps under a name, or None where it keeps nothing any more."""
    try:
        return getattr(node, name, None)
    except RuntimeError:  # backward() has already freed it
        return None
