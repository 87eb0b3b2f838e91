"""Shape Clinic: learn why a BERT classifier's shapes don't fit, and how to fix it.

Every public name is imported on first use, so that `import helpers` stays as cheap as a
notebook's first cell should be: transformers alone takes two seconds.
"""

# mypy: implicit-reexport
# ruff: noqa: F401
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and mypy, which run nothing
    from helpers.bert import load_bert, load_tokenizer, pretrained_folder
    from helpers.data import TAGS, load_reviews, load_tagged
    from helpers.diagnosis import Diagnosis, Fix, check_batch, check_loss, explain
    from helpers.drawing.figures import heatmap, loss_curves
    from helpers.extension import clinic, load_ipython_extension, unload_ipython_extension
    from helpers.keras_bert import BertLayer
    from helpers.lab.widget import ShapeLab
    from helpers.practice.checks import Need, check
    from helpers.practice.progress import progress
    from helpers.practice.question import predict
    from helpers.practice.ward import Ward
    from helpers.reference.cheatsheet import cheat_sheet
    from helpers.reference.compare import compare_errors
    from helpers.reference.index import error_index
    from helpers.trace import Stage, Trace, trace_shapes

_NAMES = {
    "bert": "load_bert load_tokenizer pretrained_folder",
    "data": "TAGS load_reviews load_tagged",
    "diagnosis": "Diagnosis Fix check_batch check_loss explain",
    "drawing.figures": "heatmap loss_curves",
    "extension": "clinic load_ipython_extension unload_ipython_extension",
    "keras_bert": "BertLayer",
    "lab.widget": "ShapeLab",
    "practice.checks": "Need check",
    "practice.progress": "progress",
    "practice.question": "predict",
    "practice.ward": "Ward",
    "reference.cheatsheet": "cheat_sheet",
    "reference.compare": "compare_errors",
    "reference.index": "error_index",
    "trace": "Stage Trace trace_shapes",
}
ROOM_OF = {name: room for room, names in _NAMES.items() for name in names.split()}
__all__ = sorted(ROOM_OF)


def __getattr__(name: str) -> Any:
    if name not in ROOM_OF:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"helpers.{ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
