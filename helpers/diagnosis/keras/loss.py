"""Why a loss of Keras on torch raised, or ran and is a mistake: labels or an output of another kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.diagnosis.keras.data import explain_data
from helpers.diagnosis.keras.find import (
    BINARY,
    CATEGORICAL,
    OBJECTS,
    SPARSE,
    KerasCall,
    KerasLoss,
    chosen,
    find_call,
    find_loss,
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
from helpers.diagnosis.seen.frames import said
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.trial import came_of, quiet

MOST = 2  # repairs that are shown
MANY = 10**5  # numbers of a loss that are cheap to run several times


def explain_keras(raised: Raised) -> Diagnosis | None:
    """A Keras model, layer, loss or metric that raised."""
    call = find_call(raised)
    loss = find_loss(raised, call)
    if loss is not None:
        return _raising(raised, call, loss)
    return explain_data(raised, call) or explain_layers(raised, call)


# What raises. The search that torch's losses are asked finds the mistake; words and repairs are Keras' own.


def _raising(raised: Raised, call: KerasCall, loss: KerasLoss) -> Diagnosis | None:
    known = None if raised.is_unread else _of_all_labels(loss, call)
    alone = came_of(lambda: compiled(None, known.target, known.output, loss.name)) if known else None
    counts = (
        bool(loss.metric) and alone is not None and alone.error is None
    )  # so a metric raises, the loss not
    found = _search(known or loss, call.model if counts else None, known is None)
    if found is None:
        return None
    y, batch = call.given.get("y"), shape(loss.target)
    whole = f"{shape(y)}, in one batch " if hasattr(y, "shape") and shape(y) != batch else ""
    got = (
        f"y {whole}{batch}, output {shape(loss.output)}, loss {loss.name}"
        + f", metric {loss.metric}" * counts
    )
    needs = re.sub(r"(the )?\btargets?\b", "y", found.needs).replace("logits", "output")
    cause, codes, name = found.cause, [], name_of(y, raised.steps) if y is not None else ""
    if known is not None:
        needs, *codes = _in_keras(known, needs, name, counts).get(found.mistake, (needs,))
        if known.target.shape[:1] == known.output.shape[:1]:
            needs = needs.replace(f"({len(known.target)},", "(N,")  # however many rows it was asked about
    if counts and cause == "loss_choice":
        cause = "one_hot_index"
    if found.mistake == "range" and "Dense" in needs:
        cause = "head_size"
    fixes = [fix for code in codes if known and (fix := _rerun(code, call.model, known, name))][:MOST]
    return raised.diagnosis(cause, got, needs, fixes, certain=found.certain, also=found.also)


def _of_all_labels(loss: KerasLoss, call: KerasCall) -> KerasLoss | None:
    """Return the loss with the labels of later batches too: what mends one batch may not mend the next.

    The output's numbers are made up: Keras tries a loss on shapes alone at first. Of a long y a part is
    taken, its lowest and highest row too. Without y there is only the batch that failed, if it has numbers.
    """
    y: Any = call.given.get("y")
    batch, output = loss.target, loss.output
    held = None if batch.is_meta or output.is_meta else replace(loss, output=output.detach())
    rows = came_of(lambda: torch.as_tensor(np.asarray(y)).reshape(len(y), *batch.shape[1:])).value
    if rows is None or not rows.numel() or batch.shape[:1] != output.shape[:1]:
        return held
    if held is not None and (batch.min() < rows.min() or batch.max() > rows.max()):
        return held  # of validation data
    flat, many = rows.reshape(len(rows), -1), MANY // max(1, prod(output.shape[1:]))
    ends = {int(flat.min(1).values.argmin()), int(flat.max(1).values.argmax())}
    target = rows[sorted(ends | {*range(min(len(rows), many))})]
    made_up = torch.full((len(target), *output.shape[1:]), 1 / max(output.shape[-1:], default=1))
    return replace(loss, target=target, output=made_up)


def _search(loss: KerasLoss, metrics_of: Any, unread: bool) -> Finding | None:
    """Ask for the mistake in the loss; or, where a model's metrics raise, in these: they take numbers."""
    name = "" if metrics_of is not None else loss.name
    if name == SPARSE and loss.target.ndim == loss.output.ndim and loss.target.shape[-1] == 1:
        loss = replace(loss, target=loss.target.squeeze(-1))  # Keras does so too

    def criterion(logits: Tensor, target: Tensor) -> Tensor:
        asked: Any = loss.name or "mse" if metrics_of is None else lambda target, output: output * 0
        return torch.tensor(compiled(metrics_of, target, logits, asked))

    def grade(asked: LossCall) -> tuple[int, float | None]:
        """Keras reads other numbers than torch: only shapes and what raises count here."""
        if not has_its_shapes(asked):
            return FAILS, None
        came = came_of(lambda: loss_of(asked))
        return (RIGHT if came.error is None else FITS), came.value

    with quiet():
        return why(LossCall(name, criterion, loss.output, loss.target, unread=unread), grade)


