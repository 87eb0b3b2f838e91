"""The data hold what the lessons say of them: their sizes, and one right label per sentence or word."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import TAGS, load_reviews, load_tagged, load_tokenizer
from helpers.data import CLASSES, DATA_FILE, TAGS_FILE

Load = Callable[[str], list]


@pytest.mark.parametrize(("split", "size"), [("train", 240), ("test", 90)])
def test_reviews_are_balanced(split: str, size: int) -> None:
    counts = Counter(review.label for review in load_reviews(split))
    assert counts == dict.fromkeys(range(len(CLASSES)), size // 3)


def test_any_eight_reviews_in_a_row_hold_every_class() -> None:
    labels = [review.label for review in load_reviews("train")]
    assert all(len(set(labels[at : at + 8])) == 3 for at in range(len(labels) - 7))


@pytest.mark.parametrize(("split", "size"), [("train", 180), ("test", 60)])
def test_every_tagged_word_has_a_tag(split: str, size: int) -> None:
    rows = load_tagged(split)
    assert len(rows) == size
    for row in rows:
        assert len(row.words) == len(row.tags)
        assert 4 <= len(row.words) <= 12
        assert row.words[-1] in {".", "?"} and TAGS[row.tags[-1]] == "PUNCT"


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_tag_is_rare(split: str) -> None:
    counts = Counter(tag for row in load_tagged(split) for tag in row.tags)
    assert set(counts) == set(range(10))
    assert min(counts.values()) > 0.03 * counts.total()


def test_signs_and_only_signs_are_punctuation() -> None:
    for row in load_tagged("train") + load_tagged("test"):
        for word, tag in zip(row.words, row.tags, strict=True):
            assert (TAGS[tag] == "PUNCT") == (word in {",", ".", "?"})


def test_some_words_have_two_tags_and_some_words_several_pieces() -> None:
    tags_of: dict[str, set[int]] = {}
    for row in load_tagged("train"):
        for word, tag in zip(row.words, row.tags, strict=True):
            tags_of.setdefault(word.lower(), set()).add(tag)
    ambiguous = {word for word, tags in tags_of.items() if len(tags) > 1}
    assert {"book", "light", "run", "watch"} <= ambiguous
    tokenizer = load_tokenizer()
    assert sum(len(tokenizer.tokenize(word)) > 1 for word in tags_of) > 40


@pytest.mark.parametrize("load", [load_reviews, load_tagged])
def test_an_unknown_split_is_refused(load: Load) -> None:
    with pytest.raises(ValueError, match=rf"got split 'dev'\. {load.__name__} needs 'train' or 'test'"):
        load("dev")


@pytest.mark.parametrize("load", [load_reviews, load_tagged])
def test_no_sentence_is_in_both_parts(load: Load) -> None:
    train, test = ({row[0] for row in load(split)} for split in ("train", "test"))
    assert not train & test


@pytest.mark.parametrize("path", [DATA_FILE, TAGS_FILE], ids=lambda path: path.name)
def test_the_file_is_ascii_without_duplicates(path: Path) -> None:
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    sentences = [next(iter(row.values())).lower() for row in rows]
    assert len(set(sentences)) == len(sentences)
