"""Why a loss of Keras on torch raised, or ran and is a mistake: labels or an output of another kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
    cardinality,
    find_call,
    find_loss,
    keras_steps,
    read_loss,
    widest,
    with_values,
)
from helpers.diagnosis.keras.inputs import (
    explain_cardinality,
    explain_inputs,
    explain_layer_call,
)
from helpers.diagnosis.keras.trial import changed, compiled, keras
from helpers.diagnosis.keras.weights import explain_embedding, explain_weights
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


def explain_keras(raised: Raised) -> Diagnosis | None:
    """A Keras model, layer, loss or metric that raised."""
    steps = keras_steps(raised)
    if not steps:
        return None
    call = find_call(steps)
    sizes = cardinality(steps)
    if sizes is not None:
        return explain_cardinality(raised, call, *sizes)
    loss = find_loss(steps, call)
    if loss is not None:
        return _loss(raised, call, loss)
    return (
        explain_embedding(raised, call)
        or explain_weights(raised)
        or explain_data(raised, call)
        or explain_inputs(raised)
        or explain_layer_call(raised)
    )


def _loss(raised: Raised, call: KerasCall, loss: KerasLoss) -> Diagnosis | None:
    known = None if raised.is_unread else with_values(loss, call)
    loss = known or loss
    y = call.given.get("y")
    name = name_of(y, raised.steps) if y is not None else ""
    facts = _facts(loss, widest(loss, call) if known else None, name if name.isidentifier() else "")
    counted = bool(loss.metric and known) and (not loss.name or came_of(lambda: _alone(loss)).error is None)
    found = _search(loss, call, unread=known is None, counted=counted)
    if found is None:
        return None
    mistake = "counted_" * counted + found.mistake
    mistake = "classes" if mistake == "range" and facts["head"] else mistake
    needs, *codes = SAID.get(mistake, ("{said}",)) if known else ("{said}",)
    for torchs, keras_name in (("the target", "y"), ("targets", "y"), ("target", "y"), ("logits", "output")):
        found = replace(found, needs=found.needs.replace(torchs, keras_name))
    needs = needs.format_map({**facts, "said": found.needs})
    fixes = [changed(code.format_map(facts), call, loss, facts["y"]) for code in codes]
    got = _got(loss, y) + f"; metric {loss.metric}" * counted
    cause = RATHER.get(mistake, found.cause)
    return raised.diagnosis(cause, got, needs, fixes, certain=found.certain, also=found.also)


def _alone(loss: KerasLoss) -> float:
    """Run the loss without a model and its metrics."""
    return compiled(None, loss.target, loss.output.detach(), loss.name)


def _search(loss: KerasLoss, call: KerasCall, unread: bool, counted: bool) -> Finding | None:
    """Ask the search that torch's losses are asked, with a loss or the metrics of Keras to run.

    Args:
        loss: What raised.
        call: What the learner asked for.
        unread: Whether there are only shapes.
        counted: Whether a metric raised, and the loss does not: it takes numbers, as a loss of numbers does.
    """
    name = "" if counted else loss.name
    if name == SPARSE and loss.target.ndim == loss.output.ndim and loss.target.shape[-1] == 1:
        loss = replace(loss, target=loss.target.squeeze(-1))  # Keras does so too
    if name == SPARSE and loss.target.shape == loss.output.shape[:-1] and not unread:
        loss = widest(loss, call)

    def criterion(logits: Tensor, target: Tensor) -> Tensor:
        asked: Any = (lambda target, output: output * 0) if counted else loss.name or "mse"
        return torch.tensor(compiled(call.model if counted else None, target, logits, asked))

    def grade(asked: LossCall) -> tuple[int, float | None]:
        """Keras reads other numbers than torch: only shapes and what raises count here."""
        came = came_of(lambda: loss_of(asked)) if has_its_shapes(asked) else None
        return (
            (FAILS, None) if came is None else (FITS, None) if came.error is not None else (RIGHT, came.value)
        )

    with quiet():
        found = why(LossCall(name, criterion, loss.output.detach(), loss.target, unread=unread), grade)
    return found or (Finding("loss_choice", "", certain=False, mistake="other") if counted else None)


# A mistake of the search's: what is needed, in Keras' words, and what may mend it.
TO_COLUMNS = "{y} = keras.utils.to_categorical({y}, {outputs})"
RESHAPE = "{y} = {y}.reshape(-1, {row})"
ACCURACY = 'metrics = ["accuracy"]'
INDICES = (
    "a number for each of {outputs} outputs; for indices, {sparse}{beyond}",
    "loss = {loss}",
    TO_COLUMNS,
)
ONES = ("two equal shapes: y {shape}; the axes of size 1 differ, or were squeezed away", RESHAPE)
POOL = ("{said}; put {pool} before the last Dense",)
SAID: dict[str, tuple[str, ...]] = {
    "head": ("{fits}{head}; these go from {lowest} to {highest}",),
    "labels": ("labels {fit}; these go from {lowest} to {highest}{or_head}", "{y} = {y} - {lowest}"),
    "classes": ("labels 0 and 1 for one output; these go up to {highest}: {head} with {sparse}",),
    "columns": ("as many outputs as y has columns: {columns}; the model has {outputs}",),
    "one_hot": (
        "indices {indices}; these rows are one-hot{flat}: {categorical} takes them",
        "loss = {categorical_loss}",
        "{y} = {y}.argmax(-1)",
    ),
    "several": ("one index per row; these rows have several 1s: {binary} takes them", "loss = {binary_loss}"),
    "one_class": INDICES,
    "indices": INDICES,
    "tokens": POOL,
    "pooled": POOL,
    "no_tokens": ("{said}, with return_sequences=True and no pooling",),
    "extra_one": ONES,
    "ones": ONES,
    # The loss runs and a metric doesn't: both the labels and the metrics may change.
    "counted_one_class": (
        "for {metric}, y {shape} like the output: one-hot, from keras.utils.to_categorical, with "
        '{categorical}; "accuracy" alone takes class indices',
        TO_COLUMNS + "\nloss = {categorical_loss}",
        ACCURACY,
    ),
    "counted_ones": ("for {metric}, y {shape} like the output: {y}.reshape(-1, {row})", RESHAPE, ACCURACY),
    "counted_other": ('labels that {metric} takes; "accuracy" looks at the shapes of y and output', ACCURACY),
}
# One yes or no for three classes lacks outputs, and a loss that runs is the right one.
RATHER = {"classes": "head_size", "counted_one_class": "one_hot_index"}


def _facts(loss: KerasLoss, every: KerasLoss | None, y: str) -> dict[str, str]:
    """What the words and repairs of a mistake may name; the labels are those of all batches."""
    sizes = list(loss.output.shape)
    outputs = sizes[-1] if sizes else 1
    labels = every.target if every is not None and every.target.numel() else torch.zeros(1)
    lowest, highest = int(labels.min()), int(labels.max())
    columns = loss.target.shape[-1] if loss.target.ndim else 1
    activation = f', activation="{"sigmoid" if loss.name == BINARY else "softmax"}"'
    has_none = loss.from_logits or loss.name not in OBJECTS
    head = f"Dense({highest + 1}) for {highest + 1} classes" * (
        highest >= max(outputs, 1 + (loss.name == BINARY))
    )
    return {
        "y": y,
        "metric": loss.metric,
        "outputs": str(outputs),
        "shape": shape(loss.output),
        "indices": str(tuple(sizes[:-1])),
        "flat": ", flattened" * (loss.target.ndim < len(sizes)),
        "row": ", ".join(map(str, sizes[1:])),
        "pool": f"GlobalAveragePooling{max(1, len(sizes) - 2)}D",
        "columns": f"Dense({columns}{'' if has_none else activation})",
        "lowest": str(lowest),
        "highest": str(highest),
        "fit": f"from 0 to {outputs - 1}" if outputs > 1 else "that count from 0",
        "fits": f"labels from 0 to {outputs - 1}, or " * (outputs > 1),
        "head": head,
        "or_head": f", {'or' if outputs > 1 else 'and'} {head}" if head else "",
        "beyond": f"; y goes up to {highest}" * (highest >= outputs),
        "sparse": SPARSE,
        "categorical": CATEGORICAL,
        "binary": BINARY,
        "loss": loss.spelled(SPARSE),
        "categorical_loss": loss.spelled(CATEGORICAL),
        "binary_loss": loss.spelled(BINARY),
    }


def _got(loss: KerasLoss, y: Any) -> str:
    """Spell the shapes; the labels once, where one batch holds them all."""
    target, output = shape(loss.target), shape(loss.output)
    if not hasattr(y, "shape") or shape(y) == target:
        return f"{'y' if hasattr(y, 'shape') else 'target'} {target}, output {output}, loss {loss.name}"
    return f"y {shape(y)}; in one batch target {target}, output {output}; loss {loss.name}"


# What runs. The three cross entropies ask torch's of the same kind; what it finds is said in Keras' words.

NUMBERS: dict[str, Callable[..., Tensor]] = {
    "mean_squared_error": F.mse_loss,
    "mean_absolute_error": F.l1_loss,
    "huber": F.huber_loss,
}
SAYS = {
    (
        "softmax_before_loss",
        1,
    ): 'activation="sigmoid": a softmax over one unit is always 1, so nothing can be learned',
    (
        "softmax_before_loss",
        2,
    ): "raw numbers, as from_logits=True says; every row is made of probabilities already: "
    "leave from_logits out, or the activation of the last layer",
    ("head_size", 1): "two units or more: a softmax over one is always 1, so the loss is always 0; "
    'for yes and no Dense(1, activation="sigmoid") with binary_crossentropy',
}


def as_torch(loss: KerasLoss) -> LossCall | None:
    """Return the call of torch's loss that computes the same; None for a loss that has none."""
    output = loss.output
    # Keras adds an axis of size 1 by itself.
    target = loss.target.reshape(output.shape) if loss.target.numel() == output.numel() else loss.target
    if loss.name == BINARY:
        binary = F.binary_cross_entropy_with_logits if loss.from_logits else F.binary_cross_entropy
        return loss_call(binary, output, target.to(output.dtype))
    if loss.name in NUMBERS:
        return loss_call(NUMBERS[loss.name], output, target.to(output.dtype))
    if loss.name not in OBJECTS or not output.ndim:
        return None
    rows = output.reshape(-1, output.shape[-1])
    logits = rows if loss.from_logits else rows.clamp_min(1e-12).log()  # softmax of these is the output again
    is_index = loss.name == SPARSE
    target = loss.target.flatten().long() if is_index else target.reshape(rows.shape).to(output.dtype)
    return loss_call(F.cross_entropy, logits, target)


