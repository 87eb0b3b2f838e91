"""A lab without its widgets: settings in, one real run out. Here is what BERT's and Keras' have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import Tensor

from helpers.bert import load_tokenizer
from helpers.diagnosis import Diagnosis, check_batch, dropped_rows, explain
from helpers.diagnosis.seen.frames import said
from helpers.drawing.flow import LAYOUTS
from helpers.lab.control import MAX_SENTENCES, Changes, Settings
from helpers.threads import one_thread
from helpers.trial import quiet


@dataclass(frozen=True)
class Scene(ABC):
    """All that one run gave: what the picture draws and the verdict says."""

    sentences: Sequence[str]  # the batch, as typed
    tokens: list[list[str]]  # per sentence, as the model gets them
    ids: list[list[int]]  # the number of each
    mask: list[list[int]]  # 1 for a token, 0 for padding: the tokenizer's, whether it is handed on or not
    mask_is_read: bool  # whether the model gets it
    values: list[Any]  # the labels, by row
    settings: Any
    notes: dict[str, str]  # per setting that could not be used as it is, why
    diagnosis: Diagnosis
    code: str  # Python that does the same from scratch
    with_ids: ClassVar[bool]  # whether the tokens are shown with ids and mask
    parts: ClassVar[Mapping[str, str]]  # of the picture, where a mistake can be: each with its name

    @property
    def is_told(self) -> bool:
        """Whether the picture may mark what is wrong: not while a learner looks for it."""
        return self.diagnosis.outcome == "ok" or bool(self.diagnosis.cause or self.diagnosis.needs)

    def untold(self) -> Self:
        """Return what a room may see before it has voted: what goes into the loss, not what comes of it."""
        code = self.code.replace(f"  # {outcome_of(self.diagnosis)}", "")
        return replace(self, diagnosis=Diagnosis("untold", ""), notes={}, code=code)

    @abstractmethod
    def draw(self, changed: frozenset[str] = frozenset(), widths: Collection[str] = LAYOUTS) -> str:
        """Return its picture, which draws attention to what has changed, where it has widths in these."""

    @abstractmethod
    def table(self) -> list[tuple[str, str]]:
        """Return what it shows, as (name, words), for those who don't see the picture."""

    @abstractmethod
    def signs(self) -> dict[str, str]:
        """Return what the picture marks, as {name in the table: words}."""

    @abstractmethod
    def suspects(self) -> set[str]:
        """Return the parts that the diagnosis is about."""

    @abstractmethod
    def numbers(self) -> str:
        """Return its numbers, as HTML."""


class Experiment(ABC):
    """Holds the settings and what the last run gave."""

    settings_type: ClassVar[type[Settings]]
    # Mistakes in several settings at once, as what they change in settings that are right.
    double_mistakes: ClassVar[Sequence[Changes]]
    # From a cause to the settings that can mend it, what the verdict asks for first; two names without a
    # comma are set together.
    mends: Mapping[str, str]

    def __init__(self, settings: Any = None) -> None:
        self.tokenizer = load_tokenizer()
        self._sentences: tuple[str, ...] = ()
        self.settings: Any = settings or self.settings_type()
        self.scene: Any = self.change()

    def change(self, **settings: Any) -> Any:
        """Apply new settings, run everything that depends on them, and return the new scene.

        Raises:
            TypeError: A setting that this lab doesn't have.
            ValueError: A choice that its drop-down doesn't have, or no sentence to start with.
        """
        self.settings = replace(self.settings, **settings)
        with one_thread(), quiet():
            typed, note = sentences_in(self.settings.text)
            note = self._read(typed or self._sentences) or note
            if not self._sentences:
                raise ValueError(f"got no text that the lab can use: {note}. Try text='The film was fine.'")
            batch = list(self._sentences[: self.settings.batch_size])
            self.scene = self._run(batch, ({"text": note} if note else {}) | self._notes(batch))
        return self.scene

    @classmethod
    def mistakes(cls) -> list[Changes]:
        """Return realistic ones, each as what it changes in settings that are right."""
        controls = cls.settings_type.controls()
        single = [{name: value} for name, control in controls.items() for value in control.wrong]
        return [*single, *cls.double_mistakes]

    @abstractmethod
    def right(self) -> Any:
        """Return settings that run with the sentences that were typed, without a mistake."""

    def _read(self, sentences: tuple[str, ...]) -> str:
        """Take the sentences, or keep the last good ones and say why."""
        self._sentences = sentences
        return ""

    def _shown(self, batch: list[str], ids: Any, mask: Any, **more: Any) -> dict[str, Any]:
        """Return the part of a scene that every lab has."""
        tokens = [self.tokenizer.convert_ids_to_tokens(row) for row in ids]
        return {
            "sentences": batch,
            "tokens": tokens,
            "ids": ids,
            "mask": mask,
            "settings": self.settings,
            **more,
        }

    @abstractmethod
    def _run(self, batch: list[str], notes: dict[str, str]) -> Scene: ...

    def _notes(self, batch: Sequence[str]) -> dict[str, str]:
        """Say beside each setting that is not used as it is, why."""
        settings, notes = self.settings, {}
        if len(batch) < settings.batch_size:
            words = f"{len(batch)} sentence{'s' * (len(batch) > 1)}"
            notes["batch_size"] = f"only {words} typed, so this batch holds {len(batch)}"
        notes |= {name: why for name, why in settings.idle().items() if name in settings.changed()}
        if settings.padding == "max_length":
            lengths = [len(ids) for ids in self.tokenizer(batch, verbose=False)["input_ids"]]
            if cut := sum(length > settings.max_length for length in lengths):
                notes["max_length"] = (
                    f"{'1 sentence is' if cut == 1 else f'{cut} sentences are'} longer, and cut"
                )
        return notes


