"""Fix it: which control mends what is on show, and where several are wrong, which comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any, NamedTuple

from helpers.diagnosis import Diagnosis, Fix
from helpers.lab.control import Changes, Settings
from helpers.lab.experiment import Experiment

MOST_STEPS = 4  # as many things may be wrong at once


class _Stop(NamedTuple):
    """A place on the way: the first change, what is set now, what it gave, and the causes met so far."""

    first: Changes
    settings: Settings
    diagnosis: Diagnosis
    causes: frozenset[str | None]


def mend(experiment: Experiment) -> Changes | None:
    """Find what to set so that the experiment runs; None where no control mends it.

    What the verdict asks for is tried first, and of a drop-down's options that which gives the loss of its
    top fix is taken. Where more than one thing is wrong, what comes back is the first of the fewest steps,
    each of which mends what the verdict then says. The experiment is left as it was.
    """
    before, diagnosis = experiment.settings, experiment.scene.diagnosis
    now, last = [_Stop({}, before, diagnosis, frozenset([diagnosis.cause]))], list[_Stop]()
    try:
        for _ in range(MOST_STEPS):
            reached: list[_Stop] = []
            # Two settings at once are two steps, and come after two steps that each mend something.
            tries = [
                (stop, names.split())
                for many, stops in ((1, now), (2, last))
                for stop in stops
                for names in experiment.mends.get(stop.diagnosis.cause or "", "").split(",")
                if len(names.split()) == many
            ]
            for stop, names in tries:
                found, on_the_way = _turn(experiment, stop, names)
                if found is not None:
                    return found
                reached += on_the_way
            now, last = reached, now
    finally:
        experiment.change(**asdict(before))
    return None


def does(experiment: Experiment, fix: Fix) -> Changes | None:
    """Find what to set so that it does the same as a fix; None where no control stands for it.

    The experiment is left as it was.
    """
    before, cause = experiment.settings, experiment.scene.diagnosis.cause
    try:
        for names in map(str.split, experiment.mends.get(cause or "", "").split(",")):
            for values in product(*(_others(before, name) for name in names)):
                changes = dict(zip(names, values, strict=True))
                told = experiment.change(**{**asdict(before), **changes}).diagnosis
                if told.loss is not None and f"loss {told.loss:.3f}" in fix.result:
                    return changes
    finally:
        experiment.change(**asdict(before))
    return None


def _turn(experiment: Experiment, stop: _Stop, names: Sequence[str]) -> tuple[Changes | None, list[_Stop]]:
    """Try other values; return the first change of a way that ends here, or where something else is wrong."""
    top = stop.diagnosis.fixes[0].result if stop.diagnosis.fixes else ""
    is_a_choice = any(stop.settings.controls()[name].options for name in names)
    runs: Changes | None = None
    reached: dict[str | None, _Stop] = {}
    for values in product(*(_others(stop.settings, name) for name in names)):
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


def _others(settings: Settings, name: str) -> Sequence[Any]:
    """Return a setting's other values; of a number those that other settings have, the nearest first."""
    now, control = getattr(settings, name), settings.controls()[name]
    if control.range is None:
        return [value for value in control.options or (True, False) if value != now]
    # Sizes that fit are equal: what mends one is another.
    lowest, _ = control.range
    sizes = {lowest, *(value for value in asdict(settings).values() if type(value) is int)}
    return sorted((size for size in sizes if lowest <= size != now), key=lambda size: abs(size - now))


def in_words(before: Settings, changes: Changes) -> str:
    """Say what was changed: "target: one-hot, integer -> class indices (N,)"."""
    turned = ((before.controls()[name], getattr(before, name), value) for name, value in changes.items())
    return "; ".join(f"{each.label}: {each.words(old)} → {each.words(new)}" for each, old, new in turned)
