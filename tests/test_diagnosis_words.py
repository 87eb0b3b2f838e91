"""What a learner stumbled over in a verdict: the axes and numbers that it names are the right ones."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from explained import explained

from helpers import check_loss
from helpers.diagnosis import Diagnosis, Mark, check_batch, dropped_rows, explain
from helpers.diagnosis.causes import CAUSES

LABELS = torch.tensor([2, 0, 1, 2])
ONE_HOT = F.one_hot(LABELS, 3)
TOKENS = torch.arange(36) % 3
CE, BCE = F.cross_entropy, F.binary_cross_entropy_with_logits
KERAS = "import numpy as np, keras\nL = keras.layers\n"


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def said(diagnosis: Diagnosis) -> dict[str, str]:
    return dict(diagnosis.rows)


# Logits with three axes and the number of classes known: that axis is C, wherever it stands.


@pytest.mark.parametrize("length", [2, 9])
@pytest.mark.parametrize(
    ("target", "needs"),
    [
        (LABELS, "one prediction per sentence: logits (4, 3) with target (4,)"),
        (LABELS.unsqueeze(1), "one prediction per sentence: logits (4, 3) with target (4,)"),
        (LABELS.int(), "one prediction per sentence: logits (4, 3) with target (4,)"),
        (ONE_HOT, "one prediction per sentence: logits (4, 3) for these one-hot rows"),
        (ONE_HOT.float(), "one prediction per sentence: logits (4, 3) for these one-hot rows"),
        (ONE_HOT * 0.7 + 0.1, "one prediction per sentence: logits (4, 3) for these rows of probabilities"),
    ],
)
def test_classes_on_axis_1_are_not_taken_for_tokens(length: int, target: torch.Tensor, needs: str) -> None:
    diagnosis = check_loss(CE, random(4, 3, length), target, classes=3)
    assert (diagnosis.cause, diagnosis.needs) == ("token_logits_for_sequence", needs)
    assert diagnosis.trap == ""
    assert [fix.code.split("\n")[0] for fix in diagnosis.fixes] == [
        "logits = logits[:, :, 0]",
        "logits = logits.mean(2)",
    ]


def test_classes_on_axis_1_and_labels_of_another_length() -> None:
    diagnosis = check_loss(CE, random(4, 3, 9), TOKENS[:32].reshape(4, 8), classes=3)
    assert diagnosis.cause == "static_length"
    assert diagnosis.needs == "one label per token: T is 9 in logits and 8 in target"


def test_a_marked_token_in_each_sentence_is_no_row_of_classes() -> None:
    marked = F.one_hot(torch.tensor([0, 8, 3, 5]), 9)
    assert check_loss(CE, random(4, 3, 9), marked, classes=3).outcome == "ok"


@pytest.mark.parametrize("classes", [None, 3])
def test_labels_flattened_beside_logits_with_classes_on_axis_1(classes: int | None) -> None:
    diagnosis = check_loss(CE, random(4, 3, 9), TOKENS, classes=classes)
    assert diagnosis.cause == "needs_flatten_or_transpose"
    needs = "both sides flattened from (N, T, C) = (4, 9, 3): logits (36, 3) with target (36,)"
    assert diagnosis.needs == needs
    assert [fix.result for fix in diagnosis.fixes] == [f"loss {diagnosis_loss():.3f}, logits (36, 3)"]


def test_labels_of_one_sentence_are_not_those_of_tokens_where_the_classes_are_known() -> None:
    assert check_loss(CE, random(4, 9, 3), TOKENS[:12], classes=3).cause == "batch_target"
    one_hot_rows = check_loss(CE, random(4, 9, 3), ONE_HOT.flatten())
    assert "flattened from" not in one_hot_rows.needs


def diagnosis_loss() -> float:
    return float(CE(random(4, 3, 9), TOKENS.reshape(4, 9)))


def test_as_many_labels_as_rows_would_raise_again() -> None:
    diagnosis = check_loss(CE, random(4, 9, 3), LABELS[:2])
    assert (diagnosis.cause, diagnosis.certain) == ("batch_target", False)
    assert diagnosis.also == "one prediction per token, one label per sentence"


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize(
    ("target", "rows"),
    [
        (ONE_HOT, "one-hot rows"),
        (ONE_HOT.float(), "one-hot rows"),
        (ONE_HOT * 0.7 + 0.1, "rows of probabilities"),
        ((ONE_HOT | ONE_HOT.roll(1, 1)).float(), "rows of 0 and 1"),
    ],
)
def test_rows_of_classes_beside_token_logits(target: torch.Tensor, rows: str, classes: int | None) -> None:
    diagnosis = check_loss(CE, random(4, 9, 3), target, classes)
    if classes is None and rows == "rows of 0 and 1":  # they may be anything
        return
    assert diagnosis.cause == "token_logits_for_sequence"
    assert diagnosis.needs == f"logits (4, 3) for these {rows}; here the 9 tokens are read as classes"
    assert diagnosis.certain == (classes == 3)
    assert len(diagnosis.fixes) == 2


# What is far-fetched is not said.


@pytest.mark.parametrize(
    ("rows", "labels", "also"),
    [
        (4, 0, ""),
        (4, 8, ""),
        (2, 4, ""),
        (4, 12, "each row has 3 labels: a label per token wants logits (N, T, C)"),
        (96, 100, "both were flattened, from 4 x 24 and 4 x 25: the lengths differ by one"),
    ],
)
def test_another_reading_of_two_counts_needs_numbers_that_support_it(
    rows: int, labels: int, also: str
) -> None:
    diagnosis = check_loss(CE, random(rows, 3), torch.arange(labels) % 3)
    assert (diagnosis.cause, diagnosis.also) == ("batch_target", also)


def test_a_float_target_is_not_made_float_again() -> None:
    multi_hot = (ONE_HOT | ONE_HOT.roll(1, 1)).float()
    assert [fix.code for fix in check_loss(CE, random(4, 3), multi_hot).fixes] == [
        "criterion = F.binary_cross_entropy_with_logits"
    ]
    fixes = check_loss(CE, random(4, 3), multi_hot.long()).fixes
    assert [fix.code for fix in fixes] == [
        "criterion = F.binary_cross_entropy_with_logits\ntarget = target.float()"
    ]


# Titles and words.


def test_the_title_of_labels_outside_their_range_is_true_of_labels_from_0() -> None:
    diagnosis = check_loss(BCE, random(4, 1), LABELS.float().unsqueeze(1))
    assert diagnosis.needs == "targets from 0 to 1; these go from 0 to 2"
    assert said(diagnosis)["cause"] == "labels outside the wanted range"


def test_a_verdict_says_sentence_as_the_lab_does() -> None:
    for cause in CAUSES.values():
        words = f"{cause.title} {cause.rule} {cause.why}".replace("sequence classification", "")
        assert "sequence" not in words
    diagnosis = check_loss(BCE, random(4, 9, 3), ONE_HOT.float())
    assert diagnosis.needs == "one prediction per sentence: logits (4, 3)"


@pytest.mark.parametrize(
    ("logits", "target", "needs"),
    [
        ((4, 1), (4,), "target (4, 1); now each logit is compared with every target: 16 differences, not 4"),
        (
            (3, 3, 1),
            (3, 3),
            "target (3, 3, 1); now each logit is compared with 3 targets: 27 differences, not 9",
        ),
        ((1, 4), (4,), "target (1, 4)"),
    ],
)
def test_a_broadcast_says_how_much_is_compared(
    logits: tuple[int, ...], target: tuple[int, ...], needs: str
) -> None:
    assert check_loss(F.mse_loss, random(*logits), random(*target)).needs == f"two equal shapes: {needs}"


def test_what_raises_broadcasts_nothing() -> None:
    assert check_loss(BCE, random(4, 1), torch.ones(4)).needs == "two equal shapes: target (4, 1)"


def test_a_softmax_is_taken_out_before_it_is_undone() -> None:
    diagnosis = check_loss(CE, random(4, 3).softmax(1), LABELS)
    assert diagnosis.needs.startswith("raw logits: take the softmax out of the model; ")
    assert [fix.when for fix in diagnosis.fixes] == ["where you can't take it out"]
    sigmoid = check_loss(BCE, random(4, 3).sigmoid(), ONE_HOT.float())
    assert "take it out" in sigmoid.needs and sigmoid.fixes[0].when == "where you can't take it out"


# Rows that a mask took out.

MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
FILTER = "mask = torch.tensor({mask})\nlogits = torch.randn(4, 3)[mask.bool().all(dim=1)]\n"
FILTER += "F.cross_entropy(logits, torch.arange({labels}) % 3)"


@pytest.mark.parametrize(
    ("labels", "certain", "also"), [(4, True, ""), (2, False, "not one label per row"), (0, False, None)]
)
def test_dropped_rows_are_found_however_many_labels_there_are(
    labels: int, certain: bool, also: str | None
) -> None:
    diagnosis = explained(FILTER.format(mask=MASK.tolist(), labels=labels))
    assert (diagnosis.cause, diagnosis.certain) == ("dropped_rows", certain)
    assert diagnosis.needs == "all 4 rows; 3 have padding and were left out"
    assert diagnosis.got.endswith(", mask (4, 4)")
    assert also is None or diagnosis.also == also


@pytest.mark.parametrize(
    ("kept", "needs"),
    [
        ([0, 0, 1, 0], "3 have padding and were left out, and the 1st label now goes to the 3rd row"),
        ([1, 1, 1, 0], "1 has padding and was left out"),
        ([1, 0, 0, 1], "2 were left out, and the 2nd label now goes to the 4th row"),
    ],
)
def test_a_loss_of_a_part_of_the_batch_is_silent(kept: list[int], needs: str) -> None:
    diagnosis = dropped_rows(MASK, torch.tensor(kept).bool(), sum(kept), 1.5)
    assert diagnosis is not None
    assert (diagnosis.outcome, diagnosis.cause, diagnosis.loss) == ("silent", "dropped_rows", 1.5)
    assert diagnosis.certain
    assert diagnosis.needs == f"all 4 rows; {needs}"
    rows = "1 row" if sum(kept) == 1 else f"{sum(kept)} rows"
    assert diagnosis.got == f"mask (4, 4), logits of {rows}, target of {rows}"
    assert diagnosis.marks == (Mark("logits", "N"), Mark("target", "N"))


def test_nothing_is_said_of_a_whole_batch_nor_of_a_loss_that_raised() -> None:
    everything = torch.ones(4, dtype=torch.bool)
    assert dropped_rows(MASK, everything, 4, 1.0) is None
    assert dropped_rows(MASK, MASK.bool().all(1), 4, None) is None


# A model with its loss inside: the outputs that are not used, and what is marked.


def small_bert(task: str = "sequence", num_labels: int = 3) -> Any:
    from batches import bert

    return bert(task, num_labels)


IDS = torch.tensor([[101, 200, 201, 102], [101, 202, 102, 0]])
BATCH = {"input_ids": IDS, "attention_mask": (IDS != 0).long()}


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize(
    ("num_labels", "classes", "cause"),
    [(5, 3, "unused_outputs"), (5, 5, None), (5, None, None), (3, 3, None)],
)
def test_the_number_of_classes_tells_which_outputs_are_not_used(
    task: str, num_labels: int, classes: int | None, cause: str | None
) -> None:
    labels = torch.tensor([2, 0]) if task == "sequence" else torch.tensor([[2, 0, 1, 0], [1, 1, 2, -100]])
    model, given = small_bert(task, num_labels), {**BATCH, "labels": labels}
    diagnosis = check_batch(model, given, classes=classes)
    assert diagnosis.cause == cause
    if cause is not None:
        by_hand = check_loss(CE, random(2, num_labels), torch.tensor([2, 0]), classes=classes)
        assert diagnosis.needs == by_hand.needs
        assert diagnosis.needs == "3 outputs for 3 classes: no label ever asks for outputs 3 to 4"
        assert diagnosis.fixes[0].code.endswith("num_labels = 3")


def test_an_output_that_a_label_asks_for_is_used_whatever_the_number_of_classes() -> None:
    diagnosis = check_loss(CE, random(4, 6), torch.tensor([4, 0, 1, 2]), classes=3)
    assert diagnosis.needs == "5 outputs for 5 classes: no label ever asks for output 5"


@pytest.mark.parametrize(
    "labels", [torch.tensor([[0, 0, 1], [1, 0, 0]]), torch.tensor([[0.0, 0, 1], [1, 0, 0]])]
)
def test_a_label_with_a_column_is_not_marked_as_if_it_had_none(labels: torch.Tensor) -> None:
    diagnosis = check_batch(small_bert(), {**BATCH, "labels": labels})
    assert diagnosis.marks == (Mark("target", "dtype"),)


@pytest.mark.parametrize(("highest", "part"), [(2, "label"), (0, "C")])
def test_with_one_output_a_label_is_marked_where_it_has_no_column(highest: int, part: str) -> None:
    diagnosis = check_batch(small_bert(num_labels=1), {**BATCH, "labels": torch.tensor([highest, 0])})
    assert diagnosis.cause == "problem_type"
    assert diagnosis.marks[-1].part == part


def test_padding_is_counted_in_tokens() -> None:
    assert check_batch(small_bert(), {"input_ids": IDS}).got.startswith(
        "input_ids (N=2, T=4) with 1 padding token, "
    )
    padded = torch.cat([IDS, torch.zeros(2, 1, dtype=torch.long)], 1)
    assert " with 3 padding tokens, " in check_batch(small_bert(), {"input_ids": padded}).got


@pytest.mark.parametrize("mask", [None, torch.ones(2, 3).long()])
def test_the_title_fits_a_mask_that_is_missing_and_one_of_another_shape(mask: torch.Tensor | None) -> None:
    given = {"input_ids": IDS} if mask is None else {"input_ids": IDS, "attention_mask": mask}
    assert said(check_batch(small_bert(), given))["cause"] == "no mask that fits"


# Keras.

LAST = "m = keras.Sequential([keras.Input((8,)), L.Dense({units}, activation='softmax')])\n"
LAST += "m.compile(loss='{loss}')\nx, y = np.ones((6, 8)), np.array({labels})\n"
SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "units", "rows", "got"),
    [
        (CATEGORICAL, 3, 6, f"y (6,), output (6, 3), loss {CATEGORICAL}"),
        (CATEGORICAL, 3, 2, f"y (6,); in one batch target (2,), output (2, 3); loss {CATEGORICAL}"),
        (SPARSE, 1, 6, f"y (6,), output (6, 1), loss {SPARSE}; labels 0 to 2"),
    ],
)
def test_keras_labels_are_spelled_once(loss: str, units: int, rows: int, got: str) -> None:
    setup = KERAS + LAST.format(units=units, loss=loss, labels=[0, 1, 2, 0, 1, 2])
    assert explained(f"{setup}m.evaluate(x, y, batch_size={rows}, verbose=0)").got == got


@pytest.mark.parametrize(
    ("units", "labels", "cause", "needs"),
    [
        (1, [0, 1, 2, 0, 1, 2], "head_size", "Dense(3) for 3 classes"),
        (1, [1, 1, 1, 1, 1, 1], "head_size", "Dense(2) for 2 classes"),
        (2, [0, 1, 2, 0, 1, 2], "head_size", "labels from 0 to 1, or Dense(3) for 3 classes"),
        (3, [0, -1, 1, 0, 1, 2], "label_range", "labels from 0 to 2"),
        (1, [0, -1, 1, 0, 1, 2], "label_range", "labels that count from 0, and Dense(3) for 3 classes"),
    ],
)
def test_keras_labels_beyond_the_head(units: int, labels: list[int], cause: str, needs: str) -> None:
    setup = KERAS + LAST.format(units=units, loss=SPARSE, labels=labels)
    diagnosis = explained(f"{setup}m.evaluate(x, y, batch_size=6, verbose=0)")
    assert (diagnosis.cause, diagnosis.needs) == (cause, needs)


@pytest.mark.parametrize(("named", "name"), [("name='input_ids'", "input_ids"), ("", "input")])
def test_a_keras_input_is_named_beside_what_the_model_is_built_for(named: str, name: str) -> None:
    setup = f"{KERAS}i = keras.Input((8,), {named})\nm = keras.Model(i, L.Dense(3)(i))\n"
    diagnosis = explained(f"{setup}m.predict(np.ones((4, 12)), verbose=0)")
    assert diagnosis.got == f"{name} (4, 12); the model is built for (any, 8)"
    assert diagnosis.needs.startswith(f"{name} (any, 8): pad or cut every row to 8")


def test_explain_is_asked_as_before() -> None:
    with pytest.raises(RuntimeError) as caught:
        CE(random(4, 3, 9), LABELS)
    diagnosis = explain(caught.value)  # nothing tells which axis is C: the last is likelier
    assert diagnosis is not None and "logits (4, 9)" in diagnosis.needs


def test_other_outputs_per_token_than_the_row_has_numbers() -> None:
    told = check_loss(F.binary_cross_entropy_with_logits, torch.randn(1, 12, 1), torch.tensor([[1.0, 0.0]]))
    assert (told.outcome, told.cause, told.certain) == ("raises", "token_logits_for_sequence", False)
    assert told.needs == "one prediction for each row of the target: logits (1, 2)"
