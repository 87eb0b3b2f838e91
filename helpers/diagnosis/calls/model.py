"""What goes into a model: ids, masks, token types, lengths, as the model's own forward got them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from helpers.diagnosis.calls.positions import cut_alike, longest, simple_name, too_long
from helpers.diagnosis.calls.repairs import explain_line
from helpers.diagnosis.calls.rows import lengths_of
from helpers.diagnosis.said.result import Diagnosis, Fix
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.line import name_of
from helpers.diagnosis.seen.raised import Raised, gave, shape, tried
from helpers.diagnosis.seen.stand_in import stand_in
from helpers.trial import came_of, quiet

SIDE_INPUTS = ("token_type_ids", "position_ids")


def explain_model_inputs(raised: Raised) -> Diagnosis | None:
    """A call of a model whose inputs don't fit each other, or the model."""
    forwards = [
        step
        for step in raised.steps
        if step.function == "forward" and _is_pretrained(step.variables.get("self"))
    ]
    # The outermost forward has the inputs as the learner gave them.
    if not forwards:
        return None
    return _forward(raised, forwards[-1]) or _decoder(raised, forwards)


def _decoder(raised: Raised, forwards: list[Step]) -> Diagnosis | None:
    """The second half of an encoder-decoder got nothing to read."""
    model = forwards[-1].variables["self"]
    inner = forwards[0].variables
    if not getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        return None
    if any(inner.get(name, "") is not None for name in ("input_ids", "inputs_embeds")):
        return None
    got = f"{type(model).__name__} called with input_ids, for its encoder alone"
    return raised.diagnosis("missing_input", got, "also decoder_input_ids (N, T), or labels")


def _is_pretrained(model: Any) -> bool:
    known = getattr(sys.modules.get("transformers.modeling_utils"), "PreTrainedModel", None)
    return known is not None and isinstance(model, known)


def _forward(raised: Raised, step: Step) -> Diagnosis | None:
    variables, model = step.variables, step.variables["self"]
    ids, embeds = variables.get("input_ids"), variables.get("inputs_embeds")
    if "input_ids" not in step.frame.f_code.co_varnames:
        return None
    name = type(model).__name__
    if ids is None and embeds is None:
        came = [
            key
            for key, value in {**variables, **(variables.get("kwargs") or {})}.items()
            if isinstance(value, Tensor)
        ]
        got = f"{name} called with {', '.join(came) or 'nothing'}"
        return raised.diagnosis("missing_input", got, "input_ids (N, T), or inputs_embeds (N, T, H)")
    if ids is not None and not isinstance(ids, Tensor):
        return _not_a_tensor(raised, name, ids)
    given = ids if ids is not None else embeds
    if isinstance(ids, Tensor) and name.endswith("MultipleChoice"):
        return _no_choices(raised, name, ids) if ids.ndim != 3 else None
    if isinstance(ids, Tensor) and ids.ndim != 2:
        # The line itself shows what goes with the ids, and so has to be changed alike.
        is_ids = not ids.is_floating_point() and not (ids.ndim == 3 and ids.shape[1] in (2, 3))
        return (explain_line(raised) if is_ids else None) or _axes(raised, name, ids)
    if not isinstance(given, Tensor) or given.ndim < 2:
        return None
    return (
        _no_padding(raised, step, given)
        or _other_place(raised, step)
        or _too_long(raised, model, given, variables)
        or _mask(raised, given, variables)
        or _side_input(raised, given, variables)
    )


def _no_choices(raised: Raised, model: str, ids: Tensor) -> Diagnosis:
    got = f"{model} called with input_ids {shape(ids)}"
    needs = "input_ids (N, choices, T): every row holds one sentence for each choice"
    return raised.diagnosis("needs_flatten_or_transpose", got, needs)


