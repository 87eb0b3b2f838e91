import json
import re
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from contrast import contrast
from PIL import ImageColor

from helpers.diagnosis import Diagnosis
from helpers.drawing.flow import LAYOUTS, STYLE, Flow, draw_flow
from helpers.drawing.svg import FILLS, HEADS, hatch
from helpers.drawing.verdict import draw_verdict
from helpers.lab.bert_lab import BertExperiment
from helpers.lab.presets import PRESETS
from helpers.trace import AXES

TORCH = [name for name, preset in PRESETS.items() if preset.experiment is BertExperiment]


@pytest.fixture(scope="module")
def experiment() -> BertExperiment:
    return BertExperiment()


def flow_of(experiment: BertExperiment, preset: str, **changes: Any) -> Flow:
    return experiment.change(**{**vars(PRESETS[preset].settings), **changes}).flow()


def pictures(flow: Flow) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", draw_flow(flow), re.DOTALL)]


def words(picture: ElementTree.Element) -> str:
    return " | ".join("".join(text.itertext()) for text in picture.iter("text"))


def size_of(part: ElementTree.Element) -> float:
    """What a text is written in."""
    return float(part.attrib["font-size"])


@pytest.mark.parametrize("preset", TORCH)
def test_every_width_is_well_formed_and_says_the_same_of_both_ends(
    experiment: BertExperiment, preset: str
) -> None:
    flow = flow_of(experiment, preset)
    drawn = pictures(flow)
    assert len(drawn) == len(LAYOUTS)
    sign = flow.diagnosis.sign
    outcome = (
        f"{sign} raises" if flow.diagnosis.outcome == "raises" else f"{sign} loss {flow.diagnosis.loss:.2f}"
    )
    for picture in drawn:
        assert outcome in words(picture)
        for stage in (flow.stages[3], flow.target):
            for axis, size in zip(stage.axes, stage.shape, strict=True):
                assert f"{'' if axis == '?' else axis} {size}" in words(picture)


@pytest.mark.parametrize("preset", TORCH)
def test_everything_lies_within_the_picture(experiment: BertExperiment, preset: str) -> None:
    flow = flow_of(experiment, preset, batch_size=8, softmax=True, kept="unpadded")
    for picture in pictures(flow):
        _, _, width, height = map(float, picture.attrib["viewBox"].split())
        for text in picture.findall("text"):
            assert 0 < float(text.attrib["x"]) < width
            assert 0 < float(text.attrib["y"]) < height
        for box in picture.findall("rect"):
            assert 0 < float(box.attrib["x"]) < width - float(box.attrib["width"])
            assert 0 < float(box.attrib["y"]) < height - float(box.attrib["height"])


def test_no_letter_falls_below_twelve_pixels(experiment: BertExperiment) -> None:
    # Each layout is shown from the width on that STYLE names, scaled to the room that it then has.
    shown_from = [int(width) for width in re.findall(r"min-width:(\d+)px", STYLE)]
    least = dict(zip(("narrow", "middle", "wide"), shown_from, strict=True))
    for changes in ({}, {"task": "token", "target_format": "per_token"}, {"target_size": 7, "num_labels": 7}):
        for picture in pictures(flow_of(experiment, "wrong_head_size", **changes)):
            scale = least[picture.attrib["class"]] / float(picture.attrib["viewBox"].split()[2])
            assert min(map(size_of, picture.iter("text"))) * scale >= 12


@pytest.mark.parametrize(
    ("softmax", "kept", "steps"), [(False, "all", 6), (True, "all", 7), (True, "unpadded", 8)]
)
def test_an_arrow_leads_to_each_step(
    experiment: BertExperiment, softmax: bool, kept: str, steps: int
) -> None:
    drawn = draw_flow(flow_of(experiment, "all_right", softmax=softmax, kept=kept))
    wide, middle, narrow = drawn.split("</svg>")[:3]
    for layout in (wide, middle):
        assert sum(layout.count(head) for head in HEADS.values()) == steps
    assert narrow.count(HEADS["down"]) == 2  # into the loss; the steps stand there in one line of words
    if softmax:
        assert "softmax" in narrow


def dashes(picture: ElementTree.Element) -> int:
    return len([part for part in picture.iter() if "dash" in str(part.attrib)])


def test_a_mismatch_is_dashed_signed_and_joined_never_colour_alone(experiment: BertExperiment) -> None:
    right, wrong = (
        pictures(flow_of(experiment, "all_right"))[0],
        pictures(flow_of(experiment, "batch_target"))[0],
    )
    assert dashes(right) == 0
    assert dashes(wrong) == 5  # a ring at both ends, the rows without a label, the line between, the loss
    assert "✗" not in words(right)
    assert words(wrong).count("✗") == 4
    assert "✗ none" in words(wrong)


