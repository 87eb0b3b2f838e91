"""Code that makes something alike: the same shape, dtype and range, and nothing of the learner's in it.

Values are drawn or counted up, names are the field's own. Only the values of a few labels, of sizes and of
masks are taken over: they are what most errors are about.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections import UserDict
from collections.abc import Callable, Mapping
from math import ceil, isfinite
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.diagnosis.said.result import SEED, Ask, Example
from helpers.diagnosis.seen.frames import words
from helpers.diagnosis.seen.line import Line, rebuilt
from helpers.threads import one_thread
from helpers.trace import IGNORED
from helpers.trial import came_of

FEW = 64  # labels that are told one by one, and parts of a list
MANY = 10**6  # numbers, from which on their range is not looked for
FIELDS = words(
    "input_ids attention_mask token_type_ids position_ids inputs_embeds key_padding_mask attn_mask "
    "src_key_padding_mask last_hidden_state pooler_output hidden_states attentions logits loss labels target"
)
# What a name has in it, and what that is called here.
KINDS = {"mask": "mask", "label": "labels", "target": "target", "len": "lengths", "pos|^w?pe$": "pos_emb"}
COUNT = ("labels", "target", "lengths")  # of these a few are told one by one
# Text that is a library's and not the learner's, beside the equations of einsum.
OPTIONS = FIELDS | words("pt np longest max_length mean sum none object int32 int64 float32 float64 inf -inf")
EQUATION = re.compile(r"[a-zA-Z.,]+->[a-zA-Z.]*")
IMPORTS = {
    "keras": 'import os\nos.environ.setdefault("KERAS_BACKEND", "torch")\nimport keras',
    "np": "import numpy as np",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "transformers": "import transformers",
    "nn": "from torch import nn",
}
OWNERS = {"F.": F, "nn.": nn, "np.": np, "torch.": torch, "": builtins}
MOVES = {torch.float32: "float()", torch.int64: "long()", torch.bool: "bool()", torch.float64: "double()"}
PLAIN = bool | int | float | slice | range | torch.dtype | torch.Size | None
DATA = (Tensor, np.ndarray, nn.Module, Mapping, list, tuple, str)  # what gets a name


class UnlikeError(TypeError):
    """Nothing alike can be made."""


def program(*lines: str) -> str:
    """Return lines with what they import before them, and the same random numbers every time."""
    code = "\n".join(lines)
    draws = re.search(r"\.rand|nn\.[A-Z]|transformers", code)
    code = f"{SEED}{code}" if draws else code
    return "\n".join(
        [text for name, text in IMPORTS.items() if re.search(rf"(?<![\w.]){name}\.", code)] + [code]
    )


def example(*makes: Callable[[], str], ask: Ask = lambda names, error: None) -> Example:
    """Return the programs that could be made, and who is asked about them."""
    with one_thread():
        made = [came_of(make).value for make in makes]
    return Example(tuple(dict.fromkeys(filter(None, made))), ask)


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
    if isinstance(value, np.ndarray) and value.dtype == object:
        return f"np.array({alike(value.tolist())}, dtype=object)"
    if isinstance(value, np.ndarray | np.generic):
        return f"{_tensor(torch.as_tensor(value), exact)}.numpy()"
    if isinstance(value, nn.Module):
        return _module(value)
    if isinstance(value, PLAIN):
        return str(value) if not isinstance(value, float) or isfinite(value) else f'float("{value}")'
    if isinstance(value, str):
        return repr(value if value in OPTIONS else "text")
    if isinstance(value, Mapping):
        return _mapping(value, exact)
    if isinstance(value, list) and value and not exact and {*map(type, value)} <= {int, float}:
        return f"[{type(value[0])()}] * {len(value)}"
    if isinstance(value, list | tuple):
        inside = ", ".join(alike(part, exact) for part in value[:FEW])
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    return _named(value)


def _mapping(value: Mapping[Any, Any], exact: bool) -> str:
    named = {name_for(str(name), part): part for name, part in value.items()}
    if len(named) < len(value):
        raise UnlikeError("two parts with one name")
    made = {name: alike(part, exact or name in COUNT) for name, part in named.items()}
    if hasattr(value, "to_tuple"):  # what a model of transformers returns
        given = ", ".join(f"{name}={code}" for name, code in made.items())
        return f"transformers.modeling_outputs.{type(value).__name__}({given})"
    parts = ", ".join(f'"{name}": {code}' for name, code in made.items())
    return f"transformers.BatchEncoding({{{parts}}})" if isinstance(value, UserDict) else f"{{{parts}}}"


def _named(value: Any) -> str:
    """A module, a function or a class of a library, by its name."""
    if isinstance(value, ModuleType):
        own = [prefix[:-1] for prefix, owner in OWNERS.items() if value is owner]
        own += [value.__name__] * (value.__name__ in IMPORTS)
    else:
        name = getattr(value, "__name__", "")
        own = [f"{prefix}{name}" for prefix, owner in OWNERS.items() if vars(owner).get(name) is value]
    if own:
        return own[0]
    raise UnlikeError(f"a {type(value).__name__}")


def name_for(text: str, value: Any) -> str:
    """Return the field's own name for what the learner calls so, or one that says its kind."""
    last = (re.findall(r"[A-Za-z_]\w*", text) or [""])[-1].lower()
    named = next((name for part, name in KINDS.items() if re.search(part, last)), "")
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
    if is_float and not bool((value.isfinite() & (value == value.round())).all()):
        return _drawn(value, sizes), floats
    numbers = value.long()
    counted = numbers[numbers != IGNORED]
    left = count - len(counted)
    low, high = (int(counted.min()), int(counted.max())) if len(counted) else (IGNORED, IGNORED)
    if low == high and left in (0, count):
        made = {0: f"zeros({sizes})", 1: f"ones({sizes})"}.get(low, f"full({tuple(value.shape)}, {low}.0)")
        return f"torch.{made}", floats
    is_zero_one = low >= 0 and high <= 1
    if is_zero_one and not left and value.ndim > 1 and bool((numbers.sum(-1) == 1).all()):
        return f"F.one_hot({_tensor(numbers.argmax(-1), exact)}, {value.shape[-1]})", torch.int64
    if count <= FEW and (is_zero_one or (exact and not is_float)):
        own = floats if is_float else torch.bool if value.dtype == torch.bool else torch.int64
        return f"torch.tensor({value.tolist()})", own
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
    left = int((value == IGNORED).sum())
    if left:
        code = _drawn(value[value != IGNORED], str(value.numel() - left))
        return f"torch.cat([torch.full(({left},), {IGNORED}.0), {code}]).reshape({sizes})"
    softmax = _axis_of_ones(value)
    if softmax is not None and bool((value >= 0).all()):
        return f"torch.randn({sizes}).softmax({softmax})"
    if bool((value >= 0).all()):
        return f"torch.rand({sizes})" + (f" * {ceil(value.max())}" if value.max() > 1 else "")
    softmax = _axis_of_ones(value.exp())
    return f"torch.randn({sizes})" + (f".log_softmax({softmax})" if softmax is not None else "")


