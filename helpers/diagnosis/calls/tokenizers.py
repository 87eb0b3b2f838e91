"""A tokenizer or a data collator that was asked for one tensor of rows with different lengths."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.names import name_of, named
from helpers.diagnosis.seen.raised import Raised, tried

FEW = 32  # texts on which padding is tried


def explain_tokenizer(raised: Raised) -> Diagnosis | None:
    """Rows that a tokenizer can't put into one tensor."""
    return next((found for step in raised.steps if (found := _at(raised, step)) is not None), None)


def _at(raised: Raised, step: Step) -> Diagnosis | None:
    if not step.module.startswith("transformers.tokenization"):
        return None
    this: Any = step.variables.get("self")
    if step.function == "convert_to_tensors":
        for name, rows in (getattr(this, "data", None) or {}).items():
            lengths = lengths_of(rows)
            if lengths:
                return _unpadded(raised, f"{name}: {lengths}", str(name))
    asks = step.function == "_get_padding_truncation_strategies"
    if asks and step.variables.get("padding") and getattr(this, "pad_token", "") is None:
        return _no_pad_token(raised, this)
    return None


def _unpadded(raised: Raised, got: str, name: str) -> Diagnosis:
    needs = "one length: tokenizer(..., padding=True, truncation=True)"
    if name == "labels":
        needs = "labels padded like input_ids, with -100: DataCollatorForTokenClassification"
        return raised.diagnosis("ragged_padding", got, needs)
    return raised.diagnosis("ragged_padding", got, needs, [_called_again(raised)])


def _called_again(raised: Raised) -> Fix | None:
    """Call the learner's tokenizer with padding, on the first texts; how it pads is put back afterwards."""
    values = named(raised.own[0]) if raised.own else {}
    names = [name for name, value in values.items() if hasattr(value, "pad_token") and name.isidentifier()]
    texts = [
        name for name, value in values.items() if isinstance(value, list | tuple) and name.isidentifier()
    ]
    if len(names) != 1 or len(texts) != 1:
        return None
    tokenizer = values[names[0]]
    backend = getattr(tokenizer, "_tokenizer", None)
    before = (getattr(backend, "padding", None), getattr(backend, "truncation", None))
    code = f'encoded = {names[0]}({texts[0]}, padding=True, truncation=True, return_tensors="pt")'
    given = {names[0]: tokenizer, texts[0]: values[texts[0]][:FEW]}
    fix = tried("pad while tokenizing", code, given, lambda space: space.encoded["input_ids"])
    if backend is not None:
        _put_back(backend, *before)
    return fix


def _put_back(backend: Any, padding: dict[str, Any] | None, truncation: dict[str, Any] | None) -> None:
    backend.enable_padding(**padding) if padding else backend.no_padding()
    backend.enable_truncation(**truncation) if truncation else backend.no_truncation()


def _no_pad_token(raised: Raised, tokenizer: Any) -> Diagnosis:
    name = name_of(tokenizer, raised.steps)
    end = getattr(tokenizer, "eos_token", None)
    fix = None
    if end and name.isidentifier():
        code = f"{name}.pad_token = {name}.eos_token"
        when = f"and model.config.pad_token_id = {name}.pad_token_id"
        stand_in = SimpleNamespace(eos_token=end)
        fix = tried(
            "pad with a token that it has", code, {name: stand_in}, lambda _: f"pads with {end!r}", when
        )
    got = f"{type(tokenizer).__name__} asked for padding; its pad_token is None"
    return raised.diagnosis("ragged_padding", got, "a token to pad with", [fix])
