"""torch's own error inputs: a call that its developers know to fail gets no second error, no odd cause."""

import sys
import unittest
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

import torch

from helpers.diagnosis.explain import ask
from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.seen.raised import Raised
from helpers.trial import came_of

# torch 2.13 has 786, of which 781 raise; with far fewer nothing would be tested.
AT_LEAST = 750


def calls() -> Iterator[tuple[str, Callable[[], object]]]:
    """Each wrong use of an operation (OpInfo) and of a module (ModuleInfo), by its name."""
    # torch's test tools inherit from it, and nothing that is read here uses it.
    absent = ModuleType("expecttest")
    absent.TestCase = unittest.TestCase  # type: ignore[attr-defined]
    sys.modules.setdefault("expecttest", absent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
        from torch.testing._internal.common_modules import ModuleErrorEnum, module_db
    for op in op_db:
        for wrong in op.error_inputs("cpu") if op.error_inputs_func is not None else ():
            given = wrong.sample_input
            yield op.name, partial(op, given.input, *given.args, **given.kwargs)
    for info in module_db:
        if info.module_error_inputs_func is None:
            continue
        kinds = {"device": "cpu", "dtype": torch.float32, "requires_grad": False, "training": False}
        for wrong in info.module_error_inputs_func(info, **kinds):
            made, given = wrong.module_error_input.constructor_input, wrong.module_error_input.forward_input
            if wrong.error_on is ModuleErrorEnum.CONSTRUCTION_ERROR:
                yield info.name, partial(info.module_cls, *made.args, **made.kwargs)
            else:
                module = info.module_cls(*made.args, **made.kwargs)
                yield info.name, partial(module, *given.args, **given.kwargs)


def test_no_second_error_and_a_cause_of_the_list_or_none() -> None:
    raised = 0
    for name, call in calls():
        error = came_of(call, 0).error
        if error is None:
            continue
        raised += 1
        said = came_of(partial(ask, Raised(error)), 0)
        assert said.error is None, f"{name}: {error}\nthen {said.error!r}"
        assert said.value is None or said.value.cause in CAUSES, f"{name}: {error}\n{said.value}"
    assert raised >= AT_LEAST