def _in_keras(loss: KerasLoss, needs: str, y: str, counts: bool) -> dict[str, tuple[str, ...]]:
    """Return by mistake what is needed, in Keras' words, and code that may be the repair."""
    sizes, target = tuple(loss.output.shape) or (1,), loss.target
    lowest, highest = (int(target.min()), int(target.max())) if target.numel() else (0, 0)
    dense = f"Dense({highest + 1}) for labels up to {highest}"
    beyond = f"; {dense}" * (highest >= max(sizes[-1], 1 + (loss.name == BINARY)))
    use = {name: chosen(name, loss.from_logits) for name in OBJECTS}
    columns = f"{y} = keras.utils.to_categorical({y}, {sizes[-1]})"
    pool = f"{needs}; put GlobalAveragePooling{max(1, len(sizes) - 2)}D before the last Dense"
    accuracy = ('metrics = ["accuracy"]',) * counts
    indices = f"a number for each output, y {sizes}; for indices, {SPARSE}" + ' and "accuracy"' * counts
    of_indices = indices + beyond, use[SPARSE], columns, f"{columns}\n{use[CATEGORICAL]}", *accuracy
    reshape = f"{y} = {y}.reshape(-1, {', '.join(map(str, sizes[1:]))})"
    of_ones = f"two equal shapes: y {sizes}", reshape, *accuracy
    one_hot = f"indices {sizes[:-1]}; these rows are one-hot: {CATEGORICAL} takes them"
    return {
        "tokens": (pool,),
        "pooled": (pool,),
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


def _rerun(code: str, model: Any, loss: KerasLoss, y: str = "") -> Fix | None:
    """Rebind `loss`, `metrics` or the learner's name of the labels, and run loss and metrics again."""
    of_labels = not code.startswith(("loss =", "metrics ="))
    if of_labels and not y.isidentifier():
        return None
    target = loss.target.detach().cpu().numpy()

    def proof(names: Any) -> str:
        after = getattr(names, y) if of_labels else target
        asked = getattr(names, "loss", None) or (loss.name if model is None else None)
        value = compiled(model, after, loss.output, asked, getattr(names, "metrics", None))
        return f"loss {value:.3f}" if model is None else "loss and metrics run"

    return repaired(code, {y: target} if of_labels else {}, proof)


# What runs. The three cross entropies ask torch's of the same kind; what it finds is said in Keras' words.

# Each without and with from_logits.
TORCHS: dict[str, tuple[Callable[..., Tensor], ...]] = {
    BINARY: (F.binary_cross_entropy, F.binary_cross_entropy_with_logits),
    "mean_squared_error": (F.mse_loss, F.mse_loss),
    "mean_absolute_error": (F.l1_loss, F.l1_loss),
    "huber": (F.huber_loss, F.huber_loss),
}


def as_torch(loss: KerasLoss) -> LossCall | None:
    """Return the call of torch's loss that computes the same; None for a loss that has none."""
    output, target = loss.output, loss.target
    if target.numel() == output.numel():
        target = target.reshape(output.shape)  # Keras adds an axis of size 1 by itself
    if loss.name in TORCHS:
        return loss_call(TORCHS[loss.name][loss.from_logits], output, target.to(output.dtype))
    if loss.name not in OBJECTS or not output.ndim:
        return None
    rows = output.reshape(-1, output.shape[-1])
    logits = rows if loss.from_logits else rows.clamp_min(1e-12).log()  # softmax of these is the output again
    is_index = loss.name == SPARSE
    target = target.flatten().long() if is_index else target.reshape(rows.shape).to(output.dtype)
    return loss_call(F.cross_entropy, logits, target)


def what_is_silent_in(loss: KerasLoss, classes: int | None = None) -> Finding | None:
    """Name the mistake in a loss of Keras that ran, in Keras' words and with repairs that ran, or None."""
    outputs, call = loss.output.shape[-1] if loss.output.ndim else 1, as_torch(loss)
    raw, binary, known = loss.from_logits, loss.name == BINARY, loss.name in OBJECTS
    turned = tuple(filter(None, [_rerun(chosen(loss.name, not raw), None, loss) if known else None]))
    activation = f'activation="{"sigmoid" if binary else "softmax"}"'
    if known and not raw and (outputs > 1 or binary):
        if not is_within_0_and_1(loss.output):
            needs = f"probabilities: {activation} in the last layer, or from_logits=True in the loss; "
            needs += f"these are raw numbers from {loss.output.min():.3g} to {loss.output.max():.3g}"
            return Finding("loss_choice", needs, SCORES, fixes=turned)
        if not binary and not sums_to_1(loss.output, -1):
            needs = f"probabilities of one class per row: {activation}; these rows don't sum to 1"
            return Finding("loss_choice", needs, SCORES, certain=False)
    found = what_is_silent(replace(call, classes=classes)) if call is not None else None
    if found is None or found.cause != "softmax_before_loss":
        return found and replace(found, fixes=())  # which would be torch's
    if outputs == 1 and bool((loss.output == 1).all()):
        needs = 'activation="sigmoid": a softmax over one unit is always 1, so nothing can be learned'
        return replace(found, needs=needs, fixes=())
    return replace(found, needs=f"{found.needs}; or leave from_logits=True out", fixes=turned)


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
    loss = KerasLoss(name, raw, _tensor(labels), _tensor(output))
    got = f"output {shape(loss.output)}, y {shape(loss.target)}, loss {name}" + ", from_logits" * raw
    came = came_of(lambda: compiled(None, loss.target, loss.output, criterion))
    if came.error is not None:
        return _explained(came.error, got)
    finding = what_is_silent_in(loss, classes)
    plain = Diagnosis("silent" if finding else "ok", got, came.value)
    return finding.told(plain, finding.fixes) if finding else plain


def _tensor(value: Any) -> Tensor:
    tensor = torch.as_tensor(value).detach()
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _explained(error: Exception, got: str = "") -> Diagnosis:
    found = explain_keras(Raised(error))
    return replace(found, where="") if found else Diagnosis("raises", got, error=said(error))


def check_keras_model(model: Any, x: Any, y: Any, classes: int | None = None) -> Diagnosis:
    """Ask a compiled model for its outputs once, and then its loss and metrics, as a step of training does.

    Raises:
        TypeError: The model has no loss yet.
    """
    if getattr(model, "loss", None) is None:
        raise TypeError(
            "got a model without a loss. check_batch needs a compiled one. Try model.compile(loss=...)."
        )
    came = came_of(lambda: model.predict_on_batch(x))
    came = came if came.error is not None else came_of(lambda: (came.value, compiled(model, y, came.value)))
    if came.error is not None:
        # As the learner would see it: its frames tell what Keras was asked.
        return _explained(came_of(lambda: model.evaluate(x, y, verbose=0)).error or came.error)
    return check_keras_loss(model.loss, came.value[0], y, classes)
