"""What a layer of torch is made for, what came, and which other layer, or state, would take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.calls.inputs import at_most, is_positions
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.made import ways_to
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.diagnosis.seen.stand_in import stand_in

MOST_ROWS = 10  # times the rows of an embedding: with more, the ids belong to another vocabulary


@dataclass(frozen=True)
class Failed:
    """A layer that refused its input.

    Attributes:
        layer: The layer; None where its function was called by itself, or where no other would do.
        got: What it is made for, and what came.
        needs: What fits.
        given: Its input, or its state.
        cause: Whose mistake it is where nothing mends it.
        wanted: The shape that a recurrent layer's state must have.
        most: The longest T that a table of positions has rows for.
    """

    layer: Any
    got: str
    needs: str
    given: Tensor
    cause: str = "head_size"
    wanted: tuple[int, ...] = ()
    most: int = 0

    def other(self, raised: Raised) -> tuple[float, str, nn.Module] | None:
        """Return a layer that takes what came, with its price and the code that makes it."""
        ways = [way.spelled() for way in ways_to(raised.steps, lambda part: part is self.layer)]
        path = name_of(self.layer, raised.steps) or next(reversed(ways), "")
        if isinstance(self.layer, nn.Linear) and self.given.ndim:
            width, outputs = self.given.shape[-1], self.layer.out_features
            code = f"{path or 'head'} = nn.Linear({width}, {outputs})"
            # A width that is the batch's T or N is none: an axis was taken for another.
            return 1.5 + (width in _lengths(raised)), code, nn.Linear(width, outputs)
        if (
            not isinstance(self.layer, nn.Embedding)
            or self.cause != "vocab_range"
            or int(self.given.min()) < 0
        ):
            return None
        rows, width = int(self.given.max()) + 1, self.layer.embedding_dim
        if rows > MOST_ROWS * self.layer.num_embeddings:
            return None
        models = {name: each for step in raised.own[:3] for name, each in step.variables.items()}
        grows = [name for name, each in models.items() if _embeds(each, self.layer)]
        code = f"{path or 'embedding'} = nn.Embedding({rows}, {width})"
        code = f"{grows[0]}.resize_token_embeddings({rows})" if grows else code
        weight = self.layer.weight.detach()[:1].expand(rows, width)
        return 0.9, code, nn.Embedding.from_pretrained(weight)


def _embeds(model: Any, layer: nn.Module) -> bool:
    """Whether this is a model of transformers whose ids this layer looks up."""
    grows = isinstance(model, nn.Module) and hasattr(type(model), "resize_token_embeddings")
    return grows and type(model).get_input_embeddings(model) is layer


def _lengths(raised: Raised) -> set[int]:
    values = [value for step in raised.own[:3] for value in step.variables.values()]
    ids = [value for value in values if isinstance(value, Tensor) and not value.is_floating_point()]
    return {size for value in ids for size in value.shape[:2]}


def with_layer(model: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """Return a stand-in for the model in which one layer is another."""
    return new if model is old else stand_in(model, {id(old): new})


def layer_that_failed(raised: Raised) -> Failed | None:
    """Return the layer of torch that refused what it was given, from the frames inside it."""
    found = (_at(raised, index, step) for index, step in enumerate(raised.steps))
    return next(filter(None, found), None)


def _at(raised: Raised, index: int, step: Step) -> Failed | None:
    layer: Any = step.variables.get("self")
    given, code = step.variables.get("input"), step.frame.f_code
    if isinstance(layer, nn.RNNBase) and step.function == "check_hidden_size":
        return _state(layer, step.variables["hx"], step.variables["expected_hidden_size"])
    if code is F.multi_head_attention_forward.__code__:
        query, wanted = step.variables["query"], step.variables["embed_dim_to_check"]
        return _width("MultiheadAttention", layer, wanted, query, -1) or _masked(layer, step)
    if not isinstance(given, Tensor):
        return None
    if code in (F.embedding.__code__, F.embedding_bag.__code__):
        return _looked_up(raised, index, step)
    if code is nn.Linear.forward.__code__:
        spelled = f"nn.Linear({layer.in_features}, {layer.out_features})"
        return _width(spelled, layer, layer.in_features, given, -1)
    if isinstance(layer, nn.RNNBase) and step.function == "check_input":
        return _width(type(layer).__name__, layer, layer.input_size, given, -1)
    if isinstance(layer, nn.modules.conv._ConvNd) and step.function == "forward":
        return _width(type(layer).__name__, layer, layer.in_channels, given, 1) or _short(layer, given)
    if code is F.batch_norm.__code__ and step.variables["running_mean"] is not None:
        return _width("BatchNorm", layer, step.variables["running_mean"].numel(), given, 1)
    if code is F.layer_norm.__code__:
        return _width("LayerNorm", layer, step.variables["normalized_shape"][-1], given, -1)
    return None


def _short(layer: nn.modules.conv._ConvNd, given: Tensor) -> Failed | None:
    """A convolution over fewer tokens than its kernel is wide."""
    least, length = layer.kernel_size[-1], given.shape[-1]
    padding = layer.padding[-1] if isinstance(layer.padding, tuple) else 0
    if isinstance(padding, str) or length + 2 * padding >= least:
        return None
    needs = f"T at least {least - 2 * padding}, as wide as the kernel: pad every row to that"
    got = f"{type(layer).__name__} with a kernel of {least}, input {shape(given)}"
    return Failed(layer, got, needs, given, "ragged_padding")


def _looked_up(raised: Raised, index: int, step: Step) -> Failed | None:
    """An embedding that was asked for a row that it does not have."""
    ids, weight = step.variables["input"], step.variables["weight"]
    if not isinstance(weight, Tensor) or weight.ndim != 2 or ids.is_floating_point() or not ids.numel():
        return None
    rows, steps = weight.shape[0], raised.steps[index + 1 :]
    layers = (each.variables.get("self") for each in steps[:2])
    layer = next((each for each in layers if isinstance(each, nn.Embedding | nn.EmbeddingBag)), None)
    table = _name_in(steps, layer) or name_of(layer if layer is not None else weight, steps) or "embedding"
    needs = f"ids from 0 to {rows - 1}"
    if raised.is_unread:
        long = "position" in table or ids.shape[-1:] > weight.shape[:1]
        got = f"{table} with {rows} rows, ids {shape(ids)} on {ids.device}"
        return Failed(layer, got, needs, ids, "too_long" if long else "vocab_range")
    lowest, highest = int(ids.min()), int(ids.max())
    if lowest >= 0 and highest < rows:
        return None
    if lowest >= 0 and (is_positions(table) or _counts_up(ids, rows)):
        # RoBERTa starts to count after the row for padding, so its last row is reached earlier.
        padding = step.variables.get("padding_idx")
        most = rows - (0 if padding is None else int(padding) + 1)
        got = f"{ids.shape[-1] if ids.ndim else 1} tokens in a row, {table} for T up to {most}"
        return Failed(layer, got, at_most(most), ids, "too_long", most=most)
    count = int(((ids < 0) | (ids >= rows)).sum())
    got = f"{table} with {rows} rows, ids {shape(ids)} from {lowest} to {highest}; "
    got += f"{count} of {ids.numel()} have no row"
    if "type" in table.lower():
        layer = None  # the model knows no more of them
        needs = (
            f"token types from 0 to {rows - 1}: 0 for the first sentence{', 1 for the second' * (rows > 1)}"
        )
    elif lowest < 0:
        needs += "; a negative one marks no token (-100 is for labels)"
    else:
        needs += (
            f", or {highest + 1} rows; tokenizer and model belong together: len(tokenizer) is at most {rows}"
        )
    return Failed(layer, got, needs, ids, "vocab_range")


def _name_in(steps: list[Step], layer: Any) -> str:
    """Return the attribute under which a model keeps a layer."""
    owners = (step.variables.get("self") for step in steps)
    models = (each for each in owners if isinstance(each, nn.Module) and each is not layer)
    return next((name for each in models for name, child in each.named_children() if child is layer), "")


def _counts_up(ids: Tensor, rows: int) -> bool:
    """Whether these are positions: each row counts on by 1 until past the table's end."""
    flat = ids.reshape(-1, ids.shape[-1]) if ids.ndim else ids.reshape(1, 1)
    return flat.shape[1] > rows // 2 > 0 and bool((flat.diff(dim=1) == 1).all())


