"""Lesson 2: not one label per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from helpers.practice.checks import Need
from helpers.practice.exercises import work_file
from helpers.trace import IGNORED

WHOLE = {"int", "int64", "torch.int64"}


def exercise_1(joined: Tensor, fields: Sequence[Tensor]) -> Iterator[Need]:
    """Axis 1 grew, so each row holds the six fields of its own form, and ten labels find ten rows."""
    own = torch.cat(tuple(fields), dim=1)
    yield Need("rows", lambda: len(joined), len(own), "a form is one row: six fields make it wider", True)
    yield Need("axes", lambda: joined.ndim, 2, "flatten(1) puts the fields of a form side by side", True)
    hint = "keep all six fields of a form, side by side"
    yield Need("numbers in a row", lambda: joined.shape[1], own.shape[1], hint, decides=True)
    # In which order the fields stand is nobody's business, as long as it is the form's own row.
    fits = (joined.sort(dim=1).values == own.sort(dim=1).values).all(dim=1)
    hint = "the sizes fit, but rows hold another form's numbers: join along the axis that should grow"
    yield Need("rows that hold their own form", lambda: int(fits.sum()), len(own), hint)


def exercise_2(inbox: Any) -> Iterator[Need]:
    """A message and its team stayed, or went, together, so each team stands beside its own message."""
    teams = {row["text"]: row["team"] for row in work_file("inbox.csv")}
    with_team = {text: int(float(team)) for text, team in teams.items() if team}
    pairs, unread = _read(inbox)
    hint = "len() promises more messages than there are teams: which line lost teams?"
    yield Need("messages that cannot be read", lambda: unread, 0, hint, decides=True)
    kinds = {str(getattr(team, "dtype", type(team).__name__)) for _, team in pairs} - WHOLE
    yield Need("teams of another kind", lambda: sorted(kinds), [], "a class index is a whole number", True)
    moved = sum(int(team) != with_team[text] for text, team in pairs if text in with_team)
    hint = "it runs, but teams moved up to other messages: print a few pairs beside the file"
    yield Need("messages beside another message's team", lambda: moved, 0, hint, decides=True)
    guessed = sum(int(team) != IGNORED for text, team in pairs if text not in with_team)
    hint = "nobody gave these a team, and any number is a guess: leave the message out"
    yield Need("messages with an invented team", lambda: guessed, 0, hint)
    kept = len([text for text, _ in pairs if text in with_team])
    hint = "each message with a team counts once, team 0 and open ones too: look at no other column"
    yield Need("messages beside their own team", lambda: kept, len(with_team), hint)


def _read(inbox: Any) -> tuple[list[tuple[str, Any]], int]:
    """Read messages by their number, and count those that cannot be read: a `for` would end in silence."""
    pairs, unread = [], 0
    for number in range(len(inbox)):
        try:
            text, team = inbox[number]
        except (IndexError, KeyError):
            unread += 1
        else:
            pairs.append((text, team))
    return pairs, unread
