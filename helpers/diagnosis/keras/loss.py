"""Why a loss of Keras on torch raised, or ran and is a mistake: labels or an output of another kind."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.keras.alike import criterion_alike, example_of
from helpers.diagnosis.keras.data import explain_data
from helpers.diagnosis.keras.find import (
    BINARY,
    CATEGORICAL,
    OBJECTS,
    SPARSE,
    KerasCall,
    chosen,
    find_call,
    find_loss,
    loss_of_keras,
    read_loss,
)
from helpers.diagnosis.keras.layers import explain_layers
from helpers.diagnosis.keras.trial import compiled, keras, repaired
from helpers.diagnosis.loss.call import LossCall, loss_call
from helpers.diagnosis.loss.repairs import FAILS, FITS, RIGHT, has_its_shapes, loss_of, why
from helpers.diagnosis.loss.silent import what_is_silent
from helpers.diagnosis.loss.values import is_within_0_and_1, sums_to_1
from helpers.diagnosis.said.finding import SCORES, Finding
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.alike import example
from helpers.diagnosis.seen.frames import said
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.trial import came_of, quiet

MANY = 10**7  # numbers of a loss that are still run in a moment


def explain_keras(raised: Raised) -> Diagnosis | None:
    """A Keras model, layer, loss or metric that raised."""
    asked = find_call(raised)
    found = find_loss(raised, asked)
    if found is not None:
        return _raising(raised, asked, *found)
    told = explain_data(raised, asked) or explain_layers(raised, asked)
    return told and replace(told, example=example_of(raised, asked))


# What raises. The search that torch's losses are asked finds the mistake; words and repairs are Keras' own.


def _raising(raised: Raised, asked: KerasCall, call: LossCall, metric: str) -> Diagnosis | None:
    known = call if raised.is_unread else _of_all_labels(call, asked)
    found, counts = _search(known, metric, asked.model)
    if found is None:
        return None
    y, batch = asked.given.get("y") if known is not call else None, shape(call.target)
    whole = f"{shape(y)}, in one batch " if hasattr(y, "shape") and shape(y) != batch else ""
    got = f"y {whole}{batch}, output {shape(call.logits)}"
    got += f", loss {call.loss}" * bool(call.loss) + f", metric {metric}" * counts
    needs = re.sub(r"(the )?\btargets?\b", "y", found.needs).replace("logits", "output")
    fixes: list[Fix | None] = []
    if not known.unread:
        name = name_of(y, raised.steps) if y is not None else ""
        needs, *codes = _in_keras(known, needs, name, counts).get(found.mistake, (needs,))
        names = {"y": name} if name.isidentifier() else {}  # else no code that rebinds it runs
        labels = {"y": known.target.detach().cpu().numpy()}
        fixes = [repaired(code, asked.model, labels, names, known.logits) for code in codes if call.loss]
        if known.target.shape[:1] == known.logits.shape[:1]:
            needs = needs.replace(f"({len(known.target)},", "(N,")  # however many rows it was asked about
    cause = "one_hot_index" if counts and found.cause == "loss_choice" else found.cause
    cause = "head_size" if found.mistake == "range" and "Dense" in needs else cause
    more = {"certain": found.certain, "also": found.also, "example": example_of(raised, asked, known)}
    return raised.diagnosis(cause, got, needs, fixes, **more)


def _of_all_labels(call: LossCall, asked: KerasCall) -> LossCall:
    """Return the loss with the labels of later batches too: what mends one batch may not mend the next.

    The output's numbers are made up: Keras tries a loss on shapes alone at first.
    """
    y: Any = asked.given.get("y")
    rows = came_of(lambda: torch.as_tensor(np.asarray(y)).reshape(len(y), *call.target.shape[1:])).value
    sizes = call.logits.shape[1:]
    if rows is None or not rows.numel() or call.target.shape[:1] != call.logits.shape[:1]:
        return call
    if not call.unread and (call.target.min() < rows.min() or call.target.max() > rows.max()):
        return call  # of validation data
    target = rows[: max(1, MANY // max(1, prod(sizes)))]
    made_up = torch.full((len(target), *sizes), 1 / max(sizes[-1:], default=1))
    return replace(call, target=target, logits=made_up, unread=False)


def _search(call: LossCall, metric: str, model: Any) -> tuple[Finding | None, bool]:
    """Find the mistake in a loss; or, where it runs and only a metric raises, in the metrics, and say so."""
    counts = bool(metric) and not call.unread and came_of(lambda: loss_of(call)).error is None
    if call.loss == SPARSE and call.target.ndim == call.logits.ndim and call.target.shape[-1] == 1:
        call = replace(call, target=call.target.squeeze(-1))  # Keras does so too

    def metrics(logits: Tensor, target: Tensor) -> Tensor:
        return torch.tensor(compiled(model, target, logits, lambda target, output: output * 0))

    def grade(tried: LossCall) -> tuple[int, float | None]:
        """Keras reads other numbers than torch: only shapes and what raises count here."""
        came = came_of(lambda: loss_of(tried)) if has_its_shapes(tried) else None
        return (FAILS, None) if came is None else (RIGHT if came.error is None else FITS, came.value)

    if counts:  # metrics take numbers, as a loss of numbers does
        call = replace(call, loss="", criterion=metrics)
    with quiet():
        return why(call, grade), counts


def _in_keras(call: LossCall, needs: str, y: str, counts: bool) -> dict[str, tuple[str, ...]]:
    """Return by mistake what is needed, in Keras' words, and code that may be the repair."""
    sizes, target = tuple(call.logits.shape) or (1,), call.target
    lowest, highest = (int(target.min()), int(target.max())) if target.numel() else (0, 0)
    dense = f"Dense({highest + 1}) for labels up to {highest}"
    beyond = f"; {dense}" * (highest >= max(sizes[-1], 1 + (call.loss == BINARY)))
    use = {name: chosen(name, call.options["from_logits"]) for name in OBJECTS}
    columns = f"{y} = keras.utils.to_categorical({y}, {sizes[-1]})"
    columns += f"\n{use[CATEGORICAL]}" * (call.loss == SPARSE)
    pool = f"{needs}; put GlobalAveragePooling{max(1, len(sizes) - 2)}D before the last Dense"
    indices = f"a number for each output, y {sizes}; for indices, {SPARSE}" + ' and "accuracy"' * counts
    of_indices = indices + beyond, use[SPARSE], columns
    of_ones = f"two equal shapes: y {sizes}", f"{y} = {y}.reshape(-1, {', '.join(map(str, sizes[1:]))})"
    one_hot = f"indices {sizes[:-1]}; these rows are one-hot: {CATEGORICAL} takes them"
    return {
        "tokens": (pool,),
        "no_tokens": (f"{needs}, with return_sequences=True and no pooling",),
        "columns": (f"{needs}; so Dense({target.shape[-1] if target.ndim else 1})",),
        "head": (f"an output for every label: {dense}; the model has {sizes[-1]}",),
        "labels": (f"{needs}{beyond}", f"{y} = {y} - {lowest}"),
        "range": (f"0 or 1 for each output{beyond}, with {SPARSE}" if beyond else needs,),
        "one_hot": (one_hot, use[CATEGORICAL], f"{y} = {y}.argmax(-1)"),
        "several": (f"{needs}, with {BINARY}", use[BINARY]),
        "indices": of_indices,
        "one_class": of_indices,
        "ones": of_ones,
        "extra_one": of_ones,
    }


