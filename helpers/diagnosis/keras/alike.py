"""Programs that do with Keras what the learner's did: a loss alone, or a model of such inputs or outputs."""

from __future__ import annotations

from typing import Any

from helpers.diagnosis.keras.find import OBJECTS, KerasCall, chosen
from helpers.diagnosis.loss.call import LossCall
from helpers.diagnosis.said.result import Example
from helpers.diagnosis.seen.alike import alike, program
from helpers.trial import came_of


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
    inputs: list[Any] = asked.model.inputs
    made = ", ".join(f"keras.Input({tuple(each.shape[1:])})" for each in inputs)
    given = {name: asked.given[name] for name in ("x", "y") if asked.given.get(name) is not None}
    outputs = f"[keras.layers.{layer}(each) for each in inputs]"
    lines = [f"inputs = [{made}]", f"model = keras.Model(inputs, {outputs})"]
    lines += ['model.compile(loss="mse")'] * ("predict" not in asked.name)
    lines += [f"{name} = {alike(value, exact=name == 'y')}" for name, value in given.items()]
    return program(*lines, f"model.{asked.name}({', '.join(given)})")


def example_of(call: LossCall | None, asked: KerasCall) -> Example:
    """Return what may do the same, the shortest first."""
    tries = [lambda: inputs_alike(asked, "Dense(1)"), lambda: inputs_alike(asked, "Identity()")]
    if call is not None:
        tries = [lambda: criterion_alike(call), lambda: outputs_alike(call, asked)]
    return Example(tuple(filter(None, (came_of(each).value for each in tries))))
