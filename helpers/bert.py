"""A real BERT and a real tokenizer that need no network.

The model is built from a config with random, seeded weights: its shapes and its errors are those of
bert-base-uncased (hidden_size 768), only its opinions are noise until it is trained.
`SHAPE_CLINIC_MODEL` names a hub id or a local folder to load instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from helpers.vocab import VOCAB_FILE

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SEED = 0
# One class name per task and source: the same two heads that people train, and the bare encoder.
_CLASSES = {
    "sequence": ("BertForSequenceClassification", "AutoModelForSequenceClassification"),
    "token": ("BertForTokenClassification", "AutoModelForTokenClassification"),
    "encoder": ("BertModel", "AutoModel"),
}


class ModelNotLoaded(OSError):
    """`SHAPE_CLINIC_MODEL` names something that cannot be loaded here."""


def load_tokenizer() -> PreTrainedTokenizerBase:
    """Load the tokenizer: the kit's own word pieces, or those of `SHAPE_CLINIC_MODEL`.

    Returns:
        A tokenizer whose special tokens have bert-base-uncased's ids: [PAD] 0, [UNK] 100,
        [CLS] 101, [SEP] 102, [MASK] 103. It gives int64 `input_ids` of shape (N, T).

    Raises:
        ModelNotLoaded: `SHAPE_CLINIC_MODEL` is set and cannot be loaded.

    >>> tokenizer = load_tokenizer()
    >>> tokenizer("The film was wonderful.")["input_ids"][0] == tokenizer.cls_token_id == 101
    True
    """
    import transformers

    name = os.environ.get("SHAPE_CLINIC_MODEL")
    if name:
        return _from_pretrained(transformers.AutoTokenizer.from_pretrained, name)
    # `vocab`, not transformers 4's `vocab_file`: that spelling is ignored today and gives five tokens.
    return transformers.BertTokenizer(vocab=str(VOCAB_FILE), model_max_length=512)


def load_bert(task: str = "sequence", num_labels: int = 3, **config: Any) -> PreTrainedModel:
    """Load BERT, in evaluation mode, with the head that a task needs.

    Args:
        task: "sequence" gives logits (N, C), "token" gives logits (N, T, C), "encoder" has no head
            and gives hidden_states (N, T, 768).
        num_labels: C, the number of outputs of the head.
        **config: Anything else that `transformers.BertConfig` takes.

    Raises:
        ValueError: The task is none of these, or num_labels is not a whole number above 0.
        ModelNotLoaded: `SHAPE_CLINIC_MODEL` is set and cannot be loaded.

    >>> load_bert("sequence", num_labels=3).classifier
    Linear(in_features=768, out_features=3, bias=True)
    """
    if task not in _CLASSES:
        raise ValueError(f"got task {task!r}. load_bert needs one of {', '.join(_CLASSES)}. Try 'sequence'.")
    if not isinstance(num_labels, int) or isinstance(num_labels, bool) or num_labels < 1:
        raise ValueError(f"got num_labels {num_labels!r}. A head needs 1 output or more. Try num_labels=3.")
    import transformers

    offline_class, hub_class = _CLASSES[task]
    name = os.environ.get("SHAPE_CLINIC_MODEL")
    if name:
        load = getattr(transformers, hub_class).from_pretrained
        return _from_pretrained(load, name, num_labels=num_labels, **config).eval()
    settings = {
        "vocab_size": len(VOCAB_FILE.read_text(encoding="utf-8").splitlines()),
        "num_labels": num_labels,
        # Two thin layers instead of twelve: the shapes stay those of BERT-base, a forward takes milliseconds.
        "num_hidden_layers": 2,
        "intermediate_size": 1536,
    }
    with torch.random.fork_rng(devices=[]):  # the learner's own random numbers are left alone
        torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
        model = getattr(transformers, offline_class)(transformers.BertConfig(**{**settings, **config}))
    return model.eval()


def _from_pretrained(load: Callable[..., Any], name: str, **options: Any) -> Any:
    # A folder is complete or broken; only a hub id can be mended by the network.
    for only_local in (True, os.path.isdir(name)):
        try:
            return load(name, local_files_only=only_local, **options)
        except (OSError, ValueError) as refused:
            error = refused
    raise ModelNotLoaded(
        f"got SHAPE_CLINIC_MODEL={name!r}, which cannot be loaded: {str(error).splitlines()[0]}\n"
        "The kit needs a folder with config.json, weights and tokenizer files, or a hub id that is in the"
        " cache or can be downloaded.\n"
        "Try without it, offline: unset SHAPE_CLINIC_MODEL and restart the kernel. Or download once where"
        f" there is a network (`hf download {name}`) and name that folder."
    ) from error
