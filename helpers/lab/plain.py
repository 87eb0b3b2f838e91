"""What is wrong, or that nothing is, in one short sentence for a beginner; both labs' scenes have one.

A sentence is a line with names of facts in it. Of a cause's lines the first is said whose facts all hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, prod
from string import Formatter
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.diagnosis.loss.values import is_within_0_and_1
from helpers.diagnosis.said.causes import CAUSES
from helpers.lab.bert_lab import BertScene
from helpers.lab.keras_lab import KerasScene
from helpers.trace import IGNORED

LOSSES = {"cross_entropy": "classes", "binary_cross_entropy_with_logits": "binary", "mse_loss": "numbers"}
Facts = Iterator[tuple[str, str]]

# A cause, and below it what may be said of it; "ok" is where nothing is wrong.
WORDS = """
ok
    Everything fits: {tokens}, each with a row of scores and a label. {result}
    Everything fits: {rows}, {labels}. {result}
batch_target
    {rows}, but {other_labels}.
dropped_rows
    Only {reaching} the loss; {left_out}.
    No sentence reaches the loss: {left_out}.
head_size
    {one_class} and {always_0} leave nothing to choose: the loss is always 0.
    With only {always_0} there is nothing to choose: the loss is always 0.
    A label is {no_output}, but the head has {one_output}: there is no score for it.
    A label is {no_output}, but the {outputs} are for labels {scored}.
    Each label is a row of {other_columns}, but the head has {outputs}.
    Each sentence has {token_labels}, but the head has {outputs}.
label_range
    A label is {no_answer}, but this loss takes only numbers from 0 to 1.
    A label is {no_output}, but the head has {one_output}: there is no score for it.
    A label is {no_output}, but the {outputs} are for labels {scored}.
    A label is {ignored}: only cross entropy leaves it out.
unused_outputs
    The data has only {one_class}: there is nothing to choose.
    {outputs}, but only {classes}: {unused} never right.
    {outputs}, but no label is above {highest}.
extra_target_dim
    The labels have shape {target}; this loss wants a plain list, {list}.
one_hot_index
    The labels are {hot}; this loss wants an index per row.
    Each label is a row of {columns}; this loss wants one class index.
index_for_multilabel
    Labels are class indices; this loss wants a 0 or 1 for each of {outputs}.
loss_choice
    A row has {right}; cross entropy expects one.
    Each row has {scores}, but only one number to compare them with.
token_logits_for_sequence
    Each sentence has {token_rows}, one per token, but only {one_label}.
sequence_logits_for_token
    Each sentence has {token_labels}, one per token, but only one row of scores.
    {rows}, but {other_labels}: one per token.
    Each label is a row of {columns}, but the head has {outputs}.
needs_flatten_or_transpose
    Tokens and classes are both {both}: a wrong order would raise no error.
    {flat_rows} in one list; the labels still have shape {tags}.
    The labels are one list of {flat_labels}; the scores still have shape {logits}.
    {flat_rows}, one per token, but {other_labels}.
    The classes are on {last_axis}; this loss looks for them on axis 1.
    {rows}, but {other_labels}.
squeeze_mismatch
    Scores {logits}, labels {target}: each score is compared with all {broadcast}.
    The scores have shape {logits}, the labels {target}: they must be equal.
target_dtype
    The labels are {dtype}; this loss wants {wanted}.
softmax_before_loss
    A softmax over {always_1} is always 1: nothing can be learned.
    Softmax runs twice: once {twice}, and again inside it.
    Softmax ran {too_early}; this loss wants the raw scores.
    All {number} lie between 0 and 1; this loss wants raw scores.
problem_type
    With {one_output} this model predicts a number, but the labels are classes.
    This model is set to predict {quantities}, but the labels look like classes.
    The labels are {floats}, so this model expects a 0 or 1 for each output.
missing_or_wrong_mask
    No attention mask: BERT reads {padding} too.
static_length
    The model is built for {built}, but the rows have {came}.
    Each sentence has {token_rows}, one per token, but {length}.
    Each sentence has {token_rows}, one per token, but only {one_row}.
    {all_tokens}, but {other_list}.
ragged_padding
    The rows have {shortest} to {longest}; an array needs rows of one length.
missing_input
    The model has {inputs}, but it was given {given}.
too_long
    A sentence has {longest}: more than BERT can read.
all_ignored
    Every label is {ignored}, which the loss leaves out: nothing is left.
