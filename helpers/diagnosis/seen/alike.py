"""Code that makes something alike: the same shape, dtype and range, and nothing of the learner's in it.

Values are drawn or counted up, names are the field's own. Only the values of a few labels, of sizes and of
masks are taken over: they are what most errors are about.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.diagnosis.said.result import SEED
from helpers.diagnosis.seen.frames import words
from helpers.diagnosis.seen.line import Line, rebuilt

FEW = 64  # labels that are told one by one
MANY = 10**6  # numbers, from which on their range is not looked for
IGNORED = -100
FIELDS = words(
    "input_ids attention_mask token_type_ids position_ids inputs_embeds key_padding_mask attn_mask "
    "src_key_padding_mask last_hidden_state pooler_output hidden_states attentions logits loss labels target"
)
# What a name has in it, and what that is called here.
KINDS = {
    "mask": "mask",
    "label": "labels",
    "target": "target",
    "pos": "position_embeddings",
    "len": "lengths",
}
COUNT = ("labels", "target", "lengths")  # of these a few are told one by one
IMPORTS = {
    "keras": 'import os\nos.environ.setdefault("KERAS_BACKEND", "torch")\nimport keras',
    "np": "import numpy as np",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "transformers": "import transformers",
    "nn": "from torch import nn",
}
MOVES = {torch.float32: "float()", torch.int64: "long()", torch.bool: "bool()", torch.float64: "double()"}
SPELLED = {"torch.nn.functional": "F", "torch.nn": "nn", "numpy": "np"}
OPTIONS = words("pt np longest max_length mean sum none object int int32 int64 float float32 float64")
PLAIN = (bool, int, float, type(None), slice, range, torch.dtype, torch.Size, type(...))


class UnlikeError(TypeError):
    """Nothing alike can be made."""


def program(*lines: str) -> str:
    """Return lines with what they import before them, and the same random numbers every time."""
    code = "\n".join(lines)
    asks = [text for name, text in IMPORTS.items() if re.search(rf"(?<![\w.]){name}\.", code)]
    draws = re.search(r"\.rand|nn\.[A-Z]|transformers", code)
    torchs = [IMPORTS["torch"]] * (bool(draws) and IMPORTS["torch"] not in asks)
    return "\n".join([*torchs, *asks, *[SEED.strip()] * bool(draws), code])


def alike(value: Any, exact: bool = False) -> str:
    """Return an expression that makes something of this kind.

    Args:
        value: Tensors and arrays, layers and models of libraries, and what holds them.
        exact: Whether it holds labels, of which a few are told as they are.

    Raises:
        UnlikeError: It is of another kind.

    >>> alike(torch.zeros(4, 3).normal_()), alike(torch.tensor([2, 0]), exact=True)
    ('torch.randn(4, 3)', 'torch.tensor([2, 0])')
    """
    if isinstance(value, Tensor):
        return _tensor(value, exact)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return f"{_tensor(torch.as_tensor(value), exact)}.numpy()"
    if isinstance(value, np.ndarray) and value.dtype == object:
        return f"np.array({alike(value.tolist())}, dtype=object)"
    if isinstance(value, nn.Module):
        return _module(value)
    if isinstance(value, PLAIN):
        return str(value) if value is not ... else "..."
    if isinstance(value, str):
        return repr(value if value in FIELDS else "text")
    if isinstance(value, Mapping):
        return _mapping(value, exact)
    if isinstance(value, list) and value and not exact and {*map(type, value)} <= {int, float}:
        return f"[{type(value[0])()}] * {len(value)}"
    if isinstance(value, list | tuple):
        value = value[:FEW]
        inside = ", ".join(alike(part, exact) for part in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    return _named(value)


def _mapping(value: Mapping[Any, Any], exact: bool) -> str:
    named = {name_for(str(name), part): part for name, part in value.items()}
    if len(named) < len(value):
        raise UnlikeError("two parts with one name")
    made = {name: alike(part, exact or name in COUNT) for name, part in named.items()}
    if hasattr(value, "to_tuple"):  # what a model of transformers returns
        owner = f"transformers.modeling_outputs.{type(value).__name__}"
        return f"{owner}({', '.join(f'{name}={code}' for name, code in made.items())})"
    return "{" + ", ".join(f'"{name}": {code}' for name, code in made.items()) + "}"


def _named(value: Any) -> str:
    """A module, a function or a class of a library, by its name."""
    if isinstance(value, ModuleType):
        name = SPELLED.get(value.__name__, value.__name__)
        if name in IMPORTS:
            return name
    name = getattr(value, "__name__", "")
    for prefix in IMPORTS if name else ():
        owner: Any = {"F": torch.nn.functional, "nn": nn, "np": np, "torch": torch}.get(prefix)
        if getattr(owner, name, None) is value:
            return f"{prefix}.{name}"
    raise UnlikeError(f"a {type(value).__name__}")


def name_for(text: str, value: Any) -> str:
    """Return the field's own name for what the learner calls so, or one that says its kind."""
    last = (re.findall(r"[A-Za-z_]\w*", text) or [""])[-1].lower()
    named = next((name for part, name in KINDS.items() if part in last), "")
    if last in FIELDS or named:
        return last if last in FIELDS else named
    if isinstance(value, nn.Module):
        return "model" if hasattr(value, "config") else "layer"
    return "batch" if isinstance(value, Mapping) else "rows" if isinstance(value, list) else "x"


