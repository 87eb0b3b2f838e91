"""What can be changed in the Keras lab. Keras itself is not imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpers.lab.choices import SENTENCES, check_choices

PADDINGS = {
    "longest": ("to the longest", "padding=True"),
    "max_length": ("to max_length", 'padding="max_length", truncation=True, max_length={max_length}'),
    "none": ("none", "padding=False"),
}
INPUT_LENGTHS = {"open": "open, (None,)", "fixed": "fixed, (max_length,)"}
# The loss, and the activation that belongs to it.
LOSSES = {
    "sparse_categorical_crossentropy": "softmax",
    "categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
}
LABEL_FORMATS = {
    "indices": ("indices (N,)", "labels"),
    "column": ("one column (N, 1)", "labels.reshape(-1, 1)"),
    "one_hot": ("one-hot (N, C)", "np.eye({classes})[labels]"),
}


@dataclass(frozen=True)
class KerasSettings:
    """What the learner can change.

    Attributes:
        padding: One of `PADDINGS`.
        max_length: What the tokenizer pads and cuts to, and what a fixed input is built for.
        input_length: One of `INPUT_LENGTHS`.
        two_inputs: Whether the model has an input for the mask.
        mask_given: Whether the mask is handed to the model.
        loss: One of `LOSSES`.
        label_format: One of `LABEL_FORMATS`.
        units: The outputs of the last Dense.
        classes: How many classes the labels are drawn from.
        batch_size: How many sentences the batch holds.
        text: The sentences, one per line.
    """

    padding: str = "longest"
    max_length: int = 8
    input_length: str = "open"
    two_inputs: bool = True
    mask_given: bool = True
    loss: str = "sparse_categorical_crossentropy"
    label_format: str = "indices"
    units: int = 3
    classes: int = 3
    batch_size: int = 4
    text: str = "\n".join(SENTENCES)

    def __post_init__(self) -> None:
        known: dict[str, Mapping[str, object]] = {"padding": PADDINGS, "input_length": INPUT_LENGTHS}
        known |= {"loss": LOSSES, "label_format": LABEL_FORMATS}
        check_choices(self, known)
