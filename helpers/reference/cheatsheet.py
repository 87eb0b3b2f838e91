"""What each loss takes, what it says otherwise, and what mends it: a table for one printed page.

Shapes, messages and fixes are not typed here: both calls of an example are run. The shapes are those that the
right one had, the message is what the wrong one raised, and the fix has mended it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from helpers.reference.index import error_of, last_line
from helpers.reference.loss_calls import RUNS, letters, mending
from helpers.table import LEFT, WRAPPED, Html, table
from helpers.threads import one_thread
from helpers.trial import kept


class Example(NamedTuple):
    """A loss as one writes it, what the target holds, two calls, and a fix where the kit knows none."""

    loss: str
    holds: str
    right: str
    wrong: str
    fix: str = ""


INDEX, TOKENS = "class indices, 0 to C − 1", "class indices, −100 is left out"
BITS, TAGS = "0 or 1 for each output", "tensor([[-100, 0, 2, 1, -100]] * 2)"
ONE_HOT, ROWS = "F.one_hot(tensor([2, 0]))", "np.float32([[0, 0, 1], [1, 0, 0]])"
EXAMPLES = {
    "PyTorch": (
        Example("nn.CrossEntropyLoss()", INDEX,
                "criterion(randn(2, 3), tensor([2, 0]))", "criterion(randn(2, 3), tensor([[2], [0]]))"),
        Example("nn.CrossEntropyLoss()", "probabilities, each row sums to 1",
                "criterion(randn(2, 3), tensor([[0.1, 0.2, 0.7], [1, 0, 0]]))",
                f"criterion(randn(2, 3), {ONE_HOT})"),
        Example("nn.CrossEntropyLoss()", TOKENS,
                f"criterion(randn(2, 3, 5), {TAGS})", f"criterion(randn(2, 5, 3), {TAGS})"),
        Example("nn.BCEWithLogitsLoss()", BITS,
                "criterion(randn(2, 3), tensor([[1.0, 0, 1], [0, 0, 1]]))",
                "criterion(randn(2, 1), tensor([1.0, 0]))"),
        Example("nn.MSELoss()", "numbers, in the logits' shape",
                "criterion(randn(2, 1), tensor([[0.5], [2]]))", "criterion(randn(2, 1), tensor([0.5, 2]))"),
    ),
    "transformers": (
        Example('load_bert("sequence", num_labels=1)', "numbers, for regression",
                "model(**batch, labels=tensor([0.5, 2.0]))", f"model(**batch, labels={ONE_HOT})",
                'model = load_bert("sequence", num_labels=3)\nbatch["labels"] = batch["labels"].argmax(1)'),
        Example('load_bert("sequence", num_labels=3)', INDEX,
                "model(**batch, labels=tensor([2, 0]))", "model(**batch, labels=tensor([3, 0]))",
                'model = load_bert("sequence", num_labels=4)  # if there is a class 3'),
        Example('load_bert("sequence", num_labels=3, problem_type="multi_label_classification")', BITS,
                "model(**batch, labels=tensor([[1.0, 0, 1], [0, 0, 1]]))",
                "model(**batch, labels=tensor([[1, 0, 1], [0, 0, 1]]))"),
        Example('load_bert("token", num_labels=3)', TOKENS,
                f"model(**batch, labels={TAGS})", "model(**batch, labels=tensor([[0, 2, 1]] * 2))",
                'batch["labels"] = F.pad(batch["labels"], (1, 1), value=-100)'),
    ),
    "Keras": (
        Example('Dense(3, activation="softmax"), "sparse_categorical_crossentropy"', INDEX,
                "model.fit(x, np.array([2, 0]))", f"model.fit(x, {ROWS})"),
        Example('Dense(3, activation="softmax"), "categorical_crossentropy"', "probabilities, or one-hot",
                f"model.fit(x, {ROWS})", "model.fit(x, np.array([2, 0]))"),
        Example('Dense(1, activation="sigmoid"), "binary_crossentropy"', BITS,
                "model.fit(x, np.float32([[1], [0]]))", "model.fit(x, np.float32([[0, 1], [1, 0]]))",
                "y = y.argmax(-1)"),
    ),
}  # fmt: skip
BLOCKS = {"torch": ("PyTorch", "transformers"), "keras": ("Keras",)}
_READS = {"PyTorch": "logits", "transformers": "logits", "Keras": "output"}


class Row(NamedTuple):
    """An example that was run: the shapes of the right call, and what became of the wrong one."""

    example: Example
    logits: str
    target: str
    dtype: str
    sign: str  # ✗ where the wrong call raised, ⚠ where it warned and ran
    message: str
    fix: str


@dataclass(frozen=True, repr=False)
class CheatSheet:
    """Per library its rows, as they ran a moment ago."""

    blocks: tuple[tuple[str, tuple[Row, ...]], ...]

    def __repr__(self) -> str:
        return "\n\n".join(_text(library, row) for library, rows in self.blocks for row in rows)

    def _repr_html_(self) -> str:
        return "".join(_table(library, rows) for library, rows in self.blocks)


def cheat_sheet(library: str = "torch") -> CheatSheet:
    r"""Run every example of a library, and return what each loss takes, says and needs.

    Args:
        library: "torch" for PyTorch and transformers; "keras" for Keras, which is imported only then.

    Raises:
        ValueError: The library is neither of these.
        RuntimeError: A right call is not right, a wrong one runs, or nothing mends it.

    >>> print(str(cheat_sheet()).partition("\n\n")[0])
    nn.CrossEntropyLoss()
      logits (N, C), target (N,) int64: class indices, 0 to C − 1
      ✓ criterion(randn(2, 3), tensor([2, 0]))
      ✗ criterion(randn(2, 3), tensor([[2], [0]]))
        RuntimeError: 0D or 1D target tensor expected, multi-target not supported
      → target = target.flatten()
    """
    if library not in BLOCKS:
        raise ValueError(f"got library {library!r}. cheat_sheet needs 'torch' or 'keras'. Try 'torch'.")
    with kept(), one_thread():
        rows = {block: tuple(row_of(block, each) for each in EXAMPLES[block]) for block in BLOCKS[library]}
    return CheatSheet(tuple(rows.items()))


def row_of(block: str, example: Example) -> Row:
    """Run the two calls of an example, and the fix. Raises as `cheat_sheet` does."""
    run, (loss, _, right, wrong, fix) = RUNS[block], example
    ran = run(loss, right, "")
    if ran.told.outcome != "ok":
        raise RuntimeError(f"got {ran.told.headline} from {right}. The table needs a right call.")
    # Of a broadcast torch only warns; in the other libraries a warning may be about anything.
    error = error_of(wrong, ran.names, or_warning=block == "PyTorch")
    said, sign = last_line(error), "⚠" if isinstance(error, Warning) else "✗"
    said = said if len(said) < 180 else f"{said.partition('. ')[0]}. …"
    made_of = letters(ran.logits), letters(ran.target), str(ran.target.dtype).removeprefix("torch.")
    return Row(example, *made_of, sign, said, mending(run, loss, wrong, fix, like=ran.target))


def _text(library: str, row: Row) -> str:
    loss, holds, right, wrong, _ = row.example
    fix = row.fix.replace("\n", "\n    ")
    return (
        f"{loss}\n  {_READS[library]} {row.logits}, target {row.target} {row.dtype}: {holds}\n"
        f"  ✓ {right}\n  {row.sign} {wrong}\n    {row.message}\n  → {fix}"
    )


def _table(library: str, rows: tuple[Row, ...]) -> str:
    names = (library, _READS[library], "target", "dtype", "✓ right", "✗ wrong, and its message", "the fix")
    # Code may be broken anywhere; a word, as float32, may not, however narrow the page.
    styles = (WRAPPED, LEFT, LEFT, LEFT, WRAPPED, WRAPPED, WRAPPED)
    return table(map(_cells, rows), names, styles, named=False)


def _cells(row: Row) -> tuple[str, ...]:
    loss, holds, right, wrong, _ = row.example
    shapes = [Html(words.replace(" ", "&nbsp;")) for words in (row.logits, row.target)]
    takes = Html(f"{_code(loss)}<br>{escape(holds)}")
    says = Html(f"{_code(wrong)}<br>{row.sign}&nbsp;{escape(row.message)}")
    return takes, *shapes, row.dtype, _code(right), says, _code(row.fix)


def _code(words: str) -> Html:
    # Where a line may break at no blank, so that the table is no wider than a notebook.
    lines = re.sub(r"(\((?!\))|=(?=[^\d-]))", r"\1<wbr>", escape(words)).split("\n")
    return Html("<br>".join(f"<code>{line}</code>" for line in lines))
