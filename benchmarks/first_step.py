"""From the command to the first step of a training, this code and another checkout's in turns: results/first-step.json.

    python benchmarks/first_step.py --before ../other/src --folder FOLDER

The corpus is that of benchmarks/corpora.py, made and indexed in --folder where it is not there yet (the folder stays:
remove it yourself). Each start is a process of its own, one thread; it ends after its first step. The machine's other
work slows both codes alike only in the long run, so look at the least seconds, and at the processor's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def first_step(folder: Path, documents: str, index: str, began: float) -> None:
    """Start a training in this process; prints one JSON object after its first step, and ends."""
    from closedbook import pipeline
    from closedbook.config.loading import load_recipe
    from closedbook.runs.provenance import source_commit
    from closedbook.training.events import Step

    def on_event(event: object) -> None:
        if isinstance(event, Step):
            measured = {"wall": time.time() - began, "cpu": time.process_time(), "commit": source_commit()}
            print(json.dumps(measured), flush=True)
            raise KeyboardInterrupt

    recipe = load_recipe("fast", ["stages.learn.steps=50", "data.evidence=false", "data.held_out={}"])
    with tempfile.TemporaryDirectory(dir=folder) as run:
        pipeline.train(
            recipe, folder / documents, folder / "questions.tsv", run=Path(run) / "run", threads=1,
            index=folder / index, callbacks=[on_event],
        )  # fmt: skip


def start(source: Path, folder: Path, documents: str, index: str) -> dict[str, Any]:
    """The same in a process of its own, with the package of `source`."""
    command = [sys.executable, __file__, "--folder", str(folder), "--child", documents, index, str(time.time())]
    environment = {**os.environ, "PYTHONPATH": str(source.absolute()), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def summary(starts: list[dict[str, Any]]) -> dict[str, float]:
    return {
        f"{which}_{kind}": round(take([start[kind] for start in starts]), 2)
        for kind in ("wall", "cpu")
        for which, take in (("least", min), ("median", statistics.median))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--before", type=Path, default=HERE.parent / "src", help="the src folder to compare with")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--note", default="", help="what else the machine was doing")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.folder
    if arguments.child:
        documents, index, began = arguments.child
        first_step(folder, documents, index, float(began))
        return

    from corpora import generate
    from record import RESULTS, origin

    from closedbook.runs.store import write_atomically

    if not (folder / "documents.txt").exists():
        folder.mkdir(parents=True, exist_ok=True)
        generate(folder, arguments.megabytes * 1_000_000)
    codes = {"before": arguments.before, "now": HERE.parent / "src"}
    corpora = {"large": "documents.txt", "small": "small.txt"}
    cells: dict[str, list[dict[str, Any]]] = {}
    for turn in range(arguments.turns + 1):
        for size, documents in corpora.items():
            for name, source in codes.items():
                measured = start(source, folder, documents, f"index-{name}")
                if turn:  # the first time it is indexed
                    cells.setdefault(f"{size}, {name}", []).append(measured)
                print(turn, size, name, measured, flush=True)
    result = {
        "recipe": "fast", "turns": arguments.turns, "note": arguments.note, "origin": origin(),
        "bytes": {size: (folder / documents).stat().st_size for size, documents in corpora.items()},
        "seconds": {name: {"commit": starts[0]["commit"], **summary(starts)} for name, starts in cells.items()},
    }  # fmt: skip
    write_atomically(RESULTS / "first-step.json", (json.dumps(result, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
