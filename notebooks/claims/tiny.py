"""The two BERTs that the claims share.

Where shapes and errors matter: real transformers code, random weights, 32 numbers per token, not 768.
Where a number is taught: MiniLM, the kit's pretrained one.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import torch

from helpers.bert import load_bert, load_tokenizer


def sizes() -> dict[str, Any]:
    """Return what makes the kit's BERT tiny, or nothing where real weights are asked for."""
    if os.environ.get("SHAPE_CLINIC_MODEL"):
        return {}
    return {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}


def tiny_bert(task: str = "encoder", num_labels: int = 3, **config: Any) -> Any:
    """Load a fresh BERT: none of the claims sees what another one did to it."""
    return load_bert(task, num_labels, **sizes(), **config)


@cache
def tokenizer() -> Any:
    """Load the tokenizer once: no claim changes it."""
    return load_tokenizer()


def tokens(*sentences: str, **options: Any) -> Any:
    """Tokenize, padded: `input_ids` and `attention_mask` are int64 of shape (N, T)."""
    return tokenizer()(list(sentences), **{"padding": True, "return_tensors": "pt", **options})


def learned_bert(**config: Any) -> Any:
    """Load the BERT that has learned, MiniLM."""
    return load_bert("encoder", pretrained=True, **config)


def learned_tokens(*sentences: str) -> Any:
    """Tokenize for MiniLM, padded."""
    return load_tokenizer(pretrained=True)(list(sentences), padding=True, return_tensors="pt")


def cls_rows(*sentences: str) -> torch.Tensor:
    """Read sentences and keep each one's first row, (N, H) float32."""
    with torch.no_grad():
        return tiny_bert()(**tokens(*sentences)).last_hidden_state[:, 0]
