"""From an exception, or a loss that ran, to a cause and to fixes that ran.

`seen` is what went in and `said` what comes out; `loss`, other `calls`, `keras` and a whole `batch` change
one thing and run it: what they changed is the cause. `explain.py` says in which order they are asked.
"""

from helpers.diagnosis.batch.check import check_batch
from helpers.diagnosis.check import check_loss
from helpers.diagnosis.explain import explain
from helpers.diagnosis.keras.loss import check_keras_loss
from helpers.diagnosis.loss.around import dropped_rows
from helpers.diagnosis.loss.check import diagnose
from helpers.diagnosis.said.result import Diagnosis, Fix, Mark

__all__ = [
    "Diagnosis",
    "Fix",
    "Mark",
    "check_batch",
    "check_keras_loss",
    "check_loss",
    "diagnose",
    "dropped_rows",
    "explain",
]
