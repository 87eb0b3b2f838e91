"""From an exception, or a loss that ran, to a cause and to fixes that ran.

`evidence` says what a call was made of, `causes` is the closed list, the rules go from the one to the other,
`fixes` runs repairs, `result` is what comes out.
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
