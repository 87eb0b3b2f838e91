"""A model of the same weights that can be run, and changed, without a trace in the learner's own."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from torch import Tensor, nn

PARTS = ("_parameters", "_buffers", "_modules")


def stand_in(model: nn.Module, copies: dict[int, Any] | None = None) -> nn.Module:
    """Return a model of the same weights, in evaluation mode, whose parts and settings can be replaced.

    Copying BERT-base would take 400 MB and most of the time; this takes its few hundred small objects.
    """
    copies = {} if copies is None else copies
    if id(model) in copies:  # two parts of the model are the same one
        return copies[id(model)]
    twin: nn.Module = type(model).__new__(type(model))
    copies[id(model)] = twin
    state = {**vars(model), "training": False}
    state |= {name: dict(state[name]) for name in PARTS}
    config = state.get("config")
    if config is not None:
        # Shared by a model and the encoder inside it, and so by their stand-ins.
        state["config"] = copies.setdefault(id(config), copy.copy(config))
    modules = state["_modules"]
    modules.update({name: stand_in(part, copies) for name, part in modules.items() if part is not None})
    vars(twin).update(state)
    return twin


def twin_of(value: Any) -> Any:
    """Return what can be run, written to and changed in the place of something of the learner's."""
    if isinstance(value, nn.Module):
        return stand_in(value)
    if hasattr(value, "_tokenizer"):
        twin = copy.copy(value)
        twin._tokenizer = copy.deepcopy(value._tokenizer)  # each call sets how the one inside pads
        return twin
    if isinstance(value, np.ndarray):
        return value.copy()
    return value.detach() if isinstance(value, Tensor) else value


def without_numbers(value: Any) -> Any:
    """Return a tensor, or a stand-in of a model, that has shapes and dtypes alone; anything else as it is.

    >>> import torch
    >>> without_numbers(nn.Linear(2, 3))(without_numbers(torch.zeros(4, 2))).shape
    torch.Size([4, 3])
    """
    if isinstance(value, Tensor):
        return value.detach().to("meta")
    if not isinstance(value, nn.Module):
        return value
    twin = stand_in(value)
    for part in twin.modules():
        for kept in (vars(part)["_parameters"], vars(part)["_buffers"]):
            kept.update({name: each.detach().to("meta") for name, each in kept.items() if each is not None})
    return twin
