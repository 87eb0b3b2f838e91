"""The kind of lab that most lessons open: BERT, a head and a loss in PyTorch."""

from __future__ import annotations

from helpers.drawing import Flow, draw_flow
from helpers.experiment import Experiment, Scene
from helpers.lab import Kind
from helpers.settings import ARRANGEMENTS, FORMATS, LOSSES, TASKS


def flow_of(scene: Scene) -> Flow:
    """Return what the picture needs of a scene."""
    settings = scene.settings
    loss = LOSSES[settings.loss]
    return Flow(
        scene.stages, scene.target, scene.values, scene.diagnosis, settings.classes, loss, settings.num_labels
    )


def _draw(scene: Scene) -> str:
    return draw_flow(flow_of(scene))


def _table(scene: Scene) -> list[tuple[str, str]]:
    return [(stage.name, stage.sizes) for stage in (*scene.stages, scene.target)]


BERT = Kind(
    experiment=Experiment,
    labels={
        "num_labels": "num_labels",
        "classes": "classes in the data",
        "batch_size": "batch_size",
        "target_size": "labels in target",
        "task": "one prediction per",
        "arrangement": "logits",
        "softmax": "softmax before the loss",
        "target_format": "target",
        "loss": "loss",
    },
    choices={
        "task": TASKS,
        "arrangement": {name: words for name, (words, *_) in ARRANGEMENTS.items()},
        "target_format": {name: kind.title for name, kind in FORMATS.items()},
        "loss": LOSSES,
    },
    ranges={"num_labels": (1, 10), "classes": (1, 10), "batch_size": (1, 8), "target_size": (0, 8)},
    draw=_draw,
    table=_table,
)
