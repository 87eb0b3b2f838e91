"""Two real messages, aligned: what agrees, what differs, what cannot be compared."""

import re
import warnings
from collections.abc import Callable, Mapping

import pytest
import torch
import torch.nn.functional as F
from notebook_tools import raising

from helpers import load_bert
from helpers.reference.compare import Comparison, compare_errors

LOGITS = torch.zeros(4, 3)


def one_label() -> torch.Tensor:
    return F.cross_entropy(LOGITS, torch.tensor([1]))


def test_pytorch_and_transformers_say_the_same_word_for_word() -> None:
    model = load_bert("sequence", num_labels=3)
    ids = torch.tensor([[101, 102]] * 4)
    result = compare_errors(
        {"PyTorch": one_label, "transformers": lambda: model(input_ids=ids, labels=torch.tensor([1]))}
    )
    assert result.same
    assert len(result.rows) == 1
    assert result.rows[0][0] == "ValueError: Expected input batch_size (4) to match target batch_size (1)."
    assert str(result).splitlines()[-1] == "word for word the same"
    assert "<p>word for word the same</p>" in result._repr_html_()


def test_only_the_numbers_differ() -> None:
    result = compare_errors({"one": one_label, "two": lambda: F.cross_entropy(LOGITS[:2], torch.tensor([1]))})
    assert result.rows == (
        ("ValueError: Expected input batch_size",) * 2,
        ("(4)", "(2)"),
        ("to match target batch_size (1).",) * 2,
    )
    assert result.summary == "1 of 3 parts differs"
    assert str(result).splitlines() == [
        "one  ValueError: Expected input batch_size ⟦(4)⟧ to match target batch_size (1).",
        "two  ValueError: Expected input batch_size ⟦(2)⟧ to match target batch_size (1).",
        "1 of 3 parts differs; ⟦ ⟧ is around what differs",
    ]


def test_every_column_reads_down_as_its_message() -> None:
    errors = [ValueError("a b c d"), ValueError("a x c"), IndexError("b c d e")]
    result = compare_errors({str(at): raising(error) for at, error in enumerate(errors)})
    for column, error in zip(zip(*result.rows, strict=True), errors, strict=True):
        assert " ".join(words for words in column if words) == f"{type(error).__name__}: {error}"
    assert [row for row in result.rows if len(set(row)) == 1] == [("c", "c", "c")]


SAME, COLOURED = "word for word the same", "\x1b[1;31mno\x1b[0m\n\n   such  file"
NOT_AT_ALL = (("ValueError:",) * 2, ("not", ""), ("at all",) * 2)


@pytest.mark.parametrize(
    ("one", "other", "rows", "summary"),
    [
        (ValueError("x"), IndexError("y"), (("ValueError: x", "IndexError: y"),), "no words in common"),
        (AssertionError(), AssertionError(), (("AssertionError",) * 2,), SAME),
        (ValueError("not at all"), ValueError("at all"), NOT_AT_ALL, "1 of 3 parts differs"),
        # Lines and colours don't count.
        (ValueError(COLOURED), ValueError("no such file"), (("ValueError: no such file",) * 2,), SAME),
    ],
)
def test_two_messages_are_aligned(
    one: Exception, other: Exception, rows: tuple[tuple[str, str], ...], summary: str
) -> None:
    result = compare_errors({"a": raising(one), "b": raising(other)})
    assert (result.rows, result.summary) == (rows, summary)


def test_each_message_is_one_whole_line_with_its_own_words_marked() -> None:
    html = Comparison(("a", "<b>", "c"), (("if", "if", "if"), ("x < y", "", "z"), ("so",) * 3))._repr_html_()
    messages = re.findall(r'<th scope="row"[^>]*>(.*?)</th><td[^>]*>(.*?)</td>', html)
    assert messages == [
        ("a", "<code>if <mark><strong>x &lt; y</strong></mark> so</code>"),
        ("&lt;b&gt;", "<code>if so</code>"),
        ("c", "<code>if <mark><strong>z</strong></mark> so</code>"),
    ]
    assert html.endswith("<p>1 of 3 parts differs; <mark><strong>marked</strong></mark> is what differs</p>")


def test_a_long_message_goes_on_below_its_first_word() -> None:
    words = " ".join(["word"] * 60)
    lines = str(compare_errors({name: raising(ValueError(words)) for name in ("a", "longer")})).splitlines()
    assert max(map(len, lines)) <= 100
    assert [line[:8].rstrip() for line in lines if not line.startswith(" ")] == ["a", "longer", "word for"]
    assert {len(line) - len(line.lstrip()) for line in lines if line.startswith(" ")} == {8}


def test_a_call_that_runs_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"got no error from 'transformers'.*needs.*Try"):
        compare_errors({"PyTorch": one_label, "transformers": lambda: 1})


@pytest.mark.parametrize("calls", [{}, {"alone": one_label}])
def test_fewer_than_two_calls_are_refused(calls: Mapping[str, Callable[[], object]]) -> None:
    with pytest.raises(ValueError, match=r"got \d calls.*needs two or more.*Try"):
        compare_errors(calls)


def test_an_interrupt_is_no_message() -> None:
    def stop() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_errors({"PyTorch": one_label, "stopped": stop})


def test_warnings_are_silent_inside_and_heard_again_outside(capsys: pytest.CaptureFixture[str]) -> None:
    def warns() -> torch.Tensor:
        return F.mse_loss(torch.zeros(2, 73), torch.zeros(2, 33))

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        compare_errors({"a": warns, "b": warns})
        assert not heard
        with pytest.raises(RuntimeError):
            warns()
        assert len(heard) == 1
    assert capsys.readouterr() == ("", "")


def test_the_text_is_what_a_notebook_stores() -> None:
    result = Comparison(("a", "b"), (("x", "x"),))
    assert repr(result) == str(result) == "a  x\nb  x\nword for word the same"
