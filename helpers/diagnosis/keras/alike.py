"""Programs that do with Keras what the learner's did: a loss alone, or a model of such inputs or outputs."""

from __future__ import annotations

from functools import partial
from typing import Any

from helpers.diagnosis.keras.find import OBJECTS, KerasCall, chosen, keras_steps
from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.said.result import Example
from helpers.diagnosis.seen.alike import FIELDS, alike, example, program
from helpers.diagnosis.seen.raised import Raised


def criterion_alike(call: LossCall) -> str:
    """Return a program that calls the loss by itself."""
    raw = "from_logits=True" * call.options["from_logits"]
    loss = f"{OBJECTS[call.loss]}({raw})" if call.loss in OBJECTS else call.loss
    lines = [f"criterion = keras.losses.{loss}", f"logits = {alike(call.logits)}"]
    lines += [f"target = {alike(call.target, exact=True)}"]
    lines += [f"classes = {call.classes}"] * (call.classes is not None)
    return program(*lines, "loss = criterion(target, logits)")


def outputs_alike(call: LossCall, asked: KerasCall) -> str:
    """Return a program that asks a model with such outputs for its loss and metrics, as the learner did."""
    rows, *sizes, outputs = call.logits.shape
    own = getattr(getattr(asked.model, "_compile_metrics", None), "_user_metrics", None) or ()
    metrics = [each if isinstance(each, str) else type(each).__name__ for each in own]
    loss = chosen(call.loss, call.options["from_logits"]).removeprefix("loss = ")
    return program(
        f"model = keras.Sequential([keras.Input({(*sizes, 2)}), keras.layers.Dense({outputs})])",
        f"model.compile(loss={loss}, metrics={metrics})",
        f"x = torch.randn{(rows, *sizes, 2)}.numpy()",
        f"y = {alike(call.target, exact=True)}.numpy()",
        f"model.{asked.name}(x, y)",
    )


def inputs_alike(asked: KerasCall, layer: str) -> str:
    """Return a program that gives a model with such inputs what the learner gave."""
    names = [f', name="{each.name}"' * (each.name in FIELDS) for each in asked.model.inputs]
    sizes = [tuple(each.shape[1:]) for each in asked.model.inputs]
    made = [f"keras.Input({size}{name})" for size, name in zip(sizes, names, strict=True)]
    given = {name: asked.given[name] for name in ("x", "y") if asked.given.get(name) is not None}
    outputs = f"[keras.layers.{layer}(each) for each in inputs]"
    lines = [f"inputs = [{', '.join(made)}]", f"model = keras.Model(inputs, {outputs})"]
    lines += ['model.compile(loss="mse")'] * ("y" in given)
    lines += [f"{name} = {alike(value, exact=name == 'y')}" for name, value in given.items()]
    return program(*lines, f"{'.'.join(filter(None, ('model', asked.name)))}({', '.join(given)})")


def _looked_up(embedding: Any, ids: Any) -> str:
    """Return a program that asks an embedding for such ids."""
    layer = f"keras.layers.Embedding({embedding.input_dim}, {embedding.output_dim})"
    return program(f"layer = {layer}", f"input_ids = {alike(ids)}", "layer(input_ids)")


def example_of(raised: Raised, asked: KerasCall, call: LossCall | None = None) -> Example:
    """Return what may do the same, the shortest first."""
    tries = [partial(criterion_alike, call), partial(outputs_alike, call, asked)] if call is not None else []
    for step in keras_steps(raised) if call is None else ():
        own: Any = step.variables.get("self")
        if step.function == "call" and hasattr(own, "input_dim"):
            tries.append(partial(_looked_up, own, step.variables["inputs"]))
        if step.function == "__call__" and hasattr(own, "inputs") and asked.model is None:
            asked = KerasCall("", own, {"x": next(iter(step.variables["args"]), None)})
    if call is None:
        tries += [partial(inputs_alike, asked, layer) for layer in ("Dense(1)", "Identity()")]
    return example(*tries)
