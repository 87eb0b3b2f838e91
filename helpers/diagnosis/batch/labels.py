"""Rules about a batch's labels, what the model gives for them, and the losses it calls with both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.batch.run import LABELS, Run, is_token
from helpers.diagnosis.loss.call import LossCall, loss_call
from helpers.diagnosis.loss.silent import what_is_silent
from helpers.diagnosis.loss.values import is_integer, is_one_hot, is_whole, sums_to_1
from helpers.diagnosis.said.finding import BATCH, CLASSES, DTYPE, LABEL, Candidate, Finding

KIND = "model.config.problem_type"
ONE_CLASS = (f"{LABELS} = {LABELS}.argmax(1)", "where a row has one class")
SEVERAL = (f'{KIND} = "multi_label_classification"', "where a row may have several")


def problem_type(run: Run) -> Finding | None:
    """The configuration and the labels speak of different tasks."""
    labels, kind = run.labels, run.problem_type
    if labels is None or not hasattr(vars(run.model).get("config"), "problem_type") or is_token(run):
        return None
    outputs, whole = run.config.num_labels, is_integer(labels)
    if outputs == 1 and whole and kind in (None, "regression"):
        needs = "num_labels=2 or more for classes; with one output whole labels are taken for numbers (MSE)"
        number = Candidate("say that they are numbers", f"{LABELS} = {LABELS}.float()", "to predict a number")
        highest = int(labels.max())
        more = (head(run, max(2, run.classes or 0, highest + 1), f"\n{KIND} = None"), number)
        return Finding("problem_type", needs, LABEL if highest > 0 else CLASSES, more, certain=kind is None)
    wanted = _wanted(labels, kind, outputs)
    if not wanted:
        return None
    needs = f"labels that fit {kind!r}, which the model was told or remembers from its first labels"
    return Finding("problem_type", needs, DTYPE, wanted)


def _wanted(labels: Tensor, kind: str | None, outputs: int) -> tuple[Candidate, ...]:
    classes = Candidate("one class per row", f'{KIND} = "single_label_classification"', "for class indices")
    numbers = Candidate(
        "0 or 1 for each output", f"{LABELS} = {LABELS}.float()", "where a row may have several"
    )
    if kind == "single_label_classification" and labels.is_floating_point():
        if labels.ndim != 2 or labels.shape[1] != outputs:
            return (
                (Candidate("make them indices", f"{LABELS} = {LABELS}.long()"),) if is_whole(labels) else ()
            )
        several = Candidate("score each output by itself", *SEVERAL)
        return (Candidate("take the index", *ONE_CLASS), several) if is_one_hot(labels, 1) else (several,)
    if kind == "multi_label_classification" and is_integer(labels):
        one_hot = f"{LABELS} = torch.nn.functional.one_hot({LABELS}.flatten(), {outputs}).float()"
        return numbers, classes, Candidate("0 or 1 for each output", one_hot, "to keep a score per output")
    if kind == "regression" and outputs > 1 and is_integer(labels):
        return (classes, numbers) if labels.shape[1:] == (outputs,) else (classes,)
    return ()


def loss_inside(run: Run) -> Finding | None:
    """What the losses that the model called have got wrong without a word, and what mends it here."""
    for call in run.losses or _likely_loss(run):
        found = what_is_silent(replace(call, classes=run.classes))
        # Labels per token are too uneven to tell without the number of classes.
        if found is None or (found.cause == "unused_outputs" and is_token(run) and run.classes is None):
            continue
        mends = MENDS.get(found.cause, lambda run, call: ())(run, call)
        return replace(found, fixes=(), candidates=mends, trap="", certain=found.certain and bool(run.losses))
    return None


def _likely_loss(run: Run) -> tuple[LossCall, ...]:
    """Where the model calls no loss, integer labels will most likely meet cross entropy."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or not is_integer(labels) or logits.shape[-1] < 2:
        return ()
    rows = logits.reshape(-1, logits.shape[-1])
    return (loss_call(F.cross_entropy, rows, labels.flatten()),) if len(rows) == labels.numel() else ()


def _no_softmax(run: Run, call: LossCall) -> tuple[Candidate, ...]:
    places = [name for name, part in run.model.named_modules() if isinstance(part, nn.Softmax | nn.Sigmoid)]
    return tuple(Candidate("take it out", f"{_spelled(name)} = torch.nn.Identity()") for name in places[-1:])


def _fewer(run: Run, call: LossCall) -> tuple[Candidate, ...]:
    seen = max(run.classes or 0, int(call.counted_labels.max()) + 1)
    return (head(run, seen),) if seen > 1 else ()


def _skip(run: Run, call: LossCall) -> tuple[Candidate, ...]:
    return (Candidate("leave this batch out of the loss", f"del {LABELS}", "where it really has no labels"),)


