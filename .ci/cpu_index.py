"""Print pip's flag for PyTorch's CPU wheels where their index answers within three seconds, else nothing.

On Linux the ordinary torch wheel brings several GB of CUDA libraries; macOS and Windows get a CPU wheel from
PyPI. pip itself would retry an index that does not answer for minutes, so it only hears of one that just did.
"""

import os
import sys
import threading
import urllib.request

INDEX = os.environ.get("TORCH_CPU_INDEX", "https://download.pytorch.org/whl/cpu")
SECONDS = 3


def answers(index: str, seconds: float = SECONDS) -> bool:
    """Tell whether the index serves its torch page in time."""
    found = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index}/torch/", timeout=seconds) as page:
                found.append(page.status == 200)
        except (OSError, ValueError):
            pass

    # urllib's timeout does not cover the name look-up, hence a thread that can be left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found == [True]


def pip_flags() -> list[str]:
    """Give pip's flags for this machine's torch."""
    if sys.platform != "linux":
        return []
    if answers(INDEX):
        return ["--extra-index-url", INDEX]
    print("PyTorch's CPU index does not answer: torch comes from pip's usual index.", file=sys.stderr)
    return []


if __name__ == "__main__":
    print(*pip_flags())
