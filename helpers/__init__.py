"""Shape Clinic: learn why a BERT classifier's shapes don't fit, and how to fix it.

Every public name is imported on first use, so that `import helpers` stays as cheap as a
notebook's first cell should be: transformers alone takes two seconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.bert import load_bert as load_bert
    from helpers.bert import load_tokenizer as load_tokenizer
    from helpers.data import TAGS as TAGS
    from helpers.data import load_reviews as load_reviews
    from helpers.data import load_tagged as load_tagged
    from helpers.diagnosis import Diagnosis as Diagnosis
    from helpers.diagnosis import Fix as Fix
    from helpers.diagnosis import check_batch as check_batch
    from helpers.diagnosis import check_loss as check_loss
    from helpers.diagnosis import explain as explain
    from helpers.drawing.figures import heatmap as heatmap
    from helpers.drawing.figures import loss_curves as loss_curves
    from helpers.extension import clinic as clinic
    from helpers.extension import load_ipython_extension as load_ipython_extension
    from helpers.extension import unload_ipython_extension as unload_ipython_extension
    from helpers.keras_bert import BertLayer as BertLayer
    from helpers.lab.widget import ShapeLab as ShapeLab
    from helpers.practice.checks import Need as Need
    from helpers.practice.checks import check as check
    from helpers.practice.progress import progress as progress
    from helpers.practice.question import predict as predict
    from helpers.reference.cheatsheet import cheat_sheet as cheat_sheet
    from helpers.reference.compare import compare_errors as compare_errors
    from helpers.reference.index import error_index as error_index
    from helpers.trace import Stage as Stage
    from helpers.trace import Trace as Trace
    from helpers.trace import trace_shapes as trace_shapes

_ROOM_OF = {
    "load_bert": "bert",
    "load_tokenizer": "bert",
    "Stage": "trace",
    "Trace": "trace",
    "trace_shapes": "trace",
    "Diagnosis": "diagnosis",
    "Fix": "diagnosis",
    "check_batch": "diagnosis",
    "check_loss": "diagnosis",
    "explain": "diagnosis",
    "clinic": "extension",
    "load_ipython_extension": "extension",
    "unload_ipython_extension": "extension",
    "BertLayer": "keras_bert",
    "ShapeLab": "lab.widget",
    "load_reviews": "data",
    "load_tagged": "data",
    "TAGS": "data",
    "heatmap": "drawing.figures",
    "loss_curves": "drawing.figures",
    "compare_errors": "reference.compare",
    "cheat_sheet": "reference.cheatsheet",
    "error_index": "reference.index",
    "predict": "practice.question",
    "check": "practice.checks",
    "Need": "practice.checks",
    "progress": "practice.progress",
}

__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"helpers.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
