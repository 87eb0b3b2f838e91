"""What can be changed in the lab: the settings, what each drop-down offers, and the lessons' presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from helpers.lab.choices import SENTENCES, check_choices
from helpers.lab.keras_settings import KerasSettings


class Format(NamedTuple):
    """One way to write the right answers down.

    Attributes:
        title: What the drop-down says.
        axes: One letter per axis of the target, "?" for an axis of size 1.
        code: Python that makes `target` from `labels`; it may read `classes` and `tokens`, a label per token.
    """

    title: str
    axes: str
    code: str


FORMATS = {
    "indices": Format("class indices (N,)", "N", "labels"),
    "column": Format("column (N, 1)", "N?", "labels.unsqueeze(1)"),
    "one_hot_float": Format("one-hot, float", "NC", "F.one_hot(labels, classes).float()"),
    "one_hot_int": Format("one-hot, integer", "NC", "F.one_hot(labels, classes)"),
    "probabilities": Format("probabilities", "NC", "F.one_hot(labels, classes) * 0.9 + 0.1 / classes"),
    "multi_hot": Format(
        "several classes, float",
        "NC",
        "(F.one_hot(labels, classes) | F.one_hot((labels + 1) % classes, classes)).float()",
    ),
    "int32": Format("int32 indices", "N", "labels.int()"),
    "numbers": Format("numbers (N,)", "N", "labels.float()"),
    "numbers_column": Format("numbers (N, 1)", "N?", "labels.float().unsqueeze(1)"),
    "per_token": Format("one per token (N, T)", "NT", "tokens"),
    "per_token_flat": Format("one per token, flat", "N", "tokens.flatten()"),
}
TASKS = {"sequence": "sentence", "token": "token", "regression": "sentence, a number"}
FRAMEWORKS = {"pytorch": "PyTorch", "transformers": "transformers"}
PADDINGS = {"longest": "to the longest", "max_length": "to max_length"}
# Which predictions reach the loss, and the code for it; `mask` is the batch's attention_mask (N, T).
KEPT = {
    "all": ("all", ""),
    "unpadded": ("unpadded sentences", "mask.bool().all(dim=1)"),
    "real_tokens": ("real tokens", "mask.bool()"),
}
# How token logits (N, T, C) are handed to the loss: the title, the code, and the axes that it gives.
ARRANGEMENTS = {
    "as_they_are": ("as they are", "logits", "NTC"),
    "transposed": ("transposed", "logits.transpose(1, 2)", "NCT"),
    "flattened": ("flattened", "logits.flatten(0, 1)", "NC"),
}
LOSSES = {
    "cross_entropy": "cross entropy",
    "binary_cross_entropy_with_logits": "BCE with logits",
    "mse_loss": "MSE",
}


@dataclass(frozen=True)
class Settings:
    """What the learner can change.

    Attributes:
        num_labels: C, the outputs of the head.
        classes: How many classes the labels are drawn from.
        batch_size: How many sentences a batch asks for.
        target_size: How many rows the target holds.
        framework: "pytorch" for a head and a loss by hand, "transformers" for a model with both inside.
        task: One of `TASKS`: a class per sentence or per token, or a number per sentence.
        padding: One of `PADDINGS`.
        max_length: What the tokenizer pads and cuts to, in tokens.
        mask: Whether BERT gets the attention mask.
        kept: One of `KEPT`: which predictions reach the loss.
        arrangement: One of `ARRANGEMENTS`: what is done to token logits before the loss.
        softmax: Whether a softmax stands between the head and the loss.
        target_format: One of `FORMATS`.
        loss: One of `LOSSES`, as `torch.nn.functional` calls it.
        text: The sentences, one per line.
    """

    num_labels: int = 3
    classes: int = 3
    batch_size: int = 4
    target_size: int = 4
    framework: str = "pytorch"
    task: str = "sequence"
    padding: str = "longest"
    max_length: int = 12
    mask: bool = True
    kept: str = "all"
    arrangement: str = "as_they_are"
    softmax: bool = False
    target_format: str = "indices"
    loss: str = "cross_entropy"
    text: str = "\n".join(SENTENCES)

    def __post_init__(self) -> None:
        known: dict[str, Mapping[str, object]] = {"task": TASKS, "arrangement": ARRANGEMENTS}
        known |= {"target_format": FORMATS, "loss": LOSSES, "framework": FRAMEWORKS}
        known |= {"padding": PADDINGS, "kept": KEPT}
        check_choices(self, known)


def what_the_loss_reads(settings: Settings) -> tuple[str, str]:
    """Return the name and the axes of what the loss gets for its logits."""
    if settings.framework == "transformers":
        return "logits", "NTC" if settings.task == "token" else "NC"
    softmax = "softmax" if settings.softmax else "logits"
    if settings.task != "token" or settings.kept == "real_tokens":
        return softmax, "NC"
    _, code, axes = ARRANGEMENTS[settings.arrangement]
    return code.replace("logits", softmax), axes


def what_is_ignored(settings: Settings) -> dict[str, str]:
    """Say beside each setting that plays no part, why."""
    notes = {}
    if settings.framework == "transformers":
        defaults = Settings()
        inside = ("loss", "softmax", "arrangement", "kept")
        changed = [name for name in inside if getattr(settings, name) != getattr(defaults, name)]
        notes = dict.fromkeys(changed, "a transformers model has its loss inside: this plays no part")
    elif settings.task == "regression" and settings.loss != "mse_loss":
        notes["task"] = f"{LOSSES[settings.loss]} still scores classes: a number needs MSE and num_labels 1"
    if settings.task != "token":
        if settings.arrangement != "as_they_are":
            notes.setdefault("arrangement", "logits (N, C) have no token axis: nothing to arrange")
        if settings.kept == "real_tokens":
            notes.setdefault("kept", "logits (N, C) have no token axis: all are kept")
    elif settings.kept == "real_tokens" and settings.arrangement != "as_they_are":
        notes.setdefault("arrangement", "the kept tokens are one list, (K, C): nothing to arrange")
    if settings.padding == "longest" and settings.max_length != Settings().max_length:
        notes["max_length"] = "padded to the longest sentence: this plays no part"
    return notes


class Preset(NamedTuple):
    """A lesson's case.

    Attributes:
        settings: Where the lab opens, with its mistake on the table.
        controls: The settings whose controls are in sight; the others are behind "More".
    """

    settings: Settings | KerasSettings
    controls: tuple[str, ...]


_START = Settings()
_SIZES = ("num_labels", "classes", "batch_size", "target_size")
_KERAS_ANSWERS = ("label_format", "units", "loss")
_ANSWERS = ("target_format", "loss", "num_labels", "classes")
PRESETS = {
    "all_right": Preset(_START, _SIZES),
    "wrong_head_size": Preset(replace(_START, num_labels=1), _SIZES),
    "unused_outputs": Preset(replace(_START, num_labels=73, classes=33), _SIZES),
    "batch_target": Preset(replace(_START, target_size=1), _SIZES),
    "one_hot_targets": Preset(replace(_START, target_format="one_hot_int"), _ANSWERS),
    "token_vs_sequence": Preset(
        replace(_START, task="token"), ("task", "arrangement", "target_format", "num_labels")
    ),
    "softmax_before_loss": Preset(
        replace(_START, softmax=True), ("softmax", "target_format", "num_labels", "classes")
    ),
    "broadcast_mse": Preset(
        replace(_START, num_labels=1, target_format="numbers", loss="mse_loss"),
        ("loss", "target_format", "num_labels", "target_size"),
    ),
    "keras_padding": Preset(
        KerasSettings(input_length="fixed"),
        ("padding", "max_length", "input_length", "two_inputs", "mask_given", *_KERAS_ANSWERS),
    ),
}
