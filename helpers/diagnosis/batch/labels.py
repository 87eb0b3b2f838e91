"""What is wrong with a batch's labels beside what the model gives for them, and with its own losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import nn

from helpers.diagnosis.batch.run import LABELS, Run
from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.problem_type import MULTI, NUMBERS, SINGLE, other_kind
from helpers.diagnosis.loss.silent import what_is_silent
from helpers.diagnosis.loss.values import is_one_hot, sums_to_1
from helpers.diagnosis.said.finding import BATCH, CLASSES, DTYPE, LABEL, Finding
from helpers.diagnosis.said.result import Fix

# As a learner's code spells labels and problem_type.
CODE = {"labels": LABELS, **{kind: f'model.config.problem_type = "{kind}"' for kind in (SINGLE, MULTI)}}


def of_kind(run: Run) -> Iterator[Finding]:
    """The configuration and the labels speak of different tasks."""
    labels, outputs = run.labels, getattr(run.config, "num_labels", 0)
    found = None if labels is None else other_kind(labels, outputs, run.kind, CODE)
    if labels is not None and found is not None and outputs == 1 and run.kind == NUMBERS:
        highest = int(labels.max())
        needs = "num_labels=2 or more for classes; with one output whole labels are taken for numbers (MSE)"
        more = _head(run, max(2, run.classes or 0, highest + 1), "\nmodel.config.problem_type = None")
        marks, fixes = LABEL if highest > 0 else CLASSES, (more, *found.fixes)
        found = replace(found, needs=needs, marks=marks, fixes=fixes, certain=run.told is None)
    if found is not None:
        yield found


def of_losses(run: Run) -> Iterator[Finding]:
    """What the losses that the model called have got wrong without a word, and what mends it here."""
    for call in run.losses:
        found = what_is_silent(replace(call, classes=run.classes))
        # Labels per token are too uneven to tell without the number of classes.
        if found and not (found.cause == "unused_outputs" and run.is_token and run.classes is None):
            yield replace(found, fixes=tuple(_mends(run, call, found.cause)), trap="")


def _mends(run: Run, call: LossCall, cause: str) -> Iterator[Fix]:
    """What mends in a model and its batch what a loss by itself has other repairs for."""
    if cause == "softmax_before_loss":
        for place in _places(run, nn.Softmax, nn.Sigmoid)[-1:]:
            yield Fix("take it out", f"{place} = torch.nn.Identity()")
    elif cause == "head_size":
        yield _head(run, 2)
    elif cause == "unused_outputs":
        yield _head(run, max(run.classes or 0, int(call.counted_labels.max()) + 1))
    elif cause == "all_ignored":
        yield Fix("leave this batch out of the loss", f"del {LABELS}", when="where it really has no labels")


def _places(run: Run, *types: type[nn.Module]) -> list[str]:
    """Spell where the model has such modules: model.classifier[1]."""
    paths = [path.split(".") for path, part in run.model.named_modules() if isinstance(part, types)]
    return [
        "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path) for path in paths
    ]


def _head(run: Run, outputs: int, then: str = "") -> Fix:
    """Give the model another number of outputs, and run `then`."""
    last = ["model.classifier", *_places(run, nn.Linear)][-1]
    code = f"{last} = torch.nn.Linear({last}.in_features, {outputs})"
    if "config" in vars(run.model):
        code += f"\nmodel.num_labels = model.config.num_labels = {outputs}{then}"
    return Fix(f"{outputs} outputs", code, when=f"better when it is made: num_labels={outputs}")


def of_rows(run: Run) -> Iterator[Finding]:
    """Labels that are turned, or probabilities of one class, or fewer logits than sentences."""
    ids, labels, logits = run.ids, run.labels, run.logits
    if logits is None:
        return
    wanted = tuple(logits.shape[:2])
    # Labels (T, N) beside logits (N, T, C), or (1, N) beside (N, 1): flattened, the counts agree.
    if labels is not None and run.loss is not None and tuple(labels.shape) == wanted[::-1] != wanted:
        cause = "needs_flatten_or_transpose" if run.is_token else "batch_target"
        needs = f"labels {wanted}, a row for each row of the batch; these are turned"
        yield Finding(cause, needs, BATCH, (Fix("turn them", f"{LABELS} = {LABELS}.T.contiguous()"),))
    # Told beforehand that it is multi-label, a model may well have rows with one label each; no parts of one.
    is_apart = labels is not None and run.kind == MULTI and labels.shape == wanted and wanted[1] > 1
    if labels is not None and is_apart and sums_to_1(labels, 1) and not (run.told and is_one_hot(labels, 1)):
        needs = f"indices ({len(labels)},) or cross entropy for one class per row, as in rows that sum to 1; "
        needs += "float labels turn the model multi-label, and each output is scored by itself"
        code = 'labels = batch.pop("labels")\n'
        code += "loss = torch.nn.functional.cross_entropy(model(**batch).logits, labels)"
        code = f"{LABELS} = {LABELS}.argmax(1)" if is_one_hot(labels, 1) else code
        one = Fix("one class per row", code, when="where a row has one class")
        several = Fix("say that it is multi-label", CODE[MULTI], when="where a row may have several")
        yield Finding("problem_type", needs, DTYPE, (one, several), certain=False)
    if ids is not None and len(logits) < len(ids):
        needs = f"logits for all {len(ids)} rows; {len(logits)} came out. "
        needs += "Look for an index by a mask in the model's forward"
        yield Finding("dropped_rows", needs, BATCH, certain=False)