def test_an_axis_that_one_side_lacks_is_drawn_where_it_would_be(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "token_vs_sequence"))[0])
    assert "T 12 | ✗ | C 3" in shown
    assert "no T | ✗" in shown


def test_a_wrong_dtype_is_marked_where_it_stands(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "one_hot_targets"))[0])
    assert "target int64" in shown
    assert shown.count("✗") == 2  # the dtype's, and the loss


@pytest.mark.parametrize(
    ("num_labels", "classes", "missing"), [(1, 3, "1 | ✗ | 2 | ✗"), (1, 8, "3… | ✗"), (2, 3, "2 | ✗")]
)
def test_each_missing_output_is_drawn_where_it_would_be(
    experiment: BertExperiment, num_labels: int, classes: int, missing: str
) -> None:
    changes = {"num_labels": num_labels, "classes": classes, "batch_size": 8, "target_size": 8}
    shown = words(pictures(flow_of(experiment, "wrong_head_size", **changes))[0])
    assert missing in shown


def test_the_classes_names_stand_above_their_columns_and_in_the_target(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "all_right"))[0])
    assert "0 negative | 1 neutral | 2 positive" in shown
    assert shown.endswith("cross entropy | ✓ loss 1.29") and shown.count("2 positive") == 3
    assert "negative" not in words(pictures(flow_of(experiment, "all_right", classes=5, num_labels=5))[0])


def test_the_tokens_are_drawn_only_where_they_matter(experiment: BertExperiment) -> None:
    plain, tokens = (
        words(pictures(flow_of(experiment, name))[0]) for name in ("all_right", "token_vs_sequence")
    )
    assert "hidden_states" not in plain and "(4, 12, 768)" in plain
    assert "hidden_states" in tokens and "H 768" in tokens
    assert "no mask" in words(pictures(flow_of(experiment, "all_right", mask=False))[0])


def test_in_a_hunt_nothing_is_marked(experiment: BertExperiment) -> None:
    scene = experiment.change(**vars(PRESETS["token_vs_sequence"].settings))
    hidden = replace(scene, diagnosis=scene.diagnosis.without_cause())
    shown = pictures(hidden.flow())[0]
    assert dashes(shown) == 1  # the loss, which raises
    assert words(shown).count("✗") == 1


def test_what_is_pointed_at_is_in_every_tensor_and_said(experiment: BertExperiment) -> None:
    flow = flow_of(experiment, "all_right")
    drawn = draw_flow(flow)
    for layout in drawn.split("</svg>")[:3]:
        assert layout.count('class="row" data-row="2"') == 3  # the sentences, the logits, the target
        assert layout.count('data-axis="N"') == 2
    said = json.loads(unescape(drawn.partition('data-said="')[2].partition('"')[0]))
    assert said["N"] == "N, batch_size: input_ids 4, hidden_states 4, logits 4, target 4"
    assert said["1"].startswith("row 1: I would not watch it again., ") and said["1"].endswith(", target 0")


def test_the_picture_keeps_its_size_so_that_the_verdict_stays_where_it_is(experiment: BertExperiment) -> None:
    boxes = {
        tuple(
            picture.attrib["viewBox"] for picture in pictures(flow_of(experiment, "all_right", batch_size=n))
        )
        for n in range(1, 9)
    }
    assert len(boxes) == 1


def test_each_axis_has_one_colour_under_black_text(experiment: BertExperiment) -> None:
    assert FILLS.keys() == AXES.keys()
    picture = draw_flow(flow_of(experiment, "token_vs_sequence"))
    for fill in FILLS.values():
        assert fill in picture
        assert contrast(*(np.array(ImageColor.getrgb(colour)) for colour in (fill, "#111111"))) >= 4.5


def test_an_error_without_a_known_cause_is_not_said_to_need_nothing() -> None:
    assert "nothing more" not in draw_verdict(Diagnosis("raises", "x (4, 3)", error="TypeError: no"), {})
    assert "nothing more" in draw_verdict(Diagnosis("ok", "x (4, 3)", 1.0), {})


def test_hatching_stays_inside() -> None:
    for left, right in [(0, 60), (10, 12), (100, 107)]:
        starts = [float(x) for x in re.findall(r"M([\d.]+)", hatch(left, right, 10))]
        assert starts and min(starts) >= left
