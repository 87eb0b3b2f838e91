"""Small steps on one thread: on a busy laptop each would wait 16 ms for a second one and gain nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL = 10_000  # numbers; with more, a second thread is worth waiting for


@contextmanager
def one_thread(numbers: int = 0) -> Iterator[None]:
    """Let torch compute on one thread, unless there is much to do, and put the learner's own setting back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if numbers <= SMALL else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
