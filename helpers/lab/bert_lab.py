"""The kind of lab that most lessons open: BERT, a head and a loss in PyTorch."""

from __future__ import annotations

from dataclasses import asdict, replace

from helpers.drawing.flow import draw_flow
from helpers.drawing.layout import Flow
from helpers.drawing.numbers_table import draw_numbers
from helpers.lab.experiment import Experiment, Scene
from helpers.lab.kind import Kind
from helpers.lab.settings import ARRANGEMENTS, FORMATS, FRAMEWORKS, KEPT, LOSSES, PADDINGS, TASKS, Settings
from helpers.trace import AXES

# What a mark names beside an axis.
PARTS = {"label": "a label", "values": "what it holds", "dtype": "the dtype", "?": "one axis"}


def flow_of(scene: Scene, changed: frozenset[str] = frozenset()) -> Flow:
    """Return what the picture needs of a scene, with the names of what has changed."""
    settings = scene.settings
    # A number has no classes, and a model of transformers chooses its loss itself.
    classes = settings.num_labels if settings.task == "regression" else settings.classes
    loss = LOSSES[settings.loss] if settings.framework == "pytorch" else "the model's loss"
    return Flow(
        scene.stages,
        scene.target,
        scene.values,
        scene.diagnosis,
        classes,
        loss,
        settings.num_labels,
        between_head_and_loss(settings),
        changed,
    )


def between_head_and_loss(settings: Settings) -> list[str]:
    """Return what is done to the logits, as the controls call it.

    >>> between_head_and_loss(Settings(softmax=True, kept="unpadded"))
    ['softmax', 'unpadded']
    """
    if settings.framework == "transformers":
        return []
    is_kept = settings.kept == "unpadded" or (settings.kept == "real_tokens" and settings.task == "token")
    done = {"softmax": settings.softmax, settings.kept.replace("_", " "): is_kept}
    return [name for name, is_done in done.items() if is_done]


def _draw(scene: Scene, changed: frozenset[str]) -> str:
    # What the loss reads is called by what was done to it; in the picture it is the logits' place.
    read = {"logits"} if scene.stages[-1].name in changed else set()
    return draw_flow(flow_of(scene, changed | read))


def _values(scene: Scene) -> str:
    read = scene.stages[-1]
    return draw_numbers(read.name, scene.logits, read.axes, scene.values, scene.sentences, scene.tokens[0])


def _table(scene: Scene) -> list[tuple[str, str]]:
    stages = [(stage.name, stage.sizes) for stage in scene.stages]
    return [*stages, ("target", f"{scene.target.sizes} {scene.target.dtype}")]


def _signs(scene: Scene) -> dict[str, str]:
    ends = {"logits": scene.stages[-1], "target": scene.target}
    sign, is_silent = scene.diagnosis.sign, scene.diagnosis.outcome == "silent"
    signs: dict[str, str] = {}
    for tensor, part in scene.diagnosis.marks:
        stage, words = ends[tensor], PARTS.get(part, part)
        if part in AXES and part not in stage.axes:
            said = f"{sign} no {words}"
        else:
            said = f"{sign} look at {words}" if is_silent else f"{sign} {words} doesn't fit"
        signs[stage.name] = f"{signs[stage.name]}, {said}" if stage.name in signs else said
    return signs


def _right(experiment: Experiment) -> Settings:
    settings = Settings(text=experiment.settings.text)
    rows = len(experiment.change(**asdict(settings)).sentences)  # fewer may have been typed
    return replace(settings, batch_size=rows, target_size=rows)


BERT = Kind(
    experiment=Experiment,
    labels={
        "num_labels": "num_labels",
        "classes": "classes in the data",
        "batch_size": "batch_size",
        "target_size": "labels in target",
        "framework": "framework",
        "task": "one prediction per",
        "arrangement": "logits",
        "kept": "kept",
        "softmax": "softmax before the loss",
        "target_format": "target",
        "loss": "loss",
        "padding": "padding",
        "max_length": "max_length",
        "mask": "attention_mask given",
    },
    choices={
        "framework": FRAMEWORKS,
        "task": TASKS,
        "padding": PADDINGS,
        "kept": {name: words for name, (words, _) in KEPT.items()},
        "arrangement": {name: words for name, (words, *_) in ARRANGEMENTS.items()},
        "target_format": {name: kind.title for name, kind in FORMATS.items()},
        "loss": LOSSES,
    },
    ranges={
        "num_labels": (1, 10),
        "classes": (1, 10),
        "batch_size": (1, 8),
        "target_size": (0, 8),
        "max_length": (4, 24),
    },
    draw=_draw,
    table=_table,
    signs=_signs,
    values=_values,
    with_ids=False,
    right=_right,
    mistakes=(
        {"num_labels": 1},
        {"num_labels": 2},
        {"classes": 5},
        {"target_size": 1},
        {"batch_size": 3},
        {"target_format": "column"},
        {"target_format": "one_hot_int"},
        {"target_format": "int32"},
        {"target_format": "per_token"},
        {"task": "token"},
        {"task": "token", "target_format": "per_token"},
        {"loss": "binary_cross_entropy_with_logits"},
        {"loss": "mse_loss"},
        {"loss": "mse_loss", "num_labels": 1, "target_format": "numbers"},
        {"softmax": True},
        {"mask": False},
        {"kept": "unpadded"},
        {"framework": "transformers", "target_format": "one_hot_int"},
    ),
    mends={
        "head_size": ("num_labels", "target_format", "target_size", "kept", "classes"),
        "label_range": ("num_labels", "target_format", "classes"),
        "unused_outputs": ("num_labels", "classes"),
        "batch_target": (
            "target_size",
            "batch_size",
            "kept",
            "target_format",
            "task",
            "target_size target_format",
        ),
        "extra_target_dim": ("target_format",),
        "one_hot_index": ("target_format",),
        "index_for_multilabel": ("target_format", "loss"),
        "token_logits_for_sequence": ("task", "target_format"),
        "sequence_logits_for_token": ("task", "arrangement"),
        "needs_flatten_or_transpose": ("arrangement", "num_labels", "task", "target_format"),
        "squeeze_mismatch": ("target_format", "num_labels"),
        "target_dtype": ("target_format", "loss"),
        "loss_choice": ("loss", "num_labels", "target_format"),
        "softmax_before_loss": ("softmax",),
        "missing_or_wrong_mask": ("mask",),
        "dropped_rows": ("kept", "target_size"),
        "problem_type": ("num_labels", "target_format", "task"),
        "static_length": ("task", "target_format"),
        "all_ignored": ("target_format",),
    },
)
