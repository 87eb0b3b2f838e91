import html
import os
import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import helpers
from helpers import ShapeLab
from helpers.lab.bert_lab import BertExperiment, BertSettings
from helpers.lab.control import MAX_SENTENCES
from helpers.lab.experiment import labels_of
from helpers.lab.presets import PRESETS

WALK = int(os.environ.get("SHAPE_CLINIC_WALK", "200"))
SETTINGS = st.fixed_dictionaries(
    {
        "num_labels": st.integers(1, 12) | st.integers(1, 83),
        "classes": st.integers(1, 12) | st.integers(1, 43),
        "batch_size": st.integers(1, 8),
        "target_size": st.integers(0, 8),
        "max_length": st.integers(4, 24),
        "softmax": st.booleans(),
        "mask": st.booleans(),
        **{
            name: st.sampled_from(list(control.options))
            for name, control in BertSettings.controls().items()
            if control.options
        },
    }
)


TORCH = [name for name, preset in PRESETS.items() if preset.experiment is BertExperiment]


@pytest.fixture(scope="module")
def experiment() -> BertExperiment:
    return BertExperiment()


@pytest.fixture(scope="module")
def lab() -> ShapeLab:
    return ShapeLab()


MADE = lru_cache(12)(helpers.load_bert)


def load_bert(task: str, num_labels: int = 3, problem_type: str | None = None) -> Any:
    """Stand in for the real one, which takes 0.15 s each time."""
    model = MADE(task, num_labels)
    model.config.problem_type = problem_type
    return model


def check_scene(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the code that is shown, as a learner would who pasted it: it does what the lab says and draws."""
    monkeypatch.setattr(helpers, "load_bert", load_bert)
    told, names, raised = scene.diagnosis, dict[str, Any](), None
    with torch.random.fork_rng(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(scene.code, names)
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"
    assert raised == told.error
    assert (told.outcome == "raises") == (raised is not None)
    if raised is None:
        assert float(names["loss"]) == pytest.approx(told.loss, abs=1e-4, nan_ok=True)
    assert (told.cause is None) == (told.outcome == "ok")
    assert names["batch"]["input_ids"].shape == scene.stages[0].shape
    rows, length = scene.stages[0].shape
    assert (rows, scene.stages[1].shape) == (scene.settings.batch_size, (rows, length, 768))
    assert (names["target"].shape, names["target"].tolist()) == (scene.target.shape, scene.values)
    assert "logits" not in names or names["logits"].shape == scene.stages[-1].shape
    for picture in ElementTree.fromstring(f"<a>{scene.draw()}</a>").iter("svg"):
        width = float(picture.attrib["viewBox"].split()[2])
        assert all(0 < float(words.attrib["x"]) < width for words in picture.iterfind("text"))
    assert "<t" in scene.numbers() or "No row" in scene.numbers()


@settings(max_examples=WALK, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SETTINGS)
def test_every_setting_gives_a_scene_that_says_what_torch_did(
    experiment: BertExperiment, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any]
) -> None:
    check_scene(experiment.change(**chosen), monkeypatch)


@pytest.mark.parametrize("preset", TORCH)
def test_a_lesson_opens_with_a_scene_that_says_what_torch_did(
    preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = BertExperiment(PRESETS[preset].settings).scene
    assert "logits = " in scene.code
    check_scene(scene, monkeypatch)


def values_of(control: Any) -> Iterable[Any]:
    if isinstance(control.value, bool):
        return (True, False)
    if isinstance(control.value, str):
        return [value for _, value in control.options]
    return range(control.min, control.max + 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("preset", TORCH)
def test_no_library_warns_beside_the_lab(preset: str) -> None:
    ShapeLab(preset)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_of_every_control_redraws(preset: str) -> None:
    lab = ShapeLab(preset)
    for control in lab.controls.values():
        start = control.value
        for value in values_of(control):
            control.value = value
            if preset in TORCH:
                sign = {"ok": "✓ loss", "silent": "⚠ loss", "raises": "✗ raises"}
                assert sign[lab.scene.diagnosis.outcome] in lab.picture.value
            _, _, words = lab.scene.diagnosis.headline.partition(" ")
            assert html.escape(words.split(":")[0]) in lab.verdict.value
        control.value = start


@settings(deadline=None)  # an encoder's pass takes as long as the machine is busy
@given(st.text(max_size=300))
@example("half an emoji \ud83d")
def test_any_text_is_read_or_refused_with_a_reason(lab: ShapeLab, text: str) -> None:
    lab.sentences.value = text
    assert 1 <= len(lab.scene.sentences) <= MAX_SENTENCES
    if not text.split():
        assert "at least one sentence" in lab.verdict.value
    for page in (lab.picture.value, lab.verdict.value):
        assert "<script" not in page


def test_the_encoder_runs_once_for_each_batch(
    experiment: BertExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    handle = experiment.bert.register_forward_hook(lambda *args: calls.append(1))
    try:
        experiment.change(**vars(BertSettings()))
        calls.clear()
        for change in ({"num_labels": 7}, {"target_size": 2}, {"classes": 5}):
            experiment.change(**change)
        assert calls == []
        experiment.change(text="Something new.")
        experiment.change(text=BertSettings().text)
        assert calls == [1]
    finally:
        handle.remove()


def test_a_preset_and_single_settings_open_the_lab_there() -> None:
    lab = ShapeLab("unused_outputs", batch_size=2)
    assert (lab.num_labels.value, lab.classes.value, lab.batch_size.value) == (73, 33, 2)
    assert lab.num_labels.max > 73


def test_a_preset_shows_its_own_controls_and_keeps_the_others_behind_more() -> None:
    lab = ShapeLab("one_hot_targets")
    first, fold = lab.children[0].children

    assert first.children == (lab.target_format, lab.loss, lab.num_labels, lab.classes)
    others = [control for control in lab.controls.values() if control not in first.children]
    assert [child.children[0] for child in fold.box.children] == others  # each with the place for its reason
    order = [control.part for control in BertSettings.controls().values()]
    assert sorted(order[1:], key=["input_ids", "head", "logits", "loss", "target"].index) == order[1:]
    assert fold.children == ()
    lab.more.value = True
    assert fold.children == (fold.box,)


def test_padding_has_no_label(experiment: BertExperiment) -> None:
    scene = experiment.change(**vars(BertSettings(task="token", target_format="per_token")))
    assert [[label != -100 for label in row] for row in scene.values] == [
        [bool(kept) for kept in row] for row in scene.mask
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"loss": "hinge"}, r"got loss 'hinge'.*needs one of cross_entropy.*Try loss='cross_entropy'"),
        ({"preset": "nothing_such"}, r"got preset 'nothing_such'.*needs one of all_right.*Try"),
        ({"text": "  "}, r"got no text.*Try"),
        ({"text": "good " * 600}, r"got no text.*602 tokens.*Try"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, str], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        ShapeLab(**arguments)


def test_a_lab_can_be_read_without_widgets(lab: ShapeLab) -> None:
    bundle, _ = ShapeLab("batch_target")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "Expected input batch_size (4) to match target batch_size (1)." in bundle["text/plain"]
    assert not re.search(r"<svg|<style|var\(|\sid=", bundle["text/html"])


@given(st.integers(1, 90), st.integers(1, 20))
def test_the_first_label_is_the_highest_class(classes: int, count: int) -> None:
    labels = labels_of(classes, count)
    assert labels[0] == classes - 1
    assert all(0 <= label < classes for label in labels)
