"""What the lab's buttons do: break it, mend it, reset it, say it."""

import re
from dataclasses import asdict, replace
from html import unescape
from itertools import combinations, islice
from random import Random
from typing import Any

import pytest

from helpers import ShapeLab
from helpers.lab.experiment import Experiment
from helpers.lab.hunt import mistakes, spoil
from helpers.lab.mending import MOST_STEPS, in_words, mend
from helpers.lab.presets import PRESETS

KINDS = {preset: PRESETS[preset].experiment for preset in ("all_right", "keras_padding")}
MISTAKES = [(preset, number) for preset, kind in KINDS.items() for number in range(len(kind.mistakes()))]


@pytest.fixture(scope="module")
def experiments() -> dict[str, Any]:
    return {preset: kind() for preset, kind in KINDS.items()}


@pytest.mark.parametrize(("preset", "number"), MISTAKES)
def test_a_mistake_is_one_and_can_be_mended(experiments: dict[str, Any], preset: str, number: int) -> None:
    kind, experiment = KINDS[preset], experiments[preset]
    changes, wrong, _ = spoil(experiment, iter([kind.mistakes()[number]]))
    broken = experiment.scene
    assert wrong == kind.mistakes()[number]
    assert experiment.settings == replace(experiment.settings, **changes)
    assert broken.diagnosis.outcome in ("raises", "silent")
    # What was meant as a label per sentence is mended as the verdict asks: with a prediction per token.
    for _ in range(2 if wrong == {"target_format": "per_token"} else 1):
        before, said = experiment.settings, experiment.scene.diagnosis
        step = mend(experiment)
        assert experiment.settings == before
        assert experiment.scene.diagnosis.error == said.error
        assert step is not None, said
        assert " → " in in_words(before, step)
        experiment.change(**step)
    assert experiment.scene.diagnosis.outcome == "ok"


