"""Where the lessons' labs open, each with its mistake on the table."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from helpers.lab.bert_lab import BertExperiment
from helpers.lab.experiment import Experiment
from helpers.lab.keras_lab import KerasExperiment


class Preset(NamedTuple):
    """A lesson's case."""

    title: str  # what the projector calls it: no word of the verdict, on which a room votes
    experiment: type[Experiment]  # what runs it
    settings: Any  # where the lab opens
    controls: tuple[str, ...]  # the settings whose controls are in sight; the others are behind "More"


def _preset(kind: type[Experiment], title: str, controls: str, **settings: Any) -> Preset:
    return Preset(title, kind, kind.settings_type(**settings), tuple(controls.split()))


_bert, _keras = partial(_preset, BertExperiment), partial(_preset, KerasExperiment)
_SIZES = "num_labels classes batch_size target_size"
_ONE_HOT, _SOFTMAX = "target_format loss num_labels classes", "softmax target_format num_labels classes"
_PER_TOKEN, _MSE = "task arrangement target_format num_labels", "loss target_format num_labels target_size"
_PADDING = "padding max_length input_length two_inputs mask_given label_format units loss"
_BROADCAST = {"num_labels": 1, "target_format": "numbers", "loss": "mse_loss"}
# In the order of the lessons.
PRESETS = {
    "all_right": _bert("Start: four sentences, three classes", _SIZES),
    "wrong_head_size": _bert("1. The size of the head", _SIZES, num_labels=1),
    "unused_outputs": _bert("1. A head with 73 outputs", _SIZES, num_labels=73, classes=33),
    "batch_target": _bert("2. Rows and labels", _SIZES, target_size=1),
    "one_hot_targets": _bert("3. One-hot, or indices", _ONE_HOT, target_format="one_hot_int"),
    "token_vs_sequence": _bert("4. One prediction per token, or per sentence?", _PER_TOKEN, task="token"),
    "keras_padding": _keras("5. Padding, masks and Keras", _PADDING, input_length="fixed"),
    "softmax_before_loss": _bert("6. Softmax before the loss", _SOFTMAX, softmax=True),
    "broadcast_mse": _bert("6. MSE", _MSE, **_BROADCAST),
}