def _same_shape(run: Run, call: LossCall) -> tuple[Candidate, ...]:
    wanted = () if run.logits is None else tuple(run.logits.shape)
    return (Candidate("give them the logits' shape", f"{LABELS} = {LABELS}.reshape{wanted}"),)


# What mends in a model and its batch what a loss by itself has other repairs for.
MENDS: dict[str, Callable[[Run, LossCall], tuple[Candidate, ...]]] = {
    "softmax_before_loss": _no_softmax,
    "head_size": lambda run, call: (head(run, 2),),
    "unused_outputs": _fewer,
    "all_ignored": _skip,
    "squeeze_mismatch": _same_shape,
}


def _spelled(path: str) -> str:
    """Spell a module's place as code: a number is an index.

    >>> _spelled("classifier.1")
    'model.classifier[1]'
    """
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path.split("."))


def head(run: Run, outputs: int, then: str = "") -> Candidate:
    """Give the model another number of outputs, and run `then`."""
    layers = [_spelled(name) for name, part in run.model.named_modules() if isinstance(part, nn.Linear)]
    last = layers[-1] if layers else "model.classifier"
    code = f"{last} = torch.nn.Linear({last}.in_features, {outputs})"
    if "config" in vars(run.model):
        code += f"\nmodel.num_labels = model.config.num_labels = {outputs}{then}"
    return Candidate(f"{outputs} outputs", code, f"better when it is made: num_labels={outputs}")


def fewer_logits(run: Run) -> Finding | None:
    """Fewer logits than sentences."""
    if run.ids is None or run.logits is None or len(run.logits) >= len(run.ids):
        return None
    rows, left = len(run.ids), len(run.logits)
    needs = f"logits for all {rows} rows; {left} came out. Look for an index by a mask in the model's forward"
    return Finding("dropped_rows", needs, BATCH, certain=False)


def squeezed(run: Run) -> Finding | None:
    """Numbers that fit only once the model has squeezed both."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or getattr(run.config, "problem_type", None) != "regression":
        return None
    if run.loss is None or labels.numel() == 1 or len(labels) == len(logits):
        return None
    needs = f"labels {tuple(logits.shape)}, a row for each row of logits; these fit only once squeezed"
    same = _same_shape(run, run.losses[0]) if run.losses else ()
    return Finding("batch_target", needs, BATCH, same, certain=False)


def turned(run: Run) -> Finding | None:
    """Labels (T, N) beside ids (N, T): both are flattened, so the counts agree."""
    if run.labels is None or run.ids is None or not is_token(run) or run.ids.shape[0] == run.ids.shape[1]:
        return None
    if tuple(run.labels.shape) != tuple(run.ids.shape[::-1]):
        return None
    needs = f"labels {tuple(run.ids.shape)}: (N, T) like input_ids; these are (T, N)"
    turn = Candidate("turn them", f"{LABELS} = {LABELS}.T.contiguous()")
    return Finding("needs_flatten_or_transpose", needs, BATCH, (turn,))


def one_hot(run: Run) -> Finding | None:
    """Float labels (N, C) whose rows sum to 1, and each output gets a loss of its own.

    Told beforehand that it is multi-label, a model may well have rows with one label each; no parts of one.
    """
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or logits.shape != labels.shape or labels.ndim != 2:
        return None
    if getattr(run.config, "problem_type", None) != "multi_label_classification" or not sums_to_1(labels, 1):
        return None
    if run.problem_type is not None and (is_one_hot(labels, 1) or labels.shape[1] == 1):
        return None
    needs = f"indices ({len(labels)},) for one class per row; float labels turn the model multi-label"
    several = Candidate("say that it is multi-label", *SEVERAL)
    if is_one_hot(labels, 1):
        return Finding(
            "problem_type", needs, DTYPE, (Candidate("take the index", *ONE_CLASS), several), certain=False
        )
    if run.problem_type is not None:
        needs = "one loss over the whole row: each sums to 1, like probabilities of one class per row; "
        needs += f"{run.problem_type!r} scores each output by itself"
        several = Candidate("", "")
    code = 'labels = batch.pop("labels")\n'
    code += "loss = torch.nn.functional.cross_entropy(model(**batch).logits, labels)"
    soft = Candidate("keep the probabilities", code, "where a row has one class")
    return Finding("problem_type", needs, DTYPE, (soft, several), certain=False)


def integer_one_hot(run: Run) -> Finding | None:
    """Whole-number labels (N, C): the model flattens them, and then there are C labels for each row."""
    labels = run.labels
    if labels is None or not is_integer(labels) or is_token(run) or labels.ndim != 2:
        return None
    if labels.shape[1] != getattr(run.config, "num_labels", 0) or not is_one_hot(labels, 1):
        return None
    needs = f"indices ({len(labels)},) in int64; one-hot rows of whole numbers are flattened"
    return Finding("one_hot_index", needs, DTYPE, (Candidate("take the index", *ONE_CLASS),))
