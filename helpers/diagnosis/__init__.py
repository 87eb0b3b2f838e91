"""From a loss call to what it really did, and which axis is to blame.

`result` says what a diagnosis is, `loss` runs a criterion and names the cause.
"""

from helpers.diagnosis.loss import check_loss
from helpers.diagnosis.result import Diagnosis, Mark

__all__ = ["Diagnosis", "Mark", "check_loss"]
