"""Break it for me: a mistake to find, and what may be said until it is mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from random import Random
from typing import Any

from helpers.lab.control import Changes
from helpers.lab.experiment import Experiment, Scene

GUESSES = 3


class Hunt:
    """One mistake after the other for a learner to find: where it is first, then what mends it.

    Attributes:
        mistakes: Those to come, each as what it changes in settings that are right.
        is_on: Whether one is there to be mended.
        is_hidden: Whether it is still to be pointed at: then nothing is marked, and no cause is told.
        left: How often the learner may still point at a wrong part.
        made, found: How many mistakes were made, and how many of these were found without help.
    """

    def __init__(self, own: Sequence[Changes], in_sight: Collection[str]) -> None:
        self.mistakes = mistakes(own, in_sight, Random())
        self.is_on = self.is_hidden = False
        self.left = self.made = self.found = 0
        self._wrong, self._right = dict[str, Any](), dict[str, Any]()

    def begin(self, experiment: Experiment) -> Changes:
        """Break one thing, and return all the settings with which the experiment has now run."""
        self.is_on = self.is_hidden = True
        self.left, self.made = GUESSES, self.made + 1
        changes, self._wrong, self._right = spoil(experiment, self.mistakes)
        return changes

    def end(self) -> None:
        """Look for nothing any more."""
        self.is_on = self.is_hidden = False

    def undone(self, settings: Any) -> Changes:
        """Return what undoes the mistake that is looked for, as far as that is not done yet."""
        looked_for = self._wrong if self.is_on else {}
        return {
            name: self._right[name] for name in looked_for if getattr(settings, name) != self._right[name]
        }

    def told(self, scene: Scene) -> Scene:
        """Return what may be shown of a run."""
        return replace(scene, diagnosis=scene.diagnosis.without_cause()) if self.is_hidden else scene

    def point(self, part: str, scene: Scene) -> str:
        """Judge a guess at where the mistake is, and return what to say."""
        controls = scene.settings.controls()
        right = scene.suspects() | {controls[name].part for name in self._wrong}
        self.is_hidden = part not in right and self.left > 1
        if part in right:
            self.found += 1
            return f"✓ Yes, {scene.parts[part]}. Now mend it."
        self.left -= 1
        if self.left:
            return f"✗ Not {scene.parts[part]}. {self.left} {'guesses' if self.left > 1 else 'guess'} left."
        there = " and ".join(words for name, words in scene.parts.items() if name in right)
        return f"✗ Not {scene.parts[part]}. Look at {there}. Now mend it."

    def follow(self, scene: Scene) -> str:
        """Say how far a change has brought the learner. A way around the mistake ends no hunt."""
        if not self.is_on:
            return ""
        if scene.diagnosis.outcome != "ok":
            return "Not yet. Where is it?" if self.is_hidden else "Not yet. The picture marks where."
        controls = scene.settings.controls()
        unused = [controls[name].label for name in self._wrong if name in scene.notes]
        if unused:
            return f'It runs, but only because "{unused[0]}" plays no part now. It is still set wrong.'
        self.found += self.is_hidden
        self.end()
        return f"✓ Mended: nothing is wrong any more. {self.score}"

    @property
    def score(self) -> str:
        """How many were found."""
        return f"{self.found} of {self.made} found."


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