@pytest.mark.parametrize("text", ["One.", "It was.\nIt was.\nIt was.\nIt was.\nIt was.", "", "word " * 600])
@pytest.mark.parametrize("preset", KINDS)
def test_whatever_was_typed_one_thing_is_wrong(preset: str, text: str) -> None:
    experiment: Experiment = KINDS[preset]()
    experiment.change(text=text)
    wrong = mistakes(experiment.mistakes(), (), Random(0))
    for _ in range(len(experiment.mistakes()) // 2):
        spoil(experiment, wrong)
        assert experiment.scene.diagnosis.outcome != "ok"
        right = asdict(experiment.right())
        assert experiment.change(**right).diagnosis.outcome == "ok"


@pytest.mark.parametrize("preset", KINDS)
def test_in_a_hunt_one_press_of_fix_it_undoes_the_mistake_that_was_made(preset: str) -> None:
    lab = ShapeLab(preset)
    for _ in range(len(KINDS[preset].mistakes())):
        lab.break_it.click()
        looked_for = lab.hunt.undone(lab.experiment.settings)
        assert looked_for
        before = asdict(lab.experiment.settings)
        lab.fix_it.click()
        assert lab.scene.diagnosis.outcome == "ok"
        assert asdict(lab.experiment.settings) == {**before, **looked_for}
        assert not lab.hunt.is_on


def test_a_mistake_comes_again_only_after_all_others() -> None:
    every = KINDS["all_right"].mistakes()
    in_sight = PRESETS["batch_target"].controls
    first = list(islice(mistakes(every, in_sight, Random(0)), len(every)))
    assert sorted(map(str, first)) == sorted(map(str, every))
    # The lesson's own come first.
    own = [changes for changes in every if changes.keys() <= set(in_sight)]
    assert 3 <= len(own) < len(first)
    assert sorted(map(str, first[: len(own)])) == sorted(map(str, own))


@pytest.mark.parametrize("preset", KINDS)
def test_right_settings_are_right(experiments: dict[str, Any], preset: str) -> None:
    settings = KINDS[preset].settings_type()
    assert experiments[preset].change(**asdict(settings)).diagnosis.outcome == "ok"
    assert set(settings.controls()) | {"text"} == set(asdict(settings))


def test_fix_it_does_what_the_top_fix_promises() -> None:
    lab = ShapeLab("one_hot_targets")
    promised = lab.scene.diagnosis.fixes[0]
    lab.fix_it.click()
    assert lab.target_format.value == "indices"
    assert f"loss {lab.scene.diagnosis.loss:.3f}" in promised.result
    assert "target: one-hot, integer → class indices (N,)" in lab.message.value
    assert 'class="changed"' in lab.picture.value
    lab.fix_it.click()
    assert "Nothing to mend" in lab.message.value
    lab.num_labels.value = 4
    assert 'class="changed"' not in lab.picture.value


def test_what_no_control_mends_is_said() -> None:
    lab = ShapeLab("batch_target")
    lab.experiment.mends = {}
    before = lab.experiment.settings
    lab.fix_it.click()
    assert "No control mends this" in lab.message.value
    assert lab.experiment.settings == before


def test_break_it_hides_the_cause_until_it_is_mended_or_asked_for() -> None:
    lab = ShapeLab()
    lab.hunt.mistakes = iter([{"target_format": "column"}, {"num_labels": 1}, {"softmax": True}])
    lab.break_it.click()
    assert lab.target_format.value == "column"
    assert "multi-target not supported" in lab.verdict.value
    assert "an axis too many" not in lab.verdict.value
    lab.num_labels.value = 4
    assert "Not yet. Where is it?" in lab.message.value
    lab.num_labels.value = 3
    lab.target_format.value = "indices"
    assert "Mended: nothing is wrong any more. 1 of 1 found" in lab.message.value
    assert lab.break_it.description == "Next one"
    lab.break_it.click()
    assert "head has" not in lab.verdict.value
    lab.show_cause.click()
    assert "head has" in lab.verdict.value
    assert "The cause: the head has" in lab.message.value
    lab.show_cause.click()
    assert "The cause: the head has" in lab.message.value
    lab.break_it.click()
    lab.reset.click()
    lab.num_labels.value = 1
    assert "cause" in lab.verdict.value


def test_a_hunt_takes_three_guesses_and_counts_what_was_found() -> None:
    lab = ShapeLab()
    lab.hunt.mistakes = iter([{"target_size": 1}, {"softmax": True}])
    lab.break_it.click()
    assert re.findall('data-part="([^"]*)"', lab.verdict.value) == list(lab.scene.parts)
    assert "✗ none" not in lab.picture.value and "cause" not in lab.verdict.value
    press(lab, "loss")
    assert lab.message.value == "✗ Not the loss. 2 guesses left."
    press(lab, "target")
    assert lab.message.value == "✓ Yes, the target. Now mend it."
    assert "✗ none" in lab.picture.value and "cause" in lab.verdict.value
    assert "data-part" not in lab.verdict.value
    lab.fix_it.click()
    lab.break_it.click()
    for part in ("input_ids", "head", "target"):
        assert lab.hunt.is_hidden
        press(lab, part)
    assert lab.message.value == "✗ Not the target. Look at the logits. Now mend it."
    assert "softmax" in lab.verdict.value
    lab.softmax.value = False
    assert lab.message.value == "✓ Mended: nothing is wrong any more. 1 of 2 found."


def press(lab: ShapeLab, part: str) -> None:
    """Point at a part, as a click in the picture does."""
    lab._page.asked = {"part": part, "times": len(lab._page.asked)}


@pytest.mark.parametrize("preset", KINDS)
def test_where_a_mistake_is_can_always_be_pointed_at(experiments: dict[str, Any], preset: str) -> None:
    kind, experiment = KINDS[preset], experiments[preset]
    parts = set(experiment.scene.parts)
    assert {control.part for control in kind.settings_type.controls().values()} <= parts
    for changes in kind.mistakes():
        spoil(experiment, iter([changes]))
        assert experiment.scene.suspects() <= parts


def test_a_press_in_the_page_turns_a_control_or_applies_a_fix() -> None:
    lab = ShapeLab("one_hot_targets")
    lab._page.asked = {"name": "num_labels", "by": "1", "times": 1}
    assert lab.num_labels.value == 4
    lab._page.asked = {"name": "num_labels", "by": "-1", "times": 2}
    lab._page.asked = {"fix": "0", "times": 3}
    assert lab.scene.diagnosis.outcome == "ok"
    assert lab.message.value.startswith("✓ Fixed.")


def test_each_fix_that_a_control_stands_for_can_be_applied() -> None:
    done = []
    for preset in PRESETS:
        for number, fix in enumerate(ShapeLab(preset).scene.diagnosis.fixes):
            lab = ShapeLab(preset)
            lab._page.asked = {"fix": str(number), "times": 1}
            done.append(lab.message.value.startswith("No control stands for this line"))
            assert done[-1] or f"loss {lab.scene.diagnosis.loss:.3f}" in fix.result
    assert done.count(False) > len(done) / 2


def test_a_control_that_was_turned_for_the_learner_is_shown_and_marked() -> None:
    lab = ShapeLab("wrong_head_size", softmax=True, num_labels=3)
    assert not lab.more.value
    lab.fix_it.click()
    assert lab.more.value and "changed" in lab.softmax._dom_classes
    lab.num_labels.value = 4
    assert "changed" not in lab.softmax._dom_classes


def test_what_plays_no_part_is_grey_and_says_why() -> None:
    lab = ShapeLab()
    assert "shape-clinic-unused" in lab.arrangement._dom_classes
    assert "no token axis" in lab._inputs.reasons["arrangement"].value
    lab.task.value = "token"
    assert "shape-clinic-unused" not in lab.arrangement._dom_classes
    assert lab._inputs.reasons["arrangement"].value == ""


def test_a_mistake_that_plays_no_part_is_not_found() -> None:
    lab = ShapeLab()
    lab.hunt.mistakes = iter([{"softmax": True}])
    lab.break_it.click()
    lab.num_labels.value = 4
    assert lab.message.value == "Not yet. Where is it?"
    lab.num_labels.value = 3
    lab.framework.value = "transformers"
    assert 'only because "softmax before the loss" plays no part' in unescape(lab.message.value)
    lab.softmax.value = False
    assert "✓ Mended" in lab.message.value


def test_labels_that_fit_what_is_left_mend_no_dropped_rows() -> None:
    lab = ShapeLab()
    lab.hunt.mistakes = iter([{"kept": "unpadded"}])
    lab.break_it.click()
    lab.target_size.value = 1  # one of four sentences has no padding: now the loss runs
    assert (lab.scene.diagnosis.outcome, lab.scene.diagnosis.cause) == ("silent", "dropped_rows")
    assert "Not yet" in lab.message.value
    lab.fix_it.click()
    assert lab.kept.value == "all"


def test_of_two_mistakes_one_is_mended_at_a_time() -> None:
    lab = ShapeLab(softmax=True, mask=False)
    lab.fix_it.click()
    assert lab.message.value == "One is fixed. softmax before the loss: on → off"
    lab.fix_it.click()
    assert lab.message.value == "✓ Fixed. attention_mask given: off → on"
    assert lab.scene.diagnosis.outcome == "ok"


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "all_right"])
def test_fix_it_mends_what_a_lesson_shows(preset: str) -> None:
    lab = ShapeLab(preset)
    promised = [fix.result for fix in lab.scene.diagnosis.fixes[:1]]
    lab.fix_it.click()
    assert lab.scene.diagnosis.outcome == "ok"
    assert lab.message.value.startswith("✓ Fixed. ")
    assert all(f"loss {lab.scene.diagnosis.loss:.3f}" in result for result in promised)


