"""What a case is, and the few lines that many of them begin with."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

# Causes that the same evidence fits, so that any of them is a right answer (as the field cases group them).
HEAD = ("head_size", "label_range")
SQUEEZE = ("extra_target_dim", "squeeze_mismatch")
KIND = ("index_for_multilabel", "loss_choice", "one_hot_index", "problem_type")
LENGTH = ("ragged_padding", "static_length")
FLAT = ("needs_flatten_or_transpose",)
TOKENS = ("needs_flatten_or_transpose", "token_logits_for_sequence")
SEQUENCES = ("needs_flatten_or_transpose", "sequence_logits_for_token")
BATCH = ("batch_target",)
DTYPE = ("target_dtype",)
MASK = ("missing_or_wrong_mask",)
LONG = ("too_long",)
VOCAB = ("vocab_range",)
INPUT = ("missing_input",)

# The tiny BERT that a case builds for itself, as a learner's cell would.
TINY = """
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification, BertModel
SIZES = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=120,
             max_position_embeddings=64)
"""
KERAS = """
import os
os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
rng = np.random.default_rng(0)
"""


@dataclass(frozen=True)
class Case:
    """A few lines that somebody could have written, and what is wrong with them.

    Attributes:
        name: Family and what is special, unique.
        code: The program; where it has a loss, `logits` and `target` are its top-level names.
        accept: The causes that are right; empty for code that is legal or none of our business.
        loss: The criterion's name in `torch.nn.functional`; a `criterion` of the program comes first.
        silent: True where nothing is raised and `check_loss` has to notice.
        worded: True where only the message tells: no tensor had been made, or Keras cut its frames off.
    """

    name: str
    code: str
    accept: tuple[str, ...] = ()
    loss: str = ""
    silent: bool = False
    worded: bool = False


def case(
    name: str,
    accept: tuple[str, ...],
    code: str,
    loss: str = "",
    *,
    begin: str = "",
    silent: bool = False,
    worded: bool = False,
) -> Case:
    """Build a case from an indented program, after the lines that it begins with."""
    return Case(name, begin + textwrap.dedent(code), accept, loss, silent, worded)
