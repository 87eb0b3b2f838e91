"""The table of claims that were run: text for a terminal, HTML for a notebook, signs and words for both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

from claims.claim import Checked
from claims.verdict import VERDICTS
from helpers.table import LEFT, WRAPPED, Html, table, tag

DOCUMENTS = {
    "000": "Answer 000: why a classifier's target and input sizes don't fit",
    "001": "Answer 001: why BERT's predictions have another shape than expected",
    "002": "Answer 002: predictions of (2, 73) against a target of (2, 33)",
    "003": "Answer 003: dimensions that don't fit in Keras",
    "004": "Answer 004: batch sizes that don't fit in cross entropy",
    "silent": "Left out by all five: mistakes that raise nothing, or not where they are made",
    "gpu": "Only on a GPU",
}


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
        head = ("claim", "what is said", "what happened when it ran", "verdict", "lesson")
        rows: list[Html | tuple[str, ...]] = []
        for title, results in self._by_document():
            rows.append(tag("tr", tag("th", title, scope="rowgroup", colspan="5", style=WRAPPED)))
            rows += map(_cells, results)
        legend = tag("ul", *(tag("li", f"{VERDICTS[word]}: {VERDICTS[word].rule}") for word in self.counts))
        return tag("p", self.summary) + legend + table(rows, head, (LEFT, WRAPPED, WRAPPED, LEFT))


def _cells(result: Checked) -> tuple[str, ...]:
    claim = result.claim
    predicts = tag("small", "predicts: ", _lines(result.predicted))
    code = tag("details", tag("summary", "code"), tag("pre", claim.code)) if claim.code else ""
    link = tag("a", claim.lesson.partition("_")[0], href=f"{claim.lesson}.ipynb") if claim.lesson else ""
    said = Html(f"{escape(claim.says)}<br>{predicts}")
    return claim.id, said, Html(_lines(result.happened) + code), str(result.verdict), link


def _lines(parts: tuple[str, ...]) -> Html:
    return Html("<br>".join(map(escape, parts)))
