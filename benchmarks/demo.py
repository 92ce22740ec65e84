"""`closedbook demo` as a newcomer runs it, timed from start to exit: results/demo.json.

python benchmarks/demo.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from record import RESULTS, origin, run_timed

from closedbook.runs.store import write_atomically


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("closedbook")), "demo", "--run", f"{folder}/demo", "--json"]
        done = run_timed(command)
    result = json.loads(done.pop("output"))
    kept = {key: value for key, value in result.items() if key not in ("run", "world")}
    kept |= {key: value for key, value in done.items()} | {"origin": origin()}
    write_atomically(RESULTS / "demo.json", (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())
    print(json.dumps({key: kept[key] for key in ("relations", "unseen_wordings", "wall_seconds", "peak_memory_mb")}))


if __name__ == "__main__":
    main()
