import html
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from notebook_tools import raising

from helpers import check, predict
from helpers.drawing.svg import BAD
from helpers.keras_bert import keras
from helpers.practice.checks import RIGHT, Need, judged
from helpers.reference.index import EXAMPLES, error_index, last_line, message_of


def test_every_failure_is_listed_at_once() -> None:
    result = judged(
        lambda: [
            Need("outputs", lambda: 1, 3, "count the classes"),
            Need("dtype", lambda: torch.int64, torch.int64, "use whole numbers"),
            Need("labels", lambda: [0, 1][5], 1, "count from 0"),
        ]
    )
    assert not result.passed
    assert str(result).splitlines() == [
        "✗ 2 of 3 checks fail",
        "  – outputs: got 1, needs 3. Try: count the classes",
        "  – labels: got IndexError (list index out of range), needs 1. Try: count from 0",
    ]


def test_the_first_failing_try_tells_what_is_wrong_and_the_second_what_to_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("helpers.practice.checks._tried", Counter({"01.2": 5}))
    assert "Try: put your answer in their place" in str(check("01.1", ...))  # that was no try
    first, second, third = (check("01.1", labels) for labels in (21, 21, 23))
    assert str(first).splitlines() == [
        "✗ 1 of 2 checks fail",
        "  – labels without an output: got 1, needs 0",
        "Change your answer and run the cell again. If it still fails, a hint will follow.",
    ]
    assert str(second).endswith("got 1, needs 0. Try: the last label is 21: count 0 too")
    assert "Try: one output per intent" in str(third)


@pytest.mark.parametrize(("got", "sign", "colour"), [(3, "✓", RIGHT), (4, "✗", BAD)])
def test_the_page_says_the_same_words_beside_a_coloured_edge(got: int, sign: str, colour: str) -> None:
    result = replace(judged(lambda: [Need("outputs", lambda: got, 3, "count")], "a < b"), after="2 of 3 done")
    shown = result._repr_html_()
    assert f"6px solid {colour}" in shown
    assert f"<b>{sign}" in shown
    words = html.unescape(re.sub(r"<[^>]+>", "\n", shown)).split("\n")
    assert [*filter(None, words)] == [line.strip() for line in str(result).splitlines()]


def test_a_need_that_compares_to_a_tensor_of_values_fails_without_raising() -> None:
    assert not judged(lambda: [Need("labels", lambda: torch.tensor([1, 2]), 1, "one value")]).passed


def test_an_answer_of_another_kind_is_told() -> None:
    told = str(judged(lambda: [Need("size", lambda: 1, len(3), "")]))  # type: ignore[arg-type]
    assert told.startswith("✗ your answer: TypeError (object of type 'int' has no len()). Try:")


