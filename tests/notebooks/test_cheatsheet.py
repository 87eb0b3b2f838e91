import re

import pytest
import torch
from bs4 import BeautifulSoup

from helpers.reference.cheatsheet import EXAMPLES, CheatSheet, Example, cheat_sheet, row_of
from helpers.reference.loss_calls import LETTERS, RUNS, letters


@pytest.fixture(scope="module")
def sheet() -> CheatSheet:
    return cheat_sheet()


@pytest.fixture(scope="module")
def keras_sheet() -> CheatSheet:
    return cheat_sheet("keras")


def rows_of(sheet: CheatSheet) -> dict[str, list[tuple[str, str, str, str]]]:
    return {
        block: [(row.logits, row.target, row.dtype, row.message) for row in rows]
        for block, rows in sheet.blocks
    }


def test_the_shapes_are_those_of_the_documentation(sheet: CheatSheet) -> None:
    found = {block: [row[:3] for row in rows] for block, rows in rows_of(sheet).items()}
    assert found["PyTorch"] == [
        ("(N, C)", "(N,)", "int64"),
        ("(N, C)", "(N, C)", "float32"),
        ("(N, C, T)", "(N, T)", "int64"),
        ("(N, C)", "(N, C)", "float32"),
        ("(N, 1)", "(N, 1)", "float32"),
    ]
    assert found["transformers"] == [
        ("(N, 1)", "(N,)", "float32"),
        ("(N, C)", "(N,)", "int64"),
        ("(N, C)", "(N, C)", "float32"),
        ("(N, T, C)", "(N, T)", "int64"),
    ]


def test_the_messages_are_those_that_people_look_up(sheet: CheatSheet) -> None:
    said = [message for rows in rows_of(sheet).values() for *_, message in rows]
    assert [message.partition(":")[0] for message in said] == [
        "RuntimeError", "RuntimeError", "RuntimeError", "ValueError", "UserWarning",
        "RuntimeError", "IndexError", "RuntimeError", "ValueError",
    ]  # fmt: skip
    assert "IndexError: Target 3 is out of bounds." in said
    assert len(set(said)) == len(said)


def test_a_warning_is_told_from_an_error(sheet: CheatSheet) -> None:
    signs = {row.example.loss: row.sign for _, rows in sheet.blocks for row in rows}
    assert signs.pop("nn.MSELoss()") == "⚠"
    assert set(signs.values()) == {"✗"}


def test_keras_speaks_of_its_own_shapes(keras_sheet: CheatSheet) -> None:
    rows = rows_of(keras_sheet)["Keras"]
    assert [row[:2] for row in rows] == [("(N, C)", "(N,)"), ("(N, C)", "(N, C)"), ("(N, 1)", "(N, 1)")]
    assert all("must have the same shape" in row[3] for row in rows)
    assert [row.fix for _, rows in keras_sheet.blocks for row in rows] == [
        "y = y.argmax(-1)",
        "y = keras.utils.to_categorical(y, 3)",
        "y = y.argmax(-1)",
    ]


@pytest.mark.parametrize(
    ("block", "example"),
    [(block, example) for block, examples in EXAMPLES.items() for example in examples],
    ids=lambda value: value if isinstance(value, str) else value.loss,
)
def test_each_call_is_one_line_and_each_wrong_one_is_wrong(block: str, example: Example) -> None:
    assert "\n" not in example.right + example.wrong
    assert RUNS[block](example.loss, example.right, "").told.outcome == "ok"
    assert RUNS[block](example.loss, example.wrong, "").told.outcome in {"raises", "silent"}


RIGHT, WRONG = "criterion(randn(2, 3), tensor([2, 0]))", "criterion(randn(2, 3), tensor([[2], [0]]))"


@pytest.mark.parametrize(
    ("right", "wrong", "fix", "says"),
    [
        ("criterion(randn(2, 3), tensor([7, 0]))", "", "", "got ✗ IndexError"),
        # It runs; softmax before the loss is a mistake all the same.
        ("criterion(randn(2, 3).softmax(1), tensor([2, 0]))", "", "", "got ⚠ no error"),
        (RIGHT, RIGHT, "", "got no error"),
        (RIGHT, WRONG, "target = target.float()", "got no fix"),
    ],
)
def test_a_row_that_would_lie_is_refused(right: str, wrong: str, fix: str, says: str) -> None:
    with pytest.raises(RuntimeError, match=re.escape(says)):
        row_of("PyTorch", Example("nn.CrossEntropyLoss()", "", right, wrong, fix))


def test_a_fix_of_transformers_is_refused_where_it_mends_nothing() -> None:
    right, wrong = (f"model(**batch, labels=tensor([{label}, 0]))" for label in (2, 3))
    fix = 'batch["labels"] = batch["labels"].float()'
    with pytest.raises(RuntimeError, match="got no fix"):
        row_of("transformers", Example('load_bert("sequence", num_labels=3)', "", right, wrong, fix))


def test_another_library_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got library 'jax'.*needs.*Try"):
        cheat_sheet("jax")


def test_a_second_sheet_is_the_same(sheet: CheatSheet) -> None:
    again = cheat_sheet()
    assert again == sheet
    assert again._repr_html_() == sheet._repr_html_()


def test_text_and_html_hold_every_call_and_message(sheet: CheatSheet, keras_sheet: CheatSheet) -> None:
    for each in (sheet, keras_sheet):
        page = BeautifulSoup(each._repr_html_(), "html.parser")
        text, html = str(each), page.get_text().replace("\xa0", " ")
        for _, rows in each.blocks:
            for row in rows:
                calls = row.example.loss, row.example.right, row.example.wrong
                for words in (*calls, row.message, row.logits):
                    assert words in text
                    assert words in html
                assert all(line in html for line in row.fix.split("\n"))


def test_short_words_are_never_broken(sheet: CheatSheet) -> None:
    short = r"<t[hd](?: scope=\"col\")? style=\"text-align:left\">(.*?)</t[hd]>"
    words = re.findall(short, sheet._repr_html_())
    assert {"logits", "target", "dtype", "float32", "(N,&nbsp;C,&nbsp;T)"} <= set(words)
    assert not any("<code>" in word for word in words)
    assert "\x1b" not in str(sheet)


def test_the_letters_are_those_of_the_examples_sizes() -> None:
    sizes = {letter: size for size, letter in LETTERS.items()}
    assert letters(torch.zeros(sizes["N"], sizes["T"], 768, sizes["C"], 1)) == "(N, T, 768, C, 1)"
