"""Why a loss and its two tensors don't fit: the cheapest repair after which they do names the cause.

A step is one line that undoes one mistake people make; its price says how (un)likely that mistake is beside
the others. Of several steps the gravest mistake is named. What no line can mend, because rows or predictions
are not there, is said without a fix. The losses' rules are on torch's pages "CrossEntropyLoss" and "MSELoss".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count
from math import gcd, prod
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.loss.call import TENSORS, LossCall, Shape, loss_call
from helpers.diagnosis.loss.find import is_joined
from helpers.diagnosis.loss.values import (
    is_integer,
    is_one_hot,
    is_whole,
    is_within_0_and_1,
    is_zero_one,
    label_range,
    sums_to_1,
)
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.finding import (
    FITS_BCE,
    Finding,
    bce,
    new_head,
)
from helpers.diagnosis.said.result import Fix, Mark
from helpers.trial import names_after

FAILS, FITS, WRONG, DOUBTFUL, RIGHT = range(5)  # how right a call is
DEEPEST, MOST = 3, 3  # steps in a repair, repairs that are shown
SURE, DEAREST = 3.5, 4.1  # what a repair may cost to be the one that is meant, or to be meant at all
DEARER = 2.5  # a repair that costs more times the cheapest one is far-fetched
CLOSE = 0.35  # two causes whose repairs cost about the same are both said
STAND_IN = 8  # the width of the states that stand in where the head's own input can't be found
FEWEST_TOKENS = 3  # [CLS], a word and [SEP]: with fewer labels a row, they are hardly one per token
CHANCE = 0.05  # that labels from 0 show no 0: from there on, they may just as well be counted from 1
CLASSES_FIRST = "classes_first", "1, -1", "the last axis"  # in Keras classes come last
MANY_TOKENS = 8  # as many labels for each row are hardly those of several batches
MOST_ROWS, MANY_ROWS = 64, 1000  # a batch has hardly more rows, or is a round number: else they are tokens


Grade = Callable[[LossCall], tuple[int, float | None]]  # one of these and the loss, where the call runs


class Mistake(NamedTuple):
    """What is said where this mistake is the gravest: its cause, the places that disagree, what is needed."""

    cause: str
    marks: tuple[Mark, ...]
    needs: str


class Step(NamedTuple):
    """One line that undoes one mistake, named in `MISTAKES`, and when to choose it."""

    mistake: str
    price: float
    code: str
    title: str
    when: str = ""


class Path(NamedTuple):
    """A repair: its steps and price, the call afterwards and before each step, the loss if all is right."""

    steps: tuple[Step, ...]
    price: float
    call: LossCall
    before: tuple[LossCall, ...] = ()
    loss: float | None = None

    @property
    def gravest(self) -> str:
        """The mistake that gives its name to all."""
        return min((step.mistake for step in self.steps), key=GRAVITY.__getitem__)

    @property
    def cause(self) -> str:
        """The cause of the gravest."""
        return MISTAKES[self.gravest].cause

    @property
    def code(self) -> str:
        """All steps as one repair."""
        return "\n".join(step.code for step in self.steps)

    def as_fix(self, call: LossCall) -> Fix:
        """Say what the repair of a call gave."""
        when = next((step.when for step in self.steps if step.when), "")
        title = ", ".join(step.title for step in self.steps)
        return Fix(title, self.code, result_of(self.code, call, self.call, self.loss or 0.0), when)


# The gravest first: a mistake, its cause, the places that disagree; below, what is needed, from `_facts`:
# {logits} and {target} are the shapes after the repair, {came} and {was} those before it.
WORDS = """
logits_dtype: target_dtype, logits C
    logits in floating point: the raw scores of the head, before any argmax
one_number: squeeze_mismatch, logits N, target N
    two equal shapes; one side is a single number, so its axes were squeezed or averaged away
weights: head_size, logits C
    one {weight} per output: C is {outputs}, and {weight} has {weights}; give both as many as classes
weight_dtype: target_dtype, logits C
    a {weight} in floating point, {logits_dtype} like the logits; this one is {weight_dtype}
tokens: token_logits_for_sequence, logits T, target T
    one prediction per sentence: logits {logits} {for_these}{read_as_classes}
no_tokens: sequence_logits_for_token, logits T, target T
    a prediction for each label of a row: logits {per_label} for target {was}
length: static_length, logits N, target N
    one label per token: T is {length} in logits and {labelled} in target
rows: batch_target, logits N, target N
    {answer} for each row of logits: target {answers}
folded: needs_flatten_or_transpose, logits N, target N
    one row for each label: {rows} rows are {each_has} x {labels}, so an axis was folded into the batch
labelled: sequence_logits_for_token, logits N, target N
    a prediction for each label: each row has {times}; a label per token wants logits (N, T, C)
lengths: static_length, logits N, target N
    one label per token: both were flattened, from {common} x {came_length} and {common} x {label_length}
pooled: token_logits_for_sequence, logits T, target T
    one prediction for each row of the target: logits {was}
one_row: needs_flatten_or_transpose, logits N, target N
    a row of logits for each of the {labels} rows of the target; the whole batch became one row
columns: head_size, logits C, target C
    as many outputs as the target has: {columns}; the head gives {outputs}
