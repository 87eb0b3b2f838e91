"""Find the loss call in a traceback: the tensors before anyone flattened them, the states a head read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.loss.call import FUNCTIONS, LossCall, loss_call, options_in, without_ones
from helpers.diagnosis.seen.frames import Step, is_learners
from helpers.diagnosis.seen.line import names_in

BY_CODE = {function.__code__: name for name, function in FUNCTIONS.items()}
# How many steps above the logits are looked at: between them and the head lie views, squeezes and transposes.
STEPS_UP = 24
VIEWS = ("View", "UnsafeView", "ReshapeAlias")


class Around(NamedTuple):
    """A step outside the loss, with its tensors by name."""

    step: Step
    tensors: Mapping[str, Tensor]


def find_loss(steps: list[Step]) -> tuple[LossCall, list[Around]] | None:
    """Return the innermost loss call and what is around it, or None where no known loss was called."""
    for index, step in enumerate(steps):
        name, own = BY_CODE.get(step.frame.f_code), step.variables
        passed, target = own.get("input"), own.get("target")
        if name is None or not isinstance(passed, Tensor) or not isinstance(target, Tensor):
            continue
        outside = [Around(step, _tensors_in(step)) for step in steps[index + 1 :]]
        call = loss_call(partial(FUNCTIONS[name], **options_in(own)), passed, target)
        # Logits and target as the learner holds them, where they were flattened on the way.
        held = _as_held(passed, target, outside), _as_held(target, passed, outside)
        folded = None if held[0] is passed and held[1] is target else held
        return replace(call, folded=folded, hidden=states_behind(held[0])), outside
    return None


def loss_behind(steps: list[Step]) -> LossCall | None:
    """Return the loss of class indices whose backward pass failed: autograd keeps what it was given."""
    backward = next((step for step in steps if step.frame.f_code is Tensor.backward.__code__), None)
    node = backward.variables["self"].grad_fn if backward else None
    if node is None or not node.name().startswith("NllLoss"):
        return None
    scores, target = _saved(node, "_saved_self"), _saved(node, "_saved_target")
    if not isinstance(scores, Tensor) or not isinstance(target, Tensor):
        return None
    # What cross entropy kept has gone through its softmax. A second one changes nothing.
    made = scores.grad_fn is not None and scores.grad_fn.name().startswith("LogSoftmax")
    return loss_call(F.cross_entropy if made else F.nll_loss, scores.detach(), target)


def _as_held(passed: Tensor, other: Tensor, outside: list[Around]) -> Tensor:
    if any(value is passed for step, held in outside if is_learners(step) for value in held.values()):
        return passed
    held = [value for _, tensors in outside for value in tensors.values()]
    same = [value for value in held if value.shape != passed.shape and _same_numbers(value, passed)]
    # Of several views the one with most axes is the one that nobody has flattened yet.
    return max(same, key=lambda value: value.ndim) if same else before_view(passed, other)


def _same_numbers(one: Tensor, other: Tensor) -> bool:
    """Tell whether one is a view of the other."""
    if one.numel() != other.numel() or not one.numel() or one.layout != other.layout or one.is_meta:
        return False
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def before_view(flat: Tensor, other: Tensor) -> Tensor:
    """Return the tensor that this one is a view of, where the view changed what its rows are."""
    base, node = flat._base, flat.grad_fn
    sizes = _saved(node, "_saved_self_sym_sizes") if node and node.name().startswith(VIEWS) else None
    if sizes and prod(sizes) == flat.numel():
        base = flat.view(tuple(sizes))  # autograd knows the last view only, and a model makes several
    if base is None or base.numel() != flat.numel() or without_ones(base.shape) == without_ones(flat.shape):
        return flat
    # A base with fewer axes is most often only how the numbers were made, unless its rows are those that fit.
    fits = flat.shape[:1] != other.shape[:1] == base.shape[:1]
    return base if base.ndim > flat.ndim or fits else flat


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
    product = _product(logits)
    states = _saved(product, "_saved_mat1")
    states = states if isinstance(states, Tensor) else _saved(product, "_saved_self")
    if not logits.ndim or not isinstance(states, Tensor) or states.shape[-1] == logits.shape[-1]:
        return None
    sizes = (*logits.shape[:-1], states.shape[-1])
    return states.detach().reshape(sizes) if states.numel() == prod(sizes) else None


def weight_behind(logits: Tensor) -> Tensor | None:
    """Return the (C, H) weight of the linear head that made these logits; autograd keeps it itself."""
    product = _product(logits)
    for node, _ in product.next_functions if product is not None else ():
        while node is not None and node.name().startswith(("TBackward", "ToCopy")):  # turned, or in half
            node = node.next_functions[0][0]
        weight = getattr(node, "variable", None)
        if isinstance(weight, Tensor) and weight.ndim == 2:
            return weight
    return None


def _product(logits: Tensor) -> Any:
    """The last product with a matrix on the way to these logits."""
    return next((node for node in _history(logits) if node.name().startswith(("Addmm", "Mm"))), None)


def is_joined(logits: Tensor) -> bool:
    """Whether autograd knows that rows were joined below each other on the way to these logits."""
    return any(node.name().startswith("Cat") and _saved(node, "_saved_dim") == 0 for node in _history(logits))


def _history(tensor: Tensor) -> Iterator[Any]:
    """The last steps of autograd on the way to a tensor, the latest first."""
    nodes: list[Any] = [tensor.grad_fn]
    for node in nodes:  # it grows while it is read
        if node is not None:
            yield node
            nodes += [parent for parent, _ in node.next_functions] if len(nodes) < STEPS_UP else []


def _saved(node: Any, name: str) -> Any:
    """Return what a step of autograd keeps under a name, or None where it keeps nothing any more."""
    try:
        return getattr(node, name, None)
    except RuntimeError:  # backward() has already freed it
        return None
