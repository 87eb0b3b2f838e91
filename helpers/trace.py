"""The shapes that one forward pass really had, up to the layer that raised where one did.

A shape printed beside the step that made it answers most questions about a classifier, and a forward
hook reads it without any change to the model. What a layer was given when it raised stands in the
error's own traceback, so a pass that runs pays nothing for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from traceback import walk_tb
from typing import Any

import torch
from torch import nn

from helpers.table import LINES, Html, table, tag

# The four axes of a classifier: one letter and one name each, everywhere in the kit.
AXES = {"N": "batch_size", "T": "sequence_length", "H": "hidden_size", "C": "num_labels"}
IGNORED = -100  # the label that torch's and transformers' losses leave out

# How a layer is made, and what it takes, in its own attributes and those that `_made_for` adds.
_MADE_FOR: dict[type[nn.Module], tuple[str, str]] = {
    nn.Linear: ("{in_features}, {out_features}", "(..., {in_features}) {dtype}"),
    nn.Embedding: ("{num_embeddings}, {embedding_dim}", "ids from 0 to {last_row}"),
    nn.EmbeddingBag: ("{num_embeddings}, {embedding_dim}", "ids from 0 to {last_row}"),
    nn.LayerNorm: ("{sizes}", "(..., {sizes}) {dtype}"),
    nn.GroupNorm: ("{num_groups}, {num_channels}", "(N, {num_channels}, ...) {dtype}"),
    nn.modules.batchnorm._NormBase: ("{num_features}", "(N, {num_features}, ...) {dtype}"),
    nn.modules.conv._ConvNd: (
        "{in_channels}, {out_channels}, kernel_size={kernel_size}",
        "(N, {in_channels}, ...) {dtype}",
    ),
    nn.RNNBase: ("{input_size}, {hidden_size}", "({first}, {input_size}) {dtype}"),
    nn.RNNCellBase: ("{input_size}, {hidden_size}", "(N, {input_size}) {dtype}"),
    nn.MultiheadAttention: (
        "{embed_dim}, {num_heads}",
        "query ({first}, {embed_dim}), key ({first}, {kdim}), value ({first}, {vdim}) {dtype}",
    ),
    nn.CrossEntropyLoss: ("", "input (N, C, ...), target (N, ...)"),
}


@dataclass(frozen=True)
class Stage:
    """One tensor on the way from the tokens to the loss.

    Attributes:
        name: What the field calls it, or the module that made it.
        shape: Its sizes, as a tuple.
        axes: One letter of `AXES` per size, "?" where the size is none of them.
        dtype: "float32", "int64", ...

    >>> print(Stage.of("logits", torch.zeros(4, 3), "NC"))
    logits (N=4, C=3) float32
    """

    name: str
    shape: tuple[int, ...]
    axes: str
    dtype: str

    @classmethod
    def of(cls, name: str, tensor: torch.Tensor, axes: str) -> Stage:
        """Describe a tensor; `axes` has one letter per dimension."""
        return cls(name, tuple(tensor.shape), axes, str(tensor.dtype).removeprefix("torch."))

    @property
    def sizes(self) -> str:
        """The shape with its axis letters, as `(N=4, C=3)`; a single axis keeps its comma, as in Python."""
        pairs = [f"{axis}={size}" for axis, size in zip(self.axes, self.shape, strict=True)]
        return f"({', '.join(pairs)}{',' if len(pairs) == 1 else ''})"

    def __str__(self) -> str:
        return f"{self.name} {self.sizes} {self.dtype}"


@dataclass(frozen=True)
class Failed:
    """The innermost layer that raised.

    Attributes:
        name: Where the model keeps it; empty for the model itself, and for a layer made on the way.
        layer: Its class, and how it was made.
        came: The tensors that it was given, one stage for each.
        takes: What it is made for; empty where the kit doesn't know.
        ids: The lowest and the highest id that an embedding was given.
        error: What was raised. `explain(trace.failed.error)` says more.
    """

    name: str
    layer: str
    came: tuple[Stage, ...]
    takes: str
    ids: tuple[int, int] | None
    error: Exception

    def __str__(self) -> str:
        told = ", ".join(map(str, self.came)) or "no tensor"
        told = told.removeprefix("input ") if len(self.came) == 1 else told  # what torch's layers call it
        told += f" from {self.ids[0]} to {self.ids[1]}" if self.ids else ""
        told += f"; takes {self.takes}" if self.takes else ""
        at = f"{self.name} = {self.layer}" if self.name else self.layer
        return f"✗ fails at {at}: came {told}\n  {type(self.error).__name__}: {self.error}"


@dataclass(frozen=True, repr=False)
class Trace:
    """The stages of one forward pass, in the order in which they were made, and the layer that raised."""

    stages: tuple[Stage, ...]
    failed: Failed | None = None

    def __getitem__(self, name: str) -> Stage:
        named = {stage.name: stage for stage in reversed(self.stages)}
        if name not in named:
            raise KeyError(f"got {name!r}. This trace has {', '.join(reversed(named))}. Try one of them.")
        return named[name]

    def __str__(self) -> str:
        width = max((len(stage.name) for stage in self.stages), default=0)
        lines = [f"{stage.name:{width}}  {stage.sizes} {stage.dtype}" for stage in self.stages]
        return "\n".join([*lines, str(self.failed)] if self.failed else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = ((stage.name, tag("code", stage.sizes), stage.dtype) for stage in self.stages)
        failed = tag("pre", str(self.failed), style=LINES) if self.failed else Html()
        return table(rows, ("step", "shape", "dtype")) + failed


def trace_shapes(model: nn.Module, *args: Any, **inputs: Any) -> Trace:
    """Run `model(*args, **inputs)` once and record the shape that each step gave, until one raises.

    The model's own modules are the steps: its children, and one level further where a child has
    children of its own (so `bert` shows as embeddings, encoder and pooler). Gradients are off, the
    model's mode and torch's random numbers stay as they are, and the hooks are removed whatever happens.

    Args:
        model: Any module. A `config.hidden_size`, where there is one, tells H from C.
        *args: What its forward takes, by position; such a tensor gets its name from the forward.
        **inputs: What it takes by name; tensors are recorded, `input_ids` (N, T) names N and T.

    Returns:
        A `Trace` with the inputs, the steps and the outputs, in that order. Where the forward raises,
        it ends with the last step that ran, and `failed` has the layer that didn't, and the error.

    >>> head = nn.Sequential(nn.Linear(768, 3))
    >>> trace_shapes(head, torch.zeros(4, 768))
    input   (N=4, ?=768) float32
    0       (N=4, C=3) float32
    output  (N=4, C=3) float32
    >>> trace_shapes(head, torch.zeros(4, 512))
    input  (N=4, ?=512) float32
    ✗ fails at 0 = Linear(768, 3): came (N=4, ?=512) float32; takes (..., 768) float32
      RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x512 and 768x3)
    """
    found = [Stage.of(name, tensor, "") for name, tensor in _given(model, args, inputs).items()]
    handles = []
    error = None

    def record(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            # Some layers compute with their parts' weights, as attention does, and never call a part.
            if not any(stage.name.startswith(f"{name}.") for stage in found):
                found.extend(Stage.of(name, tensor, "") for tensor in [*_tensors(output).values()][:1])

        return hook

    try:
        for name, module in _steps(model):
            handles.append(module.register_forward_hook(record(name)))
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            output = model(*args, **inputs)
    except Exception as raised:  # whatever it is: it is the result to show
        error = raised
    finally:
        for handle in handles:
            handle.remove()
    if error is None:
        found += [Stage.of(name, tensor, "") for name, tensor in _tensors(output, "output").items()]
    axes = _axis_namer(model, found, error is None)
    failed = None if error is None else _failed(model, args, inputs, error, axes)
    return Trace(tuple(map(axes, found)), failed)


def _steps(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, child in model.named_children():
        yield from ((f"{name}.{part}", module) for part, module in _parts(child))
        yield name, child


def _parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Name a module's children; a list of modules never runs itself, so what it holds stands for it."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from ((f"{name}.{part}", each) for part, each in _parts(child))
        else:
            yield name, child


def _given(module: nn.Module, args: Sequence[Any], inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Name the tensors that a module is called with, as its forward does."""
    names = [*inspect.signature(module.forward).parameters][: len(args)] if args else []
    names += [str(place) for place in range(len(names), len(args))]
    given = {**dict(zip(names, args, strict=True)), **inputs}
    return {key: each for name, value in given.items() for key, each in _tensors(value, name).items()}


