"""A checkpoint whose weights don't have the model's shapes: which weights, and what that says."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from helpers.diagnosis.said.result import Diagnosis, Example, Fix
from helpers.diagnosis.seen.alike import alike, example, program
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.raised import Raised, tried

EMBEDDINGS = ("word_embeddings", "wte", "embed_tokens", "shared", "embedding")
POSITIONS = ("position", "wpe", "pos_emb")
Differing = dict[str, tuple[tuple[int, ...], tuple[int, ...]]]


def explain_checkpoint(raised: Raised) -> Diagnosis | None:
    """Weights of a checkpoint that don't have the model's shapes."""
    for step in raised.steps:
        differ = _differing(step)
        if differ:
            return replace(_checkpoint(raised, differ, _last_layer(step)), example=_example(step, differ))
    return None


def _example(step: Step, differ: Differing) -> Example:
    """The same model, and of the checkpoint the weights whose shapes differ: their names are the model's."""
    model = step.variables.get("model", step.variables.get("self"))
    lines = [f'    "{name}": torch.zeros{kept},' for name, (kept, _) in differ.items()]
    lines = ["state_dict = {", *lines, "}", "model.load_state_dict(state_dict, strict=False)"]
    return example(lambda: program(f"model = {alike(model)}", *lines))


def _differing(step: Step) -> Differing:
    """Return the weights whose shapes differ: name -> (in the checkpoint, in the model)."""
    if step.frame.f_code is nn.Module.load_state_dict.__code__:
        model, kept = step.variables["self"], step.variables["state_dict"]
        own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        return {
            name: (tuple(value.shape), tuple(own[name].shape))
            for name, value in kept.items()
            if isinstance(value, Tensor) and name in own and value.shape != own[name].shape
        }
    info = step.variables.get("loading_info") if step.module.startswith("transformers.") else None
    return {name: (tuple(a), tuple(b)) for name, a, b in getattr(info, "mismatched_keys", None) or ()}


def _last_layer(step: Step) -> str:
    model = step.variables.get("model", step.variables.get("self"))
    names = [name for name, _ in model.named_parameters()] if isinstance(model, nn.Module) else []
    return names[-1].rpartition(".")[0] if names else ""


def _checkpoint(raised: Raised, differ: Differing, last: str) -> Diagnosis:
    name, (kept, own) = next(iter(differ.items()))
    more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
    got = f"{name}: {kept} in the checkpoint, {own} in the model{more}"
    if any(part in name for part in POSITIONS):
        needs = f"max_position_embeddings={kept[0]} as in the checkpoint; the model has {own[0]}"
        return raised.diagnosis("too_long", got, needs)
    if any(part in name for part in EMBEDDINGS):
        needs = (
            f"{kept[0]} ids as in the checkpoint; load first, then model.resize_token_embeddings({own[0]})"
        )
        return raised.diagnosis("vocab_range", got, needs)
    if all(key.rpartition(".")[0] == name.rpartition(".")[0] for key in differ) or name.startswith(last):
        needs = (
            f"num_labels={kept[0]} as in the checkpoint, or a new head of {own[0]}: leave this layer out, "
            "or ignore_mismatched_sizes=True in from_pretrained"
        )
        return raised.diagnosis("head_size", got, needs, [_without_head(raised, differ)])
    needs = "a model with the checkpoint's own config: its layers have other sizes"
    return raised.diagnosis("static_length", got, needs, certain=False)


def _without_head(raised: Raised, differ: Differing) -> Fix | None:
    step = next(
        (step for step in raised.steps if step.frame.f_code is nn.Module.load_state_dict.__code__), None
    )
    if step is None:
        return None
    left_out = tuple(differ)
    state = step.variables["state_dict"]
    code = f"state_dict = {{name: weight for name, weight in state_dict.items() if name not in {left_out}}}"
    fits = f"{len(state) - len(differ)} weights fit"
    then = "then load_state_dict(state_dict, strict=False)"
    return tried("load all but the head", code, {"state_dict": dict(state)}, lambda _: fits, then)
