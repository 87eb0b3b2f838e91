"""The labs' one plain sentence: each state has one, it is short, and its numbers are those of the run."""

import os
import re
from dataclasses import asdict
from math import log
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.diagnosis.said.causes import CAUSES
from helpers.lab.experiment import Experiment
from helpers.lab.plain import SENTENCES, plain
from helpers.lab.presets import PRESETS

WALK = int(os.environ.get("SHAPE_CLINIC_WALK", "200"))
KINDS = {preset: PRESETS[preset].experiment for preset in ("all_right", "keras_padding")}
MOST_WORDS = 16
# What is counted, after a number that asks for the other form.
WRONG_FORM = re.compile(
    r"\b1 (labels|rows|outputs|classes|sentences|scores|tokens|numbers)\b"
    r"|(?<!\.)\b(?!1\b)\d+ (label|row|output|class|sentence|score|token|number)\b"
)


def changes(preset: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a few changes: of many, most would be hidden behind labels that are too few."""
    controls = KINDS[preset].settings_type.controls()
    values = {
        name: list(control.options) or (range(*control.range) if control.range else (True, False))
        for name, control in controls.items()
    }
    each = [st.tuples(st.just(name), st.sampled_from(list(some))) for name, some in values.items()]
    drawn = st.lists(st.one_of(each), max_size=5).map(dict)
    # As many labels as rows, in most batches.
    same = st.tuples(drawn, st.integers(0, 3)).map(
        lambda both: {"target_size": both[0].get("batch_size", 4), **both[0]} if both[1] else both[0]
    )
    return same if "target_size" in controls else drawn


@pytest.fixture(scope="module")
def experiments() -> dict[str, Experiment]:
    return {preset: kind() for preset, kind in KINDS.items()}


def numbers_of(scene: Any) -> set[str]:
    """Every number that a sentence about this run may name: what is shown, and what is counted in it."""
    chosen, shown = scene.settings, f"{scene.table()} {scene.values}"
    outputs = getattr(chosen, "units", None) or chosen.num_labels
    rows = [row for row in scene.values if isinstance(row, list)]
    counts = [len(scene.sentences), sum(map(all, scene.mask)), sum(row.count(0) for row in scene.mask)]
    counts += [1, 2, outputs - 1, outputs, chosen.classes, outputs - chosen.classes, counts[0] - counts[1]]
    counts += [*map(len, scene.ids), sum(map(len, scene.ids)), *(row.count(1) for row in rows)]
    arrays = getattr(scene, "shapes", [])[:2]  # Keras' inputs: those that the model has, and those that came
    counts += [sum(shape[part] is not None for shape in arrays) for part in (1, 2)]
    real = [scene.diagnosis.loss or 0, log(outputs), log(2)]
    return {*re.findall(r"-?\d+", shown), *map(str, counts), *(f"{number:.2f}" for number in real)}


@pytest.mark.parametrize("preset", KINDS)
@settings(max_examples=WALK, deadline=None)
@given(st.data())
def test_every_state_has_a_short_sentence_with_the_numbers_of_its_run(
    experiments: dict[str, Experiment], preset: str, data: st.DataObject
) -> None:
    experiment = experiments[preset]
    scene = experiment.change(**asdict(experiment.settings_type(**data.draw(changes(preset)))))
    told, said = scene.diagnosis, plain(scene)
    assert said[0] == said[0].upper() and said.endswith(".")
    # Each state has a sentence of its own; a cause's title says nothing of this run.
    assert told.cause is None or not said.startswith(f"{CAUSES[told.cause].title[1:]}.", 1), told
    assert len(re.sub(r" Loss .*", "", said).split()) <= MOST_WORDS
    constants = {"0.5"} if told.outcome == "ok" else {"0", "1"}
    assert set(re.findall(r"(?<![a-z\d])-?\d+(?:\.\d+)?", said)) <= numbers_of(scene) | constants
    assert not WRONG_FORM.search(said)
    assert ("fits" in said) == (told.outcome == "ok")


# What the lessons' labs open with.
LESSONS = """
all_right: Everything fits: 4 rows of scores, 4 labels. Loss 1.29; a guess among 3 costs 1.10.
wrong_head_size: A label is 2, but the head has 1 output: there is no score for it.
unused_outputs: 73 outputs, but only 33 classes: 40 outputs are never right.
batch_target: 4 rows of scores, but only 1 label.
one_hot_targets: The labels are whole-number one-hot rows; this loss wants an index per row.
token_vs_sequence: Each sentence has 12 rows of scores, one per token, but only one label.
keras_padding: The model is built for 8 tokens, but the rows have 12.
softmax_before_loss: Softmax runs twice: once before the loss, and again inside it.
broadcast_mse: Scores (4, 1), labels (4,): each score is compared with all 4 labels.
"""
# A lab, what is changed in settings that are right, and the sentence.
EXACT = """
bert |
    Everything fits: 4 rows of scores, 4 labels. Loss 1.29; a guess among 3 costs 1.10.
bert | batch_size=1 target_size=1
    Everything fits: 1 row of scores, 1 label. Loss 1.50; a guess among 3 costs 1.10.
bert | target_format=probabilities
    Everything fits: 4 rows of scores, 4 rows of labels. Loss 1.28; a guess among 3 costs 1.10.
bert | target_format=one_hot_float loss=binary_cross_entropy_with_logits
    Everything fits: 4 rows of scores, 4 rows of labels. Loss 0.86; saying 0.5 each time costs 0.69.
bert | loss=mse_loss num_labels=1 target_format=numbers_column task=regression
    Everything fits: 4 scores, 4 labels. Loss 0.68, the mean of the squared differences.
bert | task=token target_format=per_token arrangement=transposed
    Everything fits: 48 tokens, each with a row of scores and a label. Loss 1.20; a guess among 3 costs 1.10.
bert | task=token target_format=per_token kept=real_tokens
    Everything fits: 39 tokens, each with a row of scores and a label. Loss 1.20; a guess among 3 costs 1.10.
bert | target_size=0
    4 rows of scores, but no labels.
bert | target_size=8
    4 rows of scores, but 8 labels.
bert | batch_size=1
    1 row of scores, but 4 labels.
bert | task=token target_size=1
    4 sentences, but only 1 label.
bert | num_labels=2
    A label is 2, but the 2 outputs are for labels 0 to 1.
bert | classes=1 num_labels=1
    One class and 1 output leave nothing to choose: the loss is always 0.
bert | classes=1
    The data has only one class: there is nothing to choose.
bert | num_labels=4
    4 outputs, but only 3 classes: 1 output is never right.
bert | classes=5 target_format=one_hot_float
    Each label is a row of 5 numbers, but the head has 3 outputs.
bert | num_labels=1 loss=binary_cross_entropy_with_logits
    A label is 2, but this loss takes only numbers from 0 to 1.
bert | target_format=column
    The labels have shape (4, 1); this loss wants a plain list, (4,).
bert | target_format=one_hot_int
    The labels are whole-number one-hot rows; this loss wants an index per row.
bert | target_format=int32
    The labels are int32; this loss wants int64.
bert | target_format=numbers
    The labels are float32; this loss wants int64.
bert | loss=binary_cross_entropy_with_logits
    Labels are class indices; this loss wants a 0 or 1 for each of 3 outputs.
bert | loss=mse_loss
    Each row has 3 scores, but only one number to compare them with.
bert | target_format=multi_hot
    A row has 2 right classes; cross entropy expects one.
bert | target_format=per_token
    Each sentence has 12 labels, one per token, but only one row of scores.
bert | target_format=per_token_flat
    4 rows of scores, but 48 labels: one per token.
bert | target_format=per_token loss=binary_cross_entropy_with_logits
    Each sentence has 12 labels, one per token, but only one row of scores.
bert | task=token target_format=one_hot_float
    Each sentence has 12 rows of scores, one per token, but only one row of labels.
bert | task=token target_format=per_token
    The classes are on the last axis; this loss looks for them on axis 1.
bert | task=token target_format=per_token arrangement=flattened
    48 rows of scores in one list; the labels still have shape (4, 12).
bert | task=token arrangement=flattened
    48 rows of scores, one per token, but only 4 labels.
bert | task=token target_format=per_token arrangement=transposed num_labels=12
    Tokens and classes are both 12: a wrong order would raise no error.
bert | num_labels=1 loss=binary_cross_entropy_with_logits classes=2
    The scores have shape (4, 1), the labels (4,): they must be equal.
bert | softmax=on
    Softmax runs twice: once before the loss, and again inside it.
bert | softmax=on loss=binary_cross_entropy_with_logits target_format=one_hot_float
    Softmax ran before the loss; this loss wants the raw scores.
bert | softmax=on num_labels=1 loss=mse_loss target_format=column
    A softmax over 1 output is always 1: nothing can be learned.
bert | mask=off
    No attention mask: BERT reads the 9 padding tokens too.
bert | kept=unpadded
    Only 1 of 4 sentences reaches the loss; 3 were left out.
bert | kept=unpadded batch_size=3 target_size=3 padding=max_length max_length=24
    No sentence reaches the loss: 3 were left out.
bert | kept=unpadded padding=max_length max_length=9
    Only 3 of 4 sentences reach the loss; 1 was left out.
bert | framework=transformers num_labels=1
    With 1 output this model predicts a number, but the labels are classes.
bert | framework=transformers task=regression
    This model is set to predict numbers, but the labels look like classes.
bert | framework=transformers target_format=one_hot_float
    The labels are float32, so this model expects a 0 or 1 for each output.
bert | task=regression num_labels=10
    10 outputs, but no label is above 2.
bert | task=token target_format=per_token_flat target_size=3
    48 tokens, but 36 labels.
keras |
    Everything fits: 4 rows of scores, 4 labels. Loss 1.15; a guess among 3 costs 1.10.
keras | loss=binary_crossentropy units=1 classes=2
    Everything fits: 4 scores, 4 labels. Loss 1.57; saying 0.5 each time costs 0.69.
keras | padding=none
    The rows have 7 to 12 tokens; an array needs rows of one length.
keras | input_length=fixed
    The model is built for 8 tokens, but the rows have 12.
keras | mask_given=off
    The model has 2 inputs, but it was given only 1.
keras | two_inputs=off
    The model has 1 input, but it was given 2.
keras | two_inputs=off mask_given=off
    No attention mask: BERT reads the 9 padding tokens too.
keras | label_format=one_hot
    The labels are one-hot rows; this loss wants an index per row.
keras | loss=categorical_crossentropy
    Each row has 3 scores, but only one number to compare them with.
keras | loss=binary_crossentropy
    Labels are class indices; this loss wants a 0 or 1 for each of 3 outputs.
keras | loss=binary_crossentropy units=1
    A label is 2, but the head has 1 output: there is no score for it.
keras | units=2
    A label is 2, but the 2 outputs are for labels 0 to 1.
keras | units=4
    4 outputs, but only 3 classes: 1 output is never right.
keras | loss=categorical_crossentropy label_format=one_hot units=2
    Each label is a row of 3 numbers, but the head has 2 outputs.
"""
STATES = list(zip(*[iter(EXACT.strip().splitlines())] * 2, strict=True))


def test_a_lesson_opens_with_its_sentence() -> None:
    opened = [(name, plain(preset.experiment(preset.settings).scene)) for name, preset in PRESETS.items()]
    assert opened == [tuple(line.split(": ", 1)) for line in LESSONS.strip().splitlines()]


@pytest.mark.parametrize(("state", "said"), STATES)
def test_a_state_is_said_in_these_words(experiments: dict[str, Experiment], state: str, said: str) -> None:
    lab, _, chosen = state.partition(" |")
    experiment = experiments[{"bert": "all_right", "keras": "keras_padding"}[lab]]
    changed = dict(pair.split("=") for pair in chosen.split())
    typed = {name: int(value) if value.isdigit() else value for name, value in changed.items()}
    start = asdict(experiment.settings_type())
    flags = {name: value == "on" for name, value in typed.items() if isinstance(start[name], bool)}
    assert plain(experiment.change(**start | typed | flags)) == said.strip()


def test_every_sentence_is_of_a_cause() -> None:
    assert SENTENCES.keys() <= {"ok", *CAUSES}
