"""Two error messages below each other: which words agree, and which don't.

One mistake raises in many places: in plain PyTorch, deep inside transformers, in another loss. Where the last
lines agree, one reading serves them all; where they part, the words that differ are those to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from textwrap import fill

from helpers.diagnosis.seen.frames import said
from helpers.table import Html, as_html, table, tag
from helpers.trial import came_of

_WIDTH = 100  # characters of a line in the text


@dataclass(frozen=True)
class Comparison:
    """The messages of `compare_errors`, cut where they begin or cease to agree."""

    names: tuple[str, ...]  # one per call
    rows: tuple[tuple[str, ...], ...]  # one run of words for each call, "" where that message has none there

    @property
    def same(self) -> bool:
        """Whether the messages agree word for word."""
        return not any(map(_differs, self.rows))

    @property
    def summary(self) -> str:
        """How much of the messages agrees, in words."""
        if self.same:
            return "word for word the same"
        differing = sum(map(_differs, self.rows))
        if differing == len(self.rows):
            return "no words in common"
        return f"{differing} of {len(self.rows)} parts {'differs' if differing == 1 else 'differ'}"

    def _messages(self, mark: Callable[[str], str]) -> list[list[str]]:
        """Return each message's words, a run at a time, with the mark on those that differ."""
        rows = [[mark(words) if words and _differs(row) else words for words in row] for row in self.rows]
        return [[words for words in message if words] for message in zip(*rows, strict=True)]

    def __str__(self) -> str:
        width = max(map(len, self.names))
        whole = (" ".join(words) for words in self._messages("⟦{}⟧".format))
        lines = [
            fill(message, _WIDTH, initial_indent=f"{name:{width}}  ", subsequent_indent=" " * (width + 2))
            for name, message in zip(self.names, whole, strict=True)
        ]
        return "\n".join([*lines, self.summary + "; ⟦ ⟧ is around what differs" * (not self.same)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        messages = self._messages(lambda words: tag("mark", tag("strong", words)))
        codes = (tag("code", Html(" ".join(map(as_html, words)))) for words in messages)
        legend = () if self.same else ("; ", tag("mark", tag("strong", "marked")), " is what differs")
        return table(zip(self.names, codes, strict=True)) + tag("p", self.summary, *legend)


def compare_errors(calls: Mapping[str, Callable[[], object]]) -> Comparison:
    """Run every call, and align the last lines of their tracebacks word by word.

    Args:
        calls: From a name to a function without arguments that raises. Its warnings are not shown.

    Returns:
        The messages, "Type: text", in rows of words that all of them share or don't.

    Raises:
        ValueError: There are fewer than two calls, or one of them runs without an error.

    >>> compare_errors({"a list": lambda: [7][2], "a tuple": lambda: (7,)[2]})
    a list   IndexError: ⟦list⟧ index out of range
    a tuple  IndexError: ⟦tuple⟧ index out of range
    1 of 3 parts differs; ⟦ ⟧ is around what differs
    """
    if len(calls) < 2:
        got = f"got {len(calls)} calls"
        raise ValueError(f"{got}. compare_errors needs two or more. Try adding one that raises.")
    return Comparison(tuple(calls), _align([_last_line(name, call) for name, call in calls.items()]))


def _last_line(name: str, call: Callable[[], object]) -> str:
    if error := came_of(call).error:
        # torch breaks some messages over several lines, and some errors have none.
        return " ".join(said(error).split()) if str(error).strip() else type(error).__name__
    raise ValueError(
        f"got no error from {name!r}. compare_errors needs calls that raise."
        " Try running it in a cell of its own, to see what it gives."
    )


def _align(messages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Cut the messages into runs of words that all of them share, and runs between these."""
    first, *others = sentences = [message.split() for message in messages]
    partners = []  # per other message: from a word's place in the first to its place there
    for other in others:
        blocks = SequenceMatcher(None, first, other, autojunk=False).get_matching_blocks()
        partners.append({block.a + k: block.b + k for block in blocks for k in range(block.size)})
    shared = [at for at in range(len(first)) if all(at in partner for partner in partners)]
    end = [len(words) for words in sentences]

    def run(start: Sequence[int], stop: Sequence[int]) -> tuple[str, ...]:
        return tuple(" ".join(words[a:b]) for words, a, b in zip(sentences, start, stop, strict=True))

    rows = []
    begin = place = [0] * len(sentences)  # words from `begin` up to `place` agree
    for stop in [*([at, *(partner[at] for partner in partners)] for at in shared), end]:
        if stop != place or stop is end:
            rows += [run(begin, place), run(place, stop)]
            begin = stop
        place = [at + 1 for at in stop]
    return tuple(row for row in rows if any(row))


def _differs(row: Sequence[str]) -> bool:
    return len(set(row)) > 1