# What runs. The three cross entropies ask torch's of the same kind; what it finds is said in Keras' words.

NUMBERS = ("mean_squared_error", "mean_absolute_error", "huber")  # what is wrong with one is with all


def as_torch(call: LossCall) -> LossCall | None:
    """Return the call of torch's loss that computes the same; None for a loss that has none."""
    output, target, raw = call.logits, call.target, call.options["from_logits"]
    if target.numel() == output.numel():
        target = target.reshape(output.shape)  # Keras adds an axis of size 1 by itself
    if call.loss in (BINARY, *NUMBERS):
        binary = F.binary_cross_entropy_with_logits if raw else F.binary_cross_entropy
        return loss_call(binary if call.loss == BINARY else F.mse_loss, output, target.to(output.dtype))
    if call.loss not in OBJECTS or not output.ndim:
        return None
    rows = output.reshape(-1, output.shape[-1])
    logits = rows if raw else rows.clamp_min(1e-12).log()  # softmax of these is the output again
    target = target.flatten().long() if call.loss == SPARSE else target.reshape(rows.shape).to(output.dtype)
    return loss_call(F.cross_entropy, logits, target)


def what_is_silent_in(call: LossCall, classes: int | None = None) -> Finding | None:
    """Name the mistake in a loss of Keras that ran, in Keras' words and with repairs that ran, or None."""
    output, raw, binary = call.logits, call.options["from_logits"], call.loss == BINARY
    outputs, torchs, is_known = output.shape[-1] if output.ndim else 1, as_torch(call), call.loss in OBJECTS
    turned = repaired(chosen(call.loss, not raw), None, {"y": call.target}, {}, output) if is_known else None
    fixes = () if turned is None else (turned,)
    activation = f'activation="{"sigmoid" if binary else "softmax"}"'
    if is_known and not raw and (outputs > 1 or binary):
        if not is_within_0_and_1(output):
            needs = f"probabilities: {activation} in the last layer, or from_logits=True in the loss; "
            needs += f"these are raw numbers from {output.min():.3g} to {output.max():.3g}"
            return Finding("loss_choice", needs, SCORES, fixes=fixes)
        if not binary and not sums_to_1(output, -1):
            needs = f"probabilities of one class per row: {activation}; these rows don't sum to 1"
            return Finding("loss_choice", needs, SCORES, certain=False)
    found = what_is_silent(replace(torchs, classes=classes)) if torchs is not None else None
    if found is None or found.cause != "softmax_before_loss":
        return found and replace(found, fixes=())  # which would be torch's
    if outputs == 1 and bool((output == 1).all()):
        needs = 'activation="sigmoid": a softmax over one unit is always 1, so nothing can be learned'
        return replace(found, needs=needs, fixes=())
    return replace(found, needs=f"{found.needs}; or leave from_logits=True out", fixes=fixes)


