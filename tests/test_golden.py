"""One diagnosis for every cause, as it is read: tests/golden/diagnoses.txt.

Read them aloud after a change, then `python tests/test_golden.py --write`.
"""

import pathlib
import sys

import pytest
from cases import MISTAKES
from cases.judge import ask, run

from helpers.diagnosis.said.causes import CAUSES
from helpers.diagnosis.said.result import MOST_LINES

GOLDEN = pathlib.Path(__file__).with_name("golden") / "diagnoses.txt"
# Cause -> the case (tests/cases) that shows it best.
EXAMPLES = {
    "head_size": "head-hf-default-two-labels",
    "label_range": "head-five-stars",
    "batch_target": "batch-labels-of-the-last-batch",
    "extra_target_dim": "squeeze-column-of-a-table",
    "one_hot_index": "kind-one-hot-integers",
    "index_for_multilabel": "kind-bce-indices",
    "token_logits_for_sequence": "token-column-of-labels",
    "sequence_logits_for_token": "sequence-last-lstm-state",
    "needs_flatten_or_transpose": "flat-lstm-tagger",
    "squeeze_mismatch": "squeeze-mse-broadcasts",
    "target_dtype": "dtype-int32-module",
    "ragged_padding": "ragged-loader-of-dictionaries",
    "static_length": "static-one-step-shorter",
    "missing_or_wrong_mask": "mask-one-token-shorter",
    "too_long": "long-bert",
    "vocab_range": "vocab-other-tokenizer",
    "problem_type": "kind-hf-sticky-problem-type",
    "missing_input": "input-no-ids",
    "loss_choice": "keras-categorical-with-indices",
    "softmax_before_loss": "silent-softmax-first",
    "unused_outputs": "silent-outputs-never-asked-for",
    "dropped_rows": "batch-filter-drops-padded-sentences",
    "all_ignored": "silent-all-ignored",
}


def diagnosis_of(cause: str) -> tuple[str | None, str]:
    """Run a cause's example; return the cause that was said, and the text."""
    case = next(case for case in MISTAKES if case.name == EXAMPLES[cause])
    space, error = run(case.code)
    diagnosis = ask(case, space, error)
    return (diagnosis.cause, str(diagnosis)) if diagnosis is not None else (None, "")


def golden() -> dict[str, str]:
    """Read the file: cause -> text."""
    parts = GOLDEN.read_text(encoding="utf-8").split("== ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].rstrip("\n") for part in parts}


def write() -> None:
    """Make the file again, in the order of the list of causes."""
    GOLDEN.parent.mkdir(exist_ok=True)
    parts = [f"== {cause}\n{diagnosis_of(cause)[1]}\n" for cause in CAUSES if cause in EXAMPLES]
    GOLDEN.write_text("\n".join(parts), encoding="utf-8")


def test_every_cause_has_an_example() -> None:
    assert list(EXAMPLES) == list(CAUSES)
    assert list(golden()) == list(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_diagnosis_reads_as_before(cause: str) -> None:
    said, words = diagnosis_of(cause)
    assert said == cause
    assert words == golden()[cause]


@pytest.mark.parametrize("cause", CAUSES)
def test_got_needs_and_length(cause: str) -> None:
    lines = golden()[cause].splitlines()
    assert len(lines) <= MOST_LINES
    assert {"got", "needs"} <= {line.split(" ")[0] for line in lines}


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    write()
