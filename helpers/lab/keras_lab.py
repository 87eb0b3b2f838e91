"""The kind of lab that the lesson on padding opens: ids, a mask and a Keras model."""

from __future__ import annotations

from dataclasses import asdict

from helpers.drawing.keras_arrays import as_words, draw_arrays, in_words
from helpers.drawing.numbers_table import draw_numbers
from helpers.lab.keras_experiment import KerasExperiment, KerasScene
from helpers.lab.keras_settings import INPUT_LENGTHS, LABEL_FORMATS, LOSSES, PADDINGS, KerasSettings
from helpers.lab.kind import Kind


def _draw(scene: KerasScene, changed: frozenset[str]) -> str:
    return draw_arrays(scene.shapes, _signs(scene), changed)


def _values(scene: KerasScene) -> str:
    if scene.output is None:
        return "<p>Nothing came out: the model raised before its last layer.</p>"
    return draw_numbers("output", scene.output, "NC", scene.values, scene.sentences, scene.tokens[0])


def _table(scene: KerasScene) -> list[tuple[str, str]]:
    return [
        (name, f"built for {as_words(built)}, came {as_words(came)}") for name, built, came in scene.shapes
    ]


def _signs(scene: KerasScene) -> dict[str, str]:
    """Sign the arrays that don't fit; where all do, the one that the verdict is about."""
    misfit = {shapes[0]: words for shapes in scene.shapes if (words := in_words(*shapes))}
    if misfit or scene.diagnosis.outcome == "ok":
        return misfit
    about = "attention_mask" if scene.diagnosis.cause == "missing_or_wrong_mask" else "output and y"
    return {about: f"{scene.diagnosis.sign} see the verdict"}


def _right(experiment: KerasExperiment) -> KerasSettings:
    settings = KerasSettings(text=experiment.settings.text)
    # A sentence longer than BERT's 512 positions runs with no setting.
    runs = experiment.change(**asdict(settings)).diagnosis.outcome == "ok"
    return settings if runs else KerasSettings()


KERAS = Kind(
    experiment=KerasExperiment,
    labels={
        "padding": "padding",
        "max_length": "max_length",
        "input_length": "Input length",
        "two_inputs": "two inputs",
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
    signs=_signs,
    values=_values,
    with_ids=True,
    right=_right,
    mistakes=(
        {"input_length": "fixed"},
        {"padding": "none"},
        {"mask_given": False},
        {"two_inputs": False, "mask_given": False},
        {"label_format": "one_hot"},
        {"loss": "categorical_crossentropy"},
        {"loss": "binary_crossentropy"},
        {"units": 1},
        {"units": 2},
        {"classes": 5},
    ),
    mends={
        "static_length": ("input_length", "padding"),
        "ragged_padding": ("padding",),
        "missing_input": ("mask_given", "two_inputs"),
        "missing_or_wrong_mask": ("two_inputs mask_given",),
        "one_hot_index": ("loss", "label_format"),
        "loss_choice": ("loss", "label_format"),
        "index_for_multilabel": ("loss", "label_format"),
        "squeeze_mismatch": ("label_format", "units"),
        "head_size": ("units", "loss", "label_format"),
        "unused_outputs": ("units",),
        "label_range": ("classes", "loss"),
    },
)
