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
from helpers.diagnosis.loss.silent import what_is_silent
from helpers.diagnosis.loss.values import is_one_hot, is_whole, is_within_0_and_1, is_zero_one, sums_to_1
from helpers.diagnosis.said.finding import ANSWERS, SCORES, Finding
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import said
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.trial import came_of


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
    name = name if name.isidentifier() else ""
    got = _got(loss, y)
    if loss.metric and known and _runs_alone(loss):
        return _metric(raised, call, loss, got, name)
    return _shapes(raised, loss, got, known is not None) or (
        _values(raised, call, loss, got, name) if known else _unread(raised, loss, got)
    )


def _runs_alone(loss: KerasLoss) -> bool:
    """Whether the loss has nothing against these tensors, so that only the metric has."""
    if not loss.name:
        return True
    return came_of(lambda: compiled(None, loss.target, loss.output.detach(), loss.name)).error is None


def _metric(raised: Raised, call: KerasCall, loss: KerasLoss, got: str, y: str) -> Diagnosis | None:
    """The loss runs and a metric doesn't: change the labels, or the metrics, and run both."""
    wanted, got = shape(loss.output), f"{got}; metric {loss.metric}"
    one_hot = (
        f"{y} = keras.utils.to_categorical({y}, {loss.output.shape[-1]})\nloss = {loss.spelled(CATEGORICAL)}"
    )
    column = f"{y} = {y}.reshape(-1, 1)"
    other = changed("count what fits these labels", 'metrics = ["accuracy"]', call, loss, "")
    if loss.output.shape[-1] > 1 and loss.name == SPARSE and loss.target.ndim < loss.output.ndim:
        needs = f"for {loss.metric}, y {wanted} like the output: one-hot, from keras.utils.to_categorical, "
        needs += f'with {CATEGORICAL}; "accuracy" alone takes class indices'
        fixes = [changed("one column per class", one_hot, call, loss, y) if y else None, other]
        return raised.diagnosis("one_hot_index", got, needs, fixes)
    if loss.target.numel() == loss.output.numel():
        needs = f"for {loss.metric}, y {wanted} like the output: {y or 'y'}.reshape(-1, 1)"
        fixes = [changed("give y a column", column, call, loss, y) if y else None, other]
        return raised.diagnosis("squeeze_mismatch", got, needs, fixes)
    needs = f'a metric for these labels: "accuracy" looks at the shapes, {loss.metric} wants others'
    return raised.diagnosis("loss_choice", got, needs, [other], certain=False)


def _shapes(raised: Raised, loss: KerasLoss, got: str, known: bool) -> Diagnosis | None:
    """What the two shapes tell without a value."""
    target, output = loss.target, loss.output
    outputs = output.shape[-1] if output.ndim else 1
    too_high = _beyond_yes_and_no(raised, loss, got, outputs) if known else None
    if too_high is not None:
        return too_high
    labels = target.squeeze(-1) if target.ndim == output.ndim and target.shape[-1] == 1 else target
    if (
        target.shape != output.shape
        and (not target.ndim or _without_ones(target) == _without_ones(output))
        and loss.name != SPARSE
    ):
        needs = f"two equal shapes: {shape(output)}; the axes of size 1 differ, or were squeezed away"
        return raised.diagnosis("squeeze_mismatch", got, needs)
    if target.ndim and output.ndim and target.shape[0] != output.shape[0]:
        if known and target.ndim == 1 and target.numel() == output.numel() and is_zero_one(target):
            needs = f"indices ({output.shape[0]},); these are one-hot rows, flattened"
            return raised.diagnosis("one_hot_index", got, needs)
        return raised.diagnosis("batch_target", got, "as many rows in target as in output")
    if output.ndim > 2 and labels.ndim == 1:
        wanted = (output.shape[0], outputs)
        needs = f"one prediction per row: {wanted}; put GlobalAveragePooling1D before the last Dense"
        return raised.diagnosis("token_logits_for_sequence", got, needs)
    if output.ndim > 2 and labels.ndim > 1 and labels.shape[1] != output.shape[1]:
        if tuple(target.shape) == (output.shape[0], outputs) and loss.name != SPARSE:
            needs = f"one prediction per row: {tuple(target.shape)}; pool the tokens before the last Dense"
            return raised.diagnosis("token_logits_for_sequence", got, needs)
        if labels.ndim == 2 and labels.shape[1] == outputs:
            needs = f"classes on the last axis: the output's last axis is as long as the labels, {outputs}"
            also = f"the output has {output.shape[1]} tokens, the labels {outputs}"
            return raised.diagnosis("needs_flatten_or_transpose", got, needs, certain=False, also=also)
        return raised.diagnosis(
            "static_length", got, f"one label per token: T is {output.shape[1]} in the output"
        )
    if target.ndim > output.ndim and target.shape[-1] == outputs and output.ndim > 1:
        needs = f"one prediction per label: output {tuple(target.shape)}, with return_sequences=True"
        return raised.diagnosis("sequence_logits_for_token", got, needs)
    return None