def check_step(
    loss: Callable[[], Diagnosis],
    encoder: Any,
    given: Callable[[], Mapping[str, Any]],
    filtered: tuple[Tensor, Tensor, int] | None = None,
) -> Diagnosis:
    """Ask about one step of training: what it raised, its loss, what BERT was given, which rows got lost.

    Each is asked only where nothing was found before: a learner mends one thing at a time.

    Args:
        loss: Runs the step and asks about its loss, or raises what the step raises.
        encoder: The BERT.
        given: Gives what it got by name.
        filtered: Where rows were left out, as `dropped_rows` takes them.
    """
    try:
        told = loss()
    except Exception as error:  # whatever it is: it is the result to show
        known = explain(error) or Diagnosis("raises", "", error=said(error))
        return replace(known, where="")  # a line of ours, not of the learner's
    if told.outcome == "ok" and "attention_mask" not in given():
        found = check_batch(encoder, given())
        told = told if found.outcome == "ok" else replace(found, loss=told.loss)
    if told.outcome == "ok" and filtered:
        told = dropped_rows(*filtered, told.loss) or told
    return told


def sentences_in(text: str) -> tuple[tuple[str, ...], str]:
    """Return the sentences that a lab uses, one per line, and what to say about those that it doesn't.

    >>> sentences_in(" One. ")
    (('One.',), '')
    """
    # A browser can send half an emoji, which no tokenizer takes.
    lines = text.encode("utf-8", "replace").decode().splitlines()
    typed = tuple(line.strip() for line in lines if line.strip())
    if not typed:
        return (), "type at least one sentence; the lab still shows the last ones"
    too_many = f"{len(typed)} sentences typed: the lab uses the first {MAX_SENTENCES}"
    return typed[:MAX_SENTENCES], too_many if len(typed) > MAX_SENTENCES else ""


def labels_of(classes: int, count: int) -> list[int]:
    """Return the labels of the first `count` sentences, int, 0 to classes - 1.

    The highest class comes first, so that a head with too few outputs fails on every batch and not by luck.

    >>> labels_of(3, 4)
    [2, 0, 1, 2]
    """
    return [(row + classes - 1) % classes for row in range(count)]


def padding_of(settings: Any) -> str:
    """Return how the tokenizer is asked to pad, as Python."""
    return str(settings.chosen("padding").code.format(max_length=settings.max_length))


def listed(sentences: Iterable[str]) -> str:
    """Return the line, or lines, that make `sentences`."""
    return "".join(["sentences = [\n", *(f"    {sentence!r},\n" for sentence in sentences), "]"])


def outcome_of(diagnosis: Diagnosis) -> str:
    """Return what a comment says that a loss gives: its number, or what it raises."""
    return diagnosis.error.split(":")[0] if diagnosis.error else f"{diagnosis.loss:.3f}"
