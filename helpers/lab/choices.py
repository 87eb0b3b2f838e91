"""What the labs share: the sentences they open with, and how a choice that isn't one is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_SENTENCES = 8  # what the picture can show as rows, and what one encoder pass does in milliseconds
SENTENCES = (
    "The film was wonderful.",
    "I would not watch it again.",
    "An ordinary story, neither good nor bad.",
    "The acting is great but the plot is slow.",
    "What a waste of two hours!",
    "The food was fine.",
    "We loved every minute of it.",
    "It is a film about a train.",
)


def check_choices(settings: Any, known: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse a setting whose value its drop-down doesn't have.

    Raises:
        ValueError: It has not.
    """
    for name, choices in known.items():
        value = getattr(settings, name)
        if value not in choices:
            words, first = ", ".join(choices), next(iter(choices))
            raise ValueError(f"got {name} {value!r}. The lab needs one of {words}. Try {name}={first!r}.")


def sentences_in(text: str) -> tuple[tuple[str, ...], str]:
    """Return the sentences that a lab uses, one per line, and what to say about those that it doesn't.

    >>> sentences_in(" One. ")
    (('One.',), '')
    """
    typed = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not typed:
        return (), "type at least one sentence; the lab still shows the last ones"
    too_many = f"{len(typed)} sentences typed: the lab uses the first {MAX_SENTENCES}"
    return typed[:MAX_SENTENCES], too_many if len(typed) > MAX_SENTENCES else ""


def readable(sentences: Iterable[str]) -> list[str]:
    """Return the sentences without half emojis, which a browser can send and no tokenizer takes."""
    return [sentence.encode("utf-8", "replace").decode() for sentence in sentences]


def batch_note(typed: int, wanted: int) -> dict[str, str]:
    """Say beside batch_size that fewer sentences were typed, where that is so."""
    if typed >= wanted:
        return {}
    words = "1 sentence" if typed == 1 else f"{typed} sentences"
    return {"batch_size": f"only {words} typed, so this batch holds {typed}"}


def cut_note(tokenizer: Any, sentences: Iterable[str], max_length: int) -> dict[str, str]:
    """Say beside max_length how many sentences it cuts, where it does."""
    cut = sum(len(tokenizer(each, verbose=False)["input_ids"]) > max_length for each in readable(sentences))
    words = "1 sentence is" if cut == 1 else f"{cut} sentences are"
    return {"max_length": f"{words} longer, and cut"} if cut else {}
