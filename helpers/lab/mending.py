"""Fix it: which control mends what is on show, and where several are wrong, which comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any, NamedTuple

from helpers.diagnosis import Diagnosis
from helpers.lab.kind import Changes, Kind

MOST_STEPS = 4  # as many things may be wrong at once


class _Stop(NamedTuple):
    """A place on the way: the first change, what is set now, what it gave, and the causes met so far."""

    first: Changes
    settings: Any
    diagnosis: Diagnosis
    causes: frozenset[str | None]


def mend(kind: Kind, experiment: Any) -> Changes | None:
    """Find what to set so that the experiment runs; None where no control mends it.

    What the verdict asks for is tried first, and of a drop-down's options that which gives the loss of its
    top fix is taken. Where more than one thing is wrong, what comes back is the first of the fewest steps,
    each of which mends what the verdict then says. The experiment is left as it was.
    """
    before, diagnosis = experiment.settings, experiment.scene.diagnosis
    now, last = [_Stop({}, before, diagnosis, frozenset([diagnosis.cause]))], list[_Stop]()
    try:
        for _ in range(MOST_STEPS):
            # Two settings at once are two steps, and come after two steps that each mend something.
            one = [(stop, names) for stop in now for names in _steps(kind, stop, 1)]
            two = [(stop, names) for stop in last for names in _steps(kind, stop, 2)]
            reached: list[_Stop] = []
            for stop, names in one + two:
                found, on_the_way = _turn(kind, experiment, stop, names)
                if found is not None:
                    return found
                reached += on_the_way
            now, last = reached, now
    finally:
        experiment.change(**asdict(before))
    return None


def _steps(kind: Kind, stop: _Stop, many: int) -> Iterator[list[str]]:
    """Give what can mend a cause, as the names of so many settings at once."""
    steps = (names.split() for names in kind.mends.get(stop.diagnosis.cause or "", ()))
    return (names for names in steps if len(names) == many)


def _turn(
    kind: Kind, experiment: Any, stop: _Stop, names: Sequence[str]
) -> tuple[Changes | None, list[_Stop]]:
    """Try other values; return the first change of a way that ends here, or where something else is wrong."""
    top = stop.diagnosis.fixes[0].result if stop.diagnosis.fixes else ""
    is_a_choice = not kind.choices.keys().isdisjoint(names)
    runs: Changes | None = None
    reached: dict[str | None, _Stop] = {}
    for values in product(*(_others(kind, stop.settings, name) for name in names)):
        changes = dict(zip(names, values, strict=True))
        settings, first = replace(stop.settings, **changes), stop.first or changes
        scene = experiment.change(**asdict(settings))
        told = scene.diagnosis
        if not scene.notes.keys().isdisjoint(names):
            continue  # it runs, or doesn't, but not for this: the setting plays no part
        if told.outcome == "ok":
            runs = runs or first
            if not is_a_choice or f"loss {told.loss:.3f}" in top:
                return first, []
        elif told.cause not in stop.causes:
            reached.setdefault(told.cause, _Stop(first, settings, told, stop.causes | {told.cause}))
    return runs, list(reached.values())


def _others(kind: Kind, settings: Any, name: str) -> Sequence[Any]:
    """Return a setting's other values; of a number those that other settings have, the nearest first."""
    now = getattr(settings, name)
    if name in kind.choices:
        return [value for value in kind.choices[name] if value != now]
    if isinstance(now, bool):
        return [not now]
    # Sizes that fit are equal: what mends one is another.
    lowest, _ = kind.ranges[name]
    sizes = {lowest, *(value for value in asdict(settings).values() if type(value) is int)}
    return sorted((size for size in sizes if lowest <= size != now), key=lambda size: abs(size - now))


def in_words(kind: Kind, before: Any, changes: Changes) -> str:
    """Say what was changed: "target: one-hot, integer -> class indices (N,)"."""
    after = replace(before, **changes)

    def word(settings: Any, name: str) -> str:
        value = getattr(settings, name)
        if isinstance(value, bool):
            return "on" if value else "off"
        return kind.choices[name][value] if name in kind.choices else str(value)

    return "; ".join(f"{kind.labels[name]}: {word(before, name)} → {word(after, name)}" for name in changes)
