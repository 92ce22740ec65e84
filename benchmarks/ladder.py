"""What each ingredient of `fast` is worth: one change at a time, on kept-out training questions.

    python benchmarks/ladder.py --data ../shared/data/cs224n
    python benchmarks/ladder.py --data ../shared/data/cs224n --figure   # only the figure from what is there

Leave-one-out at a budget of 3 minutes on as many cores as --threads says: the budget becomes steps once, from the
speed of `fast` (`steps` in the results file; --steps gives them where a quieter machine found them), and every rung
takes as many; a rung's own time is recorded beside it. Two seeds. Every rung keeps 40 % of the training questions out
(some 820), so that a difference of two percent is seen; `fast` itself trains on most of them. Each cell is kept as it
ends and never run again. Dev is not read.

The rungs start from `fast` as it was when they were climbed (BASE): they are what made its questions write. What is in
results/ was measured while the memory was a hashed table of n-grams.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from record import Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.questions import read_questions

BUDGET_SECONDS = 180
CUE = "stages.learn.objectives.cue.objective"
MASKED = "stages.learn.objectives.masked"
QUESTION = "stages.learn.objectives.question"
BASE = ["data.held_out={choose=0.4, calibrate=0.05}", f"{QUESTION}.update_embeddings=false"]

# In the order of what one would ask first; an experiment that is stopped has the head of the list.
RUNGS: dict[str, list[str]] = {
    "fast": [],
    "no memory": ["model.memory.names=false"],
    "cues: words beyond a name left out are kept": [f"{CUE}.beyond=1.0"],
    "cues: no mark where the span stood": [f"{CUE}.gap=false"],
    "questions as they are": [f"{QUESTION}.objective={{name='question'}}"],
    "next to no masked documents": [f"{MASKED}.share=0.001"],
    "numbers as often as names": [f"{CUE}.numbers=1.0", f"{CUE}.keep_numbers=1.0"],
    "answers' texts as often as others": [f"{CUE}.answers=1"],
    "questions only at the end": [f"{QUESTION}.start=0.9"],
    "questions write to the memory": [f"{QUESTION}.update_embeddings=true"],
    "title always first": [f"{CUE}.title_first=1.0"],
    "all outputs in the loss": ["stages.learn.negatives=0"],
    "float32 products": ["model.matmul_dtype=float32"],
    "no positions": ["model.positions=none"],
    "one layer": ["model.layers=1"],
    "three layers": ["model.layers=3"],
    "more questions (10 %)": [f"{QUESTION}.share=0.10"],
    "no memory, its bytes in width": ["model.memory.names=false", "model.width=424"],
}


def cell(data: Path, sets: list[str], seed: int, steps: int, threads: int | None) -> dict[str, object]:
    recipe = load_recipe("fast", [*BASE, f"stages.learn.steps={steps}", f"seed={seed}", *sets])
    with tempfile.TemporaryDirectory() as folder:
        documents, questions = data / "wiki.txt", data / "birth_places_train.tsv"
        began = time.perf_counter()
        run = pipeline.train(recipe, documents, questions, run=Path(folder) / "run", threads=threads)
        seconds = time.perf_counter() - began
        record = run.folder.record()
        question_set = read_questions(questions)
        kept = pipeline.evaluate(run, question_set.only(record["split"]["choose"]))
        trained = pipeline.evaluate(run, question_set.only(record["split"]["train"][:400]))
    return {
        "set": sets,
        "seed": seed,
        "steps": steps,
        "kept_out": {key: kept[key] for key in ("correct", "total", "accuracy", "interval")},
        "trained": trained["accuracy"],
        "wall_seconds": round(seconds, 1),
        "parameters": record["parameters"],
        "threads": record["threads"],
    }


def steps_for_budget(data: Path, threads: int | None) -> int:
    """How many steps of `fast` take BUDGET_SECONDS here; measured over a few hundred."""
    probe = 300
    seconds = cell(data, [], 0, probe, threads)["wall_seconds"]
    return int(probe * BUDGET_SECONDS / float(str(seconds)))


def climbed(cells: dict[str, Any]) -> list[tuple[str, float, float]]:
    """(rung, mean share right of the kept-out questions, mean seconds) of every rung that there is, best first."""
    rows = []
    for name in RUNGS:
        of = [cell for key, cell in cells.items() if key.startswith(f"{name} / ")]
        if of:
            accuracy = statistics.mean(cell["kept_out"]["accuracy"] for cell in of)
            rows.append((name, accuracy, statistics.mean(cell["wall_seconds"] for cell in of)))
    return sorted(rows, key=lambda rung: -rung[1])


def figure(cells: Cells) -> None:
    """Kept-out accuracy of each rung, both seeds, public figures as lines; beside it the minutes that it took."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = [name for name, _, _ in reversed(climbed(cells.data["cells"]))]
    figure, (right, time_) = plt.subplots(
        1, 2, sharey=True, width_ratios=(3, 1), figsize=(9, 0.35 * len(names) + 1.2), layout="constrained"
    )
    for place, name in enumerate(names):
        for cell in (cell for key, cell in cells.data["cells"].items() if key.startswith(f"{name} / ")):
            right.plot(100 * cell["kept_out"]["accuracy"], place, "o", color="black", markersize=5)
            time_.plot(cell["wall_seconds"] / 60, place, "o", color="black", markersize=5)
    right.axvline(40.4, color="grey", linestyle=":", label="best public single model (dev)")
    right.axvline(85.8, color="grey", linestyle="--", label="public open-book rule (dev)")
    right.set_yticks(range(len(names)), names)
    right.set_xlabel(f"right of the kept-out training questions, %, after {cells.data.get('steps')} steps")
    right.legend(loc="lower left", frameon=False, fontsize=8)
    time_.set_xlim(0)
    time_.set_xlabel("minutes, one core\nbeside other work")
    for axes in (right, time_):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(cells.path.with_suffix(".svg"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--steps", type=int, help="of every cell, instead of those that take 3 minutes here")
    parser.add_argument("--figure", action="store_true")
    arguments = parser.parse_args()
    cells = Cells("ladder.json")
    if arguments.figure:
        return figure(cells)
    if "steps" not in cells.data:
        steps = arguments.steps or steps_for_budget(arguments.data, arguments.threads)
        cells.save(steps=steps, budget_seconds=BUDGET_SECONDS, base=BASE)
    for name, sets in RUNGS.items():
        for seed in arguments.seeds:
            key = f"{name} / seed {seed}"
            if key in cells:
                continue
            cells.add(key, cell(arguments.data, sets, seed, cells.data["steps"], arguments.threads))
            print(key, cells[key]["kept_out"]["accuracy"], cells[key]["wall_seconds"], flush=True)
    figure(cells)


if __name__ == "__main__":
    main()
