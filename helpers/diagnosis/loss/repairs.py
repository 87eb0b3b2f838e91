"""Why a loss and its two tensors don't fit: the cheapest repair after which they do names the cause.

A step is one line that undoes one mistake people make; its price says how (un)likely that mistake is beside
the others. Of several steps the gravest mistake is named. What no line can mend, because rows or predictions
are not there, is said without a fix. The losses' rules are on torch's pages "CrossEntropyLoss" and "MSELoss".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count
from math import gcd, prod
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from helpers.diagnosis.loss.call import TENSORS, LossCall, loss_call, without_ones
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
from helpers.diagnosis.said.finding import FITS_BCE, Finding, bce, new_head
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
MANY_TOKENS = 8  # as many labels for each row are hardly those of several batches
MOST_ROWS, MANY_ROWS = 64, 1000  # a batch has hardly more rows, or is a round number: else they are tokens
TWO_CLASSES = "where there are two classes"
Grade = Callable[[LossCall], tuple[int, float | None]]  # one of these and the loss, where the call runs
Reading = tuple[str, str, object]  # a mistake, a cause that may be instead, and whether this is so


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
    """A repair: its steps and price, the call before each step and after all, the loss if all is right."""

    steps: tuple[Step, ...]
    price: float
    calls: tuple[LossCall, ...]
    loss: float | None = None

    @property
    def call(self) -> LossCall:
        """The call as repaired."""
        return self.calls[-1]

    @property
    def worst(self) -> int:
        """The place of the gravest mistake."""
        places = range(len(self.steps))
        return min(places, key=lambda place: GRAVITY[self.steps[place].mistake], default=0)

    @property
    def gravest(self) -> str:
        """The mistake that gives its name to all."""
        return self.steps[self.worst].mistake

    @property
    def code(self) -> str:
        """All steps as one repair."""
        return "\n".join(step.code for step in self.steps)

    def as_fix(self) -> Fix | None:
        """Say what the repair gave; None where it is doubtful."""
        if self.loss is None:
            return None
        when = next((step.when for step in self.steps if step.when), "")
        title = ", ".join(step.title for step in self.steps)
        return Fix(title, self.code, result_of(self.code, self.calls[0], self.call, self.loss), when)


# The gravest first: a mistake, its cause, the places that disagree; below, what is needed, from `_facts`:
# {logits} and {target} are the shapes after the repair, {came} and {was} those before it.
WORDS = """
logits_dtype: target_dtype, logits C
    logits in floating point: the raw scores of the head, before any argmax
one_number: squeeze_mismatch, logits N, target N
    two equal shapes; one side is a single number, so its axes were squeezed or averaged away
weights: head_size, logits C
    a weight for each output: C is {outputs}, and there are {weights}; give both as many as classes
weight_dtype: target_dtype, logits C
    a weight in the dtype of the logits
tokens: token_logits_for_sequence, logits T, target T
    one prediction per sentence: logits {logits} with target {target}
no_tokens: sequence_logits_for_token, logits T, target T
    a prediction for each label of a row: logits {per_label} for target {was}
length: static_length, logits N, target N
    one label per token: T is not the same in logits {came} and target {was}
rows: batch_target, logits N, target N
    {each}
folded: needs_flatten_or_transpose, logits N, target N
    one row of logits for each label; here {came[0]} rows for {labels} labels, as if each token were a row
labelled: sequence_logits_for_token, logits N, target N
    a prediction for each label; a label per token wants logits (N, T, C)
lengths: static_length, logits N, target N
    one label per token: both were flattened, and T was not the same
pooled: token_logits_for_sequence, logits T, target T
    one prediction for each row of the target: logits {was}
one_row: needs_flatten_or_transpose, logits N, target N
    a row of logits for each row of the target; here the whole batch is one row
columns: head_size, logits C, target C
    as many outputs as target {was} has; the head gives {outputs}
more_outputs: head_size, logits N, target N
    as many outputs as there are labels for each row
yes_no: head_size, logits C
    two outputs or more, and indices {wanted}; one output is for yes or no, with binary cross entropy
one_hot: one_hot_index, target dtype
    indices {wanted} in int64, or one-hot rows in floating point
indices: index_for_multilabel, logits C, target C
    a number for each output: target {came}; or, for one class per row, cross entropy
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
    an output for every label: C is {outputs}, so {fits}
