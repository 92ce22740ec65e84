"""How long `import closedbook` takes, and `closedbook --version`, beside an empty Python: results/importing.json.

python benchmarks/importing.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from record import RESULTS, origin

from closedbook.runs.store import write_atomically

REPEATS = 15
WAYS = {
    "nothing": ["-c", "pass"],
    "import closedbook": ["-c", "import closedbook"],
    "closedbook --version": ["-m", "closedbook", "--version"],
    "closedbook --help": ["-m", "closedbook", "--help"],
}


def seconds(arguments: list[str]) -> list[float]:
    """Wall seconds of Python with these arguments, from start to exit, each time anew."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return taken


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    measured = {}
    for name, arguments in WAYS.items():
        taken = seconds(arguments)
        measured[name] = {"median_seconds": round(statistics.median(taken), 3), "least_seconds": round(min(taken), 3)}
    alone = measured["import closedbook"]["median_seconds"] - measured["nothing"]["median_seconds"]
    result = {"repeats": REPEATS, "import_alone_seconds": round(alone, 3), "whole": measured, "origin": origin()}
    write_atomically(RESULTS / "importing.json", (json.dumps(result, indent=1) + "\n").encode())
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
