"""A diagnosis as plain HTML: the same words as the text, in a table that every host of notebooks shows.

JupyterLab removes ids, `<style>`, SVG, roles and styles with `var()` from a notebook that it doesn't trust,
and GitHub removes every style. So nothing here needs them to be read: no colour stands without its sign
and its word, and text and background are left to the theme.
"""

from __future__ import annotations

from html import escape

from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import Diagnosis, Fix

# A notebook aligns the cells of a table to the right; this keeps sentences readable where styles are kept.
_CELL = 'style="text-align:left;vertical-align:top;white-space:normal"'
_EDGE = 'style="border-left:6px solid #D55E00;padding-left:12px"'


def as_html(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as HTML; everything that a learner or a library wrote is escaped.

    >>> print(as_html(Diagnosis("ok", got="logits (4, 3)", loss=1.25)).count("<tr>"))
    1
    """
    edge = "" if diagnosis.outcome == "ok" else f" {_EDGE}"
    return (
        f'<div role="status"{edge}><p><strong><code>{headline(diagnosis)}</code></strong></p>'
        f"<table><tbody>{rows(diagnosis)}</tbody></table>{_lesson(diagnosis.cause)}</div>"
    )


def headline(diagnosis: Diagnosis) -> str:
    """Return the result in one line, as in the text: a message that fills a page is cut."""
    return escape(str(diagnosis).partition("\n")[0])


def rows(diagnosis: Diagnosis) -> str:
    """Return what is said below the headline, as rows of a table."""
    said = [(name, _lines(words)) for name, words in diagnosis.rows if name != "try"]
    said += [("try", _fix(fix)) for fix in diagnosis.fixes]
    return "".join(row(name, words) for name, words in said)


def row(name: str, html: str) -> str:
    """Return one row: a name, which is escaped, and HTML."""
    return f'<tr><th scope="row" {_CELL}>{escape(name)}</th><td {_CELL}>{html}</td></tr>'


def _lines(words: str) -> str:
    return "<br>".join(escape(line) for line in words.split("\n"))


def _fix(fix: Fix) -> str:
    when = f" ({fix.when})" if fix.when else ""
    title = f"{fix.title[:1].upper()}{fix.title[1:]}{when}:"
    result = f"gives {fix.result.removeprefix('gives ')}" if fix.result else ""
    return f"{_lines(title)}<pre>{escape(fix.code)}</pre>{_lines(result)}"


def _lesson(cause: str | None) -> str:
    if cause is None:
        return ""
    known = CAUSES[cause]
    return (
        f"<details><summary>Why this happens</summary><p>{escape(known.why)}</p>"
        f"<p>The rule: {escape(known.rule)}</p>"
        f"<p>The lesson: <code>{escape(known.notebook)}.ipynb</code></p></details>"
    )