def _axis_of_ones(value: Tensor) -> int | None:
    """The axis along which the numbers sum to 1."""
    axes = dict.fromkeys([min(1, value.ndim - 1), -1]) if value.ndim else {}
    return next((axis for axis in axes if bool(((value.double().sum(axis) - 1).abs() < 0.01).all())), None)


# Layers and models.


def _module(layer: nn.Module) -> str:
    kind, config = type(layer), getattr(layer, "config", None)
    if kind.__module__.startswith("transformers.") and config is not None:
        return f"transformers.{kind.__name__}({_config(config)})"
    if not kind.__module__.startswith("torch.nn."):
        raise UnlikeError(f"a {kind.__name__}")
    if isinstance(layer, nn.Sequential):
        return f"nn.Sequential({', '.join(map(_module, layer))})"
    # What torch prints of a layer without layers inside is how it is made.
    made = f"nn.{_by_arguments(layer) if list(layer.children()) else repr(layer)}"
    dtype = next((weight.dtype for weight in layer.parameters()), torch.float32)
    return made if dtype == torch.float32 else f"{made}.to({dtype})"


def _by_arguments(layer: nn.Module) -> str:
    arguments = inspect.signature(type(layer)).parameters
    values = {name: getattr(layer, name, None) for name in arguments}
    own = {name: value for name, value in values.items() if isinstance(value, int | float)}
    given = ", ".join(f"{name}={value}" for name, value in own.items() if value != arguments[name].default)
    return f"{type(layer).__name__}({given})"


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


def line_alike(line: Line) -> str:
    """Return a program that does what a line of the learner's did, with things alike.

    Raises:
        UnlikeError: The line runs more than libraries, or names what nothing alike can be made of.
    """
    if not line.again:
        raise UnlikeError("a line that can't be run again")
    keywords = line.node.keywords if isinstance(line.node, ast.Call) else []
    passed = {each.value.id: each.arg for each in keywords if isinstance(each.value, ast.Name)}
    made: dict[str, str] = {}
    texts: dict[str, str] = {}
    for leaf in line.leaves:
        own = passed.get(leaf.slot)
        name = name_for(own if own in FIELDS else leaf.text, leaf.value)
        texts[leaf.slot] = alike(leaf.value, name in COUNT)
        if isinstance(leaf.value, DATA):
            count = sum(each.rstrip("0123456789") == name for each in made)
            name += str(count + 1) * bool(count)
            made[name], texts[leaf.slot] = texts[leaf.slot], name
    parts = "".join(f"part{place}, " for place in range(len(line.parts)))
    final = line.spelled(rebuilt(line.node, _without_words), texts)
    lines = [f"{name} = {code}" for name, code in made.items()]
    return program(*lines, f"{parts}= {final}" if parts else final)


def _without_words(node: ast.AST) -> ast.expr | None:
    """Take out of an expression what may be the learner's: text, and the names in its loops."""
    if isinstance(node, ast.Name) and not re.fullmatch(r"_\d+(_\d+)?", node.id):  # no slot
        return ast.Name("each", node.ctx)
    text = node.value if isinstance(node, ast.Constant) else None
    is_known = not isinstance(text, str) or text in OPTIONS or EQUATION.fullmatch(text)
    return None if is_known else ast.Constant("text")