no_batch: squeeze_mismatch, logits N, target N
    an axis for the batch: logits (N, C) with target (N,); logits {came} is read as one row
extra: extra_target_dim, target ?
    target {target}, without the axis of size 1
extra_last: extra_target_dim, target ?
    one index each: target {wanted}, without the last axis
extra_one: extra_target_dim, target ?
    two equal shapes: target {came}{broadcast}
ones: squeeze_mismatch, logits C, target C
    two equal shapes: target {came}{broadcast}
misread: needs_flatten_or_transpose, logits C, target T
    the {call.classes} classes on axis 1, where this loss looks for them; now they are on the last axis
swapped: needs_flatten_or_transpose, logits N, target N
    batch and tokens in the same order: logits {logits} for target {target}
classes: needs_flatten_or_transpose, logits C, target T
    classes on axis {call.takes.axis}, where this loss looks for them: logits {logits} for target {target}
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
    a target in the dtype of the logits; this one is {dtype}
"""


def _mistakes(lines: list[str]) -> Iterator[tuple[str, Mistake]]:
    for head, needs in zip(lines[::2], lines[1::2], strict=True):
        name, _, rest = head.partition(": ")
        cause, *places = rest.split(", ")
        yield name, Mistake(cause, tuple(Mark(*place.split(" ")) for place in places), needs.strip())


MISTAKES = dict(_mistakes(WORDS.strip().splitlines()))
GRAVITY = {name: place for place, name in enumerate(MISTAKES)}


# The steps.


def steps(call: LossCall) -> Iterator[Step]:
    """All single repairs that make sense for these two tensors."""
    yield from _weights(call)
    if call.takes.by_index:
        yield from _order(call)
        yield from _kinds_of_index(call)
        yield from _labels(call)
    else:
        yield from _kinds_of_number(call)
        yield from _outputs(call)
        yield from _range(call)
    yield from _tokens(call)


def _weights(call: LossCall) -> Iterator[Step]:
    """A weight of the classes in another dtype: whole numbers, or NumPy's float64."""
    weight, module = call.options.get("weight"), call.takes.module
    if module is None or weight is None or weight.dtype == call.logits.dtype:
        return
    others = "".join(f", {key}={value!r}" for key, value in call.options.items() if key not in TENSORS)
    made = f"torch.tensor({weight.tolist()}, dtype={call.logits.dtype})"
    code = f"criterion = nn.{module.__name__}(weight={made}{others})"
    yield Step("weight_dtype", 0.8, code, "a weight in the logits' dtype, as weight.float() makes it")


def _order(call: LossCall) -> Iterator[Step]:
    """Axes of size 1, too many or squeezed away; axes in another order, or flattened on one side only."""
    (logits, target), drop = call.shapes, "drop the axis of size 1"
    numbers, flatten = prod(target), "target = target.flatten()"
    if len(target) > 1 and numbers == max(target) == logits[0]:
        yield Step("extra", 0.9, flatten, drop)
    elif len(target) > 1:
        for axis in (axis for axis, size in enumerate(target) if size == 1):
            yield Step("extra", 1 - 0.01 * axis, f"target = target.squeeze({axis})", drop)
    if len(logits) == 1 == numbers:
        yield Step("no_batch", 1, "logits = logits.unsqueeze(0)", "put the batch axis back")
    for axis in (axis for axis, size in enumerate(logits) if size == 1 and len(logits) > 2):
        if axis == len(logits) - 1 and call.classes not in (None, *logits):
            continue  # a head with one output: what is left would be tokens in the place of classes
        yield Step("empty_axis", 1.5, f"logits = logits.squeeze({axis})", drop)
    if len(target) < len(logits) and not is_whole(call.target):
        return  # neither indices nor probabilities, in whatever order
    if len(target) > 1:
        yield Step("flat", 1.6, flatten, "flatten the target too")
    if len(logits) < 3:
        return
    if target in (logits[:-1], (prod(logits[:-1]),)):
        yield Step("flat", 1.7, "logits = logits.flatten(0, -2)", "flatten the logits too")
    if len(target) > 1:
        move, place = ("-1, 1", "axis 1") if call.axis == 1 else ("1, -1", "the last axis")
        yield Step("classes", 1.5, f"logits = logits.movedim({move})", f"put the classes on {place}")
    if target == logits[1::-1]:
        yield Step("swapped", 1.6, "target = target.T", "turn the target")
    rows, outputs, length = logits[0], logits[-2], logits[-1]
    is_flat = len(logits) == 3 and target == (rows * length,) and outputs != length > 1
    if is_flat and not is_one_hot(call.target.reshape(rows, length), 1):
        code = "logits = logits.transpose(1, 2).flatten(0, 1)"
        yield Step("flat", 2, code, "put the classes last, then flatten the logits too")


