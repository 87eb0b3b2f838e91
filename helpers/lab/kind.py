"""What one kind of lab is made of, without any widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from helpers.lab.keras_settings import KerasSettings
from helpers.lab.settings import Settings

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
        mends: From a cause to the settings that can mend it, what the verdict asks for first; two names in
            one text are set together.
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


def kind_of(settings: Settings | KerasSettings) -> Kind:
    """Return the kind of lab that these settings belong to. Each is imported when it is first asked for."""
    if isinstance(settings, KerasSettings):
        from helpers.lab.keras_lab import KERAS

        return KERAS
    from helpers.lab.bert_lab import BERT

    return BERT
