"""Look for mistakes in what goes into a model, most of which raise nothing: masks, labels, problem_type.

`run` makes the forward pass and sees the losses in it, `masks` and `labels` hold the rules, and here they
meet and fixes are tried. A Keras model is asked in its own room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from helpers.diagnosis.batch.labels import of_kind, of_losses, of_rows
from helpers.diagnosis.batch.masks import of_mask, of_tokens
from helpers.diagnosis.batch.run import Run, run
from helpers.diagnosis.explain import explain
from helpers.diagnosis.keras.loss import check_keras_model, is_keras
from helpers.diagnosis.said.finding import Finding
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.alike import alike, example, program
from helpers.diagnosis.seen.frames import said
from helpers.diagnosis.seen.raised import shape
from helpers.diagnosis.seen.stand_in import stand_in
from helpers.trial import names_after, quiet

RULES = of_mask, of_kind, of_losses, of_rows, of_tokens  # the most certain first


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
    cause  the mask is missing or does not fit
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
    with quiet(), torch.random.fork_rng(devices=gpus):
        seen = run(stand_in(model), batch, classes)
        found = _found(seen)
        fixes = tuple(_proven(found, model, batch, classes))
    # What a model was told is no tensor of a loss that fails: where changing it mends the batch, it is why.
    first = found[0] if found and (fixes or seen.error is None) else None
    plain = Diagnosis("silent" if first else "ok", str(seen), seen.loss)
    if seen.error is not None:
        plain = Diagnosis("raises", str(seen), error=said(seen.error))
    plain = replace(plain, example=example(partial(_alike, seen, model), ask=_asked))
    if seen.error is not None:
        plain = plain if first else explain(seen.error) or plain
    return first.told(plain, fixes) if first else plain


def _alike(seen: Run, model: nn.Module) -> str:
    """Return a program with such a model and such a batch: its padding is where the learner's is."""
    tensors, padding, lines = dict(seen.batch), seen.padding, list[str]()
    if seen.ids is not None and padding is not None:
        tensors["input_ids"] = seen.ids.masked_fill(padding, int(seen.ids[~padding].max()))
        length, sizes = padding.shape[1], f"torch.tensor({(~padding).sum(1).tolist()})[:, None]"
        is_padding = f"< {length} - {sizes}" if padding[:, 0].any() else f">= {sizes}"
        pad = seen.config.pad_token_id
        lines += [f'batch["input_ids"][torch.arange({length}) {is_padding}] = {pad}']
    lines += [f"classes = {seen.classes}"] * (seen.classes is not None)
    return program(f"model = {alike(model)}", f"batch = {alike(tensors)}", *lines, "output = model(**batch)")


def _asked(names: dict[str, Any], error: Exception | None) -> Diagnosis:
    return check_batch(names["model"], names["batch"], names.get("classes"))


def _found(seen: Run) -> list[Finding]:
    """Ask all rules about a model that ran, and one that raised about its task alone."""
    return [finding for rule in (RULES if seen.error is None else (of_kind,)) for finding in rule(seen)]


def _proven(
    found: list[Finding], model: nn.Module, batch: Mapping[str, Any], classes: int | None
) -> Iterator[Fix]:
    """Give what mends the first mistake and makes none, run on copies; the others have fixes of their own."""
    others = Counter(finding.cause for finding in found[1:])
    for fix in found[0].fixes if found else ():
        names = names_after(fix.code, {"torch": torch, "model": stand_in(model), "batch": dict(batch)})
        seen = run(stand_in(names["model"]), names["batch"], classes) if names else None
        if seen and seen.error is None and Counter(left.cause for left in _found(seen)) <= others:
            loss = [f"loss {seen.loss:.3f}"] if seen.loss is not None else []
            logits = [f"logits {shape(seen.logits)}"] if seen.logits is not None else []
            yield replace(fix, result=", ".join(loss + logits))