def _tokens(call: LossCall) -> Iterator[Step]:
    """A prediction per token and an answer per sentence; or lengths that differ by what people forget."""
    (logits, target), index = call.shapes, call.takes.by_index
    if len(logits) < 3 or target[:1] != logits[:1]:
        return
    # The tokens come last where axis 1 holds the classes.
    axes = range(2, len(logits)) if call.is_turned else range(1, len(logits) - 1)
    outputs = logits[1 if call.is_turned else -1]
    columns = logits[1:2] if call.is_turned and not index else logits[2:]
    answers = prod(target) in (logits[0], logits[0] * outputs) or target[1:] == columns
    first = ", ".join("0" if axis in axes else ":" for axis in range(axes[-1] + 1))
    middle = axes[0] if len(axes) == 1 else tuple(axes)
    when = "where the head reads BERT's states"
    if not index and logits[axes[0]] == 1:
        return
    if answers or (target[1:] and call.target.is_floating_point() and sums_to_1(call.target, 1)):
        yield Step("tokens", 2, f"logits = logits[{first}]", "keep the first token, [CLS]", when)
        yield Step("tokens", 2.1, f"logits = logits.mean({middle})", "average over the tokens")
    if len(target) < 2 or 1 in (logits[0], target[1]) or not (index or len(target) == 3):
        return
    if target[1] == call.classes and is_one_hot(call.target, 1):
        return  # a column for each class, not for each token
    over, start = logits[axes[0]] - target[1], ":, " * axes[0]
    next_token = "where token t predicts label t + 1"
    if over == 2:
        when = "where labels are for the tokens between them"
        yield Step("length", 2, f"logits = logits[{start}1:-1]", "leave out [CLS] and [SEP]", when)
    elif over == 1:
        yield Step("length", 2, f"logits = logits[{start}:-1]", "leave out the last prediction", next_token)
    elif over == -1:
        yield Step("length", 2, "target = target[:, 1:]", "leave out the first label", next_token)
        when = "where the last label has no token"
        yield Step("length", 2.1, "target = target[:, :-1]", "leave out the last label", when)


def _kinds_of_index(call: LossCall) -> Iterator[Step]:
    """Rows of 0 and 1, numbers or other dtypes where indices are wanted."""
    (logits, target), values = call.shapes, call.target
    whole, floats, same, outputs = is_whole(values), values.is_floating_point(), target == logits, logits[-1]
    hot, use = [axis for axis in range(1, len(target)) if is_one_hot(values, axis)], "use the index of the 1"
    for axis in hot:
        price = 0.9 if target[axis] in (outputs, call.outputs) else 2.0
        yield Step("one_hot", price, f"target = target.long().argmax({axis})", use)
    if hot and same and not floats:
        yield Step("one_hot", 1, "target = target.float()", "make them floating-point probabilities")
    one_row = len(logits) == 2 and outputs > 1 and target == (prod(logits),)
    if one_row and is_one_hot(values.reshape(logits), 1):
        yield Step("one_hot", 1.5, f"target = target.reshape{logits}.argmax(1)", use)
    if same and is_zero_one(values) and not (hot and outputs > 1) and call.classes != 1:
        mistake = "no_batch" if len(logits) == 1 else "yes_no" if outputs == 1 else "several"
        when = TWO_CLASSES if outputs == 1 else FITS_BCE
        yield Step(mistake, 1.5, bce(values), "score each output by itself", when)
    if floats and len(target) == 2 and outputs != target[1] != call.outputs and sums_to_1(values, 1):
        yield Step("columns", 2, new_head(target[1], call.loss), "one output per class")
    if floats and same and call.loss == "nll_loss":
        title = "use cross entropy, which takes probabilities"
        yield Step("one_hot", 1, "criterion = F.cross_entropy", title)
    if not whole and prod(target) == logits[0]:
        code = f"{new_head(1, 'mse_loss')}\nlogits = logits.flatten()\ntarget = target.flatten()"
        code = f"{code}\ncriterion = F.mse_loss"
        yield Step("quantities", 2, code, "predict the number itself", "where the target is a quantity")
    if whole and not (floats and same) and values.dtype != torch.int64 and values.numel():
        yield Step("index_dtype", 0.8, "target = target.long()", "make the labels int64")


