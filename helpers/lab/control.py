"""What a lab can be set to: one entry per control, which says all that there is to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, NamedTuple

Changes = dict[str, Any]  # from settings to their new values
MAX_SENTENCES = 8  # what the picture can show as rows, and what one encoder pass does in milliseconds
SENTENCES = (
    "The film was wonderful.",
    "I would not watch it again.",
    "An ordinary story, neither good nor bad.",
    "The acting is great but the plot is slow.",
    "What a waste of two hours!",
    "The food was fine.",
    "We loved every minute of it.",
    "It is a film about a train.",
)


class Option(NamedTuple):
    """One choice of a drop-down."""

    words: str  # what the drop-down says
    code: str = ""  # the Python that it stands for, where it stands for one
    axes: str = ""  # one letter per axis of what that code gives, "?" for an axis of size 1


PADDINGS = {
    "longest": Option("to the longest", "padding=True"),
    "max_length": Option("to max_length", 'padding="max_length", truncation=True, max_length={max_length}'),
}


class Idle(NamedTuple):
    """A case in which a setting that was changed plays no part."""

    why: str  # what is said then; {loss} stands for what the control of that name says
    when: Mapping[str, str]  # from other settings to their values in this case, as words in one text

    def holds(self, settings: Changes) -> bool:
        """Whether these settings are such a case."""
        return all(settings[name] in values.split() for name, values in self.when.items())


class Control(NamedTuple):
    """A drop-down, a slider, or, where it has neither options nor a range, a tick box."""

    part: str  # of the picture: what it changes there
    label: str
    options: Mapping[str, Option]  # where the drop-down opens comes first
    range: tuple[int, int] | None  # the slider's lowest and highest value; the highest grows with a preset's
    idle: Sequence[Idle]  # when it plays no part, the case that is told first
    wrong: Sequence[Any]  # the values that are a realistic mistake where all else is right

    def words(self, value: Any) -> str:
        """Say a value as the control does."""
        if isinstance(value, bool):
            return "on" if value else "off"
        return self.options[value].words if self.options else str(value)


def choice(
    part: str, label: str, options: Mapping[str, Option], *idle: Idle, wrong: Sequence[str] = ()
) -> Any:
    """Declare a setting with a drop-down. The lab opens with the first option."""
    control = Control(part, label, options, None, idle, wrong)
    return field(default=next(iter(options)), metadata={"control": control})


def slider(
    part: str, label: str, start: int, lowest: int, most: int, *idle: Idle, wrong: Sequence[int] = ()
) -> Any:
    """Declare a setting with a slider."""
    return field(default=start, metadata={"control": Control(part, label, {}, (lowest, most), idle, wrong)})


def tick(part: str, label: str, start: bool, *idle: Idle, wrong: Sequence[bool] = ()) -> Any:
    """Declare a setting with a tick box."""
    return field(default=start, metadata={"control": Control(part, label, {}, None, idle, wrong)})


@dataclass(frozen=True)
class Settings:
    """What the learner can change. A kind of lab adds its controls, in the order in which they are shown.

    Raises:
        ValueError: A setting has a value that its drop-down doesn't have.
    """

    text: str = "\n".join(SENTENCES)  # one sentence per line

    def __post_init__(self) -> None:
        for name, control in self.controls().items():
            value = getattr(self, name)
            if control.options and value not in control.options:
                words, first = ", ".join(control.options), next(iter(control.options))
                raise ValueError(f"got {name} {value!r}. The lab needs one of {words}. Try {name}={first!r}.")

    @classmethod
    @cache
    def controls(cls) -> dict[str, Control]:
        """Return the control of each setting but the text."""
        return {each.name: each.metadata["control"] for each in fields(cls) if "control" in each.metadata}

    def chosen(self, name: str) -> Option:
        """Return the option on which a drop-down stands."""
        return self.controls()[name].options[getattr(self, name)]

    def idle(self) -> dict[str, str]:
        """Say of each setting that plays no part, why."""
        now, controls, notes = vars(self), self.controls(), {}
        said = {name: control.words(now[name]) for name, control in controls.items()}
        for name, control in controls.items():
            if case := next((case for case in control.idle if case.holds(now)), None):
                notes[name] = case.why.format(**said)
        return notes

    def changed(self) -> set[str]:
        """Name the settings that are not as they are at first."""
        start = vars(type(self)())
        return {name for name, value in vars(self).items() if value != start[name]}