def is_keras(value: Any) -> bool:
    """Whether a model, a loss or a function is one of Keras, without importing it."""
    kinds = getattr(type(value), "__mro__", ()) if not hasattr(value, "__name__") else (value,)
    return any(str(getattr(kind, "__module__", "")).startswith("keras.") for kind in kinds)


def check_keras_loss(criterion: Any, output: Any, labels: Any, classes: int | None = None) -> Diagnosis:
    """Run a loss of Keras and say what is wrong with it, even where nothing is raised.

    Args:
        criterion: Its name, such as "sparse_categorical_crossentropy", its function or its object.
        output: What the last layer gave, such as probabilities (N, C).
        labels: y as Keras gets it, such as (N,) or (N, C).
        classes: How many classes the data has, where that is known.

    Returns:
        A `Diagnosis`; its fixes change `loss` or `labels`. It never raises itself.

    >>> import torch
    >>> output = torch.full((2, 5), 0.2)
    >>> told = check_keras_loss("sparse_categorical_crossentropy", output, torch.tensor([2, 0]), classes=3)
    >>> told.outcome, told.cause
    ('silent', 'unused_outputs')
    """
    keras()
    name, raw = read_loss(criterion)
    call = loss_of_keras(name, raw, labels, output)
    got = f"output {shape(call.logits)}, y {shape(call.target)}, loss {name}" + ", from_logits" * raw
    came = came_of(lambda: compiled(None, call.target, call.logits, criterion))
    if came.error is not None:
        return _explained(came.error, got)
    finding = what_is_silent_in(call, classes)
    alone = example(partial(criterion_alike, replace(call, classes=classes)), ask=_asked)
    plain = Diagnosis("silent" if finding else "ok", got, came.value, example=alone)
    return finding.told(plain, finding.fixes) if finding else plain


def _asked(names: dict[str, Any], error: Exception | None) -> Diagnosis:
    return check_keras_loss(names["criterion"], names["logits"], names["target"], names.get("classes"))


def _explained(error: Exception, got: str = "") -> Diagnosis:
    found = explain_keras(Raised(error))
    found = found or Diagnosis("raises", got, error=said(error))
    return replace(found, where="", example=found.example._replace(ask=_asked))


def check_keras_model(model: Any, x: Any, y: Any, classes: int | None = None) -> Diagnosis:
    """Ask a compiled model for its outputs once, and then its loss and metrics, as a step of training does.

    Raises:
        TypeError: The model has no loss yet.
    """
    if getattr(model, "loss", None) is None:
        raise TypeError("got a model without a loss; needed is a compiled one. Try model.compile(loss=...).")
    came = came_of(lambda: model.predict_on_batch(x))
    came = came if came.error is not None else came_of(lambda: (came.value, compiled(model, y, came.value)))
    if came.error is not None:
        # As the learner would see it: its frames tell what Keras was asked.
        return _explained(came_of(lambda: model.evaluate(x, y, verbose=0)).error or came.error)
    return check_keras_loss(model.loss, came.value[0], y, classes)