def _labels(call: LossCall) -> Iterator[Step]:
    """Labels that have no output: which of the two is meant to change."""
    found, outputs, weight = label_range(call), call.outputs, call.options.get("weight")
    if found is None or call.target.shape != call.wanted or (found[0] >= 0 and found[1] < outputs):
        return
    (lowest, highest), labels = found, call.counted_labels
    # Labels of all the classes there are fit no smaller head, however they are counted.
    is_small = outputs < (call.classes or 0) and lowest >= 0 and highest < (call.classes or 0)
    if lowest == -1 and highest == 1 and 0 not in labels:
        yield Step("labels", 0.9, "target = (target + 1) // 2", "count -1 and 1 as 0 and 1")
    if highest >= 2 * outputs > 2 and len(labels.unique()) <= outputs and not is_small:
        code, when = (
            "target = target.unique(return_inverse=True)[1]",
            "where these are all the classes there are",
        )
        yield Step("labels", 1, code, "number the labels that occur from 0", when)
    if lowest and highest - lowest < outputs and not is_small:
        from_one = lowest > 0 and highest == outputs > 1  # class 1 need not be in every batch
        first = 1 if from_one else lowest
        by_chance = from_one and (1 - 1 / (highest + 1)) ** len(labels) > CHANCE
        price = 2.2 if lowest > 0 and not from_one else 1.8 if by_chance else 1.1
        code = f"target = target {'-' if first > 0 else '+'} {abs(first)}"
        yield Step("labels", price, code, "count from 0", f"where {first} is the first class")
    if call.logits.ndim <= 2 and lowest >= 0:
        classes = max(highest + 1, 0 if weight is None else weight.numel())
        title, when = "give the head as many outputs as classes", f"where there are {classes} classes"
        yield Step("head", 2, new_head(classes, call.loss), title, when)
    if outputs == 1 == highest and lowest >= 0 and call.logits.ndim == 2:
        code = f"logits = logits.squeeze(1)\n{bce(call.target)}"
        yield Step("yes_no", 2.1, code, "keep one output, for yes or no", TWO_CLASSES)
    bad = " | ".join(["(target < 0)"] * (lowest < 0) + [f"(target >= {outputs})"] * (highest >= outputs))
    code = f"target = target.masked_fill({bad}, {call.ignore_index})"
    title, when = "ignore the labels that don't fit", "where they are mistakes in the data"
    yield Step("labels" if lowest < 0 else "head", 3, code, title, when)


def _kinds_of_number(call: LossCall) -> Iterator[Step]:
    """Axes of size 1, indices, or another dtype, where numbers of the logits' shape are wanted."""
    (logits, target), values, binary = call.shapes, call.target, call.takes.binary
    if logits != target and without_ones(logits) == without_ones(target):
        mistake = "extra_one" if len(target) > len(logits) else "ones"
        code = f"target = target.reshape{logits or '(())'}"
        yield Step(mistake, 1, code, "give the target the shape of logits")
        if mistake == "ones":
            code = f"logits = logits.reshape{target or '(())'}"
            yield Step(mistake, 1.1, code, "give the logits the shape of the target")
    if values.dtype != call.logits.dtype:
        cast = "float()" if is_integer(values) and call.logits.dtype == torch.float32 else "to(logits.dtype)"
        yield Step("number_dtype", 0.8, f"target = target.{cast}", "give both one dtype")
    is_raw = call.loss == "binary_cross_entropy" and not is_within_0_and_1(call.logits)
    if is_raw:
        code = "criterion = F.binary_cross_entropy_with_logits"
        yield Step("raw", 1.5, code, "leave the sigmoid to the loss", "where these are raw logits")
    fits = target[:1] == logits[:1] or (len(logits) == 2 and values.numel() == logits[0])
    if len(logits) < 2 or logits[-1] < 2 or not fits or not is_whole(values):
        return
    if binary and len(target) == len(logits) == 2 and 1 < target[1] < logits[1] and not is_zero_one(values):
        code = "target = torch.zeros_like(logits).scatter_(1, target.long(), 1.0)"
        yield Step("indices", 1.2, code, "a 0 or 1 for each output", "where each row lists its classes")
    last, rest = (1, logits[:1] + logits[2:]) if call.is_turned else (len(logits) - 1, logits[:-1])
    is_misread = len(logits) > 2 and target != rest and call.classes not in (None, logits[last])
    if values.numel() != prod(rest) or is_misread:
        return
    mistake, price = ("indices", 1.25) if binary else ("one_class", 1.45)
    labels = "target" if target == rest else "target.flatten()"
    turn = "logits = logits.movedim(-1, 1)\n" * (last > 1)
    when = "where exactly one class is right"
    code = f"{turn}target = {labels}.long()\ncriterion = F.cross_entropy"
    yield Step(mistake, 1.3, code, "one class per row", when)
    code = f"target = F.one_hot({labels}.long(), {logits[last]}).to(logits.dtype)"
    code += ".movedim(-1, 1)" * call.is_turned
    yield Step(mistake, price, code, "a 0 or 1 for each output", FITS_BCE)


