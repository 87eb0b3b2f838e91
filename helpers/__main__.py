"""`python -m helpers`: say whether this installation works, one line per check."""

import sys
from collections.abc import Callable, Iterable

from helpers import doctor


def main(checks: Iterable[Callable[[], str]] = doctor.CHECKS) -> int:
    """Print one line per check and stop at the first that fails.

    Returns:
        The exit status: 0 when all is well, 1 after a failing check.
    """
    for check in checks:
        try:
            print("ok ", check(), flush=True)
        except doctor.Unfit as problem:
            print("NO ", problem, flush=True)
            return 1
    print("Shape Clinic is ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
