"""transformers' Trainer: a model that gives no loss, and arguments that a model's forward doesn't know."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from helpers.diagnosis.calls.rows import MAPPINGS
from helpers.diagnosis.said.result import Diagnosis
from helpers.diagnosis.seen.frames import Step
from helpers.diagnosis.seen.raised import Raised, shape
from helpers.diagnosis.seen.stand_in import stand_in
from helpers.trial import came_of

WITH_A_HEAD = "AutoModelForSequenceClassification.from_pretrained(..., num_labels=...)"


def explain_trainer(raised: Raised) -> Diagnosis | None:
    """The Trainer asked for a loss and the model gave none."""
    for step in raised.steps[:12]:
        if (
            step.function == "compute_loss"
            and step.module.startswith("transformers.")
            and "inputs" in step.variables
        ):
            return _no_loss(raised, step)
        if step.function == "__call__" and step.module == "transformers.trainer_pt_utils":
            return _smoothed(raised, step)
        if step.function == "__call__" and hasattr(step.variables.get("self"), "signature_columns"):
            return _dropped(raised, step)
    return None


def _dropped(raised: Raised, step: Step) -> Diagnosis | None:
    """The Trainer hands on only the columns that the model's forward names."""
    this = step.variables["self"]
    # The loader's frame has the rows as the dataset gave them.
    fetched = (
        each.variables.get("data") for each in raised.steps if each.module.startswith("torch.utils.data")
    )
    rows = next((data for data in fetched if isinstance(data, list)), None)
    came = list(rows[0]) if isinstance(rows, list) and rows and isinstance(rows[0], MAPPINGS) else []
    names = list(this.signature_columns or [])
    dropped = [name for name in came if name not in names]
    if "input_ids" not in dropped:
        return None
    asked = [name for name in names if name not in came and name not in ("label", "label_ids")]
    name = f"{this.model_name}.forward" if getattr(this, "model_name", None) else "forward"
    got = (
        f"a dataset with {', '.join(came)}; {name} names {', '.join(asked)}: {', '.join(dropped)} are dropped"
    )
    needs = f"the dataset's own names: def forward(self, {', '.join(came)}); or remove_unused_columns=False"
    return raised.diagnosis("missing_input", got, needs)


def _smoothed(raised: Raised, step: Step) -> Diagnosis | None:
    """Label smoothing spreads one class over the others: not for several classes, one output, or numbers."""
    output, labels = step.variables.get("model_output"), step.variables.get("labels")
    logits = step.variables.get("logits")
    if not isinstance(labels, Tensor) or not isinstance(logits, Tensor) or output is None:
        return None
    got = f"logits {shape(logits)}, labels {shape(labels)} of {str(labels.dtype).removeprefix('torch.')}"
    needs = "label_smoothing_factor=0.0: it is for one class index per row and an output for each class"
    if logits.shape[-1] == 1:
        return raised.diagnosis("head_size", got, f"num_labels=2 for labels 0 and 1; or {needs}")
    return raised.diagnosis("problem_type", got, needs)


def _no_loss(raised: Raised, step: Step) -> Diagnosis | None:
    inputs, model = step.variables["inputs"], step.variables.get("model")
    if not isinstance(model, nn.Module) or not isinstance(inputs, MAPPINGS):
        return None
    takes = inspect.signature(model.forward).parameters
    if "labels" in inputs and "labels" in takes:
        return None
    got = f"{type(model).__name__} given {', '.join(inputs)}; no loss"
    if "labels" not in takes:
        needs = (
            f"a model with a head and a loss: {WITH_A_HEAD}; {type(model).__name__} gives only hidden states"
        )
        return raised.diagnosis("missing_input", got, needs)
    if raised.steps[0].frame is not step.frame:
        return None
    row = _first_row(getattr(step.variables.get("self"), "train_dataset", None))
    came = [name for name in inputs if name not in takes and name in row]
    left_out = came or [name for name in row if name not in takes and name not in ("label", "label_ids")]
    columns = [name for name in left_out if not isinstance(row[name], str)] or left_out
    if not columns:
        return raised.diagnosis("missing_input", got, 'a column named "labels" in the dataset: it has none')
    name = columns[0]
    needs = f'a column "labels": the Trainer hands on what forward() names, and here they are called "{name}"'
    loss = _loss_with(step, model, dict(inputs), name)
    needs += "" if loss is None else f"; so named, the loss is {loss:.3f}"
    return raised.diagnosis("missing_input", got, needs)


def _first_row(data: Any) -> Mapping[str, Any]:
    # Some datasets are wrapped so that only the columns that the model knows come out.
    data = getattr(data, "dataset", data)
    came = came_of(lambda: data[0]).value if data is not None else None
    return came if isinstance(came, MAPPINGS) else {}


def _loss_with(step: Step, model: nn.Module, inputs: dict[str, Any], name: str) -> float | None:
    """Give a stand-in of the model the column as labels, for the rows that came; None where that raises."""
    data, count = step.variables["self"].train_dataset, len(next(iter(inputs.values())))

    def run() -> float:
        labels = torch.tensor([data[place][name] for place in range(count)])
        with torch.no_grad():
            return float(stand_in(model)(**inputs, labels=labels).loss)

    return came_of(run, seed=0).value


def explain_arguments(raised: Raised) -> Diagnosis | None:
    """A module was called without an argument that its forward asks for, or with one that it doesn't know."""
    if not raised.steps or raised.steps[0].frame.f_code is not nn.Module._call_impl.__code__:
        return None
    variables = raised.steps[0].variables
    forward = getattr(variables.get("self"), "forward", None)
    if forward is None:
        return None
    name = f"{type(variables['self']).__name__}.forward"
    return missing_argument(raised, name, inspect.signature(forward), variables["args"], variables["kwargs"])


def missing_argument(
    raised: Raised, name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Diagnosis | None:
    """Name the arguments that a call left out, or gave in vain; None where there are none."""
    if not isinstance(raised.error, TypeError):
        return None
    parameters = signature.parameters.values()
    anything = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    asked = [each.name for each in parameters if each.default is each.empty and each.kind not in anything]
    left_out = [argument for argument in asked[len(args) :] if argument not in kwargs]
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    unknown = [key for key in kwargs if key not in signature.parameters and not takes_any]
    if not left_out and not unknown:
        return None
    came = [*map(_told, args), *(f"{key} {_told(value)}" for key, value in kwargs.items())]
    got = f"{name}({', '.join(asked)}) called with {', '.join(came) or 'nothing'}"
    needs = (
        f"also {', '.join(left_out)}" if left_out else f"no {', '.join(unknown)}: forward() doesn't know it"
    )
    if "labels" in unknown:
        needs += f"; this model has no head: {WITH_A_HEAD}"
    packed = [value for value in args if isinstance(value, MAPPINGS) and all(key in value for key in asked)]
    if packed:
        needs += "; they are in the dictionary: unpack it with **"
    return raised.diagnosis("missing_input", got, needs)


def _told(value: Any) -> str:
    return f"{shape(value)}" if hasattr(value, "shape") else f"a {type(value).__name__}"