def _outputs(call: LossCall) -> Iterator[Step]:
    """A head with another number of outputs than the target has numbers for each row."""
    (logits, target), binary, whole = call.shapes, call.takes.binary, is_whole(call.target)
    one_each = len(logits) == 2 and logits[1] > 1 and target in (logits[:1], (logits[0], 1))
    if one_each and not (binary and whole and not is_zero_one(call.target)):
        mistake = "one_output" if not whole else "indices" if binary else "one_class"
        code = f"{new_head(1, call.loss)}\nlogits = logits.squeeze(-1)\ntarget = target.flatten().float()"
        yield Step(mistake, 1.4, code, "one output", "where each row has one number, or yes and no")
    elif (
        len(target) == len(logits) > 1 and target[:-1] == logits[:-1] and target != logits
    ) and not call.other_columns:
        yield Step("columns", 1.6, new_head(target[-1], call.loss), "as many outputs as the target has")


def _range(call: LossCall) -> Iterator[Step]:
    """Answers that are neither 0 nor 1 nor between, for a loss of yes and no; classes counted from 1."""
    values, binary, outputs = call.target, call.takes.binary, call.logits.shape[-1] if call.logits.ndim else 1
    are_labels = call.logits.ndim and values.numel() == prod(call.logits.shape[:-1]) and is_whole(values)
    if not values.numel() or not (binary or are_labels):
        return
    lowest, highest = float(values.min()), float(values.max())
    # Nothing that is in range is shifted, for then a batch without its first class would be.
    if lowest >= 0 and highest <= (outputs - 1 if are_labels else 1):
        return
    if binary and lowest and len(values.unique()) == 2:
        code, title = f"target = target.float() - {lowest:g}", "count from 0"
        if lowest == -1:
            code, title = "target = (target.float() + 1) / 2", "count -1 and 1 as 0 and 1"
        yield Step("range", 1.2, code, title)
    elif are_labels and lowest > 0 and highest == outputs > 1:
        yield Step("range", 1.2, "target = target - 1", "count from 0", "where 1 is the first class")
    if binary and are_labels and outputs == 1 < highest and lowest >= 0:
        classes = int(highest) + 1
        code = f"{new_head(classes, 'cross_entropy')}\ntarget = target.flatten().long()"
        code, when = f"{code}\ncriterion = F.cross_entropy", f"where one of {classes} classes is right"
        yield Step("range", 2, code, "one output per class", when)


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
    joined, call = is_joined(call.logits), _at_hand(call)
    paths = search(call, grade)
    if not paths:
        name, also = _beyond_repair(call, joined)
        return _finding(call, name, certain=not also, also=also) if name else None
    best = paths[0]
    close = [MISTAKES[path.gravest].cause for path in paths if path.price <= best.price + CLOSE]
    also = "; ".join(CAUSES[cause].title for cause in [*dict.fromkeys(close)][1:])
    trap = _trap(call) if best.gravest == "tokens" else ""
    (logits, target), axes = call.shapes, call.logits.ndim if call.takes.by_index else 0
    # A target (N, C) beside logits (N, T, C) may be one: rows of classes, or tags of the tokens.
    is_guess = axes == 3 and target == logits[::2] != logits[:2] and call.classes != logits[2]
    certain = not also and not is_guess and best.price <= SURE
    found = _finding(call, best.gravest, best, certain, also)
    # What mends the tensors at hand can't be written where the learner holds others.
    fixes = [] if call.folded is not None or call.unread else [path.as_fix() for path in paths]
    return replace(found, fixes=tuple(fix for fix in fixes if fix is not None), trap=trap)