more_outputs: head_size, logits N, target N
    as many outputs as labels: there are {times} labels for each row
yes_no: head_size, logits C
    two outputs or more, and indices {wanted}; one output is for yes or no, with binary cross entropy
one_hot: one_hot_index, target dtype
    indices {indices} in int64, or one-hot rows in floating point
indices: index_for_multilabel, logits C, target C
    a number for each output: target {came}; or, for one class per row, cross entropy
listed: index_for_multilabel, logits C, target C
    a 0 or 1 for each output: target {came}, with a 1 at each index that is listed
one_class: loss_choice, logits C, target C
    a number for each output: target {came}; or, for one class per row, cross entropy
several: loss_choice, target values
    one class per row; these rows have several 1s or none: take each output by itself
quantities: loss_choice, logits C
    class indices {wanted} in int64; these are fractions, so a loss for numbers or another target
raw: loss_choice, logits C
    probabilities from 0 to 1: the output of a sigmoid, or the loss that takes raw logits
one_output: head_size, logits C
    one output for one number per row; the head gives {outputs}
head: head_size, logits C, target label
    an output for every label: C is {outputs}, so {fits}{highest}
no_batch: squeeze_mismatch, logits N, target N
    an axis for the batch: logits (N, C) with target (N,); logits {came} is read as one row
extra: extra_target_dim, target ?
    target {target}, without the axis of size 1
extra_last: extra_target_dim, target ?
    one index each: target {wanted}; its last axis has {columns} numbers for each
extra_one: extra_target_dim, target ?
    two equal shapes: target {came}{broadcast}
ones: squeeze_mismatch, logits C, target C
    two equal shapes: target {came}{broadcast}
misread: needs_flatten_or_transpose, logits C, target T
    the {classes} classes on axis 1; it is {outputs} long, and the last axis is {classes}
swapped: needs_flatten_or_transpose, logits N, target N
    batch and tokens in the same order: logits {logits} for target {target}
classes_last: needs_flatten_or_transpose, logits C, target T
    classes on axis 1: logits {logits} for target {target}
classes_first: needs_flatten_or_transpose, logits C, target T
    classes on the last axis: logits {logits} for target {target}
flat: needs_flatten_or_transpose, logits N, target N
    both sides flattened: logits {logits} with target {target}
empty_axis: needs_flatten_or_transpose, logits C
    logits {logits}, without the axes of size 1
labels: label_range, logits C, target label
    labels from 0 to {last}; {these}
range: label_range, target label
    targets from 0 to 1; {these}
index_dtype: target_dtype, target dtype
    class indices in int64; these are {dtype}
number_dtype: target_dtype, target dtype
    a target in the logits' dtype, {logits_dtype}; this one is {dtype}
"""


def _mistakes(words: str) -> Iterator[tuple[str, Mistake]]:
    for row in re.split(r"\n(?=\w)", words.strip()):
        head, _, needs = row.partition("\n")
        name, cause, *places = re.split(": |, ", head)
        marks = (Mark(*place.split(" ")) for place in places)
        yield name, Mistake(cause, tuple(marks), " ".join(needs.split()))


MISTAKES = dict(_mistakes(WORDS))
GRAVITY = {name: place for place, name in enumerate(MISTAKES)}


# The steps.


def steps(call: LossCall) -> Iterator[Step]:
    """All single repairs that make sense for these two tensors."""
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    yield from _weights(call)
    if call.takes.by_index:
        yield from _ones_beside_indices(logits, target)
        yield from _order(call, logits, target)
        yield from _kinds_of_index(call, logits, target)
        if target == call.wanted and is_whole(call.target):
            yield from _labels(call, logits)
    else:
        yield from _ones_beside_numbers(logits, target)
        yield from _kinds_of_number(call, logits, target)
        yield from _outputs(call, logits, target)
        yield from _range(call)
    if len(logits) > 2 and target[:1] == logits[:1]:
        yield from _tokens(call, logits, target)
        yield from _lengths(call, logits, target)


def _weights(call: LossCall) -> Iterator[Step]:
    """A weight of the classes in another dtype: whole numbers, or NumPy's float64."""
    weight, module = call.options.get("weight"), call.takes.functions
    if module is None or weight is None or weight.dtype == call.logits.dtype:
        return
    others = "".join(f", {key}={value!r}" for key, value in call.options.items() if key not in TENSORS)
    made = f"torch.tensor({weight.tolist()}, dtype={call.logits.dtype})"
    code = f"criterion = nn.{module[1].__name__}(weight={made}{others})"
    yield Step("weight_dtype", 0.8, code, "a weight in the logits' dtype, as weight.float() makes it")


def _without_ones(shape: Shape) -> list[int]:
    return [size for size in shape if size != 1]


def _written(shape: Shape) -> str:
    """Spell a shape as `reshape` takes it."""
    return str(shape) if shape else "(())"


def _ones_beside_numbers(logits: Shape, target: Shape) -> Iterator[Step]:
    """Two shapes that differ in axes of size 1 only."""
    if logits == target or _without_ones(logits) != _without_ones(target):
        return
    mistake = "extra_one" if len(target) > len(logits) else "ones"
    as_logits = f"target = target.reshape{_written(logits)}"
    yield Step(mistake, 1, as_logits, "give the target the shape of logits")
    if mistake == "ones":
        as_target = f"logits = logits.reshape{_written(target)}"
        yield Step(mistake, 1.1, as_target, "give the logits the shape of the target")