def _tensors(output: Any, name: str = "") -> dict[str, torch.Tensor]:
    """Name the tensors of an output; of a tuple there is the first."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    named = {f"{name}.{key}": each for key, each in output.items()} if isinstance(output, Mapping) else {}
    return {key: each for key, each in (named or {name: output}).items() if isinstance(each, torch.Tensor)}


def _failed(
    model: nn.Module,
    args: Sequence[Any],
    inputs: Mapping[str, Any],
    error: Exception,
    axes: Callable[[Stage], Stage],
) -> Failed:
    """Find the innermost layer that raised: the traceback still has what each was called with."""
    call = [{"self": model, "args": args, "kwargs": inputs}, *_calls(error)][-1]
    layer = call["self"]
    name = next((name for name, each in model.named_modules() if each is layer), "")
    given = _given(layer, call["args"], call["kwargs"])
    came = tuple(axes(Stage.of(key, tensor, "")) for key, tensor in given.items())
    made, takes = _made_for(layer)
    signature = inspect.signature(layer.forward)
    try:
        signature.bind(*call["args"], **call["kwargs"])
    except TypeError:  # it never came to shapes
        takes = ", ".join(signature.parameters)
    first = next(iter(given.values()), torch.empty(0))
    is_ids = isinstance(layer, nn.Embedding | nn.EmbeddingBag) and not first.is_floating_point()
    # No other device than the CPU is sure to have values that can be read after an error.
    ids = (int(first.min()), int(first.max())) if is_ids and first.is_cpu and first.numel() else None
    return Failed(name, made, came, takes, ids, error)


def _calls(error: BaseException | None) -> Iterator[Mapping[str, Any]]:
    """Give each call of a module that an error came through, the innermost last, as its variables."""
    if error is not None:
        code = nn.Module._call_impl.__code__
        yield from (frame.f_locals for frame, _ in walk_tb(error.__traceback__) if frame.f_code is code)
        yield from _calls(error.__cause__)


def _made_for(layer: nn.Module) -> tuple[str, str]:
    """Say how a layer was made, and what it takes where `_MADE_FOR` knows it."""
    rows = (row for kind, row in _MADE_FOR.items() if isinstance(layer, kind))
    made, takes = next(rows, ("{extra}", ""))
    weight = next(layer.parameters(), None)
    filled = {
        **vars(layer),
        "extra": " ".join(layer.extra_repr().split()),
        "dtype": "" if weight is None else str(weight.dtype).removeprefix("torch."),
        "first": "N, T" if getattr(layer, "batch_first", True) else "T, N",
        "last_row": getattr(layer, "num_embeddings", 0) - 1,
        "sizes": ", ".join(map(str, getattr(layer, "normalized_shape", ()))),
    }
    made = made.format_map(filled)
    name = type(layer).__name__
    return f"{name}({made})" if made else name, takes.format_map(filled).strip()


def _axis_namer(model: nn.Module, found: list[Stage], is_whole: bool) -> Callable[[Stage], Stage]:
    """Return a function that gives a stage its axis letters: by position first, then by size."""
    tokens = next((stage for stage in found if stage.name == "input_ids"), found[0] if found else None)
    sizes = tokens.shape if tokens else ()
    batch = sizes[0] if sizes else None
    length = sizes[1] if tokens and sizes[1:] and "float" not in tokens.dtype else None
    config = getattr(model, "config", None)
    hidden, classes = getattr(config, "hidden_size", None), getattr(config, "num_labels", None)
    if is_whole:
        classes = found[-1].shape[-1] if found and found[-1].shape[1:] else None

    def named(stage: Stage) -> Stage:
        letters = ["N" if size == batch else "?" for size in stage.shape[:1]]
        letters += ["T" if size == length else "?" for size in stage.shape[1:]]
        if stage.shape[1:] and "float" in stage.dtype:
            last = stage.shape[-1]
            letters[-1] = "H" if last == hidden else "C" if last == classes else "?"
        return replace(stage, axes="".join(letters))

    return named
