"""Rules about what a model gives: pure functions of one forward pass."""

from __future__ import annotations

from torch import nn

from helpers.diagnosis.batch.run import IGNORED, Run, is_token
from helpers.diagnosis.loss.silent import unused
from helpers.diagnosis.loss.values import is_integer, sums_to_1
from helpers.diagnosis.said.finding import BATCH, CLASSES, SCORES, Candidate, Finding


def one_output(run: Run) -> Finding | None:
    """Cross entropy over a single output."""
    if run.labels is None or run.logits is None or run.logits.shape[-1] != 1 or not is_integer(run.labels):
        return None
    if not is_token(run) and run.problem_type != "single_label_classification":
        return None
    needs = "two outputs or more: the softmax of one number is always 1, so the loss is always 0"
    return Finding("head_size", needs, CLASSES, (head(run, 2),))


def unused_outputs(run: Run) -> Finding | None:
    """More outputs than classes, or than the labels of a batch make likely."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or not is_integer(labels):
        return None
    # Labels per token are too uneven to tell without the number of classes.
    if logits.ndim != 2 and not (is_token(run) and run.classes is not None):
        return None
    if getattr(run.config, "problem_type", None) not in (None, "single_label_classification"):
        return None
    counted = labels[labels != IGNORED]
    if not len(counted) or labels.shape == logits.shape:
        return None
    found = unused(logits.shape[-1], int(counted.max()), len(counted), run.classes)
    if found is None:
        return None
    seen, needs = found
    return Finding("unused_outputs", needs, CLASSES, (head(run, seen),) if seen > 1 else (), certain=False)


def softmax(run: Run) -> Finding | None:
    """The model gives probabilities, and cross entropy applies a softmax of its own."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or not is_integer(labels) or logits.ndim < 2 or logits.shape[-1] < 2:
        return None
    if not sums_to_1(logits, -1):
        return None
    needs = "raw logits: every row sums to 1, so a softmax stands before the loss, which applies its own"
    places = [name for name, part in run.model.named_modules() if isinstance(part, nn.Softmax)]
    code = f"{_spelled(places[-1])} = torch.nn.Identity()" if places else ""
    candidates = (Candidate("take it out", code),) if code else ()
    return Finding("softmax_before_loss", needs, SCORES, candidates, certain=run.loss is not None)


def _spelled(path: str) -> str:
    """Spell a module's place as code: a number is an index.

    >>> _spelled("classifier.1")
    'model.classifier[1]'
    """
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path.split("."))


def fewer_logits(run: Run) -> Finding | None:
    """Fewer logits than sentences."""
    if run.ids is None or run.logits is None or len(run.logits) >= len(run.ids):
        return None
    rows, left = len(run.ids), len(run.logits)
    needs = f"logits for all {rows} rows; {left} came out. Look for an index by a mask in the model's forward"
    return Finding("dropped_rows", needs, BATCH, certain=False)


def head(run: Run, outputs: int, then: str = "") -> Candidate:
    """Give the model another number of outputs, and run `then`."""
    layers = [name for name, part in run.model.named_modules() if isinstance(part, nn.Linear)]
    last = f"model.{layers[-1]}" if layers else "model.classifier"
    code = f"{last} = torch.nn.Linear({last}.in_features, {outputs})\n"
    code += f"model.num_labels = model.config.num_labels = {outputs}{then}"
    return Candidate(f"{outputs} outputs", code, f"better when it is made: num_labels={outputs}")
