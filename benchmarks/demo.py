"""`closedbook demo` as a newcomer runs it, timed from start to exit: results/demo.json.

python benchmarks/demo.py
python benchmarks/demo.py --run runs/demo   # the same, and the run is kept: for docs/picture.py
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from record import RESULTS, origin, run_timed

from closedbook.runs.store import write_atomically


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="keep the run in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = origin() | {"command": "python benchmarks/demo.py"}  # wherever the run is kept
        run = arguments.run or f"{folder}/demo"
        done = run_timed([str(Path(sys.executable).with_name("closedbook")), "demo", "--run", run, "--json"])
    result = json.loads(done.pop("output"))
    kept = {key: value for key, value in result.items() if key not in ("run", "world")}
    kept |= {key: value for key, value in done.items()} | {"origin": begun}
    write_atomically(RESULTS / "demo.json", (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())
    print(json.dumps({key: kept[key] for key in ("relations", "unseen_wordings", "wall_seconds", "peak_memory_mb")}))


if __name__ == "__main__":
    main()
