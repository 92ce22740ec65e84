"""Whole-command accuracy and time of a recipe on dev, seed by seed: results/accuracy-RECIPE.json.

    python benchmarks/accuracy.py fast --data ../shared/data/cs224n --seeds 0 1 2 3 4

Each seed is `closedbook train` as a user types it, timed from start to exit, then `closedbook evaluate` on dev.
Dev is read after the recipe was settled, and nothing here chooses anything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from record import Cells, run_timed

COMMAND = [str(Path(sys.executable).with_name("closedbook"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--name", help="of the results file, where it is not the recipe's")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder, as RECIPE-SEED")
    arguments = parser.parse_args()
    cells = Cells(f"accuracy-{arguments.name or arguments.recipe}.json")
    for seed in arguments.seeds:
        if f"seed {seed}" in cells:
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = str(arguments.keep / f"{cells.path.stem}-{seed}") if arguments.keep else f"{folder}/run"
            trained = run_timed(
                [*COMMAND, "train", arguments.recipe, "--documents", str(arguments.data / "wiki.txt"),
                 "--questions", str(arguments.data / "birth_places_train.tsv"), "--run", run, "--seed", str(seed),
                 "--json", *(["--threads", str(arguments.threads)] if arguments.threads else []),
                 *(part for override in arguments.set for part in ("--set", override))]
            )  # fmt: skip
            record = json.loads((Path(run) / "run.json").read_text(encoding="utf-8"))
            dev = str(arguments.data / "birth_dev.tsv")
            scored = json.loads(run_timed([*COMMAND, "evaluate", run, "--questions", dev, "--json"])["output"])
        cells.add(
            f"seed {seed}",
            {
                "recipe": arguments.recipe,
                "set": arguments.set,
                "seed": seed,
                **{key: scored[key] for key in ("correct", "total", "accuracy", "interval")},
                "answering_seconds": scored["seconds"],
                "wall_seconds": trained["wall_seconds"],
                "peak_memory_mb": trained["peak_memory_mb"],
                "seconds": record["seconds"],
                "parameters": record["parameters"],
                "threads": record["threads"],
                "run_commit": record["commit"],
                "documents_sha256": record["documents"]["sha256"],
            },
        )
        print(f"seed {seed}: {scored['correct']} of {scored['total']}, {trained['wall_seconds']} s", flush=True)
    rows = list(cells.data["cells"].values())
    found = [row["accuracy"] for row in rows]
    cells.save(
        summary={
            "seeds": len(rows),
            "mean_accuracy": statistics.mean(found),
            "spread": statistics.stdev(found) if len(found) > 1 else None,
            "lowest": min(found),
            "highest": max(found),
            "mean_wall_seconds": statistics.mean(row["wall_seconds"] for row in rows),
            "peak_memory_mb": max(row["peak_memory_mb"] for row in rows),
        }
    )
    print(json.dumps(cells.data["summary"], indent=1))


if __name__ == "__main__":
    main()
