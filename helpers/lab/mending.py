"""Fix it: which control mends what is on show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import combinations, product
from typing import Any

from helpers.lab.kind import Changes, Kind


def mend(kind: Kind, experiment: Any) -> Changes | None:
    """Find the setting, or the two, with which the experiment runs; None where none does.

    What the verdict asks for is tried first, and of a drop-down's options that which gives the loss of its
    top fix is taken. Where two things are wrong, one that leaves the other will do. The experiment is left
    as it was.
    """
    before, diagnosis = experiment.settings, experiment.scene.diagnosis
    wanted = diagnosis.fixes[0].result if diagnosis.fixes else ""
    half: Changes | None = None
    try:
        for tries in _tries(kind, before, kind.mends.get(diagnosis.cause, ())):
            whole: Changes | None = None
            for changes in tries:
                told = experiment.change(**{**asdict(before), **changes}).diagnosis
                if told.outcome == "ok" and f"loss {told.loss:.3f}" in wanted:
                    return changes
                if told.outcome == "ok":
                    whole = whole or changes
                    if not changes.keys() & kind.choices.keys():
                        break  # of a slider's values the first that runs
                elif told.outcome == "silent" and told.cause != diagnosis.cause:
                    half = half or changes
            if whole is not None:
                return whole
    finally:
        experiment.change(**asdict(before))
    return half


def _tries(kind: Kind, settings: Any, names: Sequence[str]) -> Iterator[Iterator[Changes]]:
    """Per setting, and per two of them, every other value: those that stand first in `names` first."""
    others = {
        name: [value for value in _values(kind, settings, name) if value != getattr(settings, name)]
        for name in names
    }
    some_of = [*combinations(names, 1), *combinations(names, 2)]
    for some in sorted(some_of, key=lambda some: (max(map(names.index, some)), len(some))):
        values = product(*(others[name] for name in some))
        yield (dict(zip(some, each, strict=True)) for each in values)


def _values(kind: Kind, settings: Any, name: str) -> Sequence[Any]:
    if name in kind.choices:
        return list(kind.choices[name])
    if isinstance(getattr(settings, name), bool):
        return (True, False)
    lowest, most = kind.ranges[name]
    return range(lowest, most + 1)


def in_words(kind: Kind, before: Any, changes: Changes) -> str:
    """Say what was changed: "target: one-hot, integer -> class indices (N,)"."""
    after = replace(before, **changes)

    def word(settings: Any, name: str) -> str:
        value = getattr(settings, name)
        if isinstance(value, bool):
            return "on" if value else "off"
        return kind.choices[name][value] if name in kind.choices else str(value)

    return "; ".join(f"{kind.labels[name]}: {word(before, name)} → {word(after, name)}" for name in changes)
