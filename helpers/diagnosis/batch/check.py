"""Look for mistakes in what goes into a model, most of which raise nothing: masks, labels, problem_type.

`run` makes the forward pass and sees the losses in it, `masks` and `labels` hold the rules, and here they
meet and fixes are tried. A Keras model is asked in its own room.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from helpers.diagnosis.batch.labels import (
    fewer_logits,
    integer_one_hot,
    loss_inside,
    one_hot,
    problem_type,
    squeezed,
    turned,
)
from helpers.diagnosis.batch.masks import hidden_tokens, mask, padding_is_read, padding_labels, shifted_labels
from helpers.diagnosis.batch.run import Run, describe, run
from helpers.diagnosis.explain import explain
from helpers.diagnosis.keras.loss import check_keras_model, is_keras
from helpers.diagnosis.said.finding import Candidate, Finding
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import said
from helpers.diagnosis.seen.raised import shape
from helpers.diagnosis.seen.stand_in import stand_in

Rule = Callable[[Run], Finding | None]
Findings = dict[Rule, Finding]

# The most certain first.
RULES: tuple[Rule, ...] = (
    mask,
    problem_type,
    loss_inside,
    squeezed,
    turned,
    one_hot,
    hidden_tokens,
    padding_labels,
    shifted_labels,
    fewer_logits,
    padding_is_read,
)


def check_batch(model: Any, batch: Mapping[str, Any], classes: int | None = None) -> Diagnosis:
    """Run `model(**batch)` once, and say what is wrong with it even where nothing is raised.

    Of a compiled Keras model the batch is {"x": ..., "y": ...}: what `model.fit` is given, a few rows of it.

    It runs in evaluation mode and without gradients, on a stand-in that shares nothing but the weights:
    modes, `config.problem_type`, random numbers and the batch stay as they are.

    Args:
        model: A transformers model, any module with named inputs, or a compiled Keras model.
        batch: What is passed by name: `input_ids` (N, T), `attention_mask` (N, T), `labels`, ...; to Keras
            `x` and `y`, such as (N, T) and (N,).
        classes: How many classes the data has, where that is known. One batch alone can hardly tell an
            output that is never needed from a class that is rare.

    Returns:
        A `Diagnosis` whose outcome is "ok", "silent" or "raises". Its fixes change `batch` or `model`; each
        was run on copies, and the check repeated, before it is shown.

    Raises:
        TypeError: The batch is not a mapping, or a Keras model is not compiled.

    >>> from helpers import load_bert
    >>> ids = torch.tensor([[101, 200, 201, 102], [101, 202, 102, 0]])
    >>> print(check_batch(load_bert("sequence"), {"input_ids": ids}))
    ⚠ no error, and still a mistake
    cause  no mask that fits
    got    input_ids (N=2, T=4) with 1 padding token, no attention_mask, logits (2, 3)
    needs  attention_mask (2, 4) with 0 at the 1 padding token; left out, all tokens are read
    try    batch["attention_mask"] = (batch["input_ids"] != 0).long()  # or the tokenizer's own: logits (2, 3)
    """
    if not isinstance(batch, Mapping):
        raise TypeError(
            f"got a {type(batch).__name__}. check_batch needs a mapping from names to tensors. "
            'Try {"input_ids": ..., "attention_mask": ..., "labels": ...}.'
        )
    if is_keras(model):
        return check_keras_model(model, batch.get("x"), batch.get("y"), classes)
    gpus = sorted({weight.device.index for weight in model.parameters() if weight.is_cuda})
    with torch.random.fork_rng(devices=gpus), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cause is named below, not torch's guess at one
        seen, error = run(stand_in(model), batch, classes)
        found = _findings(seen, RULES if error is None else (problem_type, integer_one_hot))
        fixes = _proven(found, model, batch, classes)
    finding = next(iter(found.values()), None)
    if error is not None:
        return _raised(error, seen, finding if fixes else None, fixes)
    plain = Diagnosis("silent" if finding else "ok", describe(seen), seen.loss)
    return finding.told(plain, fixes) if finding else plain


def _findings(seen: Run, rules: tuple[Rule, ...] = RULES) -> Findings:
    found = {rule: rule(seen) for rule in rules}
    return {rule: finding for rule, finding in found.items() if finding is not None}


def _raised(error: Exception, seen: Run, finding: Finding | None, fixes: tuple[Fix, ...]) -> Diagnosis:
    plain = Diagnosis("raises", describe(seen), error=said(error))
    explained = explain(error)
    # What the model was told is no tensor of the failing loss: where changing it mends the batch, it is why.
    return finding.told(plain, fixes) if finding else explained or plain


def _proven(
    found: Findings, model: nn.Module, batch: Mapping[str, Any], classes: int | None
) -> tuple[Fix, ...]:
    """Return what mends the first mistake and makes none; the others have fixes of their own."""
    if not found:
        return ()
    first, *others = found
    fixes = (_tried(candidate, others, model, batch, classes) for candidate in found[first].candidates)
    return tuple(fix for fix in fixes if fix is not None)


def _tried(
    candidate: Candidate, known: list[Rule], model: nn.Module, batch: Mapping[str, Any], classes: int | None
) -> Fix | None:
    """Run a repair on copies and check again; None where anything is wrong that was not known."""
    copied = {name: value.clone() if isinstance(value, Tensor) else value for name, value in batch.items()}
    space: dict[str, Any] = {"torch": torch, "model": stand_in(model), "batch": copied}
    try:
        exec(compile(candidate.code, "<fix>", "exec"), space)
    except Exception:
        return None  # a repair that raises is none
    seen, error = run(stand_in(space["model"]), space["batch"], classes)
    if error is not None or not set(_findings(seen)) <= set(known):
        return None
    loss = "" if seen.loss is None else f"loss {seen.loss:.3f}"
    logits = "" if seen.logits is None else f"logits {shape(seen.logits)}"
    return Fix(candidate.title, candidate.code, ", ".join(filter(None, (loss, logits))), candidate.when)