@pytest.mark.parametrize("preset", KINDS)
def test_two_mistakes_are_mended_one_after_the_other(experiments: dict[str, Any], preset: str) -> None:
    kind, experiment = KINDS[preset], experiments[preset]
    right = asdict(kind.settings_type())
    pairs = [
        {**one, **other} for one, other in combinations(kind.mistakes(), 2) if not one.keys() & other.keys()
    ]
    for changes in Random(0).sample(pairs, 30):
        experiment.change(**{**right, **changes})
        for _ in range(MOST_STEPS):
            if experiment.scene.diagnosis.outcome != "ok":
                step = mend(experiment)
                assert step is not None, changes
                experiment.change(**step)
        assert experiment.scene.diagnosis.outcome == "ok", changes


def test_fix_it_follows_what_the_verdict_needs() -> None:
    lab = ShapeLab("token_vs_sequence", num_labels=9, target_format="per_token")
    lab.fix_it.click()
    assert lab.scene.diagnosis.cause == "unused_outputs"
    lab.fix_it.click()
    assert lab.scene.diagnosis.outcome == "ok"
    lab = ShapeLab(target_format="per_token")
    assert "a prediction for each" in lab.verdict.value
    lab.fix_it.click()
    assert lab.task.value == "token"
    lab = ShapeLab("keras_padding", input_length="open", label_format="one_hot")
    lab.fix_it.click()
    assert (lab.loss.value, lab.label_format.value) == ("categorical_crossentropy", "one_hot")


def test_reset_goes_back_to_where_the_lab_opened() -> None:
    lab = ShapeLab("unused_outputs", batch_size=2)
    start = lab.experiment.settings
    lab.sentences.value = "Something else."
    lab.break_it.click()
    for fold in (lab.more, lab.show_values, lab.show_sentences):
        fold.value = True
    lab.reset.click()
    assert lab.experiment.settings == start
    assert lab.message.value == "" and lab.numbers.value == ""
    assert not (lab.more.value or lab.show_values.value or lab.show_sentences.value)
    assert {name: control.value for name, control in lab.controls.items()} == {
        name: value for name, value in asdict(start).items() if name != "text"
    }
    assert lab.sentences.value == start.text


def test_values_are_shown_on_demand() -> None:
    lab = ShapeLab()
    assert lab.numbers.value == ""
    lab.show_values.value = True
    assert lab.numbers.value.count("<tr>") == 5  # a head and four sentences
    assert f"{float(lab.scene.logits[0, 0]):.2f}" in lab.numbers.value
    lab.sentences.value = "<b>bold</b>"
    assert "<b>bold" not in lab.numbers.value


def test_the_code_to_copy_is_the_code_that_is_shown() -> None:
    lab = ShapeLab()
    lab.num_labels.value = 7
    assert lab._page.code == lab.scene.code
    assert "nn.Linear(768, 7)" in lab._page.code
