"""One line that calls a loss, in PyTorch, transformers or Keras: what it was made of, and what it did.

The line itself is run, so that a table of such lines shows what is true today. What it was made of is read by
running it once more, on something that keeps what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.bert import load_bert
from helpers.diagnosis import Diagnosis, check_batch, check_loss, explain
from helpers.trial import came_of

LETTERS = {2: "N", 5: "T", 3: "C"}  # the sizes of all examples: two sentences, five tokens, three classes
IDS = [[101, 200, 201, 202, 102], [101, 202, 201, 200, 102]]  # [CLS], three tokens, [SEP]


class Ran(NamedTuple):
    """A call that was run."""

    logits: Tensor  # what the head gave, in any library
    target: Tensor  # the right answers, as they were passed
    told: Diagnosis  # what the kit says about it
    names: Mapping[str, Any]  # what the line names; running it with these does what it did, errors included


Run = Callable[[str, str, str], Ran]  # from a loss, a call and a fix


def letters(tensor: Tensor) -> str:
    """Spell a shape with the axes' letters.

    >>> letters(torch.zeros(2, 3)), letters(torch.zeros(2))
    ('(N, C)', '(N,)')
    """
    axes = ", ".join(LETTERS.get(size, str(size)) for size in tensor.shape)
    return f"({axes})" if tensor.ndim > 1 else f"({axes},)"


def mending(run: Run, loss: str, call: str, fix: str, like: Tensor) -> str:
    """Return a fix after which a wrong call is right, or raise RuntimeError where there is none.

    It is this fix, or without one the kit's own that leaves whole numbers, or floating point, `like` this.
    """
    for code in [fix] if fix else [found.code for found in run(loss, call, "").told.fixes]:
        came = came_of(partial(run, loss, call, code))
        if isinstance(came.error, NameError):
            continue  # it mends logits inside a model, for which the line outside has no name
        if came.error:
            raise came.error
        is_like = came.value.target.is_floating_point() == like.is_floating_point()
        if came.value.told.outcome == "ok" and (fix or is_like):
            return code
    raise RuntimeError(f"got no fix for {call}. The table needs one that runs and is right.")


def _pytorch(loss: str, call: str, fix: str) -> Ran:
    tools = {"torch": torch, "nn": nn, "F": F, "randn": torch.randn, "tensor": torch.tensor}
    names = {**tools, "criterion": eval(loss, dict(tools))}
    given = eval(call, {**tools, "criterion": lambda logits, target: {"logits": logits, "target": target}})
    exec(fix, after := {**names, **given})
    told = check_loss(after["criterion"], after["logits"], after["target"])
    return Ran(after["logits"], after["target"], told, names)


def _transformers(loss: str, call: str, fix: str) -> Ran:
    ids = torch.tensor(IDS)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    tools = {"torch": torch, "F": F, "tensor": torch.tensor, "load_bert": load_bert, "batch": batch}
    names = {**tools, "model": eval(loss, dict(tools))}
    exec(fix, after := {**names, "batch": eval(call, {**tools, "model": dict})})
    with torch.no_grad():
        logits = after["model"](**batch).logits
    return Ran(logits, after["batch"]["labels"], check_batch(after["model"], after["batch"]), names)


def _keras(loss: str, call: str, fix: str) -> Ran:
    import numpy as np

    from helpers.keras_bert import keras

    tools = {"keras": keras, "np": np, "Dense": keras.layers.Dense, "x": np.zeros((2, 8), "float32")}
    layer, name = eval(loss, dict(tools))
    x, y = eval(call, {**tools, "model": SimpleNamespace(fit=lambda x, y: (x, y))})
    exec(fix, after := {**tools, "loss": name, "y": y})
    model = keras.Sequential([keras.Input((8,)), layer])
    model.compile(loss=after["loss"])
    names = {**tools, "model": SimpleNamespace(fit=partial(model.fit, verbose=0))}
    # Labels that have a name, so that a fix can name them.
    came = came_of(lambda: eval("model.fit(x, y)", {**names, "y": after["y"]}).history["loss"][0])
    if came.error:
        told = explain(came.error) or Diagnosis("raises", got="", error=str(came.error))
    else:
        told = Diagnosis("ok" if isfinite(came.value) else "silent", got="", loss=came.value)
    return Ran(model(x), torch.as_tensor(after["y"]), told, names)


RUNS: dict[str, Run] = {"PyTorch": _pytorch, "transformers": _transformers, "Keras": _keras}
