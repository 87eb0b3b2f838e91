"""The table of claims that were run: text for a terminal, HTML for a notebook, signs and words for both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

from claims.claim import Checked
from claims.verdict import VERDICTS

DOCUMENTS = {
    "000": "Answer 000: why a classifier's target and input sizes don't fit",
    "001": "Answer 001: why BERT's predictions have another shape than expected",
    "002": "Answer 002: predictions of (2, 73) against a target of (2, 33)",
    "003": "Answer 003: dimensions that don't fit in Keras",
    "004": "Answer 004: batch sizes that don't fit in cross entropy",
    "silent": "Left out by all five: mistakes that raise nothing, or not where they are made",
    "gpu": "Only on a GPU",
}
_LEFT = 'style="text-align:left;overflow-wrap:anywhere"'  # sentences, with long names in them
_WORD = 'style="text-align:left"'  # a word or two, which must not be broken where the page is narrow


@dataclass(frozen=True)
class Claims:
    """Claims, each run a moment ago. Take one with `[id]`, or go through them with `for`."""

    results: tuple[Checked, ...]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Checked]:
        return iter(self.results)

    def __getitem__(self, name: str) -> Checked:
        for result in self.results:
            if result.claim.id == name:
                return result
        raise KeyError(f"got {name!r}. This table has {', '.join(result.claim.id for result in self)}.")

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        found = Counter(result.verdict.word for result in self)
        return {word: found[word] for word in VERDICTS if found[word]}

    @property
    def summary(self) -> str:
        """The counts in one line."""
        each = ", ".join(f"{VERDICTS[word].sign} {count} {word}" for word, count in self.counts.items())
        return f"{len(self)} {'claim' if len(self) == 1 else 'claims'}: {each}"

    def __str__(self) -> str:
        blocks = []
        for title, results in self._by_document():
            blocks += [title, *map(str, results), ""]
        return "\n".join([*blocks, self.summary])

    __repr__ = __str__

    def _by_document(self) -> Iterator[tuple[str, list[Checked]]]:
        for document, results in groupby(self.results, lambda result: result.claim.document):
            yield DOCUMENTS.get(document, document), list(results)

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" {_WORD}>{name}</th>'
            for name in ("claim", "what is said", "what happened when it ran", "verdict", "lesson")
        )
        bodies = []
        for title, results in self._by_document():
            bodies.append(f'<tr><th scope="rowgroup" colspan="5" {_LEFT}>{escape(title)}</th></tr>')
            bodies += map(_row, results)
        words = [VERDICTS[word] for word in self.counts]
        legend = "".join(f"<li>{verdict}: {escape(verdict.rule)}</li>" for verdict in words)
        return (
            f"<p>{self.summary}</p><ul>{legend}</ul>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(bodies)}</tbody></table>"
        )


def _row(result: Checked) -> str:
    claim = result.claim
    cells = (
        f"<td {_LEFT}>{escape(claim.says)}<br><small>predicts: {_lines(result.predicted)}</small></td>",
        f"<td {_LEFT}>{_lines(result.happened)}{_code(claim.code)}</td>",
        f"<td {_WORD}>{result.verdict}</td>",
        f"<td {_WORD}>{_link(claim.lesson)}</td>",
    )
    return f'<tr><th scope="row" {_WORD}>{escape(claim.id)}</th>{"".join(cells)}</tr>'


def _lines(parts: tuple[str, ...]) -> str:
    return "<br>".join(map(escape, parts))


def _code(code: str) -> str:
    return f"<details><summary>code</summary><pre>{escape(code)}</pre></details>" if code else ""


def _link(lesson: str) -> str:
    return f'<a href="{escape(lesson)}.ipynb">{escape(lesson.partition("_")[0])}</a>' if lesson else ""