def what_is_silent_in(loss: KerasLoss, classes: int | None = None) -> Finding | None:
    """Name the mistake in a loss of Keras that ran, in Keras' words, or None."""
    outputs = loss.output.shape[-1] if loss.output.ndim else 1
    if loss.name in OBJECTS and not loss.from_logits and (outputs > 1 or loss.name == BINARY):
        found = _no_probabilities(loss)
        if found is not None:
            return found
    call = as_torch(loss)
    found = what_is_silent(replace(call, classes=classes)) if call is not None else None
    # One unit that a sigmoid has made probabilities of is another thing than one that a softmax made 1.
    units = 2 if outputs > 1 or not bool((loss.output == 1).all()) else 1
    units = 1 if outputs == 1 and found is not None and found.cause == "head_size" else units
    words = SAYS.get((found.cause, units)) if found is not None else None
    return replace(found, needs=words) if found is not None and words else found


def _no_probabilities(loss: KerasLoss) -> Finding | None:
    activation = "sigmoid" if loss.name == BINARY else "softmax"
    other = f'activation="{activation}" in the last layer, or {loss.spelled(from_logits=True)}'
    if not is_within_0_and_1(loss.output):
        lowest, highest = float(loss.output.min()), float(loss.output.max())
        needs = f"probabilities: {other}; these are raw numbers from {lowest:.3g} to {highest:.3g}"
        return Finding("loss_choice", needs, SCORES)
    if loss.name != BINARY and not sums_to_1(loss.output, -1):
        needs = f'probabilities of one class per row: activation="{activation}"; these rows don\'t sum to 1'
        return Finding("loss_choice", needs, SCORES, certain=False)
    return None


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
        found = explain_keras(Raised(came.error))
        return replace(found, where="") if found else Diagnosis("raises", got, error=said(came.error))
    finding = what_is_silent_in(loss, classes)
    plain = Diagnosis("silent" if finding else "ok", got, came.value)
    return finding.told(plain, _flag(loss, finding, classes)) if finding else plain


def _tensor(value: Any) -> Tensor:
    tensor = torch.as_tensor(value).detach()
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _flag(loss: KerasLoss, finding: Finding, classes: int | None) -> tuple[Fix, ...]:
    """Turn from_logits round, where that alone leaves nothing to say."""
    turned = replace(loss, from_logits=not loss.from_logits)
    if finding.cause == "loss_choice" and not finding.certain:
        return ()  # numbers from 0 to 1 come from some activation: they are no raw ones
    if loss.name not in OBJECTS or finding.marks != SCORES or what_is_silent_in(turned, classes) is not None:
        return ()
    code = f"loss = {loss.spelled(from_logits=turned.from_logits)}"
    fix = changed(code, KerasCall("", None, {}), loss, "")
    return () if fix is None else (fix,)


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
        error = came_of(lambda: model.evaluate(x, y, verbose=0)).error or came.error
        found = explain_keras(Raised(error))
        return replace(found, where="") if found else Diagnosis("raises", "", error=said(error))
    return check_keras_loss(model.loss, came.value[0], y, classes)
