"""What only a GPU shows. The experiment runs in a process of its own, for nothing works on CUDA after it."""

from __future__ import annotations

import subprocess
import sys

import torch

from helpers.claims.claim import claim
from helpers.claims.outcome import NotHere
from helpers.reference.index import HEAD

_PROGRAM = """
import torch, torch.nn.functional as F
logits = torch.zeros(4, 33, device="cuda")
for label in (40, 1):  # the second call is a right one
    try:
        print("ran", F.cross_entropy(logits, torch.full((4,), label, device="cuda")).item())
    except Exception as error:
        print(str(error).splitlines()[0])
"""
_WORDS = "raises RuntimeError: device-side assert"


@claim("s-cuda", {"a label of 40, 33 outputs": _WORDS, "a right label after it": _WORDS}, HEAD, "gpu")
def _label_on_a_gpu() -> object:
    """On a GPU a label out of range is a device-side assert, and every later CUDA call fails too."""
    if not torch.cuda.is_available():
        raise NotHere("no GPU")
    program = [sys.executable, "-c", _PROGRAM]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()

    def again(line: str) -> object:
        if not line.startswith("ran"):
            raise RuntimeError(line)
        return line

    return {
        "a label of 40, 33 outputs": lambda: again(lines[0]),
        "a right label after it": lambda: again(lines[1]),
    }


CLAIMS = (_label_on_a_gpu,)
