"""Document 001: why BERT's predictions have another shape than expected."""

from __future__ import annotations

import torch
from torch import nn

from claims.claim import claim
from claims.outcome import Found
from claims.tiny import learned_bert, learned_tokens, tiny_bert, tokenizer, tokens
from helpers.reference.index import PADDING, TOKENS

_THREE = ("This is a positive sentence.", "This is a negative sentence.", "This is a neutral sentence.")
_TWO = ("Short sentence.", "A much longer sentence with more words.")


@claim("001-1", "gives (3, 3)", TOKENS)
def _one_row_per_sentence() -> object:
    """BertForSequenceClassification gives (3, 3) for three sentences and three classes."""
    return tiny_bert("sequence", num_labels=3)(**tokens(*_THREE)).logits


@claim("001-1b", "gives 100 of 100 new heads", TOKENS)
def _predictions_of_a_new_head() -> object:
    """Its predictions are [0, 1, 2], before any training."""
    with torch.no_grad():
        cls = learned_bert()(**learned_tokens(*_THREE)).last_hidden_state[:, 0]  # (3, 384)
    said = [nn.Linear(384, 3)(cls).argmax(dim=1).tolist() for _ in range(100)]
    return Found(f"{said.count([0, 1, 2])} of 100 new heads", "with MiniLM, the pretrained BERT")


@claim("001-2", "gives (1, 8, 10)", TOKENS)
def _one_row_per_token() -> object:
    """BertForTokenClassification gives (1, sequence_length, 10) for one sentence and ten classes."""
    batch = tokens("This is a positive sentence.")
    names = tokenizer().convert_ids_to_tokens(batch["input_ids"][0])
    return Found(tiny_bert("token", num_labels=10)(**batch).logits, f"counted: {' '.join(names)}")


@claim("001-2b", {"of one sentence": "gives (8, 10)", "of three": "gives (24, 10)"}, TOKENS)
def _tokens_and_classes() -> object:
    """The shape of token predictions is (number of tokens, number of classes)."""
    logits = tiny_bert("token", num_labels=10)(**tokens(*_THREE)).logits
    return {"of one sentence": lambda: logits[0], "of three": lambda: logits}


@claim("001-3", "gives (2, 3)", TOKENS)
def _rows_by_mask() -> object:
    """logits[attention_mask.bool().all(dim=1)] keeps one row per sentence, (2, 3)."""
    batch = tokens(*_TWO)
    logits = tiny_bert("sequence", num_labels=3)(**batch).logits
    kept = logits[batch["attention_mask"].bool().all(dim=1)]
    return Found(kept, f"kept {len(kept)} of {len(logits)} sentences", len(kept) < len(logits))


@claim("001-c1", {"short": "gives (1, 3)", "long": "gives (1, 3)", "both, padded": "gives (2, 3)"}, TOKENS)
def _length_does_not_matter() -> object:
    """A sentence's prediction has the same shape, however many tokens it has and padding is added."""
    model = tiny_bert("sequence", num_labels=3)
    return {
        "short": lambda: model(**tokens(_TWO[0])).logits,
        "long": lambda: model(**tokens(_TWO[1])).logits,
        "both, padded": lambda: model(**tokens(*_TWO)).logits,
    }


@claim("001-c2", {"as they are": "raises ValueError", "padded": "runs"}, PADDING)
def _batches_need_padding() -> object:
    """Sentences of different lengths make a batch only when the short ones are padded."""
    return {
        "as they are": lambda: tokens(*_TWO, padding=False),
        "padded": lambda: tokens(*_TWO)["input_ids"],
    }