def _other_place(raised: Raised, step: Step) -> Diagnosis | None:
    """Arguments by position, one in the place of another: labels (N,) where (N, T) belongs."""
    variables, model = step.variables, step.variables["self"]
    ids, labels = variables.get("input_ids"), variables.get("labels")
    places = ("attention_mask", "token_type_ids", "position_ids")
    astray = [
        name for name in places if isinstance(variables.get(name), Tensor) and variables[name].ndim == 1
    ]
    if (
        labels is not None
        or len(astray) != 1
        or not isinstance(ids, Tensor)
        or "labels" not in step.frame.f_code.co_varnames
    ):
        return None
    name, given = astray[0], {"input_ids": ids}
    others = {
        each: variables[each] for each in places if isinstance(variables.get(each), Tensor) and each != name
    }
    came = came_of(lambda: stand_in(model)(**given, **others, labels=variables[name]), seed=0)
    if came.error is not None:
        return None
    got = f"{type(model).__name__} given {name} {shape(variables[name])}, input_ids {shape(ids, 'NT')}"
    order = ", ".join(list(inspect.signature(type(model).forward).parameters)[1:5])
    needs = (
        "each input by its name: model(input_ids=..., attention_mask=..., labels=...). By position they are "
    )
    needs += f"{order}, and what looks like labels came as {name}"
    needs += f"; given so, {gave(came.value).removeprefix('gives ')}"
    return raised.diagnosis("missing_input", got, needs)


def _no_padding(raised: Raised, step: Step, given: Tensor) -> Diagnosis | None:
    """A decoder that classifies looks for each row's last token, and so for the padding after it."""
    config: Any = getattr(step.variables["self"], "config", None)
    # It is the classifier's own forward that checks this; an error from further inside is another one.
    is_inside = raised.steps[0].frame is not step.frame
    if is_inside or getattr(config, "pad_token_id", 0) is not None or given.shape[0] < 2:
        return None
    got = f"{given.shape[0]} rows, and model.config.pad_token_id is None"
    needs = "a token to pad with: model.config.pad_token_id = tokenizer.pad_token_id"
    return raised.diagnosis("ragged_padding", got, needs)


def _not_a_tensor(raised: Raised, model: str, ids: Any) -> Diagnosis | None:
    got = f"{model} called with {type(ids).__name__} as input_ids"
    if isinstance(ids, Mapping):
        packed = name_of(ids, raised.steps) or "batch"
        inputs = ", ".join(map(str, list(ids)[:3]))
        needs = f"a tensor for each input: model(**{packed}), so that {inputs} arrive by name"
        return raised.diagnosis("missing_input", got, needs)
    if type(ids).__name__ == "KerasTensor":
        needs = "numbers: a KerasTensor is a placeholder; call the model inside a Keras layer"
        return raised.diagnosis("missing_input", got, needs)
    lengths = lengths_of(ids)
    if lengths:
        return raised.diagnosis("ragged_padding", f"{got}, {lengths}", 'padding=True and return_tensors="pt"')
    return raised.diagnosis("missing_input", got, 'input_ids as an int64 tensor (N, T): return_tensors="pt"')


def _axes(raised: Raised, model: str, ids: Tensor) -> Diagnosis:
    name = simple_name(raised, ids, "input_ids")
    got = f"{model} called with {name} {shape(ids)} of {str(ids.dtype).removeprefix('torch.')}"
    needs = "input_ids (N, T), one row of ids per sentence"
    if ids.is_floating_point():
        return raised.diagnosis("missing_input", got, f"{needs}; states (N, T, H) go in as inputs_embeds")
    if ids.ndim == 3 and 1 not in ids.shape[1:] and ids.shape[1] in (2, 3):
        return raised.diagnosis(
            "missing_input", got, f"{needs}; {ids.shape[1]} inputs seem packed into one tensor"
        )
    if ids.ndim < 2:
        change = ".reshape(1, -1)"
    else:
        change = f".reshape({ids.shape[0]}, -1)" if ids.shape[1] == 1 else ".flatten(0, -2)"
    why = "an axis for the batch is missing" if ids.ndim < 2 else "there is an axis too many"
    fix = tried(
        "give it two axes", f"{name} = {name}{change}", {name: ids}, lambda names: getattr(names, name)
    )
    return raised.diagnosis("needs_flatten_or_transpose", got, f"{needs}; {why}", [fix])