def _values(raised: Raised, call: KerasCall, loss: KerasLoss, got: str, name: str) -> Diagnosis | None:
    """What the labels' values tell where the shapes may fit."""
    target, output = loss.target, loss.output
    outputs = output.shape[-1] if output.ndim else 1
    labels = target.squeeze(-1) if target.ndim == output.ndim and target.shape[-1] == 1 else target
    if loss.name == SPARSE:
        return _sparse(raised, call, loss, got, name, labels)
    if tuple(labels.shape) == tuple(output.shape[:-1]) and outputs > 1 and is_whole(labels):
        return _index(raised, call, loss, got, name, labels)
    if target.ndim and target.shape[-1] != outputs:
        columns = target.shape[-1]
        kind = f'Dense({columns}, activation="{"sigmoid" if loss.name == BINARY else "softmax"}")'
        kind = f"Dense({columns})" if loss.from_logits or loss.name not in OBJECTS else kind
        needs = f"as many outputs as y has columns: {kind}; the model has {outputs}"
        return raised.diagnosis("head_size", got, needs)
    return None


def _got(loss: KerasLoss, y: Any) -> str:
    """Spell the shapes; the labels once, where one batch holds them all."""
    target, output = shape(loss.target), shape(loss.output)
    if not hasattr(y, "shape") or shape(y) == target:
        return f"{'y' if hasattr(y, 'shape') else 'target'} {target}, output {output}, loss {loss.name}"
    return f"y {shape(y)}; in one batch target {target}, output {output}; loss {loss.name}"


def _beyond_yes_and_no(raised: Raised, loss: KerasLoss, got: str, outputs: int) -> Diagnosis | None:
    """Labels of three classes or more, and one output for yes and no."""
    target = loss.target
    if loss.name != BINARY or outputs != 1 or target.numel() != loss.output.numel() or not target.numel():
        return None
    lowest, highest = target.min(), int(target.max())
    if lowest < 0 or highest < 2 or not is_whole(target):
        return None
    needs = f"labels 0 and 1 for one output; these go up to {highest}: Dense({highest + 1}) with {SPARSE}"
    return raised.diagnosis("head_size", got, needs)


def _without_ones(tensor: Tensor) -> list[int]:
    return [size for size in tensor.shape if size != 1]


def _unread(raised: Raised, loss: KerasLoss, got: str) -> Diagnosis:
    """The shapes alone: what fits them best."""
    outputs = loss.output.shape[-1] if loss.output.ndim else 1
    if loss.target.shape == loss.output.shape:
        return raised.diagnosis(
            "one_hot_index", got, f"indices {tuple(loss.output.shape[:-1])}", certain=False
        )
    if loss.target.ndim == loss.output.ndim and loss.target.shape[-1] > 1:
        return raised.diagnosis(
            "head_size", got, f"Dense({loss.target.shape[-1]}); the model has {outputs} outputs"
        )
    if loss.name == SPARSE:
        return raised.diagnosis("head_size", got, f"labels from 0 to {outputs - 1}", certain=False)
    return raised.diagnosis("loss_choice", got, f"a number for each of {outputs} outputs", certain=False)


