"""What this process runs in: installed packages, the processes that torchrun has started, and how much may be read."""

from __future__ import annotations

import os
from importlib.util import find_spec

from closedbook.errors import DataError, RunError

MOST_PROCESSES = 2**20
READ_AT_MOST = 256 << 20
"""How many bytes of a file, uncompressed, are read into memory at most, unless LIMIT is set."""
LIMIT = "CLOSEDBOOK_READ_AT_MOST"
"""The environment variable for another limit, in megabytes; `closedbook --read-at-most MB` sets it."""


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


def most_read() -> int:
    """How many bytes of a file are read into memory. Raises DataError if LIMIT is not a number of megabytes."""
    megabytes = os.environ.get(LIMIT, "")
    if not megabytes:
        return READ_AT_MOST
    if not megabytes.isascii() or not megabytes.isdigit() or not 0 < len(megabytes) < 10 or not int(megabytes):
        raise DataError(
            f"{LIMIT}={megabytes[:40]} is no number of megabytes; set it to one from 1 to 999999999, or unset it"
        )
    return int(megabytes) * 10**6


def raise_it() -> str:
    """What the user can type to read a larger file."""
    return f"if that is meant, raise the limit: {LIMIT}=MEGABYTES, or closedbook --read-at-most MEGABYTES …"