def _too_long(
    raised: Raised, model: nn.Module, given: Tensor, variables: Mapping[str, Any]
) -> Diagnosis | None:
    found = longest(model)
    positions = variables.get("position_ids")
    if found is not None and isinstance(positions, Tensor) and positions.numel() and not raised.is_unread:
        table, most = found
        if int(positions.max()) >= most:
            got = f"position_ids {shape(positions)} up to {int(positions.max())}, {table} for T up to {most}"
            return raised.diagnosis("too_long", got, f"position_ids from 0 to {most - 1}")
    if found is None or given.shape[1] <= found[1] or variables.get("past_key_values") is not None:
        return None
    return too_long(raised, given, *found)


def _mask(raised: Raised, given: Tensor, variables: Mapping[str, Any]) -> Diagnosis | None:
    mask, wanted = variables.get("attention_mask"), tuple(given.shape[:2])
    if not isinstance(mask, Tensor) or variables.get("past_key_values") is not None:
        return None
    if tuple(mask.shape) == wanted or (
        mask.ndim > 2 and mask.shape[-1] == wanted[1] and mask.shape[0] in (1, wanted[0])
    ):
        return None
    name = simple_name(raised, mask, "attention_mask")
    got = f"attention_mask {shape(mask)}, input_ids {shape(given, 'NT' if given.ndim == 2 else '')}"
    if mask.ndim == 2 and mask.shape[0] == wanted[0] and mask.shape[1] > wanted[1]:
        # The ids were cut, and what goes with them was not.
        needs = f"attention_mask {wanted}, like input_ids: cut all alike"
        cut = cut_alike(raised, mask, name, wanted[1])
        return raised.diagnosis("missing_or_wrong_mask", got, needs, [cut])
    fixes = [mask_fix(name, mask, wanted)]
    ids_name, padding = simple_name(raised, given, "input_ids"), _padding_id(variables["self"])
    if given.ndim == 2 and padding is not None:
        code = f"{name} = ({ids_name} != {padding}).long()"
        fixes.append(
            tried(
                "make it from the ids",
                code,
                {ids_name: given},
                lambda names: getattr(names, name),
                f"{padding} is padding",
            )
        )
    return raised.diagnosis("missing_or_wrong_mask", got, f"attention_mask {wanted}, like input_ids", fixes)


def _padding_id(model: Any) -> int | None:
    return getattr(getattr(model, "config", None), "pad_token_id", None)


def mask_fix(name: str, mask: Tensor, wanted: tuple[int, ...]) -> Fix | None:
    """Reshape a mask where the same numbers fit; a mask of another length can't be mended."""
    code = f"{name} = {name}.reshape{wanted}"
    if wanted[:2] == tuple(mask.shape[::-1]):
        code = f"{name} = {name}.T"
    if not name.isidentifier():
        return None
    return tried("give it the shape of the ids", code, {name: mask}, lambda names: getattr(names, name))


def _side_input(raised: Raised, given: Tensor, variables: Mapping[str, Any]) -> Diagnosis | None:
    for name in SIDE_INPUTS:
        side = variables.get(name)
        if isinstance(side, Tensor) and side.shape[-1] != given.shape[1]:
            got = f"{name} {shape(side)}, input_ids {shape(given, 'NT')}"
            needs = f"{name} {tuple(given.shape[:2])}, like input_ids: pad and cut both alike"
            fix = (
                _cut_side(raised, side, given) if side.ndim > 1 and side.shape[-1] > given.shape[1] else None
            )
            return raised.diagnosis("static_length", got, needs, [fix])
    return None


def _cut_side(raised: Raised, side: Tensor, given: Tensor) -> Fix | None:
    """Cut what is longer than the ids, and run the learner's call with it."""
    line = raised.line
    leaf = next(
        (each for each in (line.operands if line else ()) if each.value is side and each.is_name), None
    )
    if line is None or leaf is None or not line.again:
        return None
    length = given.shape[1]
    with quiet(seed=0):
        came = came_of(lambda: line.run({leaf.slot: side[:, :length]}))
    code = f"{leaf.text} = {leaf.text}[:, :{length}]"
    return Fix("cut it like the ids", code, gave(came.value)) if came.error is None else None
