import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from contrast import contrast
from PIL import ImageColor

from helpers.diagnosis import Diagnosis
from helpers.drawing.flow import Flow, draw_flow
from helpers.drawing.svg import FILLS, HEADS, hatch
from helpers.drawing.verdict import draw_verdict
from helpers.lab.bert_lab import BertExperiment
from helpers.lab.presets import PRESETS
from helpers.trace import AXES

TORCH = [name for name, preset in PRESETS.items() if preset.experiment is BertExperiment]
SIGNS = {"ok": "✓ runs", "silent": "⚠ runs", "raises": "✗ raises"}


@pytest.fixture(scope="module")
def experiment() -> BertExperiment:
    return BertExperiment()


def flow_of(experiment: BertExperiment, preset: str, **changes: Any) -> Flow:
    return experiment.change(**{**vars(PRESETS[preset].settings), **changes}).flow()


def pictures(flow: Flow) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", draw_flow(flow), re.DOTALL)]


def words(picture: ElementTree.Element) -> str:
    return " | ".join("".join(text.itertext()) for text in picture.iter("text"))


@pytest.mark.parametrize("preset", TORCH)
def test_both_layouts_are_well_formed_and_say_the_same(experiment: BertExperiment, preset: str) -> None:
    flow = flow_of(experiment, preset)
    wide, narrow = pictures(flow)
    assert words(wide) == words(narrow)
    assert SIGNS[flow.diagnosis.outcome] in words(wide)
    for stage in (*flow.stages[:2], flow.stages[3], flow.target):
        for axis, size in zip(stage.axes, stage.shape, strict=True):
            assert f"{'' if axis == '?' else axis} {size}" in words(wide)


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


@pytest.mark.parametrize(
    ("softmax", "kept", "steps"), [(False, "all", 7), (True, "all", 8), (True, "unpadded", 9)]
)
def test_an_arrow_leads_to_each_step(
    experiment: BertExperiment, softmax: bool, kept: str, steps: int
) -> None:
    drawn = draw_flow(flow_of(experiment, "all_right", softmax=softmax, kept=kept))
    for layout in drawn.split("</svg>")[:2]:
        assert sum(layout.count(head) for head in HEADS.values()) == steps


def test_a_mismatch_is_dashed_signed_and_joined_never_colour_alone(experiment: BertExperiment) -> None:
    right, wrong = (
        pictures(flow_of(experiment, "all_right"))[0],
        pictures(flow_of(experiment, "batch_target"))[0],
    )

    def dashes(picture: ElementTree.Element) -> int:
        return len([part for part in picture.iter() if "dash" in str(part.attrib)])

    assert dashes(right) == 0
    assert dashes(wrong) == 4  # a ring at both ends, the line between them, the loss
    assert "✗" not in words(right)
    assert words(wrong).count("✗") == 3


def test_an_axis_that_one_side_lacks_is_drawn_where_it_would_be(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "token_vs_sequence"))[0])
    assert "T 12 | ✗ | C 3" in shown
    assert "N 4 | no T | ✗" in shown


def test_a_wrong_dtype_is_marked_where_it_stands(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "one_hot_targets"))[0])
    assert "target int64 | N 4 | C 3 | ✗" in shown
    assert shown.count("✗") == 2  # the dtype's, and the loss


def test_a_missing_output_is_drawn_where_it_would_be(experiment: BertExperiment) -> None:
    shown = words(pictures(flow_of(experiment, "wrong_head_size"))[0])
    assert "C 1" in shown
    assert shown.count("✗") == 6  # the chip, the missing column, three labels that ask for it, the loss


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
    picture = draw_flow(flow_of(experiment, "all_right"))
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
