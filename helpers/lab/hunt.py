"""Break it for me: a mistake to find, and what may be said until it is mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from random import Random
from typing import Any

from helpers.diagnosis import Diagnosis
from helpers.lab.control import Changes
from helpers.lab.experiment import Experiment, Scene


class Hunt:
    """One mistake after the other for a learner to find.

    Attributes:
        mistakes: Those to come, each as what it changes in settings that are right.
        is_on: Whether one is looked for: then no cause is told.
    """

    def __init__(self, own: Sequence[Changes], in_sight: Collection[str]) -> None:
        self.mistakes = mistakes(own, in_sight, Random())
        self.is_on = False
        self._wrong, self._right = dict[str, Any](), dict[str, Any]()

    def begin(self, experiment: Experiment) -> Changes:
        """Break one thing, and return all the settings with which the experiment has now run."""
        self.is_on = True
        changes, self._wrong, self._right = spoil(experiment, self.mistakes)
        return changes

    def undone(self, settings: Any) -> Changes:
        """Return what undoes the mistake that is looked for, as far as that is not done yet."""
        looked_for = self._wrong if self.is_on else {}
        return {
            name: self._right[name] for name in looked_for if getattr(settings, name) != self._right[name]
        }

    def told(self, diagnosis: Diagnosis) -> Diagnosis:
        """Return what may be said of a diagnosis."""
        return diagnosis.without_cause() if self.is_on else diagnosis

    def follow(self, scene: Scene) -> str:
        """Say how far a change has brought the learner. A way around the mistake ends no hunt."""
        if not self.is_on:
            return ""
        if scene.diagnosis.outcome != "ok":
            marked = ", and the picture marks where" if scene.signs() else ""
            return f"Not yet. The verdict says what came{marked}."
        controls = scene.settings.controls()
        unused = [controls[name].label for name in self._wrong if name in scene.notes]
        if unused:
            return f'It runs, but only because "{unused[0]}" plays no part now. It is still set wrong.'
        self.is_on = False
        return "Found: nothing is wrong any more."


def mistakes(own: Sequence[Changes], in_sight: Collection[str], random: Random) -> Iterator[Changes]:
    """Give a lab's own mistakes for ever, in random order, each once before any comes again.

    First come those that the controls in sight make: they are the lesson's.
    """
    while True:
        mixed = random.sample(own, len(own))
        yield from sorted(mixed, key=lambda changes: not changes.keys() <= set(in_sight))


def spoil(experiment: Experiment, wrong: Iterator[Changes]) -> tuple[Changes, Changes, Changes]:
    """Set everything right, but for the first of these mistakes that is one.

    Return all settings, the mistake, and all settings without it. With sentences of one length, say, a
    forgotten mask is none. The experiment has run with what is returned.
    """
    right = asdict(experiment.right())
    both = (({**right, **changes}, changes, right) for changes in wrong)
    return next(each for each in both if experiment.change(**each[0]).diagnosis.outcome != "ok")
