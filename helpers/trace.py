"""The shapes that one forward pass really had.

A shape printed beside the step that made it answers most questions about a classifier, and a forward
hook reads it without any change to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from helpers.table import table, tag

# The four axes of a classifier: one letter and one name each, everywhere in the kit.
AXES = {"N": "batch_size", "T": "sequence_length", "H": "hidden_size", "C": "num_labels"}


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
class Trace:
    """The stages of one forward pass, in the order in which they were made."""

    stages: tuple[Stage, ...]

    def __getitem__(self, name: str) -> Stage:
        named = {stage.name: stage for stage in reversed(self.stages)}
        if name not in named:
            raise KeyError(f"got {name!r}. This trace has {', '.join(reversed(named))}. Try one of them.")
        return named[name]

    def __str__(self) -> str:
        width = max((len(stage.name) for stage in self.stages), default=0)
        return "\n".join(f"{stage.name:{width}}  {stage.sizes} {stage.dtype}" for stage in self.stages)

    def _repr_html_(self) -> str:
        rows = ((stage.name, tag("code", stage.sizes), stage.dtype) for stage in self.stages)
        return table(rows, ("step", "shape", "dtype"))


def trace_shapes(model: nn.Module, **inputs: Any) -> Trace:
    """Run `model(**inputs)` once and record the shape that each step gave.

    The model's own modules are the steps: its children, and one level further where a child has
    children of its own (so `bert` shows as embeddings, encoder and pooler). Gradients are off, the
    model's mode is left as it is, and the hooks are removed whatever happens.

    Args:
        model: Any module. A `config.hidden_size`, where there is one, tells H from C.
        **inputs: What its forward takes; tensors are recorded, `input_ids` (N, T) names N and T.

    Returns:
        A `Trace` with the inputs, the steps and the outputs, in that order.

    Raises:
        Whatever the forward raises.

    >>> head = nn.Sequential(nn.Linear(768, 3))
    >>> print(trace_shapes(head, input=torch.zeros(4, 768)))
    input   (N=4, ?=768) float32
    0       (N=4, C=3) float32
    output  (N=4, C=3) float32
    """
    tensors = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
    found = list(tensors.items())
    handles = []

    def record(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            found.extend((name, tensor) for tensor in [*_tensors(output).values()][:1])

        return hook

    try:
        for name, module in _steps(model):
            handles.append(module.register_forward_hook(record(name)))
        with torch.no_grad():
            output = model(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    found += _tensors(output, "output").items()
    axes = _axis_namer(model, found)
    return Trace(tuple(Stage.of(name, tensor, axes(tensor)) for name, tensor in found))


def _steps(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, child in model.named_children():
        inner = [] if isinstance(child, nn.ModuleList) else list(child.named_children())
        yield from ((f"{name}.{part}", module) for part, module in inner) if inner else [(name, child)]


def _tensors(output: Any, name: str = "") -> dict[str, torch.Tensor]:
    """Name the tensors of an output; of a tuple there is the first."""
    output = output[0] if isinstance(output, tuple | list) and output else output
    named = {f"{name}.{key}": value for key, value in output.items()} if hasattr(output, "items") else {}
    return {key: each for key, each in (named or {name: output}).items() if isinstance(each, torch.Tensor)}


def _axis_namer(model: nn.Module, found: list[tuple[str, torch.Tensor]]) -> Callable[[torch.Tensor], str]:
    """Return a function from a tensor to its axis letters: by position first, then by size."""
    tokens = dict(found).get("input_ids", found[0][1] if found else torch.empty(0))
    batch = tokens.shape[0] if tokens.ndim else None
    length = tokens.shape[1] if tokens.ndim > 1 and not tokens.is_floating_point() else None
    hidden = getattr(getattr(model, "config", None), "hidden_size", None)
    classes = found[-1][1].shape[-1] if found and found[-1][1].ndim > 1 else None

    def axes(tensor: torch.Tensor) -> str:
        letters = ["N" if size == batch else "?" for size in tensor.shape[:1]]
        letters += ["T" if size == length else "?" for size in tensor.shape[1:]]
        if tensor.ndim > 1 and tensor.is_floating_point():
            last = tensor.shape[-1]
            letters[-1] = "H" if last == hidden else "C" if last == classes else "?"
        return "".join(letters)

    return axes
