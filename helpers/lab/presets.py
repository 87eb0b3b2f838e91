"""Where the lessons' labs open, each with its mistake on the table."""

from __future__ import annotations

from typing import Any, NamedTuple

from helpers.lab.bert_lab import BertExperiment, BertSettings
from helpers.lab.experiment import Experiment
from helpers.lab.keras_lab import KerasExperiment, KerasSettings


class Preset(NamedTuple):
    """A lesson's case.

    Attributes:
        title: What the lesson calls it.
        experiment: What runs it.
        settings: Where the lab opens.
        controls: The settings whose controls are in sight; the others are behind "More".
    """

    title: str
    experiment: type[Experiment[Any]]
    settings: Any
    controls: tuple[str, ...]


def _bert(title: str, *controls: str, **settings: Any) -> Preset:
    return Preset(title, BertExperiment, BertSettings(**settings), controls)


_SIZES = ("num_labels", "classes", "batch_size", "target_size")
_KERAS_ANSWERS = ("label_format", "units", "loss")
# In the order of the lessons.
PRESETS = {
    "all_right": _bert("Start: everything fits", *_SIZES),
    "wrong_head_size": _bert("1. The head has the wrong size", *_SIZES, num_labels=1),
    "unused_outputs": _bert("1. Outputs that no label uses", *_SIZES, num_labels=73, classes=33),
    "batch_target": _bert("2. Not one label per row", *_SIZES, target_size=1),
    "one_hot_targets": _bert(
        "3. One-hot, or indices",
        *("target_format", "loss", "num_labels", "classes"),
        target_format="one_hot_int",
    ),
    "token_vs_sequence": _bert(
        "4. One prediction per token, or per sentence?",
        *("task", "arrangement", "target_format", "num_labels"),
        task="token",
    ),
    "keras_padding": Preset(
        "5. Padding, masks and Keras",
        KerasExperiment,
        KerasSettings(input_length="fixed"),
        ("padding", "max_length", "input_length", "two_inputs", "mask_given", *_KERAS_ANSWERS),
    ),
    "softmax_before_loss": _bert(
        "6. Softmax before the loss",
        *("softmax", "target_format", "num_labels", "classes"),
        softmax=True,
    ),
    "broadcast_mse": _bert(
        "6. MSE that broadcasts",
        *("loss", "target_format", "num_labels", "target_size"),
        num_labels=1,
        target_format="numbers",
        loss="mse_loss",
    ),
}