"""


def _read(text: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        if line.startswith(" "):
            said[next(reversed(said))].append(line.strip())
        else:
            said[line] = []
    return said


SENTENCES = _read(WORDS)


def plain(scene: BertScene | KerasScene) -> str:
    """Say in a sentence what disagrees, or that everything fits, with the loss and what a guess costs.

    >>> from helpers.lab.bert_lab import BertExperiment, BertSettings
    >>> plain(BertExperiment(BertSettings(target_size=1)).scene)
    '4 rows of scores, but only 1 label.'
    """
    cause = "ok" if scene.diagnosis.outcome == "ok" else scene.diagnosis.cause
    facts = facts_of(scene)
    for sentence in SENTENCES.get(cause or "", ()):
        if all(name in facts for _, name, _, _ in Formatter().parse(sentence) if name):
            words = sentence.format_map(facts)
            return words[:1].upper() + words[1:]
    title = CAUSES[cause].title if cause else scene.diagnosis.first_line
    return f"{title[:1].upper()}{title[1:]}."


# The facts. One that doesn't hold has no name, so no sentence tells it.


class Ends(NamedTuple):
    """What meets in the loss; the axes are as in `helpers.trace`."""

    loss: str  # "classes" for a cross entropy, "binary", or "numbers"
    logits: tuple[int, ...]  # what it reads
    axes: str
    target: tuple[int, ...]
    target_axes: str
    values: Tensor  # of the target
    classes: int | None  # None where a number is predicted

    @property
    def outputs(self) -> int:
        """C, the outputs of the head."""
        return self.logits[self.axes.index("C")]

    @property
    def width(self) -> int:
        """How many numbers a label is: 1, or a row of them."""
        return prod(self.target[1:]) if self.target_axes != "NT" else 1


def facts_of(scene: BertScene | KerasScene) -> dict[str, str]:
    """Return by name what holds in a scene, in the words that a sentence takes."""
    ends, own = _of_bert(scene) if isinstance(scene, BertScene) else _of_keras(scene)
    facts = dict([*_of_outputs(ends), *_of_sizes(ends), *_of_labels(ends), *own])
    padding = sum(row.count(0) for row in scene.mask)
    if padding and not scene.mask_is_read:
        facts["padding"] = f"the {count(padding, 'padding token')}"
    return facts | (dict(_of_loss(ends, scene.diagnosis.loss)) if scene.diagnosis.loss is not None else {})


def count(number: int, what: str) -> str:
    """Count things.

    >>> count(1, "row of scores"), count(4, "row of scores"), count(2, "class"), count(0, "label")
    ('1 row of scores', '4 rows of scores', '2 classes', 'no labels')
    """
    one, of, rest = what.partition(" of ")
    ending = "" if number == 1 else "es" if one.endswith("s") else "s"
    return f"{number or 'no'} {one}{ending}{of}{rest}"


def _of_loss(ends: Ends, loss: float) -> Facts:
    """Say what the loss means, or what it is for who knows nothing yet; and what a loss hides."""
    beside = {
        "numbers": ", the mean of the squared differences",
        "binary": f"; saying 0.5 each time costs {log(2):.2f}",
        "classes": f"; a guess among {ends.outputs} costs {log(ends.outputs):.2f}",
    }
    yield "result", f"Loss {loss:.2f}{beside[ends.loss]}."
    if ends.loss == "classes" and ends.outputs == 1:
        yield "always_0", "1 output"
    if len(ends.logits) > 2 and ends.logits[1] == ends.logits[2]:
        yield "both", str(ends.outputs)


def _of_outputs(ends: Ends) -> Facts:
    outputs, classes = ends.outputs, ends.classes
    yield "outputs", count(outputs, "output")
    if outputs == 1:
        yield "one_output", "1 output"
    else:
        yield from (("scores", count(outputs, "score")), ("scored", f"0 to {outputs - 1}"))
    if classes is not None:
        yield "classes", count(classes, "class")
        yield "unused", f"{count(outputs - classes, 'output')} {'is' if outputs - classes == 1 else 'are'}"
    if classes == 1:
        yield "one_class", "one class"


def _of_sizes(ends: Ends) -> Facts:
    logits, target, per_token = ends.logits, ends.target, len(ends.logits) > 2
    rows, labels = logits[0], (*target, 0)[0]
    yield from (("logits", str(logits)), ("target", str(target)), ("list", f"({rows},)"))
    yield "rows", count(rows, "sentence" if per_token else "score" if logits[1:] == (1,) else "row of scores")
    named = count(labels, "label" if target[1:] in ((), (1,)) else "row of labels")
    yield "labels", named
    if labels != rows:
        yield "other_labels", f"{'only ' * (0 < labels < rows)}{named}"
    if len(target) > 1 and ends.target_axes != "NT":
        yield "columns", count(ends.width, "number")
        yield ("other_columns" if ends.width != ends.outputs else "same_columns"), count(ends.width, "number")
    if ends.target_axes == "NT":
        yield from (("token_labels", count(target[1], "label")), ("tags", str(target)))
    else:
        yield "one_label", "one label" if ends.width == 1 else "one row of labels"
        if len(target) > 1:
            yield "one_row", "one row of labels"
    if ends.loss == "numbers" and labels == rows > 1 == len(target):
        yield "broadcast", count(labels, "label")
    if per_token:
        length = logits[ends.axes.index("T")]
        yield "token_rows", count(length, "row of scores")
        yield "all_tokens", count(rows * length, "token")
        if target == (rows * length,):
            yield "flat_labels", str(rows * length)
        elif len(target) == 1:
            yield "other_list", count(labels, "label")
        if ends.target_axes == "NT" and target[1] != length:
            yield "length", count(target[1], "label")
        if ends.axes == "NTC":
            yield "last_axis", "the last axis"


def _of_labels(ends: Ends) -> Facts:
    values, rows = ends.values, ends.values.flatten(1) if ends.values.ndim > 1 else ends.values
    highest, lowest = (float(values.max()), float(values.min())) if values.numel() else (0.0, 0.0)
    is_row, dtype = ends.width > 1, str(values.dtype).removeprefix("torch.")
    yield "dtype", dtype
    yield "wanted", "int64" if ends.loss == "classes" else "float32"
    if values.is_floating_point():
        yield "floats", dtype
    if ends.classes is None:
        yield "highest", f"{highest:g}"
    if not is_row and highest >= ends.outputs:
        yield "no_output", f"{highest:g}"
    if ends.loss == "binary" and (highest > 1 or lowest < 0):
        yield "no_answer", f"{highest if highest > 1 else lowest:g}"
    if lowest == IGNORED:
        yield "ignored", str(IGNORED)
    if is_row and values.numel() and lowest >= 0 and highest == 1:
        most = int((rows == 1).sum(1).max())
        whole = "" if values.is_floating_point() else "whole-number "
        yield ("right", count(most, "right class")) if most > 1 else ("hot", f"{whole}one-hot rows")


def _of_bert(scene: BertScene) -> tuple[Ends, list[tuple[str, str]]]:
    settings, read, target = scene.settings, scene.stages[-1], scene.target
    # What a model of transformers has for its loss, as its problem_type is set or guessed.
    is_number = settings.task == "regression" or settings.num_labels == 1
    inside = "numbers" if is_number else "binary" if "float" in target.dtype else "classes"
    inside = "classes" if settings.task == "token" else inside
    is_inside = settings.framework == "transformers"
    loss = inside if is_inside else LOSSES[settings.loss]
    values = torch.tensor(scene.values, dtype=getattr(torch, target.dtype)).reshape(target.shape)
    classes = None if settings.task == "regression" else settings.classes
    ends = Ends(loss, read.shape, read.axes, target.shape, target.axes, values, classes)
    facts = []
    batch, reached = len(scene.sentences), sum(all(row) for row in scene.mask)
    if settings.task == "token":
        tokens = prod(read.shape) // ends.outputs
        facts += [("tokens", count(tokens, "token"))]
        if len(read.shape) == 2:
            facts += [("flat_rows", count(tokens, "row of scores"))]
    if settings.kept == "unpadded" and reached < batch:
        left_out = batch - reached
        facts += [("left_out", f"{left_out} {'was' if left_out == 1 else 'were'} left out")]
        reaches = f"{count(batch, 'sentence')} {'reaches' if reached == 1 else 'reach'}"
        facts += [("reaching", f"{reached} of {reaches}")] * (reached > 0)
    if "softmax" in settings.between:
        facts += [("always_1", "1 output")] * (ends.outputs == 1)
        facts += [("twice" if loss == "classes" else "too_early", "before the loss")]
    elif is_within_0_and_1(scene.logits):
        facts += [("number", count(scene.logits.numel(), "score"))]
    if is_inside and settings.task == "regression":
        facts += [("quantities", "numbers")]
    return ends, facts


def _of_keras(scene: KerasScene) -> tuple[Ends, list[tuple[str, str]]]:
    settings = scene.settings
    (_, built, came), (_, built_mask, came_mask), (_, output, y) = scene.shapes
    loss = "binary" if settings.loss == "binary_crossentropy" else "classes"
    logits = len(scene.sentences), int(output[-1] or 0) if output else 0
    target = tuple(size or 0 for size in y or ())
    axes = "N" if len(target) < 2 else "NC" if settings.label_format == "one_hot" else "N?"
    ends = Ends(loss, logits, "NC", target, axes, torch.tensor(scene.values), settings.classes)
    lengths = [len(ids) for ids in scene.ids]
    facts = [("shortest", str(min(lengths))), ("longest", count(max(lengths), "token"))]
    facts += [("inputs", count(1 + (built_mask is not None), "input"))]
    facts += [("given", f"{'only ' * (came_mask is None)}{1 + (came_mask is not None)}")]
    if built and came and built[1] not in (None, came[1]):
        facts += [("built", count(built[1], "token")), ("came", str(came[1]))]
    return ends, facts
