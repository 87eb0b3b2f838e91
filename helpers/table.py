"""The one HTML table: what is not `Html` is escaped, and a cell that heads a row or a column says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

LEFT = "text-align:left"  # a notebook aligns cells to the right, where words are hard to read
LINES = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"  # of a <pre>: none makes it scroll
WRAPPED = f"{LEFT};overflow-wrap:anywhere"  # for long names and code; a short word must not be broken


class Html(str):
    """Text that is HTML already. Every other text is escaped."""


def tag(name: str, *inside: str, **attributes: str) -> Html:
    """Return one element with texts and `Html` inside.

    Attributes are spelt as Python allows it: `class_`, `aria_label`. One without a value is left out.

    >>> tag("td", "a < b", Html("<br>"), style="", class_="word")
    '<td class="word">a &lt; b<br></td>'
    """
    spelt = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value}
    given = "".join(f' {key}="{escape(value)}"' for key, value in spelt.items())
    return Html(f"<{name}{given}>{''.join(map(as_html, inside))}</{name}>")


def as_html(text: str) -> Html:
    """Escape a text that is not HTML yet."""
    return text if isinstance(text, Html) else Html(escape(text))


def folded(summary: str, *inside: str) -> Html:
    """Return what opens with a click, or with Enter."""
    return tag("details", tag("summary", summary), *inside)


def row(cells: Iterable[str], styles: Sequence[str] = (LEFT,), named: bool = True, **attributes: str) -> Html:
    """Return one row with attributes of its own: its cells, styled and named as `table` says."""
    made = []
    for place, cell in enumerate(cells):
        scope = "row" if named and not place else ""
        style = styles[min(place, len(styles) - 1)]
        made.append(tag("th" if scope else "td", cell, scope=scope, style=style))
    return tag("tr", *made, **attributes)


def table(
    rows: Iterable[Iterable[str]],
    head: Iterable[str] = (),
    styles: Sequence[str] = (LEFT,),
    named: bool = True,
    heads: str = LEFT,
    caption: str = "",
    **attributes: str,
) -> Html:
    """Return a table.

    Args:
        rows: Their cells, which are escaped unless they are `Html`, or whole rows as `Html`.
        head: The columns' names; one without a name may be "".
        styles: A style per column; the last one holds for all that follow.
        named: Whether the first cell of a row names it.
        heads: The style of the columns' names.
        caption: `Html`, or nothing.
        **attributes: The table's own.

    >>> table([("a", Html("<b>b</b>"))], styles=("",))
    '<table><tbody><tr><th scope="row">a</th><td><b>b</b></td></tr></tbody></table>'
    """
    names = [tag("th", name, scope="col", style=heads) if name else tag("td") for name in head]
    top = tag("thead", tag("tr", *names)) if names else Html()
    body = (each if isinstance(each, Html) else row(each, styles, named) for each in rows)
    return tag("table", as_html(caption), top, tag("tbody", *body), **attributes)