def _masked(layer: Any, step: Step) -> Failed | None:
    """Masks of torch's own attention, which has its states as (T, N, H) inside."""
    query, key, heads = (step.variables[name] for name in ("query", "key", "num_heads"))
    mask, scores = step.variables.get("key_padding_mask"), step.variables.get("attn_mask")
    length, rows = key.shape[0], key.shape[1] if key.ndim == 3 else 1
    wanted = (rows, length) if key.ndim == 3 else (length,)
    if isinstance(mask, Tensor) and tuple(mask.shape) != wanted:
        got = f"key_padding_mask {shape(mask)}, keys (N={rows}, T={length})"
        return Failed(layer, got, f"key_padding_mask {wanted}: (N, T)", mask, "missing_or_wrong_mask")
    pairs = (query.shape[0], length)
    if not isinstance(scores, Tensor):
        return None
    got = f"attn_mask {shape(scores)}, {rows} rows and {heads} heads, queries {pairs[0]} and keys {length}"
    if tuple(scores.shape[-2:]) != pairs:
        needs = f"attn_mask {pairs}, for pairs of tokens; padding goes in key_padding_mask (N, T)"
    elif scores.ndim == 3 and scores.shape[0] != rows * heads:
        needs = f"attn_mask {(rows * heads, *pairs)}: one for each row and head, or {pairs} for all"
    else:
        return None
    return Failed(layer, got, needs, scores, "missing_or_wrong_mask")


def _width(name: str, layer: Any, takes: int, given: Tensor, axis: int) -> Failed | None:
    if given.ndim <= (1 if axis == 1 else 0) or given.shape[axis] == takes:
        return None
    where = "whose last axis is" if axis < 0 else f"whose axis {axis} is"
    needs = f"an input {where} {takes}, or a layer that takes {given.shape[axis]}"
    return Failed(layer, f"{name} for {takes} features, input {shape(given)}", needs, given)


def _state(layer: nn.RNNBase, state: Tensor, wanted: tuple[int, ...]) -> Failed | None:
    if tuple(state.shape) == tuple(wanted):
        return None
    came, rows = (state.shape[1], wanted[1]) if len(wanted) == state.ndim == 3 else (0, 1)
    needs = (
        f"a state {tuple(wanted)} for each batch: this is made for {came} rows, and the batch has {rows}; "
    )
    needs += (
        "make it from the batch's own size, x.size(0); drop_last=True would leave out the last batch's rows"
    )
    got = f"{type(layer).__name__} with state {shape(state)} for a batch of {rows}"
    return Failed(layer, got, needs, state, "static_length", tuple(wanted))
