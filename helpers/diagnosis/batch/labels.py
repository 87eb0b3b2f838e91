"""Rules about a batch's labels: pure functions of one forward pass."""

from __future__ import annotations

from torch import Tensor

from helpers.diagnosis.batch.outputs import head
from helpers.diagnosis.batch.run import IGNORED, LABELS, Run, is_token
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


def all_ignored(run: Run) -> Finding | None:
    """Nothing is left to learn from."""
    if run.labels is None or not is_integer(run.labels) or (run.labels != IGNORED).any():
        return None
    needs = f"at least one label that is not {IGNORED}; the mean of nothing is nan"
    skip = Candidate("leave this batch out of the loss", f"del {LABELS}", "where it really has no labels")
    return Finding("all_ignored", needs, (), (skip,))


def broadcast(run: Run) -> Finding | None:
    """MSE of two shapes that are stretched to fit, or that fit only once the model has squeezed both."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or getattr(run.config, "problem_type", None) != "regression":
        return None
    fits = labels.squeeze().shape == logits.squeeze().shape
    if run.loss is None or (fits and (labels.numel() == 1 or len(labels) == len(logits))):
        return None
    same = Candidate("give them the logits' shape", f"{LABELS} = {LABELS}.reshape{tuple(logits.shape)}")
    if fits:
        needs = f"labels {tuple(logits.shape)}, a row for each row of logits; these fit only once squeezed"
        return Finding("batch_target", needs, BATCH, (same,), certain=False)
    needs = f"labels {tuple(logits.shape)}, a number for each output; other shapes are stretched to fit"
    return Finding("squeeze_mismatch", needs, BATCH, (same,))


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
    """Float labels (N, C) on a fresh model: each output gets a loss of its own."""
    labels, logits = run.labels, run.logits
    if labels is None or logits is None or run.problem_type is not None or logits.shape != labels.shape:
        return None
    if getattr(run.config, "problem_type", None) != "multi_label_classification" or not sums_to_1(labels, 1):
        return None
    needs = f"indices ({len(labels)},) for one class per row; float labels turn the model multi-label"
    several = Candidate("say that it is multi-label", *SEVERAL)
    if is_one_hot(labels, 1):
        return Finding(
            "problem_type", needs, DTYPE, (Candidate("take the index", *ONE_CLASS), several), certain=False
        )
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
