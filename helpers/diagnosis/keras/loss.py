"""Why a loss of Keras on torch raised: labels or an output of another kind than it takes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from helpers.diagnosis.keras.data import explain_data
from helpers.diagnosis.keras.find import (
    KerasCall,
    KerasLoss,
    cardinality,
    find_call,
    find_loss,
    keras_steps,
    with_values,
)
from helpers.diagnosis.keras.fixes import other_loss, other_target
from helpers.diagnosis.keras.inputs import (
    explain_cardinality,
    explain_inputs,
    explain_layer_call,
)
from helpers.diagnosis.loss.values import is_one_hot, is_whole, is_zero_one
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, shape

SPARSE, CATEGORICAL, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)


def explain_keras(raised: Raised) -> Diagnosis | None:
    """A Keras model or loss that raised."""
    steps = keras_steps(raised)
    if not steps:
        return None
    call = find_call(steps)
    sizes = cardinality(steps)
    if sizes is not None:
        return explain_cardinality(raised, call, *sizes)
    loss = find_loss(steps)
    if loss is not None:
        return _loss(raised, call, loss)
    return explain_data(raised, call) or explain_inputs(raised) or explain_layer_call(raised)


def _loss(raised: Raised, call: KerasCall, loss: KerasLoss) -> Diagnosis | None:
    known = None if raised.is_unread else with_values(loss, call)
    loss = known or loss
    target, output = loss.target, loss.output
    y = call.given.get("y")
    name = name_of(y, raised.steps) if y is not None else ""
    name = name if name.isidentifier() else ""
    got = _got(loss, y)
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
    if known is None:
        return _unread(raised, loss, got, outputs)
    if loss.name == SPARSE:
        return _sparse(raised, loss, got, name, labels, outputs)
    if tuple(labels.shape) == tuple(output.shape[:-1]) and outputs > 1 and is_whole(labels):
        return _index(raised, loss, got, name, labels, outputs)
    if target.shape[-1] != outputs:
        needs = f"as many outputs as y has columns: Dense({target.shape[-1]}); the model has {outputs}"
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


def _unread(raised: Raised, loss: KerasLoss, got: str, outputs: int) -> Diagnosis:
    """The shapes alone: what fits them best."""
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
    raised: Raised, loss: KerasLoss, got: str, y: str, labels: Tensor, outputs: int
) -> Diagnosis | None:
    if tuple(loss.target.shape) == tuple(loss.output.shape) and outputs > 1:
        if is_one_hot(loss.target, -1):
            wanted = tuple(loss.output.shape[:-1])
            needs = f"indices {wanted}; these rows are one-hot: categorical_crossentropy takes them"
            fixes = [other_loss(loss, CATEGORICAL), other_target(loss, y, f"{y}.argmax(-1)", SPARSE)]
            return raised.diagnosis("one_hot_index", got, needs, fixes)
        if is_zero_one(loss.target):
            needs = "one index per row; these rows have several 1s: binary_crossentropy takes them"
            return raised.diagnosis("loss_choice", got, needs, [other_loss(loss, BINARY)])
    if labels.ndim == loss.output.ndim:
        if is_one_hot(labels, -1):
            needs = f"as many outputs as classes: Dense({labels.shape[-1]}); and categorical_crossentropy"
            return raised.diagnosis("head_size", got, needs)
        wanted = (*labels.shape, outputs)
        needs = f"one prediction per label: output {wanted}, with return_sequences=True and no pooling"
        return raised.diagnosis("sequence_logits_for_token", got, needs)
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest >= 0 and highest < outputs:
        return None
    got = f"{got}; labels {lowest} to {highest}"
    needs = _labels_or_head(lowest, highest, outputs)
    is_range = lowest < 0 or (lowest > 0 and highest == outputs > 1)
    shifted = (
        other_target(loss, y, f"{y} - {lowest}", SPARSE) if is_range and highest - lowest < outputs else None
    )
    return raised.diagnosis("label_range" if is_range else "head_size", got, needs, [shifted])


def _labels_or_head(lowest: int, highest: int, outputs: int) -> str:
    """Say what fits: other labels, or a head for these; with one output there is nothing to choose."""
    head = [f"Dense({highest + 1}) for {highest + 1} classes"] * (highest >= outputs)
    if outputs > 1:
        return ", or ".join([f"labels from 0 to {outputs - 1}", *head])
    return ", and ".join([*["labels that count from 0"] * (lowest < 0), *head])


def _index(raised: Raised, loss: KerasLoss, got: str, y: str, labels: Tensor, outputs: int) -> Diagnosis:
    """Class indices where each output wants a number of its own."""
    needs = f"a number for each of {outputs} outputs; for indices, {SPARSE}"
    fixes = [
        other_loss(loss, SPARSE),
        other_target(loss, y, f"keras.utils.to_categorical({y}, {outputs})", loss.name),
    ]
    highest = int(labels.max()) if labels.numel() else 0
    if highest >= outputs:
        needs += f", whose labels go from 0 to {outputs - 1}; these go up to {highest}"
    cause = "index_for_multilabel" if loss.name == BINARY else "loss_choice"
    return raised.diagnosis(cause, got, needs, fixes)
