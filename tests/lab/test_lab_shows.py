"""What the lab shows beside its picture's shapes: signs, notes, what is done in between, numbers."""

import re

from helpers import ShapeLab


def with_a_sign(lab: ShapeLab) -> set[str]:
    """The settings whose control bears the sign for: look at the verdict."""
    inputs = {**lab.controls, "text": lab.sentences}
    return {name for name, control in inputs.items() if "shape-clinic-noted" in control._dom_classes}


def test_what_cannot_be_used_has_a_sign_and_the_verdict_says_why() -> None:
    lab = ShapeLab()
    shapes = lab.scene.stages
    lab.sentences.value = "good " * 600
    assert with_a_sign(lab) == {"text"}
    assert "⚠ sentences</th>" in lab.verdict.value
    assert "602 tokens and BERT reads at most 512" in lab.verdict.value
    assert lab.scene.stages == shapes
    lab.sentences.value = "One.\n\n  \nTwo."
    assert with_a_sign(lab) == {"batch_size"}
    assert "only 2 sentences typed" in lab.verdict.value
    assert "512" not in lab.verdict.value
    lab.batch_size.value = 2
    assert with_a_sign(lab) == set()
    assert "⚠" not in lab.verdict.value
    lab.sentences.value = "\n".join(["Nine lines."] * 9)
    assert "uses the first 8" in lab.verdict.value


def test_a_setting_that_plays_no_part_has_a_sign() -> None:
    lab = ShapeLab("token_vs_sequence", arrangement="flattened")
    assert with_a_sign(lab) == set()
    lab.task.value = "sequence"
    assert with_a_sign(lab) == {"arrangement"}
    assert "no token axis" in lab.verdict.value


def test_a_task_that_no_loss_follows_has_a_sign() -> None:
    lab = ShapeLab(task="regression")
    assert with_a_sign(lab) == {"task"}
    assert "cross entropy still scores classes" in lab.verdict.value
    lab.loss.value = "mse_loss"
    assert "task" not in with_a_sign(lab)


def test_the_picture_names_what_is_done_between_head_and_loss() -> None:
    lab = ShapeLab(softmax=True, kept="unpadded")
    assert ">softmax</text>" in lab.picture.value and ">unpadded</text>" in lab.picture.value
    assert "then softmax, then unpadded, then softmax (N=1, C=3)" in lab.picture.value
    lab.softmax.value, lab.kept.value = False, "real_tokens"  # a sentence has one prediction: all are kept
    assert ">softmax</text>" not in lab.picture.value and ">real tokens</text>" not in lab.picture.value
    lab.task.value = "token"
    assert ">real tokens</text>" in lab.picture.value
    lab.framework.value = "transformers"
    assert ">real tokens</text>" not in lab.picture.value


def test_numbers_stand_beside_their_own_labels() -> None:
    lab = ShapeLab("token_vs_sequence", target_format="per_token", arrangement="transposed", num_labels=3)
    lab.show_values.value = True
    table = lab.numbers.value
    assert "the first sentence, per token (the first" not in table  # 12 rows, 3 classes: nothing is cut
    assert table.index(">[CLS]</th>") < table.index(">the</th>") < table.index(">film</th>")
    rows = re.findall(r"<td>([^<]*)</td></tr>", table)
    assert rows == [f"{label:g}" for label in lab.scene.values[0]]
    lab.target_format.value = "indices"
    assert "the target has no label per token" in lab.numbers.value
    assert '<th scope="col">target</th>' not in lab.numbers.value
    lab.arrangement.value = "flattened"
    assert "(the first 12 of 48 rows)" in lab.numbers.value


def test_a_cut_sentence_is_said() -> None:
    for preset in ("all_right", "keras_padding"):
        lab = ShapeLab(
            preset, padding="max_length", max_length=8, text="We loved it.\nWe loved every minute of it."
        )
        assert with_a_sign(lab) == {"max_length", "batch_size"}
        assert "1 sentence is longer, and cut" in lab.verdict.value
