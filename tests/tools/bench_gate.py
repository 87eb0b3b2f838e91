"""What the notebook gate costs beside kernels that only start and import: python tests/tools/bench_gate.py

Both go through the very same gate, two workers at a time, in one run: as many notebooks of one cell as the
kit has notebooks, then the kit's own. Training is what a lesson is for: the time of the cells that carry the
tag "trains" is printed, and allowed on top of three times the floor.
"""

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench import word
from minutes import TRAINS
from nbformat import v4
from notebook_tools import Ran, code_cells, committed_notebooks, read_notebook, run_gate, tags
from refresh import serialise

LIMIT = 3.0
LONGEST = 90.0  # seconds of a lesson, while another one runs beside it
WORKERS = 2
IMPORTS = {
    "import torch, transformers": "import torch\nimport transformers",
    # transformers loads a model's code on first use, which every lesson needs.
    "and transformers' BertModel": "import torch\nfrom transformers import BertModel",
}


def timed(notebooks: list[Path], folder: Path) -> tuple[float, dict[tuple[str, int], Ran]]:
    """Run the gate once and return its seconds and each cell's; a notebook that fails is an error."""
    start = time.perf_counter()
    results = run_gate(notebooks, folder)
    taken = time.perf_counter() - start
    failed = [name for name, ran in results.items() if ran.verdict != "passed"]
    if failed:
        raise RuntimeError(f"got failing cells {failed}. The benchmark needs a green gate. Try make test.")
    return taken, results


def training(path: Path, results: dict[tuple[str, int], Ran]) -> float:
    """Return the seconds that a notebook's training cells took."""
    cells = enumerate(code_cells(read_notebook(path)))
    return sum(results[path.stem, number].seconds for number, cell in cells if TRAINS in tags(cell))


def gate_lines() -> Iterable[str]:
    """One line per kind of kernel that only imports, one per notebook, then the gate and its ratio."""
    own = committed_notebooks()
    floors = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (title, source) in enumerate(IMPORTS.items()):
            paths = [folder / f"imports_{number}_{copy}.ipynb" for copy in range(len(own))]
            for path in paths:
                path.write_bytes(serialise(v4.new_notebook(cells=[v4.new_code_cell(source)])))
            floors.append(timed(paths, folder)[0])
            yield f"{len(own)} kernels, {title:28} {floors[-1]:6.1f} s"
        # Copies, so that the gate's report can name them.
        copies = [Path(shutil.copy(path, folder)) for path in own]
        gate, results = timed(copies, folder)
    trained = 0.0
    for path in own:
        whole = sum(ran.seconds for (stem, _), ran in results.items() if stem == path.stem)
        trained += (trains := training(path, results))
        yield f"  {path.stem:24} {whole:6.1f} s, {trains:5.1f} of them training  {word(whole, LONGEST)}"
    allowed = LIMIT * floors[0] + trained
    share = f"at most {LIMIT:g} x the first and the training, {allowed:.1f} s: {word(gate, allowed)}"
    yield f"{len(own)} notebooks of the kit {gate:26.1f} s, {trained:.1f} s of training; {share}"
    # Each worker trains while the other one goes on.
    yield f"without training {(gate - trained / WORKERS) / floors[0]:33.2f} x the first"


if __name__ == "__main__":
    for line in gate_lines():
        print(line, flush=True)
