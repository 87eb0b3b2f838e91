"""Find the loss call in a traceback, with the tensors as they were before anyone flattened them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from inspect import signature
from math import prod
from typing import Any

from torch import Tensor

from helpers.diagnosis.loss.call import FUNCTIONS, OPTIONS, LossCall
from helpers.diagnosis.loss.hidden import saved, states_behind
from helpers.diagnosis.seen.frames import Step, is_learners
from helpers.diagnosis.seen.line import names_in

BY_CODE = {function.__code__: name for name, function in FUNCTIONS.items()}
DEFAULTS = {
    name: {key: value.default for key, value in signature(function).parameters.items()}
    for name, function in FUNCTIONS.items()
}


def find_loss(steps: list[Step]) -> tuple[LossCall, list[Step]] | None:
    """Return the innermost loss call, and the steps outside it, or None where no known loss was called."""
    for index, step in enumerate(steps):
        name = BY_CODE.get(step.frame.f_code)
        variables = step.variables
        if name is None or not _are_tensors(variables.get("input"), variables.get("target")):
            continue
        outside = steps[index + 1 :]
        call = _call(name, dict(variables))
        hidden = states_behind(_as_held(call.logits, outside))
        return replace(call, folded=_before_folding(call, outside), hidden=hidden), outside
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


def _before_folding(call: LossCall, outside: list[Step]) -> tuple[Tensor, Tensor] | None:
    """Return logits and target as the learner holds them, where they were flattened on the way."""
    logits, target = _as_held(call.logits, outside), _as_held(call.target, outside)
    return None if logits is call.logits and target is call.target else (logits, target)


def _as_held(passed: Tensor, outside: list[Step]) -> Tensor:
    held = [value for step in outside for value in tensors_in(step).values()]
    if any(value is passed for step in outside if is_learners(step) for value in tensors_in(step).values()):
        return passed
    same = [value for value in held if value.shape != passed.shape and _same_numbers(value, passed)]
    # Of several views the one with most axes is the one that nobody has flattened yet.
    return max(same, key=lambda value: value.ndim) if same else _unfolded(passed)


def _unfolded(passed: Tensor) -> Tensor:
    """Undo a view that was written into the call, such as `criterion(model(x).view(-1, 3), y)`."""
    sizes = saved(passed.grad_fn, "_saved_self_sym_sizes") if _is_view(passed) else None
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


def tensors_in(step: Step) -> dict[str, Tensor]:
    """Return a frame's own tensors by name; those inside its dictionaries too, such as batch["labels"]."""
    found: dict[str, Tensor] = {}
    for name, value in {**step.variables, **_named(step)}.items():
        if isinstance(value, Tensor):
            found[name] = value
        elif isinstance(value, dict) and name != "kwargs" and len(value) < 50:
            found |= {f'{name}["{key}"]': item for key, item in value.items() if isinstance(item, Tensor)}
    return found


def _named(step: Step) -> dict[str, Any]:
    return names_in(step) if is_learners(step) else {}
