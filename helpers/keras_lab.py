"""The kind of lab that the lesson on padding opens: ids, a mask and a Keras model."""

from __future__ import annotations

from helpers.keras_drawing import Arrays, as_words, draw_arrays
from helpers.keras_experiment import KerasExperiment, KerasScene
from helpers.keras_settings import INPUT_LENGTHS, LABEL_FORMATS, LOSSES, PADDINGS
from helpers.lab import Kind


def arrays_of(scene: KerasScene) -> Arrays:
    """Return what the picture needs of a scene."""
    read = scene.settings.two_inputs and scene.settings.mask_given
    return Arrays(scene.tokens, scene.ids, scene.mask, read, scene.shapes)


def _draw(scene: KerasScene) -> str:
    return draw_arrays(arrays_of(scene))


def _table(scene: KerasScene) -> list[tuple[str, str]]:
    return [
        (name, f"built for {as_words(built)}, came {as_words(came)}") for name, built, came in scene.shapes
    ]


KERAS = Kind(
    experiment=KerasExperiment,
    labels={
        "padding": "padding",
        "max_length": "max_length",
        "input_length": "Input length",
        "two_inputs": "the model has two inputs",
        "mask_given": "mask given",
        "loss": "loss",
        "label_format": "labels",
        "units": "units",
        "classes": "classes in the data",
        "batch_size": "batch_size",
    },
    choices={
        "padding": {name: words for name, (words, _) in PADDINGS.items()},
        "input_length": INPUT_LENGTHS,
        "loss": {name: name for name in LOSSES},
        "label_format": {name: words for name, (words, _) in LABEL_FORMATS.items()},
    },
    ranges={"max_length": (4, 16), "units": (1, 6), "classes": (2, 6), "batch_size": (1, 8)},
    draw=_draw,
    table=_table,
)