# Tensors.


def _tensor(value: Tensor, exact: bool) -> str:
    if value.layout != torch.strided or value.is_complex() or value.is_quantized:
        raise UnlikeError(f"a tensor of {value.layout} and {value.dtype}")
    code, dtype = _numbers(value.detach(), exact)
    return code if dtype == value.dtype else _then(code, MOVES.get(value.dtype, f"to({value.dtype})"))


def _then(code: str, method: str) -> str:
    return ast.unparse(ast.parse(f"({code}).{method}"))  # with parentheses where a sum needs them


def _numbers(value: Tensor, exact: bool) -> tuple[str, torch.dtype]:
    """Return code that makes the numbers, and the dtype that it gives."""
    sizes, count = ", ".join(map(str, value.shape)) or "()", value.numel()
    floats, is_float = torch.get_default_dtype(), value.is_floating_point()
    if value.is_meta or not count or (is_float and count > MANY):
        return f"torch.{'randn' if is_float and count else 'zeros'}({sizes})", floats
    whole = not is_float or bool((value.isfinite() & (value == value.round())).all())
    if not whole:
        return _drawn(value, sizes), floats
    numbers = value.long()
    counted = numbers[numbers != IGNORED]
    low, high = (int(counted.min()), int(counted.max())) if len(counted) else (IGNORED, IGNORED)
    if low == high and len(counted) in (0, count):
        made = {0: f"zeros({sizes})", 1: f"ones({sizes})"}.get(low, f"full({tuple(value.shape)}, {low}.0)")
        return f"torch.{made}", floats
    if value.ndim > 1 and low == 0 and high == 1 and not (numbers < 0).any() and (numbers.sum(-1) == 1).all():
        return f"F.one_hot({_tensor(numbers.argmax(-1), exact)}, {value.shape[-1]})", torch.int64
    if count <= FEW and ((exact and not is_float) or (low >= 0 and high <= 1)):
        own = floats if is_float else torch.bool if value.dtype == torch.bool else torch.int64
        return f"torch.tensor({value.tolist()})", own
    left = count - len(counted)
    code = _counted(len(counted), low, high)
    code = f"torch.cat([torch.full(({left},), {IGNORED}), {code}])" if left else code
    return code if value.ndim == 1 else _then(code, f"reshape({sizes})"), torch.int64


def _counted(count: int, low: int, high: int) -> str:
    """Whole numbers that reach from the lowest to the highest."""
    span = high - low + 1
    if count < span:
        return f"torch.linspace({low}, {high}, {count}, dtype=torch.float64).round().long()"
    return f"torch.arange({count}) % {span}" + (f" + {low}" if low else "")


def _drawn(value: Tensor, sizes: str) -> str:
    """Random numbers, in the range and with the sums of a softmax where they are like one."""
    left, ignored = int((value == IGNORED).sum()), value != IGNORED
    if left:
        code = _drawn(value[ignored], str(value.numel() - left))
        return f"torch.cat([torch.full(({left},), {IGNORED}.0), {code}]).reshape({sizes})"
    axes = dict.fromkeys([min(1, value.ndim - 1), -1]) if value.ndim else {}
    if bool(((value >= 0) & (value <= 1)).all()):
        sums = [axis for axis in axes if _is_one(value.double().sum(axis))]
        return f"torch.randn({sizes}).softmax({sums[0]})" if sums else f"torch.rand({sizes})"
    sums = [axis for axis in axes if _is_one(value.double().exp().sum(axis))]
    return f"torch.randn({sizes})" + (f".log_softmax({sums[0]})" if sums else "")


