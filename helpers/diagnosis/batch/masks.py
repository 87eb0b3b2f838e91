"""What is wrong with the attention mask and the padding it is for, as one forward pass shows it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.diagnosis.batch.run import LABELS, Run
from helpers.diagnosis.batch.run import run as look_again
from helpers.diagnosis.said.finding import Finding
from helpers.diagnosis.said.result import Fix
from helpers.trace import IGNORED

MOVES = 0.01  # of the largest logit: a mean moves more, a float's last digits or a narrow window less


def of_mask(run: Run) -> Iterator[Finding]:
    """Padding that is read like text, text that is left out, or a mask of another shape than the ids."""
    ids, given, padding = run.ids, run.mask, run.padding
    takes_mask = "attention_mask" in inspect.signature(run.model.forward).parameters
    if ids is None or not (takes_mask or "input_ids" not in run.batch):
        return
    # One number for each pair of tokens is made on purpose.
    if "past_key_values" in run.batch or (given is not None and given.ndim > 2):
        return
    pad = getattr(run.config, "pad_token_id", None)
    made = f'(batch["input_ids"] != {pad}).long()'
    made = made if padding is not None else 'torch.ones_like(batch["input_ids"])'
    fix = Fix("make it from the ids", f'batch["attention_mask"] = {made}', when="or the tokenizer's own")
    wanted = f"attention_mask {tuple(ids.shape)}"
    if given is not None and given.shape != ids.shape:
        yield _wrong(f"{wanted}, like input_ids; another shape is not always refused", fix)
        return
    only_looks_back = any(getattr(module, "is_causal", False) is True for module in run.model.modules())
    if padding is not None and not (only_looks_back and not padding[:, 0].any()):
        count, read = int(padding.sum()), int((padding if given is None else padding & (given != 0)).sum())
        now = "left out, all tokens are read" if given is None else f"it has 1 at {read} of them"
        needs = f"{wanted} with 0 at the {count} padding token{'s' * (count > 1)}; {now}"
        if read:
            yield _wrong(needs, fix, certain=_is_clear(ids, padding))
    hidden = torch.zeros_like(ids, dtype=torch.bool) if given is None else given == 0
    left_out = int((hidden & (ids != pad)).sum()) if isinstance(pad, int) else 0
    if left_out:
        are = "is" if left_out == 1 else "are"
        needs = f"attention_mask with 1 for every token; it leaves out {left_out} that {are} not padding"
        yield _wrong(needs, fix, certain=False)
    largest = _moves(run, ids, hidden)
    if largest:
        needs = f"logits that padding can't move; other tokens at the mask's 0s move them by {largest:.2g}. "
        needs += "A mean (or max) over all tokens reads padding too: weight by attention_mask.unsqueeze(-1), "
        yield _wrong(needs + "and divide by its sum")


def _is_clear(ids: Tensor, padding: Tensor) -> bool:
    """One id at a row's end may be a token by chance; not two, nor where all rows end alike before it."""
    last = ids.gather(1, (~padding).long().cumsum(1).argmax(1, keepdim=True))
    return int(padding.sum(1).max()) > 1 or len(ids) > 1 == len(last.unique())


def _moves(run: Run, ids: Tensor, hidden: Tensor) -> float:
    """How far other tokens where the mask has 0 move the logits; 0.0 where that is next to nothing."""
    old = run.logits
    # Where a row begins with padding, a model that reads its first token reads that.
    if old is None or len(old) != len(ids) or not hidden.any() or hidden[:, 0].any():
        return 0.0
    others = ids.masked_fill(hidden, int(ids[~hidden].max()))
    new = look_again(run.model, run.batch, others=(ids, others)).logits
    if new is None or new.shape != old.shape:
        return 0.0
    # A token that is padding may have what logits it likes: no label counts there.
    moved = (new - old).abs()[~hidden if run.is_token else ...]
    largest = float(moved.max())
    return largest if largest > MOVES * float(old.abs().max()) else 0.0


def of_tokens(run: Run) -> Iterator[Finding]:
    """Labels per token that count the padding too, or that begin at [CLS] and end one token too early."""
    labels, ids = run.labels, run.ids
    if labels is None or ids is None or not run.is_token or labels.shape != ids.shape:
        return
    padding = torch.zeros_like(ids, dtype=torch.bool) if run.padding is None else run.padding
    count = int((padding & (labels != IGNORED)).sum())
    if count:
        are = "is" if count == 1 else "are"
        needs = f"labels of {IGNORED} where input_ids are padding; {count} of these {are} not"
        code = f'{LABELS} = {LABELS}.masked_fill(batch["input_ids"] == {run.config.pad_token_id}, {IGNORED})'
        yield _wrong(needs, Fix("leave padding out of the loss", code), certain=False)
    length = (~padding).sum(1, keepdim=True)
    early = torch.arange(ids.shape[1], device=ids.device) < length - 2
    # All rows begin with one id and end with one: those are [CLS] and [SEP].
    ends = torch.cat([ids[:, :1], ids.gather(1, (length - 1).clamp_min(0))], 1)
    is_framed = len(ids) > 1 == len(ends.unique(dim=0)) and bool(early[:, 0].all())
    if is_framed and torch.equal(labels != IGNORED, early):
        needs = f"{IGNORED} at [CLS] and [SEP]; these labels stand one token too early, as the tokenizer put "
        needs += "[CLS] in front and they did not move along (word_ids() tells each token's word)"
        code = f"{LABELS} = torch.cat([torch.full_like({LABELS}[:, :1], {IGNORED}), {LABELS}[:, :-1]], 1)"
        yield Finding("static_length", needs, (), (Fix("move them one token to the right", code),))


def _wrong(needs: str, *fixes: Fix, certain: bool = True) -> Finding:
    return Finding("missing_or_wrong_mask", needs, (), fixes, certain)