@pytest.mark.parametrize(
    ("exercise", "answers", "says"),
    [
        ("01.1", (), "got 0 answers. Exercise 01.1 needs num_labels. Try check"),
        ("01.9", (1,), "got exercise '01.9'.*needs.*Try"),
        ("99.1", (1,), "got exercise '99.1'.*needs.*Try"),
        ("os.1", (1,), "got exercise 'os.1'.*needs.*Try"),
    ],
)
def test_an_exercise_that_does_not_exist_is_refused(
    exercise: str, answers: tuple[object, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        check(exercise, *answers)


def test_a_choice_answers() -> None:
    question = predict("Is <b> safe?", {"<i>": "Well.", "no": "yes"}, right="no")
    question.buttons.value = "<i>"
    assert question.feedback.value == "✗ Well."
    question.buttons.value = "no"
    assert question.feedback.value == "✓ yes"
    assert question.happened.value == ""  # nothing was run
    assert question.as_text().splitlines() == ["Is <b> safe?", "( ) <i>", "( ) no"]


def test_one_choice_is_no_question() -> None:
    with pytest.raises(ValueError, match=r"got 1 choices.*needs.*Try"):
        predict("?", {"yes": "no"}, right="yes")


def test_one_of_the_choices_is_right() -> None:
    with pytest.raises(ValueError, match=r"got right='c'.*needs.*Try 'a'"):
        predict("?", {"a": "b", "c ": "d"}, right="c")


def test_nothing_is_chosen_for_the_learner() -> None:
    assert predict("?", {"a": "b", "c": "d"}, right="a").buttons.value is None


def never(*_: object) -> object:
    raise AssertionError("ran before anything was chosen")


def chosen(run: Callable[[], object]) -> str:
    """Ask, choose and return what is shown to have happened."""
    question = predict("?", {"a": "b", "c": "d"}, "a", run=run)
    question.buttons.value = "a"
    return question.happened.value


def test_a_question_shows_what_really_happens_but_only_after_a_choice() -> None:
    question = predict("Does it run?", {"yes": "Has it (N, C)?", "no": "Why?"}, "no", run=never)
    assert question.happened.value == ""
    assert question._repr_mimebundle_()[0]["text/plain"] == "Does it run?\n( ) yes\n( ) no"
    assert "ran" not in question.as_html()
    question = predict("?", {"a": "b", "c": "d"}, "a", run=lambda: [0][results.pop()])
    results = [0, 1]
    question.buttons.value = "a"
    assert "✗ IndexError: list index out of range" in question.happened.value
    question.buttons.value = "c"
    assert "it gives 0" in question.happened.value  # run again: what happened a moment ago, not what once did
    assert question.feedback.value == "✗ d"


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("run", "shows"),
    [
        (
            lambda: F.cross_entropy(torch.zeros(4, 1), torch.tensor([2, 0, 1, 2])),
            "✗ IndexError: Target 2 is out of bounds.",
        ),
        (
            lambda: F.mse_loss(torch.zeros(4, 1), torch.ones(4)),
            "⚠ UserWarning: Using a target size (torch.Size([4]))",
        ),
        (lambda: F.mse_loss(torch.zeros(4, 1), torch.ones(4)), "it gives tensor(1.)"),
        (raising(Unreadable()), "✗ Unreadable"),
        (raising(ValueError()), "✗ ValueError<"),
        (raising(ValueError("one\ntwo")), "✗ ValueError: one<"),
        (raising(ValueError("<img src=x>")), "✗ ValueError: &lt;img src=x&gt;"),
        (lambda: None, "it runs, and gives nothing back"),
        (Unreadable, "✗ RuntimeError: no text"),
        (lambda: list(range(9999)), " …<"),
    ],
)
def test_whatever_happens_is_told_in_the_page_and_escaped(run: Callable[[], object], shows: str) -> None:
    assert shows in chosen(run)


def test_each_choice_may_have_a_run_of_its_own() -> None:
    ask = predict("Which runs?", {"A": "-", "B": "-"}, "B", run={"A": lambda: 1 / 0, "B": lambda: 1 / 1})
    ask.buttons.value = "A"
    assert "✗ ZeroDivisionError" in ask.happened.value
    ask.buttons.value = "B"
    assert "it gives 1.0" in ask.happened.value
    with pytest.raises(ValueError, match="without the other: 'B'"):
        predict("Which runs?", {"A": "-", "B": "-"}, "B", run={"A": lambda: 1})


def a_keras_layers_start() -> float:
    layer = keras.layers.Dense(1)
    layer.build((None, 1))
    return float(layer.kernel.numpy()[0, 0])


@pytest.mark.parametrize(
    "draw", [random.random, np.random.rand, lambda: torch.rand(()).item(), a_keras_layers_start]
)
def test_an_answer_changes_no_random_number_of_the_cells_below(draw: Callable[[], float]) -> None:
    keras.utils.set_random_seed(0)
    expected = [draw(), draw()]
    keras.utils.set_random_seed(0)
    first = draw()
    assert "it gives" in chosen(draw)
    assert [first, draw()] == expected


def test_what_runs_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing back" in chosen(lambda: print("noise", file=sys.stderr) or print("noise"))  # type: ignore[func-returns-value]
    assert capsys.readouterr() == ("", "")


def test_the_choices_have_the_question_as_their_name() -> None:
    *_, keyboard, _ = predict("Does <b> run?", {"a": "b", "c": "d"}, "a").children
    assert keyboard.question == "Does <b> run?"
    assert all(words in keyboard._esm for words in ("radiogroup", "aria-label", "data-lm-suppress-shortcuts"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.lesson)
def test_every_example_of_the_index_really_raises(example: object) -> None:
    assert ": " in message_of(example.code)  # type: ignore[attr-defined]


def test_an_example_that_runs_is_refused() -> None:
    with pytest.raises(RuntimeError, match="got no error"):
        message_of("1 + 1")


def test_no_two_rows_of_the_index_say_the_same() -> None:
    messages = [message for message, _, _ in error_index().rows]
    assert len(set(messages)) == len(messages)


def test_the_readme_quotes_messages_as_they_are_raised_today() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `((?!CUDA)[^`]+)` \|", readme, re.MULTILINE)
    assert len(quoted) >= 3
    keras = {message_in_keras(length=8), message_in_keras(labels=2)}
    assert set(quoted) <= {message for message, _, _ in error_index().rows} | keras


def message_in_keras(length: int | None = None, labels: int = 4) -> str:
    """Give a Keras model that was built for `length` a batch of (4, 12) ids, and so many labels."""
    from helpers.keras_bert import keras

    input_ids = keras.Input((length,), dtype="int32", name="input_ids")
    model = keras.Model(input_ids, keras.layers.Embedding(9, 1)(input_ids), name="model")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=" ") as caught:
        model.fit(np.zeros((4, 12)), np.zeros((labels, 12, 1)), verbose=0)
    # Keras goes on in the same line with the sizes.
    return last_line(caught.value).partition("'x' sizes")[0]