def _at_hand(call: LossCall) -> LossCall:
    """Return the call as the learner holds it: before flattening; zeros stand in for what can't be read."""
    legal = call.takes.by_index and call.target.shape == call.wanted
    if call.folded is not None and call.folded[0].ndim and not legal:
        call = replace(call, logits=call.folded[0], target=call.folded[1], folded=None)
    if call.unread:
        zeros = [torch.zeros(part.shape, dtype=part.dtype) for part in (call.logits, call.target)]
        call = replace(call, logits=zeros[0], target=zeros[1], criterion=F.cross_entropy)
    return replace(call, logits=call.logits.detach(), target=call.target.detach())


def search(call: LossCall, grade: Grade) -> list[Path]:
    """Return the cheapest repairs after which the call is right, the cheapest first.

    Where there is none, one after which it runs and is still wrong: two mistakes, of which one is undone.
    """
    order, seen = count(), set[frozenset[str]]()
    found, halfway = list[Path](), list[Path]()
    right, limit = 0, DEAREST
    enough = WRONG if has_its_shapes(call) else FITS
    heap = [(0.0, next(order), Path((), 0.0, (call,)))]
    while heap and right < MOST and heap[0][0] <= limit:
        price, _, path = heappop(heap)
        if any(known.loss is not None and {*known.steps} <= {*path.steps} for known in found):
            continue
        mark, loss = grade(path.call) if path.steps and _keeps_classes(path) else (FAILS, None)
        if mark == RIGHT:
            found.append(path._replace(loss=loss))
            right, limit = right + 1, min(limit, DEARER * price)
            continue
        (found if mark > WRONG else halfway).extend([path] * (mark >= enough))
        if len(path.steps) < DEEPEST:
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
            yield Path((*path.steps, step), price, (*path.calls, repaired))


def _keeps_classes(path: Path) -> bool:
    """Where the number of classes tells which axis holds them, that axis is the classes afterwards too."""
    call = path.calls[0]
    known = call.logits.ndim > 2 and call.classes in call.logits.shape[1:]
    made_anew = "hidden" in path.code or not path.call.takes.by_index
    return not known or made_anew or path.call.outputs == call.classes


def result_of(code: str, call: LossCall, repaired: LossCall, loss: float) -> str:
    """Say what a repair gave: the loss, and the shapes that changed."""
    (logits, target), (came, was) = repaired.shapes, call.shapes
    parts = [f"loss {loss:.3f}", f"logits {logits}" * (logits != came), f"target {target}" * (target != was)]
    if target == was and repaired.target.dtype != call.target.dtype:
        parts.append(f"target {str(repaired.target.dtype).removeprefix('torch.')}")
    parts.append("on stand-in states" * ("hidden" in code and call.hidden is None))
    return ", ".join(filter(None, parts))


def has_its_shapes(call: LossCall) -> bool:
    """Whether the target has a shape that the loss is for: indices or, where it takes them, probabilities."""
    soft = call.takes.by_index and call.target.shape == call.logits.shape and call.target.is_floating_point()
    return call.target.shape == call.wanted or soft


def loss_of(call: LossCall) -> float:
    """Run the loss and return it as a number: with reduction="none", the mean. What it raises is raised."""
    loss = call.criterion(call.logits.detach(), call.target.detach())
    return float(loss if loss.ndim == 0 else loss.double().mean())


