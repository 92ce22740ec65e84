"""What this process runs in: the packages that are installed, and the other processes that torchrun has started."""

from __future__ import annotations

import os
from importlib.util import find_spec

from closedbook.errors import RunError

MOST_PROCESSES = 2**20


def require_packages(what: str, *packages: str, extra: str) -> None:
    """Raise RunError, with the command to install them, if one of the packages that `what` needs is missing."""
    if missing := [package for package in packages if find_spec(package) is None]:
        raise RunError(
            f"{what} needs {' and '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not installed: "
            f"pip install 'closedbook[{extra}]'"
        )


def process_rank(rank: str = "RANK", world: str = "WORLD_SIZE") -> tuple[int, int]:
    """(number, processes): which one of how many this is; (0, 1) where nobody says.

    Raises RunError where the variables of these names are set to something that torchrun does not set.
    """
    values = os.environ.get(rank), os.environ.get(world)
    if not values[1]:  # empty is unset; a rank alone is another tool's
        return 0, 1
    try:
        number, processes = int(values[0] or ""), int(values[1])
    except ValueError:
        number, processes = (0, 1) if values == (None, "1") else (-1, 0)
    if not 0 <= number < processes <= MOST_PROCESSES:
        assignments = ", ".join(f"{name}={value!r:.60}" for name, value in zip((rank, world), values, strict=True))
        raise RunError(
            f"the environment has {assignments}, which torchrun does not set; unset both, or start with torchrun "
            "(docs/processes.md)"
        )
    return number, processes