def _is_one(sums: Tensor) -> bool:
    return bool(((sums - 1).abs() < 0.01).all())


# Layers and models.


def _module(layer: nn.Module) -> str:
    kind, config = type(layer), getattr(layer, "config", None)
    if kind.__module__.startswith("transformers.") and config is not None:
        return f"transformers.{kind.__name__}({_config(config)})"
    if not kind.__module__.startswith("torch.nn."):
        raise UnlikeError(f"a {kind.__name__}")
    dtype = next((weight.dtype for weight in layer.parameters()), torch.float32)
    moved = "" if dtype == torch.float32 else f".to({dtype})"
    if isinstance(layer, nn.Sequential):
        return f"nn.Sequential({', '.join(map(_module, layer))})"
    # What torch prints of a layer without layers inside is how it is made.
    return f"nn.{_by_arguments(layer) if list(layer.children()) else repr(layer)}{moved}"


def _by_arguments(layer: nn.Module) -> str:
    given = []
    for name, argument in inspect.signature(type(layer)).parameters.items():
        value = getattr(layer, name, None)
        if argument.default is inspect.Parameter.empty and not isinstance(value, int | float):
            raise UnlikeError(f"a {type(layer).__name__}")
        if isinstance(value, int | float) and value != argument.default:
            given.append(f"{name}={value}")
    return f"{type(layer).__name__}({', '.join(given)})"


def _config(config: Any) -> str:
    """A configuration by its numbers; of the layers, which are alike, one is enough."""
    plain = type(config)()
    own = {name: value for name, value in config.to_dict().items() if hasattr(plain, name)}
    own = {name: value for name, value in own.items() if isinstance(value, int | float | None)}
    own |= {"num_labels": config.num_labels, "problem_type": config.problem_type}
    layers = config.attribute_map.get("num_hidden_layers", "num_hidden_layers")
    own |= {layers: 1} if hasattr(plain, layers) else {}
    given = ", ".join(f"{name}={value!r}" for name, value in own.items() if value != getattr(plain, name))
    return f"transformers.{type(config).__name__}({given})"


# Lines.


def line_alike(line: Line, made_too: bool = False) -> str:
    """Return a program that does what a line of the learner's did, with things alike.

    Args:
        line: What the learner wrote.
        made_too: Make what it names as the learner's lines above made it, where that can be told.

    Raises:
        UnlikeError: The line runs more than libraries, or names what nothing alike can be made of.
    """
    made: dict[str, str] = {}
    final = _spelled(line, made, made_too)
    names = [f"part{place}" for place in range(len(line.parts))]
    final = f"{', '.join(names)}{',' * (len(names) == 1)} = {final}" if names else final
    return program(*(f"{name} = {code}" for name, code in made.items()), final)


def _spelled(line: Line, made: dict[str, str], made_too: bool) -> str:
    if not line.again:
        raise UnlikeError("a line that can't be run again")
    texts: dict[str, str] = {}
    for leaf in line.leaves:
        keywords = line.node.keywords if isinstance(line.node, ast.Call) else []
        own = next((each.arg for each in keywords if getattr(each.value, "id", "") == leaf.slot), None)
        name = name_for(own if own in FIELDS else leaf.text, leaf.value)
        above = line.made_by(leaf) if made_too and isinstance(leaf.value, Tensor) else None
        code = _spelled(above, made, False) if above is not None else alike(leaf.value, name in COUNT)
        is_thing = isinstance(leaf.value, Tensor | np.ndarray | nn.Module | Mapping | list | tuple)
        if is_thing:
            name += str(sum(each.rstrip("0123456789") == name for each in made) + 1) * (name in made)
            made[name] = code
        texts[leaf.slot] = name if is_thing else code
    return line.spelled(rebuilt(line.node, _without_words), texts)


def _without_words(node: ast.AST) -> ast.expr | None:
    """Take words out of an expression that may be the learner's; options and equations are the library's."""
    text = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(text, str) or text in OPTIONS or re.fullmatch(r"[a-zA-Z.,]+->[a-zA-Z.]*", text):
        return None
    return ast.Constant("text")
