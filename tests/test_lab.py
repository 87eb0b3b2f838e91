import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import ShapeLab
from helpers.experiment import MAX_SENTENCES, PRESETS, Experiment, Settings, labels_of
from helpers.lab import LABELS

NUMBERS = st.fixed_dictionaries(
    {
        "num_labels": st.integers(1, 83),
        "classes": st.integers(1, 43),
        "batch_size": st.integers(1, 8),
        "target_size": st.integers(0, 8),
    }
)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return Experiment()


@pytest.fixture(scope="module")
def lab() -> ShapeLab:
    return ShapeLab()


def outcome_in_torch(scene: Any) -> str | None:
    """Run the shown code's loss on random logits of the shown shapes; only values of labels matter."""
    logits = torch.zeros(scene.stages[-1].shape)
    try:
        torch.nn.functional.cross_entropy(logits, torch.tensor(scene.labels, dtype=torch.int64))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


@given(NUMBERS)
def test_every_setting_gives_a_scene_that_says_what_torch_did(
    experiment: Experiment, numbers: dict[str, int]
) -> None:
    scene = experiment.change(**numbers)
    assert scene.diagnosis.error == outcome_in_torch(scene)
    assert scene.stages[-1].shape == (
        min(numbers["batch_size"], len(experiment._sentences)),
        numbers["num_labels"],
    )
    assert scene.target.shape == (numbers["target_size"],)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_of_every_slider_redraws(preset: str) -> None:
    lab = ShapeLab(preset)
    for name in LABELS:
        slider = getattr(lab, name)
        start = slider.value
        for value in range(slider.min, slider.max + 1):
            slider.value = value
            sign = {"ok": "✓ runs", "silent": "⚠ runs", "raises": "✗ raises"}[lab.scene.diagnosis.outcome]
            assert sign in lab.picture.value
            assert lab.scene.diagnosis.headline.split(":")[0] in lab.verdict.value
        slider.value = start


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_reason(lab: ShapeLab, text: str) -> None:
    lab.sentences.value = text
    assert 1 <= len(lab.scene.sentences) <= MAX_SENTENCES
    if not text.split():
        assert "at least one sentence" in lab.notes["text"].value
    for html in (lab.picture.value, lab.notes["text"].value):
        assert "<script" not in html


def test_a_lone_surrogate_is_read(lab: ShapeLab) -> None:
    lab.sentences.value = "half an emoji \ud83d"
    assert lab.scene.stages[0].shape[0] == 1


def test_markup_is_shown_as_text(lab: ShapeLab) -> None:
    lab.sentences.value = "<img src=x onerror=alert(1)>"
    assert "<img" not in lab.picture.value + lab.verdict.value + lab.code.value
    assert "&lt;img" in lab.code.value


def test_what_cannot_be_used_says_why_beside_its_control() -> None:
    lab = ShapeLab()
    shapes = lab.scene.stages
    lab.sentences.value = "good " * 600
    assert "602 tokens and BERT reads at most 512" in lab.notes["text"].value
    assert lab.scene.stages == shapes
    lab.sentences.value = "One.\n\n  \nTwo."
    assert "only 2 sentences typed" in lab.notes["batch_size"].value
    assert lab.notes["text"].value == ""
    lab.batch_size.value = 2
    assert lab.notes["batch_size"].value == ""
    lab.sentences.value = "\n".join(["Nine lines."] * 9)
    assert "uses the first 8" in lab.notes["text"].value


def test_the_encoder_runs_only_when_the_sentences_change(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    handle = experiment.bert.register_forward_hook(lambda *args: calls.append(1))
    try:
        experiment.change(**vars(Settings()))
        calls.clear()
        for change in ({"num_labels": 7}, {"batch_size": 2}, {"target_size": 2}, {"classes": 5}):
            experiment.change(**change)
        assert calls == []
        experiment.change(text="Something new.")
        assert calls == [1]
    finally:
        handle.remove()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_code_shown_does_what_the_picture_shows(preset: str) -> None:
    scene = Experiment(PRESETS[preset]).scene
    names: dict[str, Any] = {}
    raised = None
    try:
        exec(scene.code, names)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    assert raised == scene.diagnosis.error
    shown = {stage.name: stage.shape for stage in (*scene.stages, scene.target)}
    assert names["batch"]["input_ids"].shape == shown["input_ids"]
    for name in ("hidden_states", "logits", "target"):
        assert names[name].shape == shown[name]
    if raised is None:
        assert names["loss"].item() == pytest.approx(scene.diagnosis.loss, abs=1e-5)


def test_the_fix_gives_what_the_slider_gives() -> None:
    experiment = Experiment(PRESETS["wrong_head_size"])
    promised = experiment.scene.diagnosis.fixes[0]
    assert "(hidden.shape[-1], 3)" in promised.code
    loss = experiment.change(num_labels=3).diagnosis.loss
    assert promised.result.startswith(f"loss {loss:.3f}, logits (4, 3)")


def test_the_lab_leaves_torch_as_it_was(experiment: Experiment) -> None:
    torch.manual_seed(3)
    expected, threads = torch.rand(2), torch.get_num_threads()
    torch.manual_seed(3)
    experiment.change(num_labels=4)
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()


def test_a_preset_and_single_settings_open_the_lab_there() -> None:
    lab = ShapeLab("unused_outputs", batch_size=2)
    assert (lab.num_labels.value, lab.classes.value, lab.batch_size.value) == (73, 33, 2)
    assert lab.num_labels.max > 73


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
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
    assert not re.search(r"<svg|<style|style=|\sid=", bundle["text/html"])


@given(st.integers(1, 90), st.integers(1, 20))
def test_the_first_label_is_the_highest_class(classes: int, count: int) -> None:
    labels = labels_of(classes, count)
    assert labels[0] == classes - 1
    assert all(0 <= label < classes for label in labels)