def after(code: str, call: LossCall) -> LossCall | None:
    """Run a repair on a call; None when it raises, which says that it is none."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "criterion": call.criterion}
    names |= {"logits": call.logits, "target": call.target}
    if "hidden" in code:
        # A new head's weights are random; the same each time, so that a result can be checked.
        torch.default_generator.manual_seed(0)
        rows, own = call.logits.shape[:-1], call.hidden
        if own is not None and prod(own.shape[:-1]) != prod(rows):
            return None
        names["hidden"] = torch.randn(*rows, STAND_IN) if own is None else own.reshape(*rows, own.shape[-1])
    came = names_after(code, names)
    if not came:
        return None
    logits, target, criterion = came["logits"], came["target"], came["criterion"]
    if criterion is call.criterion:
        return replace(call, logits=logits, target=target)
    return replace(loss_call(criterion, logits, target), hidden=call.hidden, classes=call.classes)


# What no line of code can mend: rows, predictions or weights that are not there.


def _beyond_repair(call: LossCall, joined: bool) -> tuple[str, str]:
    """Name the mistake that the two shapes show, and a second reading of them where there is one."""
    (logits, target), index = call.shapes, call.takes.by_index
    rows, labels = (logits or (1,))[0], (target or (1,))[0]
    is_misread = index and rows == labels and call.classes in logits[2:] and call.outputs != call.classes
    if target == call.wanted and not is_misread:
        readings = _of_values(call)
    elif rows != labels and logits and (target or index) and not (index and len(logits) == 1):
        readings = _of_rows(call, joined)
    else:
        # Floating-point numbers are no labels of tokens; fractions may be quantities.
        are_rows = index and call.target.is_floating_point() and is_whole(call.target)
        per_token = len(logits) > 2 and len(target) > 1 and (index or len(target) == len(logits))
        readings = [
            ("misread", "", is_misread),
            ("one_number", "", not index and not (logits and target)),
            ("no_batch", "batch_target", index and len(logits) == 1),
            ("extra_last", "one_hot_index", index and len(logits) > 2 and target[:-1] == call.wanted),
            ("columns", "", not index and len(logits) == len(target) == 4 and logits[2:] == target[2:]),
            ("no_tokens", "", not index and len(logits) == len(target) == 2 and call.other_columns),
            ("pooled", "", len(logits) == 3 and len(target) == 2 and (are_rows or target[1] == call.classes)),
            ("quantities", "token_logits_for_sequence", per_token and index and not is_whole(call.target)),
            ("length", "", per_token and rows > 1),
            ("empty_axis", "static_length", per_token and index),
            ("columns", "", len(logits) == len(target) == 2 and call.target.is_floating_point()),
            ("no_tokens", "one_hot_index", index and target == logits),
            ("no_tokens", "", len(target) > len(logits) - index),
            ("pooled", "static_length", True),
        ]
    name, second = next((name, second) for name, second, holds in readings if holds)
    return name, CAUSES[second].title if second else ""


def _of_values(call: LossCall) -> list[Reading]:
    """The shapes are right: the values or the types are not."""
    index, binary = call.takes.by_index, call.takes.binary
    weight, labels = (
        call.options.get("weight" if index else "pos_weight"),
        label_range(call) if index else None,
    )
    fitting = (call.outputs,) if index else (1, call.outputs)
    is_raw = call.loss == "binary_cross_entropy" and not is_within_0_and_1(call.logits)
    return [
        ("weights", "", weight is not None and weight.numel() not in fitting),
        ("head", "label_range", call.unread),
        ("quantities", "", index and not is_whole(call.target)),
        ("labels", "", labels is not None and labels[0] < 0),
        ("head", "", labels is not None and labels[1] >= call.outputs),
        ("number_dtype", "", not index and is_integer(call.target)),
        ("raw", "", is_raw),
        ("range", "", binary and not is_within_0_and_1(call.target)),
        ("", "", True),
    ]


def _of_rows(call: LossCall, joined: bool) -> list[Reading]:
    """The rows of one side are missing, or an axis is counted as rows, as reports mostly turn out."""
    (logits, target), index = call.shapes, call.takes.by_index
    rows, axes = logits[0], len(logits)
    # Where logits were flattened, the target is to be as well.
    is_flat = index and axes == len(target) == 2 and not call.target.is_floating_point()
    labels = prod(target) if is_flat else (target or (1,))[0]
    more = labels // rows if rows and not labels % rows else 0
    fewer = rows // labels if 1 < labels < rows and not rows % labels else 0
    nearly = axes == 3 and len(target) < 2 and 2 * labels > prod(logits[:2])
    return [
        ("lengths", "batch_target", index and nearly and more),
        ("more_outputs", "batch_target", not index and logits[1:] == (1,) and more and rows > 1),
        ("one_row", "batch_target", rows == 1 < labels and logits[1:] == target[1:]),
        ("rows", "token_logits_for_sequence", index and axes > 2 and len(target) < 2),
        ("rows", "", axes > 1 + index),
        ("folded", "batch_target", index and fewer >= FEWEST_TOKENS and not joined),
        ("rows", "" if index else "head_size", fewer),
        ("labelled", "batch_target", index and more >= MANY_TOKENS and rows > 1),
        ("rows", "sequence_logits_for_token", index and more >= FEWEST_TOKENS),
        ("lengths", "batch_target", _are_lengths(*sorted((rows, labels)))),
        ("rows", "", True),
    ]


def _are_lengths(fewer: int, more: int) -> bool:
    """Whether two counts look like those of tokens: N x T, with one N and two T that are nearly the same."""
    times = gcd(fewer, more)
    is_batch = more <= MOST_ROWS or (more < MANY_ROWS and not more % 50)
    return not is_batch and times > 1 and fewer >= FEWEST_TOKENS * times and more < 2 * fewer


# The words.


def _finding(
    call: LossCall, name: str, path: Path | None = None, certain: bool = True, also: str = ""
) -> Finding:
    mistake = MISTAKES[name]
    needs = mistake.needs.format_map(_facts(path or Path((), 0.0, (call,))))
    return Finding(mistake.cause, needs, mistake.marks, (), certain, also=also, mistake=name)


def _facts(path: Path) -> dict[str, Any]:
    """What the words of a mistake may name: the call as it came, when its turn comes, and as repaired."""
    call, then, repaired = path.calls[0], path.calls[path.worst], path.call
    (came, was), index, outputs = call.shapes, call.takes.by_index, then.outputs
    lowest, highest = _range_of(then)
    fits = "only label 0 fits" if outputs == 1 else f"labels 0 to {outputs - 1} fit"
    from_one = index and lowest > 0 and highest == outputs > 1
    these = f"these go from {lowest:.7g} to {highest:.7g}"
    these = f"here there is only {lowest:.7g}" if lowest == highest else these
    return {
        "call": call,
        "came": came,
        "was": was,
        "logits": repaired.shapes[0],
        "target": repaired.shapes[1],
        "wanted": (repaired if repaired.takes.by_index else call).wanted,
        "per_label": (*was, came[-1]) if came and index else was,
        "outputs": outputs,
        "last": outputs - 1,
        "fits": fits if call.unread else f"{fits}, and the labels go up to {highest:.7g}",
        "each": _each(call),
        "labels": prod(was),
        "these": these + ", as if counted from 1" * from_one,
        "broadcast": _broadcast(call),
        "weights": next(
            (weight.numel() for weight in map(call.options.get, TENSORS) if weight is not None), 0
        ),
        "dtype": str(then.target.dtype).removeprefix("torch."),
    }


def _each(call: LossCall) -> str:
    """Say how many labels are needed. With an axis more than (N, C), no shape is sure to be the target's."""
    (logits, target), index = call.shapes, call.takes.by_index
    if index and len(logits) > 2 > len(target):
        return f"one label for each row of logits: {logits[0]}, not {prod(target)}"
    return (
        f"{'one label for each row of logits' if index else 'a number for each output'}: target {call.wanted}"
    )


def _range_of(call: LossCall) -> tuple[float, float]:
    values = call.target if call.unread or not call.takes.by_index else call.counted_labels
    is_known = values.numel() and not call.unread
    return (float(values.min()), float(values.max())) if is_known else (0.0, 0.0)


def _broadcast(call: LossCall) -> str:
    """Say what a loss that broadcasts really averages; nothing where it raised, or where that is the same."""
    if call.takes.by_index or call.takes.binary:
        return ""
    try:
        compared, numbers = prod(torch.broadcast_shapes(*call.shapes)), call.logits.numel()
    except RuntimeError:
        return ""
    if compared <= numbers:
        return ""
    others = "every target" if compared == numbers**2 else f"{compared // numbers} targets"
    return f"; now each logit is compared with {others}: {compared} differences, not {numbers}"


def _trap(call: LossCall) -> str:
    """Say what torch's own text asks for, or has been done, where that runs and is wrong."""
    logits, target = call.shapes
    wrong = (*logits[:1], *logits[2:])
    is_known = call.classes == logits[1] != logits[-1]
    if not call.takes.by_index or is_known or (target != wrong and prod(target) != logits[0]):
        return ""
    return f"a target of shape {wrong} runs, but then the {logits[1]} tokens are taken for classes"
