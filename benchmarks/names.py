"""What a million names take: results/names.json.

    python benchmarks/names.py

Bytes of this process's memory, seconds of its processor's time, one thread. Names are made up, two words and a number.
The rows are counted for `fast`, by its width: the row itself, and the two moments that its training keeps.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.data.names import NameIndex

SYLLABLES = ("ka", "ri", "mo", "ten", "lu", "sa", "vor", "ne", "di", "pha", "gul", "os")
ASKED = 1000


def resident() -> int:
    """Bytes that are resident now."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    arguments = parser.parse_args()
    draw = random.Random(0)

    def word() -> str:
        return "".join(draw.choices(SYLLABLES, k=3)).capitalize()

    before, began = resident(), time.process_time()
    names = NameIndex.of(f"{word()} {word()} {i}" for i in range(arguments.names))
    names.find(f"is {names.names[0].lower()} in it?")  # so that other cases are known too
    index, seconds = resident() - before, time.process_time() - began
    stride = max(1, arguments.names // ASKED)
    questions = [f"Where was {name} born?" for name in names.names[::stride]]
    began = time.process_time()
    count = sum(names.find(question) is not None for question in questions)
    finding = time.process_time() - began
    row = 4 * load_recipe("fast").model.width
    cell = {
        "names": len(names), "index_bytes_per_name": round(index / len(names)), "index_seconds": round(seconds, 1),
        "json_bytes_per_name": round(len(json.dumps(names.names)) / len(names)), "row_bytes": row,
        "row_and_moments_bytes": 3 * row, "found": count, "asked": len(questions),
        "microseconds_per_question": round(1e6 * finding / len(questions)),
    }  # fmt: skip
    print(json.dumps(cell))
    Cells("names.json").add(f"{arguments.names:,} names", cell)


if __name__ == "__main__":
    main()
