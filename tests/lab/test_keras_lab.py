import os
import warnings
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import BertLayer, ShapeLab, load_tokenizer
from helpers.diagnosis.seen.frames import said
from helpers.drawing.keras_arrays import differs
from helpers.drawing.tokens import draw_tokens
from helpers.keras_bert import keras
from helpers.lab.keras_lab import KerasExperiment, KerasSettings, code_of
from helpers.threads import one_thread

WALK = int(os.environ.get("SHAPE_CLINIC_WALK", "60"))
SETTINGS = st.fixed_dictionaries(
    {
        name: st.integers(*control.range)
        if control.range
        else st.sampled_from(list(control.options) or [True, False])
        for name, control in KerasSettings.controls().items()
    }
)


@pytest.fixture(scope="module")
def experiment() -> KerasExperiment:
    return KerasExperiment()


def outcome_in_keras(experiment: KerasExperiment, chosen: dict[str, Any], bert: Any) -> str | float:
    """Run the lines that are shown, in one thread as the lab does.

    Of two labels out of range Keras names another one with two threads: [2, 0, 1] for one output gives
    "Target 1" instead of "Target 2".
    """
    names: dict[str, Any] = {"keras": keras, "np": np, "bert": bert, "tokenizer": experiment.tokenizer}
    names["sentences"] = list(experiment._sentences[: chosen["batch_size"]])
    model_code, data_code = code_of(KerasSettings(**chosen), len(names["sentences"]))
    try:
        with one_thread():
            exec(f"{model_code}\n{data_code}", names)
            return float(names["model"].evaluate(names["x"], names["y"], verbose=0))
    except Exception as error:
        return said(error)


@settings(max_examples=WALK, deadline=None)
@given(SETTINGS)
def test_every_setting_says_what_keras_did(experiment: KerasExperiment, chosen: dict[str, Any]) -> None:
    scene = experiment.change(**chosen)
    expected = outcome_in_keras(experiment, chosen, experiment._names["bert"])
    assert (scene.diagnosis.error or scene.diagnosis.loss) == pytest.approx(expected, abs=1e-5)
    assert scene.diagnosis.outcome == "ok" or scene.diagnosis.cause
    assert "\x1b" not in str(scene.diagnosis)
    picture = scene.draw() + draw_tokens(scene.tokens, scene.ids, scene.mask)
    picture = picture.replace("<br>", "<br/>")
    ElementTree.fromstring(f"<a>{picture}</a>")


@pytest.mark.parametrize(
    ("chosen", "outcome", "cause"),
    [
        ({}, "ok", None),
        ({"input_length": "fixed"}, "raises", "static_length"),
        ({"padding": "none"}, "raises", "ragged_padding"),
        ({"mask_given": False}, "raises", "missing_input"),
        ({"two_inputs": False}, "raises", "missing_input"),
        ({"two_inputs": False, "mask_given": False}, "silent", "missing_or_wrong_mask"),
        ({"label_format": "one_hot"}, "raises", "one_hot_index"),
        ({"loss": "categorical_crossentropy"}, "raises", "loss_choice"),
        ({"loss": "categorical_crossentropy", "label_format": "one_hot"}, "ok", None),
        ({"loss": "categorical_crossentropy", "label_format": "column", "units": 1}, "silent", "head_size"),
        ({"loss": "categorical_crossentropy", "units": 1}, "silent", "head_size"),
        ({"loss": "binary_crossentropy", "units": 1, "classes": 2}, "ok", None),
        ({"loss": "binary_crossentropy"}, "raises", "index_for_multilabel"),
        ({"units": 2}, "raises", "head_size"),
        ({"units": 6}, "silent", "unused_outputs"),
    ],
)
def test_the_cause_is_named(
    experiment: KerasExperiment, chosen: dict[str, Any], outcome: str, cause: str | None
) -> None:
    told = experiment.change(**{**vars(KerasSettings()), **chosen}).diagnosis
    assert (told.outcome, told.cause) == (outcome, cause)


def test_the_code_shown_runs_from_scratch(experiment: KerasExperiment) -> None:
    scene = experiment.change(**vars(KerasSettings(padding="max_length", input_length="fixed")))
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(scene.code.replace("model.evaluate(x, y)", "loss = model.evaluate(x, y, verbose=0)"), names)
    assert names["loss"] == pytest.approx(scene.diagnosis.loss, abs=1e-5)
    assert isinstance(names["bert"], BertLayer)


def test_the_grid_shows_ids_and_mask(experiment: KerasExperiment) -> None:
    scene = experiment.change(**vars(KerasSettings()))
    encoding = load_tokenizer()(list(scene.settings.text.splitlines()[:4]), padding=True)
    assert (scene.ids, scene.mask) == (encoding["input_ids"], encoding["attention_mask"])
    picture = draw_tokens(scene.tokens, scene.ids, scene.mask, with_ids=True)
    assert picture.count('class="pad"') == sum(row.count(0) for row in scene.mask)


def test_a_fixed_length_is_marked_with_a_sign_and_an_outline(experiment: KerasExperiment) -> None:
    fixed = experiment.change(**vars(KerasSettings(input_length="fixed"))).draw()
    open_length = experiment.change(**vars(KerasSettings())).draw()
    assert (fixed.count("✗"), fixed.count("axis bad")) == (2, 4)
    assert (open_length.count("✗"), open_length.count("axis bad")) == (0, 0)


@pytest.mark.parametrize(
    ("built", "came", "expected"),
    [
        ((None, 8), (4, 8), [False, False]),
        ((None, 8), (4, 9), [False, True]),
        ((None, None), (4, 9), [False, False]),
        ((None, None), None, [True, True]),
        ((None, None), (4,), [False, True]),
    ],
)
def test_an_axis_differs_where_it_is_fixed_or_missing(built: Any, came: Any, expected: list[bool]) -> None:
    assert [differs(built, came, place) for place in range(2)] == expected


def test_a_keras_lab_has_its_own_settings() -> None:
    with pytest.raises(ValueError, match=r"got padding 'left'.*needs one of longest.*Try"):
        ShapeLab("keras_padding", padding="left")
    with pytest.raises(TypeError, match="softmax"):
        ShapeLab("keras_padding", softmax=True)
