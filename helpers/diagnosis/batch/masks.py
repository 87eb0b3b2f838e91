"""Rules about the attention mask and the padding it is for: pure functions of one forward pass."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn

from helpers.diagnosis.batch.run import IGNORED, LABELS, Run, is_token
from helpers.diagnosis.batch.run import run as look_again
from helpers.diagnosis.said.finding import Candidate, Finding

MOVES = 0.01  # of the largest logit: a mean moves more, a float's last digits or a narrow window less


def mask(run: Run) -> Finding | None:
    """Padding that is read like text, or a mask of another shape than the ids."""
    ids, given, padding = run.ids, run.mask, run.padding
    if ids is None or "past_key_values" in run.batch or not _takes_mask(run.model):
        return None
    if given is not None and given.ndim > 2:  # one number for each pair of tokens: made on purpose
        return None
    wanted = f"attention_mask {tuple(ids.shape)}"
    if given is not None and given.shape != ids.shape:
        needs = f"{wanted}, like input_ids; another shape is not always refused"
        return Finding("missing_or_wrong_mask", needs, (), (_new_mask(run),))
    if padding is None or (_is_causal(run.model) and not padding[:, 0].any()):
        return None  # what only looks back never sees the padding on its right
    read = padding if given is None else padding & (given != 0)
    if not read.any():
        return None
    count = int(padding.sum())
    needs = f"{wanted} with 0 at the {count} padding token{'s' * (count > 1)}; "
    needs += "left out, all tokens are read" if given is None else f"it has 1 at {int(read.sum())} of them"
    if given is not None and not ((given != 0) != padding).any():
        needs = f"{wanted} with 1 for a token and 0 for padding; it is the other way round"
    return Finding("missing_or_wrong_mask", needs, (), (_new_mask(run),), certain=_is_clear(ids, padding))


def hidden_tokens(run: Run) -> Finding | None:
    """A mask that leaves out what is no padding."""
    if run.ids is None or run.mask is None or run.pad is None or run.mask.shape != run.ids.shape:
        return None
    count = int(((run.mask == 0) & (run.ids != run.pad)).sum())
    if not count:
        return None
    needs = f"attention_mask with 1 for every token; it leaves out {count} that {_are(count)} not padding"
    return Finding("missing_or_wrong_mask", needs, (), (_new_mask(run),), certain=False)


def padding_is_read(run: Run) -> Finding | None:
    """Other tokens where the mask has 0 move the logits: a mean over all tokens, or a mask not handed on."""
    ids, given, old = run.ids, run.mask, run.logits
    if ids is None or given is None or old is None or given.shape != ids.shape or len(old) != len(ids):
        return None
    hidden = given == 0
    # Where a row begins with padding, a model that reads its first token reads that.
    if not hidden.any() or hidden[:, 0].any() or not _takes_mask(run.model):
        return None
    again, error = look_again(run.model, run.batch, others=ids.masked_fill(hidden, int(ids[~hidden].max())))
    new = again.logits
    if error is not None or new is None or new.shape != old.shape:
        return None
    moved = (new - old).abs()
    # A token that is padding may have what logits it likes: no label counts there.
    if old.ndim == 3 and old.shape[:2] == ids.shape:
        moved = moved[~hidden]
    largest = float(moved.max())
    if not largest > MOVES * float(old.abs().max()):
        return None
    needs = (
        f"logits that padding can't move; other tokens under the mask's zeros move them by {largest:.2g}. "
    )
    needs += "A mean (or max) over all tokens reads padding too: weight by attention_mask.unsqueeze(-1), "
    needs += "and divide by its sum"
    return Finding("missing_or_wrong_mask", needs)


def padding_labels(run: Run) -> Finding | None:
    """Labels per token that count the padding too."""
    labels = run.labels
    if labels is None or run.padding is None or not is_token(run) or labels.shape != run.padding.shape:
        return None
    count = int((run.padding & (labels != IGNORED)).sum())
    if not count:
        return None
    needs = f"labels of {IGNORED} where input_ids are padding; {count} of these {_are(count)} not"
    code = f'{LABELS} = {LABELS}.masked_fill(batch["input_ids"] == {run.pad}, {IGNORED})'
    leave = Candidate("leave padding out of the loss", code)
    return Finding("missing_or_wrong_mask", needs, (), (leave,), certain=False)


def shifted_labels(run: Run) -> Finding | None:
    """Labels per token that begin at [CLS] and end one token too early: it was not counted."""
    labels, ids = run.labels, run.ids
    if labels is None or ids is None or not is_token(run) or labels.shape != ids.shape or len(ids) < 2:
        return None
    real = torch.ones_like(ids, dtype=torch.bool) if run.padding is None else ~run.padding
    length, labelled = real.sum(1), labels != IGNORED
    ends = ids.gather(1, (length - 1).unsqueeze(1))
    # All rows begin with one id and end with one: those are [CLS] and [SEP].
    if len(ids[:, 0].unique()) > 1 or len(ends.unique()) > 1 or not bool((length > 2).all()):
        return None
    from_the_first = torch.arange(ids.shape[1], device=ids.device) < (length - 2).unsqueeze(1)
    if not torch.equal(labelled, from_the_first):
        return None
    needs = (
        f"{IGNORED} at [CLS] and [SEP], and each label at its own token: these stand one token too early, "
    )
    needs += (
        "as the tokenizer put [CLS] in front and the labels did not move along (word_ids() tells the word)"
    )
    code = f"{LABELS} = torch.cat([torch.full_like({LABELS}[:, :1], {IGNORED}), {LABELS}[:, :-1]], 1)"
    move = Candidate("move them one token to the right", code)
    return Finding("static_length", needs, (), (move,))


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _takes_mask(model: nn.Module) -> bool:
    return "attention_mask" in inspect.signature(model.forward).parameters


def _is_causal(model: nn.Module) -> bool:
    return any(getattr(module, "is_causal", False) is True for module in model.modules())


def _is_clear(ids: Tensor, padding: Tensor) -> bool:
    """One id at a row's end may be a token by chance; not two, nor where all rows end alike before it."""
    if int(padding.sum(1).max()) > 1:
        return True
    last = ids.shape[1] - 1 - (~padding).long().flip(1).argmax(1)
    return len(ids) > 1 and len(ids.gather(1, last.unsqueeze(1)).unique()) == 1


def _new_mask(run: Run) -> Candidate:
    code = 'torch.ones_like(batch["input_ids"])'
    if run.padding is not None:
        code = f'(batch["input_ids"] != {run.pad}).long()'
    return Candidate("make it from the ids", f'batch["attention_mask"] = {code}', "or the tokenizer's own")
