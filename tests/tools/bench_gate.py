"""What the notebook gate costs beside kernels that only start and import: python tests/tools/bench_gate.py

Both go through the very same gate, two workers at a time, in one run: as many notebooks of one cell as the
kit has notebooks, then the kit's own.
"""

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench import word
from nbformat import v4
from notebook_tools import committed_notebooks, run_gate
from refresh import serialise

LIMIT = 3.0
IMPORTS = {
    "import torch, transformers": "import torch\nimport transformers",
    # transformers loads a model's code on first use, which every lesson needs.
    "and transformers' BertModel": "import torch\nfrom transformers import BertModel",
}


def seconds(notebooks: list[Path], folder: Path) -> float:
    """Run the gate once and return its seconds; a notebook that fails is an error."""
    start = time.perf_counter()
    results = run_gate(notebooks, folder)
    taken = time.perf_counter() - start
    failed = [name for name, verdict in results.items() if verdict != "passed"]
    if failed:
        raise RuntimeError(f"got failing cells {failed}. The benchmark needs a green gate. Try make test.")
    return taken


def gate_lines() -> Iterable[str]:
    """One line per kind of kernel that only imports, then the gate and its ratio to the cheaper of them."""
    own = committed_notebooks()
    times = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (title, source) in enumerate(IMPORTS.items()):
            paths = [folder / f"imports_{number}_{copy}.ipynb" for copy in range(len(own))]
            for path in paths:
                path.write_bytes(serialise(v4.new_notebook(cells=[v4.new_code_cell(source)])))
            times.append(seconds(paths, folder))
            yield f"{len(own)} kernels, {title:28} {times[-1]:6.1f} s"
        # Copies, so that the gate's report can name them.
        copies = [Path(shutil.copy(path, folder)) for path in own]
        gate = seconds(copies, folder)
    ratio = gate / times[0]
    share = f"{ratio:5.2f} x the first (limit {LIMIT:g}: {word(ratio, LIMIT)})"
    yield f"{len(own)} notebooks of the kit {gate:26.1f} s  {share}"
    yield f"{gate / times[1]:52.2f} x the second"


if __name__ == "__main__":
    for line in gate_lines():
        print(line, flush=True)