def _ones_beside_indices(logits: Shape, target: Shape) -> Iterator[Step]:
    """Axes of size 1, too many or squeezed away."""
    drop = "drop the axis of size 1"
    rows = logits[0]
    if len(target) > 1 and prod(target) == rows and _without_ones(target) == _without_ones((rows,)):
        yield Step("extra", 0.9, "target = target.flatten()", drop)
    else:
        for axis, size in enumerate(target if len(target) > 1 else ()):
            if size == 1:
                yield Step("extra", 1 - 0.01 * axis, f"target = target.squeeze({axis})", drop)
    for axis, size in enumerate(logits if len(logits) > 2 else ()):
        if size == 1:
            yield Step("empty_axis", 1.5, f"logits = logits.squeeze({axis})", drop)
    if len(logits) == 1 and prod(target) == 1:
        yield Step("no_batch", 1, "logits = logits.unsqueeze(0)", "put the batch axis back")


def _order(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """Axes in another order, or flattened on one side only."""
    if len(target) < len(logits) and not is_whole(call.target):
        return  # neither indices nor probabilities, in whatever order
    if len(target) > 1 and (len(logits) > 2 or (len(logits) == 2 and prod(target) == logits[0])):
        yield Step("flat", 1.6, "target = target.flatten()", "flatten the target too")
    if len(logits) < 3:
        return
    if target == logits[:-1] or (len(target) == 1 and prod(logits[:-1]) == target[0]):
        yield Step("flat", 1.7, "logits = logits.flatten(0, -2)", "flatten the logits too")
    if len(target) > 1:
        name, move, place = ("classes_last", "-1, 1", "axis 1") if call.axis == 1 else CLASSES_FIRST
        yield Step(name, 1.5, f"logits = logits.movedim({move})", f"put the classes on {place}")
    if len(logits) > 3:
        return
    if target == (logits[1], logits[0]):
        yield Step("swapped", 1.6, "target = target.T", "turn the target")
    rows, outputs, length = logits
    flat = len(target) == 1 and target[0] == rows * length != rows * outputs
    if flat and not is_one_hot(call.target.reshape(rows, length), 1):  # rather rows of C
        code = "logits = logits.transpose(1, 2).flatten(0, 1)"
        yield Step("flat", 2, code, "put the classes last, then flatten the logits too")


def _tokens(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """A prediction per token, an answer per sentence; where axis 1 holds the classes, tokens come after."""
    axes, end = list(range(1, len(logits) - 1)), logits[-1]
    if call.takes.by_index and call.classes == logits[1] != end and end > 1:
        axes, end = list(range(2, len(logits))), logits[1]
    per_sentence = prod(target) in (logits[0], logits[0] * end)
    other_classes = len(target) == 2 and call.target.is_floating_point() and sums_to_1(call.target, 1)
    if not per_sentence and not other_classes and target[1:] != logits[2:]:
        return
    first = ", ".join("0" if axis in axes else ":" for axis in range(axes[-1] + 1))
    middle = axes[0] if len(axes) == 1 else tuple(axes)
    when = "where the head reads BERT's states"
    yield Step("tokens", 2, f"logits = logits[{first}]", "keep the first token, [CLS]", when)
    yield Step("tokens", 2.1, f"logits = logits.mean({middle})", "average over the tokens")


def _lengths(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """Two lengths that differ by what people forget: a label for t + 1, or [CLS] and [SEP]."""
    if len(target) < 2 or 1 in (logits[0], target[1]) or not (call.takes.by_index or len(target) == 3):
        return
    if is_one_hot(call.target, 1) and target[1] == call.classes:
        return
    axis = 2 if call.takes.by_index and call.classes == logits[1] != logits[-1] else 1
    start = ":, " * axis
    over = logits[axis] - target[1]
    next_token = "where token t predicts label t + 1"
    if over == 2:
        between = "where labels are for the tokens between them"
        yield Step("length", 2, f"logits = logits[{start}1:-1]", "leave out [CLS] and [SEP]", between)
    elif over == 1:
        yield Step("length", 2, f"logits = logits[{start}:-1]", "leave out the last prediction", next_token)
    elif over == -1:
        yield Step("length", 2, "target = target[:, 1:]", "leave out the first label", next_token)
        no_token = "where the last label has no token"
        yield Step("length", 2.1, "target = target[:, :-1]", "leave out the last label", no_token)


def _kinds_of_index(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """Rows of 0 and 1, numbers or other dtypes where indices are wanted."""
    values, outputs = call.target, logits[-1]
    whole, floats = is_whole(values), values.is_floating_point()
    hot = [axis for axis in range(1, len(target)) if is_one_hot(values, axis)]
    for axis in hot:
        price = 0.9 if target[axis] in (outputs, call.outputs) else 2.2
        yield Step("one_hot", price, f"target = target.long().argmax({axis})", "use the index of the 1")
        if len(logits) == len(target) == 2 and target != logits:
            title = "one output per class, and the index of the 1"
            code = f"{new_head(target[axis], call.loss)}\ntarget = target.long().argmax({axis})"
            yield Step("columns" if floats else "one_hot", 2, code, title)
    if hot and target == logits and not floats:
        yield Step("one_hot", 1, "target = target.float()", "make them floating-point probabilities")
    one_row = target == (prod(logits),) and len(logits) == 2 and outputs > 1
    if one_row and is_one_hot(values.reshape(logits), 1):
        code = f"target = target.reshape{logits}.argmax(1)"
        yield Step("one_hot", 1.5, code, "use the index of the 1")
    if target == logits and is_zero_one(values) and not (hot and outputs > 1):
        mistake = "no_batch" if len(logits) == 1 else "yes_no" if outputs == 1 else "several"
        when = "where there are two classes" if outputs == 1 else FITS_BCE
        yield Step(mistake, 1.5, bce(values), "score each output by itself", when)
    if floats and len(target) == 2 <= len(logits) and target[0] == logits[0]:
        other = target[1] not in (outputs, call.outputs)
        if other and sums_to_1(values, 1):
            yield Step("columns", 2, new_head(target[1], call.loss), "one output per class")
    if floats and target == logits and call.loss == "nll_loss":
        yield Step(
            "one_hot", 1, "criterion = F.cross_entropy", "use cross entropy, which takes probabilities"
        )
    if floats and not whole and prod(target) == logits[0]:
        code = f"{new_head(1, 'mse_loss', '.flatten()')}\ntarget = target.flatten()\ncriterion = F.mse_loss"
        yield Step("quantities", 2, code, "predict the number itself", "where the target is a quantity")
    is_soft = floats and target == logits
    is_label = not hot or target in (call.wanted, logits[:-1])
    if whole and is_label and not is_soft and values.dtype != torch.int64 and values.numel():
        yield Step("index_dtype", 0.8, "target = target.long()", "make the labels int64")


def _labels(call: LossCall, logits: Shape) -> Iterator[Step]:
    """Labels that have no output: which of the two is meant to change."""
    found, outputs, weight = label_range(call), call.outputs, call.options.get("weight")
    if found is None or (found[0] >= 0 and found[1] < outputs):
        return
    lowest, highest = found
    if lowest == -1 and highest == 1 and 0 not in call.counted_labels:
        yield Step("labels", 0.9, "target = (target + 1) // 2", "count -1 and 1 as 0 and 1")
    if highest >= 2 * outputs > 2 and len(call.counted_labels.unique()) <= outputs:
        renumber = "target = target.unique(return_inverse=True)[1]"
        when = "where these are all the classes there are"
        yield Step("labels", 1, renumber, "number the labels that occur from 0", when)
    from_one = lowest > 0 and highest == outputs > 1  # class 1 need not be in every batch
    if lowest and highest - lowest < outputs:
        first = 1 if from_one else lowest
        by_chance = from_one and (1 - 1 / (highest + 1)) ** len(call.counted_labels) > CHANCE
        price = 2.2 if lowest > 0 and not from_one else 1.8 if by_chance else 1.1
        code = f"target = target {f'- {first}' if first > 0 else f'+ {-first}'}"
        yield Step("labels", price, code, "count from 0", f"where {first} is the first class")
    if len(logits) <= 2 and highest >= outputs:
        classes = max(highest + 1, weight.numel()) if weight is not None else highest + 1
        title, when = "give the head as many outputs as classes", f"where there are {classes} classes"
        if lowest >= 0:
            yield Step("head", 2, new_head(classes, call.loss), title, when)
    if outputs == 1 and lowest >= 0 and highest == 1 and len(logits) == 2:
        code = f"logits = logits.squeeze(1)\n{bce(call.target)}"
        yield Step("yes_no", 2.1, code, "keep one output, for yes or no", "where there are two classes")
    bad = " | ".join(["(target < 0)"] * (lowest < 0) + [f"(target >= {outputs})"] * (highest >= outputs))
    code = f"target = target.masked_fill({bad}, {call.ignore_index})"
    title, when = "ignore the labels that don't fit", "where they are mistakes in the data"
    yield Step("labels" if lowest < 0 else "head", 3, code, title, when)


def _kinds_of_number(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """Indices, or another dtype, where numbers of the logits' shape are wanted."""
    values, binary = call.target, call.takes.binary
    outputs = logits[-1] if logits else 1
    if values.dtype != call.logits.dtype:
        cast = "float()" if is_integer(values) and call.logits.dtype == torch.float32 else "to(logits.dtype)"
        yield Step("number_dtype", 0.8, f"target = target.{cast}", "give both one dtype")
    if call.loss == "binary_cross_entropy" and not is_within_0_and_1(call.logits):
        code = "criterion = F.binary_cross_entropy_with_logits"
        yield Step("raw", 1.5, code, "leave the sigmoid to the loss", "where these are raw logits")
    if len(logits) < 2 or outputs < 2 or target[:1] != logits[:1] or not is_whole(values):
        return
    if binary and len(target) == len(logits) == 2 and 1 < target[1] < outputs and not is_zero_one(values):
        code = "target = torch.zeros_like(logits).scatter_(1, target.long(), 1.0)"
        yield Step("listed", 1.2, code, "a 0 or 1 for each output", "where each row lists its classes")
    if values.numel() != prod(logits[:-1]):
        return
    mistake, cheaper = ("indices", 0.2) if binary else ("one_class", 0.0)
    labels = "target" if target == logits[:-1] else "target.flatten()"
    turn = "logits = logits.movedim(-1, 1)\n" if len(logits) > 2 else ""
    code = f"{turn}target = {labels}.long()\ncriterion = F.cross_entropy"
    when = "where exactly one class is right"
    raw = " and these are raw logits" if call.loss == "binary_cross_entropy" else ""
    yield Step(mistake, 1.3, code, "one class per row", when + raw)
    code = f"target = F.one_hot({labels}.long(), {outputs}).to(logits.dtype)"
    yield Step(mistake, 1.45 - cheaper, code, "a 0 or 1 for each output", FITS_BCE)


def _outputs(call: LossCall, logits: Shape, target: Shape) -> Iterator[Step]:
    """A head with another number of outputs than the target has numbers for each row."""
    if not logits or not target or target[0] != logits[0]:
        return
    one_each = len(logits) == 2 and logits[1] > 1 and target in (logits[:1], (logits[0], 1))
    is_listed = call.takes.binary and is_whole(call.target) and not is_zero_one(call.target)
    if one_each and not is_listed:
        code = f"{new_head(1, call.loss, '.squeeze(-1)')}\ntarget = target.flatten().float()"
        mistake = "indices" if call.takes.binary else "one_class"
        mistake = mistake if is_whole(call.target) else "one_output"
        yield Step(mistake, 1.4, code, "one output", "where each row has one number, or yes and no")
    elif len(target) == len(logits) > 1 and target[:-1] == logits[:-1] and target != logits and not one_each:
        title = "as many outputs as the target has"
        yield Step("columns", 1.6, new_head(target[-1], call.loss), title)


def _range(call: LossCall) -> Iterator[Step]:
    """Answers that are neither 0 nor 1 nor between, for a loss of yes and no."""
    values = call.target
    if not values.numel() or (not call.takes.binary and not _are_labels(call)):
        return
    outputs = call.logits.shape[-1] if call.logits.ndim else 1
    lowest, highest = float(values.min()), float(values.max())
    # Nothing that is in range is shifted, for then a batch without its first class would be.
    if lowest >= 0 and (highest < outputs if _are_labels(call) else highest <= 1):
        return
    two = 1 < len(values.unique()) <= 2
    if not call.takes.binary or not two:
        if lowest > 0 and highest == outputs > 1 and _are_labels(call):
            yield Step("range", 1.2, "target = target - 1", "count from 0", "where 1 is the first class")
    elif lowest == -1:
        yield Step("range", 1.2, "target = (target.float() + 1) / 2", "count -1 and 1 as 0 and 1")
    elif lowest:
        yield Step("range", 1.2, f"target = target.float() - {lowest:g}", "count from 0")
    if (
        call.takes.binary
        and lowest >= 0
        and highest > 1
        and call.logits.ndim
        and outputs == 1
        and is_whole(values)
    ):
        classes = int(highest) + 1
        code = f"{new_head(classes, 'cross_entropy')}\ntarget = target.flatten().long()"
        code += "\ncriterion = F.cross_entropy"
        when = f"where there are {classes} classes, of which one is right"
        yield Step("range", 2, code, "one output per class", when)


def _are_labels(call: LossCall) -> bool:
    """Whether there is one whole number for each row of logits."""
    return (
        bool(call.logits.ndim)
        and call.target.numel() == prod(call.logits.shape[:-1])
        and is_whole(call.target)
    )


# The search.


def why(call: LossCall, grade: Grade) -> Finding | None:
    """Name the gravest mistake that the cheapest repair undoes, or what no repair can mend.

    Args:
        call: What was passed; it raised, or what it gave is known to be wrong.
        grade: Says of a call `FAILS`, `FITS` (its shapes do, but it raises), `WRONG` (it runs, and is surely
            a mistake), `DOUBTFUL` or `RIGHT`.

    Returns:
        None where shapes, types and values are as the loss wants them.
    """
    if not call.logits.is_floating_point():
        return _finding(call, "logits_dtype")
    if call.takes.by_index and not call.logits.ndim:
        return _finding(call, "no_batch")
    held = call.folded
    joined = is_joined(call.logits)
    call = _at_hand(call)
    # What mends the flat tensors can't be written with those that the learner holds.
    is_flat = held is not None and [*map(Tensor.size, held)] != [call.logits.size(), call.target.size()]
    paths = search(call, grade)
    if not paths:
        name, also = _beyond_repair(call, joined)
        return _finding(call, name, certain=not also, also=also) if name else None
    best = paths[0]
    causes = dict.fromkeys(path.cause for path in paths if path.price <= best.price + CLOSE)
    also = "; ".join(CAUSES[cause].title for cause in causes if cause != best.cause)
    is_guess = best.price > SURE or (_rows_of_classes(call) and call.classes != call.logits.shape[-1])
    found = _finding(call, best.gravest, best, certain=not also and not is_guess, also=also)
    fixes = tuple(path.as_fix(call) for path in paths if path.loss is not None)
    return replace(found, fixes=() if is_flat or call.unread else fixes[:MOST], trap=_trap(call, best))


def _at_hand(call: LossCall) -> LossCall:
    """Return the call as the learner holds it: before flattening; zeros stand in for what can't be read."""
    legal = call.takes.by_index and call.logits.ndim and call.target.shape == call.wanted
    if call.folded is not None and call.folded[0].ndim and not legal:
        call = replace(call, logits=call.folded[0], target=call.folded[1])
    if call.unread:
        zeros = [torch.zeros(part.shape, dtype=part.dtype) for part in (call.logits, call.target)]
        call = replace(call, logits=zeros[0], target=zeros[1], criterion=F.cross_entropy)
    return replace(call, logits=call.logits.detach(), target=call.target.detach(), folded=None)


def search(call: LossCall, grade: Grade) -> list[Path]:
    """Return the cheapest repairs after which the call is right, the cheapest first.

    Where there is none, one after which it runs and is still wrong: two mistakes, of which one is undone.
    """
    order = count()
    seen: set[frozenset[str]] = set()
    found: list[Path] = []
    halfway: list[Path] = []
    right, limit = 0, DEAREST
    enough = WRONG if has_its_shapes(call) else FITS
    heap = [(0.0, next(order), Path((), 0.0, call))]
    while heap:
        price, _, path = heappop(heap)
        if price > limit:
            break
        if any(known.loss is not None and set(known.steps) <= set(path.steps) for known in found):
            continue
        mark, loss = grade(path.call) if path.steps and _keeps_classes(call, path) else (FAILS, None)
        if mark > WRONG:
            found.append(path._replace(loss=loss if mark == RIGHT else None))
            if mark == RIGHT:
                right, limit = right + 1, min(limit, DEARER * price)
        elif mark >= enough:
            halfway.append(path)
        if right == MOST:
            break
        if mark < RIGHT and len(path.steps) < DEEPEST:
            for longer in _longer(path, seen):
                heappush(heap, (longer.price, next(order), longer))
    return found or halfway[:1]


def _longer(path: Path, seen: set[frozenset[str]]) -> Iterator[Path]:
    """The repair with one step more, each set of steps once."""
    touched = [step.code for step in path.steps if step.code.startswith("logits")]
    turned = any("movedim" in code or "transpose" in code for code in touched)
    for step in steps(path.call):
        codes = frozenset(one.code for one in (*path.steps, step))
        # A head reads the states as they were, so it comes before whatever is done to the logits; and where
        # the tokens are is known only before the axes are turned.
        too_late = ("hidden" in step.code and touched) or (step.mistake == "tokens" and turned)
        price = path.price + step.price
        if codes in seen or len(codes) == len(path.steps) or too_late or price > DEAREST:
            continue
        seen.add(codes)
        repaired = after(step.code, path.call)
        if repaired is not None:
            yield Path((*path.steps, step), price, repaired, (*path.before, path.call))


def _keeps_classes(call: LossCall, path: Path) -> bool:
    """Where the number of classes tells which axis holds them, that axis is the classes afterwards too."""
    known = call.logits.ndim > 2 and call.classes in call.logits.shape[1:]
    made_anew = any("hidden" in step.code for step in path.steps)
    return not known or made_anew or not path.call.takes.by_index or path.call.outputs == call.classes


def result_of(code: str, call: LossCall, repaired: LossCall, loss: float) -> str:
    """Say what a repair gave: the loss, and the shapes that changed."""
    parts = [f"loss {loss:.3f}"]
    if repaired.logits.shape != call.logits.shape:
        parts.append(f"logits {tuple(repaired.logits.shape)}")
    if repaired.target.shape != call.target.shape:
        parts.append(f"target {tuple(repaired.target.shape)}")
    elif repaired.target.dtype != call.target.dtype:
        parts.append(f"target {str(repaired.target.dtype).removeprefix('torch.')}")
    if "hidden" in code and call.hidden is None:
        parts.append("on stand-in states")
    return ", ".join(parts)


def has_its_shapes(call: LossCall) -> bool:
    """Whether the target has a shape that the loss is for: indices or, where it takes them, probabilities."""
    soft = call.takes.by_index and call.target.shape == call.logits.shape and call.target.is_floating_point()
    return call.target.shape == call.wanted or soft


def loss_of(call: LossCall) -> float:
    """Run the loss and return it as a number: with reduction="none", the mean.

    Raises:
        Whatever the loss raises.
    """
    loss = call.criterion(call.logits.detach(), call.target.detach())
    return float(loss if loss.ndim == 0 else loss.double().mean())


def after(code: str, call: LossCall) -> LossCall | None:
    """Run a repair on a call; None when it raises, which says that it is none."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "criterion": call.criterion}
    names |= {"logits": call.logits, "target": call.target}
    if "hidden" in code:
        # A new head's weights are random; the same each time, so that a result can be checked.
        torch.default_generator.manual_seed(0)
        rows = call.logits.shape[:-1]
        own = call.hidden
        if own is not None and prod(own.shape[:-1]) != prod(rows):
            return None
        names["hidden"] = torch.randn(*rows, STAND_IN) if own is None else own.reshape(*rows, own.shape[-1])
    names = names_after(code, names) or {}
    if not names:
        return None
    logits, target, criterion = names["logits"], names["target"], names["criterion"]
    if criterion is call.criterion:
        return replace(call, logits=logits, target=target)
    return replace(loss_call(criterion, logits, target), hidden=call.hidden, classes=call.classes)


# What no line of code can mend: rows, predictions or weights that are not there.


def _beyond_repair(call: LossCall, joined: bool = False) -> tuple[str, str]:
    """Name the mistake that the two shapes show, and a second reading of them where there is one."""
    logits, target, index = tuple(call.logits.shape), tuple(call.target.shape), call.takes.by_index
    same_rows = target[:1] == logits[:1]
    if index and same_rows and call.classes in logits[2:] and call.outputs != call.classes:
        return "misread", ""
    if target == call.wanted:
        return _of_fitting_shapes(call)
    if not index and not (logits and target):
        return "one_number", ""
    if index and len(logits) == 1:
        return "no_batch", CAUSES["batch_target"].title
    if (target or (1,))[0] != logits[0]:
        return _rows_differ(logits, target or (1,), index, joined)
    if index and len(logits) > 2 and target[:-1] == call.wanted:
        return "extra_last", CAUSES["one_hot_index"].title
    if not index and len(logits) == len(target) == 4 and logits[2:] == target[2:]:
        return "columns", ""
    per_token = len(logits) > 2 and len(target) > 1 and (index or len(target) == len(logits))
    if per_token and not is_whole(call.target) and index:
        return "quantities", CAUSES["token_logits_for_sequence"].title
    if per_token and logits[0] > 1:
        return "length", ""
    if per_token and index:
        return "empty_axis", CAUSES["static_length"].title
    if index and target == logits:
        return "no_tokens", CAUSES["one_hot_index"].title
    if len(target) > len(logits) - index:
        return "no_tokens", ""
    return "pooled", CAUSES["static_length"].title


def _of_fitting_shapes(call: LossCall) -> tuple[str, str]:
    """The shapes are right: the values or the types are not."""
    name = "weight" if call.takes.by_index else "pos_weight"
    weight = call.options.get(name)
    if weight is not None and weight.numel() not in ((1,) if name == "pos_weight" else ()) + (call.outputs,):
        return "weights", ""
    if call.unread:
        return "head", "the labels don't count from 0"
    if call.takes.by_index:
        labels = label_range(call)
        if not is_whole(call.target):
            return "quantities", ""
        if labels is None or (labels[0] >= 0 and labels[1] < call.outputs):
            return "", ""
        return ("labels" if labels[0] < 0 else "head"), ""
    if is_integer(call.target):
        return "number_dtype", ""
    if call.loss == "binary_cross_entropy" and not is_within_0_and_1(call.logits):
        return "raw", ""
    return ("range" if call.takes.binary and not is_within_0_and_1(call.target) else ""), ""


def _rows_differ(logits: Shape, target: Shape, index: bool, joined: bool) -> tuple[str, str]:
    """The rows of one side are missing, or an axis was folded into them, as reports mostly turn out."""
    rows, labels, batch = logits[0], target[0], CAUSES["batch_target"].title
    if index and len(logits) == len(target) == 2:
        labels = prod(target)  # logits were flattened, so the target is to be as well
    nearly = len(logits) == 3 and rows and not labels % rows and 2 * labels > prod(logits[:2])
    if index and nearly and len(target) == 1:
        return "lengths", batch
    if not index and len(logits) == 2 and logits[1] == 1 and rows and labels > rows and not labels % rows:
        return "more_outputs", batch
    if rows == 1 < labels and logits[1:] == target[1:]:
        return "one_row", batch
    if not index and len(logits) > 1:
        return "rows", ""
    if len(logits) > 2:
        return "rows", CAUSES["token_logits_for_sequence"].title if len(target) == 1 else ""
    if 1 < labels < rows and not rows % labels:
        each = f"the head gives {rows // labels} numbers for each of {labels} rows"
        return ("folded", batch) if index and not joined else ("rows", "" if index else each)
    if index and rows and labels >= FEWEST_TOKENS * rows and not labels % rows:
        per_token = f"each row has {labels // rows} labels: a label per token wants logits (N, T, C)"
        return ("labelled", batch) if labels >= MANY_TOKENS * rows else ("rows", per_token)
    return ("lengths", batch) if _are_lengths(rows, labels) else ("rows", "")


def _are_lengths(rows: int, labels: int) -> bool:
    """Whether two counts look like those of tokens: N x T, with one N and two T that are nearly the same."""
    rows, labels = sorted((rows, labels))
    times = gcd(rows, labels)
    is_batch = labels <= MOST_ROWS or (labels < MANY_ROWS and not labels % 50)
    return not is_batch and times > 1 and rows >= FEWEST_TOKENS * times and labels < 2 * rows


# The words.


def _finding(
    call: LossCall, name: str, path: Path | None = None, certain: bool = True, also: str = ""
) -> Finding:
    mistake = MISTAKES[name]
    needs = mistake.needs.format_map(_facts(call, path or Path((), 0.0, call)))
    return Finding(mistake.cause, needs, mistake.marks, (), certain, also=also, mistake=name)


def _trap(call: LossCall, best: Path) -> str:
    """Say what torch's own text asks for where that runs and is wrong."""
    shape = tuple(call.logits.shape)
    if best.gravest != "tokens" or not call.takes.by_index or len(shape) < 3:
        return ""
    if call.classes == shape[1] != shape[-1] or call.target.numel() != shape[0]:
        return ""
    wrong = (shape[0], *shape[2:])
    return f"a target of shape {wrong} runs, but then the {shape[1]} tokens are taken for classes"


def _facts(call: LossCall, path: Path) -> dict[str, Any]:
    """What the words of a mistake may name: the call as it came, when its turn comes, and as repaired."""
    logits, target = tuple(call.logits.shape), tuple(call.target.shape)
    repaired = path.call
    then = path.before[[step.mistake for step in path.steps].index(path.gravest)] if path.steps else call
    outputs, shown = then.outputs, label_range(then)
    weight = next((name for name in ("weight", "pos_weight") if call.options.get(name) is not None), "")
    tokens = 2 if call.takes.by_index and call.classes == call.outputs != logits[-1] else 1
    soft = len(target) == 2 and not call.unread and call.takes.by_index and sums_to_1(call.target, 1)
    soft = soft and call.target.is_floating_point()
    rows = prod(logits[:-1]) if call.takes.by_index else (logits or (1,))[0]
    common = gcd(rows, prod(target)) or 1
    label = "one label" if call.takes.by_index or len(logits) < 2 else "one row of targets"
    return {
        "answer": "a row of probabilities" if soft else label,
        "answers": (*logits[:1], *target[1:]) if soft else call.wanted,
        "came": logits,
        "was": target,
        "logits": tuple(repaired.logits.shape),
        "target": tuple(repaired.target.shape),
        "wanted": call.wanted,
        "indices": repaired.wanted if repaired.takes.by_index else call.wanted,
        "rows": logits[0] if logits else 1,
        "labels": target[0] if target else 1,
        "columns": (target or (1,))[1 if len(logits) == len(target) == 4 and not call.takes.by_index else -1],
        "times": target[0] // logits[0] if target and logits and logits[0] else 1,
        "each_has": rows // max(1, prod(target)),
        "common": common,
        "came_length": rows // common,
        "label_length": prod(target) // common,
        "per_label": (*target, logits[-1]) if logits and call.takes.by_index else target,
        "length": logits[min(tokens, len(logits) - 1)] if logits else 1,
        "labelled": target[1] if len(target) > 1 else 1,
        "for_these": _rows_of(call, repaired),
        "read_as_classes": f"; here the {logits[1]} tokens are read as classes" * _rows_of_classes(call)
        if len(logits) == 3
        else "",
        "outputs": outputs,
        "last": outputs - 1,
        "fits": "only label 0 fits" if outputs == 1 else f"labels 0 to {outputs - 1} fit",
        "highest": f", and the labels go up to {shown[1]}" if shown and not call.unread else "",
        "these": _range_of(then, shown),
        "broadcast": _broadcast(call, logits, target),
        "classes": call.classes,
        "weight": weight,
        "weights": call.options[weight].numel() if weight else 0,
        "weight_dtype": str(call.options[weight].dtype).removeprefix("torch.") if weight else "",
        "dtype": str(then.target.dtype).removeprefix("torch."),
        "logits_dtype": str(call.logits.dtype).removeprefix("torch."),
    }


def _rows_of(call: LossCall, repaired: LossCall) -> str:
    """Say what the target holds for each sentence."""
    if call.target.ndim == 2 and not call.unread and call.takes.by_index:
        if is_one_hot(call.target, 1):
            return "for these one-hot rows"
        if call.target.is_floating_point() and sums_to_1(call.target, 1):
            return "for these rows of probabilities"
        if call.target.is_floating_point() and is_zero_one(call.target):
            return "for these rows of 0 and 1"
    return f"with target {tuple(repaired.target.shape)}"


def _rows_of_classes(call: LossCall) -> bool:
    """Whether logits (N, T, C) stand beside a target (N, C): torch takes the tokens for classes then."""
    shape = tuple(call.logits.shape)
    return call.takes.by_index and len(shape) == 3 and call.target.shape == (shape[0], shape[2]) != shape[:2]


def _range_of(call: LossCall, labels: tuple[int, int] | None) -> str:
    if not call.takes.by_index:
        values = call.target
        said = f"these go from {values.min():g} to {values.max():g}" if values.numel() else "there are none"
        if not values.numel() or not is_whole(values) or values.max() < 3:
            return said
        return f"{said}: {int(values.max()) + 1} classes, so as many outputs, and cross entropy"
    if labels is None:
        return "none of these can be read"
    lowest, highest = labels
    these = f"these go from {lowest} to {highest}" if lowest < highest else f"here is only {highest}"
    return these + ", as if counted from 1" * (lowest > 0 and highest == call.outputs > 1)


def _broadcast(call: LossCall, logits: Shape, target: Shape) -> str:
    """Say what a loss that broadcasts really averages; nothing where it raised, or where that is the same."""
    try:
        compared = prod(torch.broadcast_shapes(logits, target))
    except RuntimeError:
        return ""
    numbers = prod(logits)
    if call.takes.binary or compared <= numbers:
        return ""
    others = "every target" if compared == numbers**2 else f"{compared // numbers} targets"
    return f"; now each logit is compared with {others}: {compared} differences, not {numbers}"