def _sparse(
    raised: Raised, call: KerasCall, loss: KerasLoss, got: str, y: str, labels: Tensor
) -> Diagnosis | None:
    outputs = loss.output.shape[-1] if loss.output.ndim else 1
    if tuple(loss.target.shape) == tuple(loss.output.shape) and outputs > 1:
        if is_one_hot(loss.target, -1):
            wanted = tuple(loss.output.shape[:-1])
            needs = f"indices {wanted}; these rows are one-hot: categorical_crossentropy takes them"
            fixes = [_other_loss(call, loss, CATEGORICAL), _other_labels(call, loss, y, f"{y}.argmax(-1)")]
            return raised.diagnosis("one_hot_index", got, needs, fixes)
        if is_zero_one(loss.target):
            needs = "one index per row; these rows have several 1s: binary_crossentropy takes them"
            return raised.diagnosis("loss_choice", got, needs, [_other_loss(call, loss, BINARY)])
    if labels.ndim == loss.output.ndim:
        if is_one_hot(labels, -1):
            needs = f"as many outputs as classes: Dense({labels.shape[-1]}); and categorical_crossentropy"
            return raised.diagnosis("head_size", got, needs)
        wanted = (*labels.shape, outputs)
        needs = f"one prediction per label: output {wanted}, with return_sequences=True and no pooling"
        return raised.diagnosis("sequence_logits_for_token", got, needs)
    lowest, highest = _range(call, labels)
    if lowest >= 0 and highest < outputs:
        return None
    got = f"{got}; labels {lowest} to {highest}"
    needs = _labels_or_head(lowest, highest, outputs)
    is_range = lowest < 0 or (lowest > 0 and highest == outputs > 1)
    shifted = (
        _other_labels(call, loss, y, f"{y} - {lowest}") if is_range and highest - lowest < outputs else None
    )
    return raised.diagnosis("label_range" if is_range else "head_size", got, needs, [shifted])


def _range(call: KerasCall, labels: Tensor) -> tuple[int, int]:
    """Return the lowest and the highest label, of all rows where they are at hand: the next batch counts."""
    y = call.given.get("y")
    kind = getattr(getattr(y, "dtype", None), "kind", "-")
    every = torch.as_tensor(y) if kind in "biuf" else labels
    return (int(every.min()), int(every.max())) if every.numel() else (0, 0)


def _labels_or_head(lowest: int, highest: int, outputs: int) -> str:
    """Say what fits: other labels, or a head for these; with one output there is nothing to choose."""
    head = [f"Dense({highest + 1}) for {highest + 1} classes"] * (highest >= outputs)
    if outputs > 1:
        return ", or ".join([f"labels from 0 to {outputs - 1}", *head])
    return ", and ".join([*["labels that count from 0"] * (lowest < 0), *head])


def _index(raised: Raised, call: KerasCall, loss: KerasLoss, got: str, y: str, labels: Tensor) -> Diagnosis:
    """Class indices where each output wants a number of its own."""
    outputs, highest = loss.output.shape[-1], _range(call, labels)[1]
    needs = f"a number for each of {outputs} outputs; for indices, {SPARSE}"
    one_hot = f"keras.utils.to_categorical({y}, {outputs})"
    fixes = [_other_loss(call, loss, SPARSE), _other_labels(call, loss, y, one_hot)]
    if highest >= outputs:
        needs += f", whose labels go from 0 to {outputs - 1}; these go up to {highest}"
        fixes = []  # a batch without that label would run
    cause = "index_for_multilabel" if loss.name == BINARY else "loss_choice"
    return raised.diagnosis(cause, got, needs, fixes)


def _other_loss(call: KerasCall, loss: KerasLoss, name: str) -> Fix | None:
    code = f"loss = {loss.spelled(name)}"
    return changed("compile with the loss for these labels", code, call, loss, "")


def _other_labels(call: KerasCall, loss: KerasLoss, y: str, code: str) -> Fix | None:
    return changed("change the labels", f"{y} = {code}", call, loss, y) if y else None


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
    if loss.name == BINARY and not is_within_0_and_1(loss.target):
        needs = (
            f"labels from 0 to 1; these go from {float(loss.target.min()):g} to {float(loss.target.max()):g}"
        )
        return Finding("label_range", needs, ANSWERS)
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
    fix = changed("say what the last layer gives", code, KerasCall("", None, {}), loss, "")
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
