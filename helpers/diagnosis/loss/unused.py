"""Outputs that no label asks for: the same words for a loss by hand and for a model with its loss inside."""

from __future__ import annotations

# With fewer labels than this a class may be missing by chance; with more, hardly.
CHANCE = 0.01


def unused(outputs: int, highest: int, count: int, classes: int | None) -> tuple[int, str] | None:
    """Say how many outputs are enough and who asks for no more; None where all may be needed.

    Args:
        outputs: C.
        highest: The highest label that came.
        count: How many labels came.
        classes: How many classes the data has, where that is known.

    >>> unused(5, 2, 4, 3)
    (3, '3 outputs for 3 classes: no label ever asks for outputs 3 and 4')
    >>> unused(5, 2, 4, None)  # four labels can miss a class by chance
    """
    seen = max(classes or 0, highest + 1)
    # Were all outputs in use and equally likely, how probable would a batch without the last ones be?
    if seen >= outputs or (classes is None and (seen / outputs) ** count >= CHANCE):
        return None
    last = outputs - 1
    to = "and" if last == seen + 1 else "to"
    rest = f"output {seen}" if seen == last else f"outputs {seen} {to} {last}"
    if classes is None:
        return seen, f"as many outputs as classes: none of {count} labels asks for {rest}"
    enough = "1 output for 1 class" if seen == 1 else f"{seen} outputs for {seen} classes"
    return seen, f"{enough}: no label ever asks for {rest}"
