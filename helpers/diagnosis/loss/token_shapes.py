"""Where logits have three axes or more, as (N, T, C), and the target doesn't follow them."""

from __future__ import annotations

from math import prod

from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.loss.values import is_one_hot
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.finding import BATCH, CLASSES, TOKENS, Candidate, Finding

Shape = tuple[int, ...]


def index_shape(logits: Shape) -> Shape:
    """Return the shape of the indices that belong to logits of this shape."""
    return logits[:1] + logits[2:] if len(logits) > 1 else ()


def then_cast(cast: str) -> str:
    """Return the line that makes the target an index, where one is needed."""
    return f"\ntarget = target{cast}" if cast else ""


def why_many_axes_do_not_fit(call: LossCall, logits: Shape, target: Shape, cast: str, count: int) -> Finding:
    """Logits with three axes or more, as (N, T, C)."""
    rows, outputs = logits[0], logits[-1]
    squeezed = tuple(size for size in logits if size != 1)
    if len(target) == 1 and len(squeezed) == 2 and squeezed[0] == count:
        code = f"logits = logits.reshape{squeezed}{then_cast(cast)}"
        needs = f"logits {squeezed}, without the axes of size 1"
        return Finding(
            "needs_flatten_or_transpose", needs, CLASSES, (Candidate("drop the axes of size 1", code),)
        )
    if len(target) == 1 and count == prod(logits[:-1]):
        code = f"logits = logits.flatten(0, -2){then_cast(cast)}"
        needs = f"both sides flattened: logits ({count}, {outputs}) belong to target ({count},)"
        return Finding(
            "needs_flatten_or_transpose", needs, CLASSES, (Candidate("flatten the logits too", code),)
        )
    if count == rows and (target == (rows,) or target == (rows, 1)):
        return _one_label_for_many_tokens(logits, target, cast)
    if len(logits) == 3 and target == (logits[1], rows):
        code = f"target = target.T{cast}\nlogits = logits.movedim(-1, 1)"
        needs = f"batch and tokens in the same order: target {(rows, logits[1])}, and classes on axis 1"
        return Finding("needs_flatten_or_transpose", needs, BATCH, (Candidate("turn both", code),))
    if len(logits) == 3 and target == (logits[1],):
        code = f"logits = logits.movedim(1, 0)[:, 0]{then_cast(cast)}"
        needs = f"logits ({logits[1]}, {outputs}): here the batch is on axis 1, with {rows} predictions a row"
        return Finding(
            "token_logits_for_sequence", needs, BATCH, (Candidate("batch first, then one token", code),)
        )
    if len(logits) == 3 and len(target) == 2 and target[0] == rows:
        return _other_length(logits, target, cast)
    if target and target[0] != rows:
        # With one axis, as many labels as rows would raise again.
        also = CAUSES["token_logits_for_sequence"].title if len(target) == 1 else ""
        needs = f"as many rows in target as in logits: {rows}"
        return Finding("batch_target", needs, BATCH, certain=False, also=also)
    wanted = index_shape(logits)
    if target == (*wanted, logits[1]) and not call.unread and is_one_hot(call.target, len(target) - 1):
        code = "target = target.long().argmax(-1)"
        needs = f"indices {wanted}; the last axis of the target is one-hot over {logits[1]} classes"
        return Finding("one_hot_index", needs, CLASSES, (Candidate("use the index of the 1", code),))
    cause = "extra_target_dim" if len(target) > len(wanted) else "static_length"
    return Finding(cause, f"target {wanted} for logits {logits}", BATCH, certain=False)


def _one_label_for_many_tokens(logits: Shape, target: Shape, cast: str) -> Finding:
    rows, outputs = logits[0], logits[-1]
    column = f"\ntarget = target.flatten(){cast}" if len(target) > 1 else then_cast(cast)
    middle = tuple(range(1, len(logits) - 1))
    first = ", ".join(["0"] * len(middle))
    candidates = (
        Candidate(
            "keep the first token, [CLS]",
            f"logits = logits[:, {first}]{column}",
            "where the head reads BERT's states",
        ),
        Candidate(
            "average over the tokens", f"logits = logits.mean({middle if len(middle) > 1 else 1}){column}"
        ),
    )
    needs = f"one prediction per sentence: logits ({rows}, {outputs}) with target ({rows},)"
    wrong = (rows, *logits[2:])
    trap = f"a target of shape {wrong} runs, but then the {logits[1]} tokens are taken for classes"
    return Finding("token_logits_for_sequence", needs, TOKENS, candidates, trap=trap)


def _other_length(logits: Shape, target: Shape, cast: str) -> Finding:
    rows, length, _ = logits
    if rows == 1:
        needs = f"logits (T, C) and target (T,), without the axis of size 1; T is {length} and {target[1]}"
        return Finding("needs_flatten_or_transpose", needs, BATCH, also="the two lengths differ")
    turn = "\nlogits = logits.movedim(-1, 1)" + then_cast(cast)
    candidates = []
    if length - target[1] == 2:
        code = f"logits = logits[:, 1:-1]{turn}"
        candidates.append(
            Candidate("leave out [CLS] and [SEP]", code, "where labels are for the tokens between them")
        )
    if target[1] - length == 1:
        candidates += [
            Candidate(
                "leave out the first label",
                f"target = target[:, 1:]{turn}",
                "where token t predicts label t + 1",
            ),
            Candidate(
                "leave out the last label",
                f"target = target[:, :-1]{turn}",
                "where the last label has no token",
            ),
        ]
    if length - target[1] == 1:
        code = f"logits = logits[:, :-1]{turn}"
        candidates.append(
            Candidate("leave out the last prediction", code, "where token t predicts label t + 1")
        )
    needs = f"one label per token: T is {length} in logits and {target[1]} in target"
    return Finding("static_length", needs, BATCH, tuple(candidates))
