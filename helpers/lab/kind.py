"""What one kind of lab is made of, and what its buttons do, without any widget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations, product
from random import Random
from typing import Any, NamedTuple

Changes = dict[str, Any]


class Kind(NamedTuple):
    """What one kind of lab is made of; the view is the same for all.

    Attributes:
        experiment: From settings to what runs them.
        labels: From a setting to what its control says, in the order of the controls.
        choices: From a setting to its drop-down's options.
        ranges: From a setting to its slider's lowest and highest value; the highest grows with a preset's.
        draw: From a scene, and the names of what has changed, to its picture.
        table: From a scene to what it shows, as (name, words), for those who don't see the picture.
        signs: From a scene to what the picture marks, as {name in the table: words}.
        values: From a scene to its numbers, as HTML.
        with_ids: Whether its tokens are shown with ids and mask.
        right: From an experiment to settings that run with its sentences, without a mistake.
        mistakes: Realistic ones, each as what it changes in settings that are right.
        mends: From a cause to the settings that can mend it, what the verdict asks for first.
    """

    experiment: Callable[[Any], Any]
    labels: Mapping[str, str]
    choices: Mapping[str, Mapping[str, str]]
    ranges: Mapping[str, tuple[int, int]]
    draw: Callable[[Any, frozenset[str]], str]
    table: Callable[[Any], list[tuple[str, str]]]
    signs: Callable[[Any], dict[str, str]]
    values: Callable[[Any], str]
    with_ids: bool
    right: Callable[[Any], Any]
    mistakes: Sequence[Changes]
    mends: Mapping[str, tuple[str, ...]]


def mistakes(kind: Kind, in_sight: Collection[str], random: Random) -> Iterator[Changes]:
    """Give the kind's mistakes for ever, in random order, each once before any comes again.

    First come those that the controls in sight make: they are the lesson's own.
    """
    while True:
        mixed = random.sample(kind.mistakes, len(kind.mistakes))
        yield from sorted(mixed, key=lambda changes: not changes.keys() <= set(in_sight))


def spoil(kind: Kind, experiment: Any, wrong: Iterator[Changes]) -> tuple[Changes, Changes]:
    """Set everything right, but for the first of these mistakes that is one; return all settings, and it.

    With sentences of one length, say, a forgotten mask is none. The experiment has run with what is returned.
    """
    right = asdict(kind.right(experiment))
    both = (({**right, **changes}, changes) for changes in wrong)
    return next(each for each in both if experiment.change(**each[0]).diagnosis.outcome != "ok")


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
