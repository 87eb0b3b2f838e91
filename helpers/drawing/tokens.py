"""The tokens that a batch really consists of: word pieces, special tokens and padding, each with its mask.

Tokens are words, so this is a table and not an SVG: it stays readable at any width, and scrolls where it
is too wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.drawing.svg import FAINT, LINE, TEXT
from helpers.table import Html, table, tag

_ALL = ".shape-clinic-ids"
STYLE = f"""<style>
{_ALL}{{overflow-x:auto;color:{TEXT}}}
{_ALL} table{{border-collapse:collapse;margin:6px 0 10px;font-size:13px}}
{_ALL} caption{{text-align:left;white-space:nowrap;color:{FAINT};padding-bottom:4px}}
{_ALL} th{{padding:2px 7px 2px 0;font-weight:normal;color:{FAINT}}}
{_ALL} td{{border:1px solid {LINE};padding:2px 7px;text-align:center;line-height:1.35}}
{_ALL} .special{{font-style:italic}}
{_ALL} .pad{{background:repeating-linear-gradient(45deg,transparent 0 5px,{LINE} 5px 6px)}}
</style>"""


def draw_tokens(
    tokens: Sequence[Sequence[str]],
    ids: Sequence[Sequence[int]],
    mask: Sequence[Sequence[int]],
    mask_is_read: bool = True,
    with_ids: bool = False,
) -> str:
    """Return a table with a row per sentence: its number, and its tokens, hatched where they are padding.

    Args:
        tokens: Per sentence, its tokens; rows may differ in length.
        ids: The number of each.
        mask: 1 for a token, 0 for padding.
        mask_is_read: Whether the model gets the mask.
        with_ids: Whether to write each id and mask value below its token.
    """
    rows = (
        tag("tr", tag("th", str(number), scope="row"), *_cells(with_ids, *row))
        for number, row in enumerate(zip(tokens, ids, mask, strict=True))
    )
    shown = "Each token, its id, and its attention_mask" if with_ids else "The tokens"
    unread = "the model does not get the mask: it reads padding too"
    read = "what is hatched is padding" if mask_is_read else unread
    caption = tag("caption", f"{shown}; {read}")
    # A table that scrolls must be reachable by the keyboard, and then it needs a name.
    region = 'class="shape-clinic-ids" tabindex="0" role="group" aria-label="the tokens of the batch"'
    return f"{STYLE}<div {region}>{table(rows, caption=caption)}</div>"


def _cells(with_ids: bool, tokens: Sequence[str], ids: Sequence[int], mask: Sequence[int]) -> Iterator[Html]:
    for token, number, keep in zip(tokens, ids, mask, strict=True):
        below = Html(f"<br>{number}<br>{keep}" if with_ids else "")
        kind = "special" if token.startswith("[") and token.endswith("]") else "word"
        yield tag("td", tag("code", token), below, class_=kind if keep else "pad")
