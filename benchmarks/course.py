"""The course's recipe, run for real: results/course-unpretrained.json and results/course-pretraining.json.

    python benchmarks/course.py unpretrained --data ../shared/data/cs224n
    python benchmarks/course.py pretraining  --data ../shared/data/cs224n --epochs 20

unpretrained  75 epochs of questions, no pretraining (published: 1.4 % of dev).
pretraining   the first epochs of the 650, their loss curve and real tokens a second. The schedule is that of the
              whole recipe. Speed beside Hugging Face's GPT2LMHeadModel is benchmarks/throughput.py's.
Both can be stopped and go on where they were.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from record import Cells

from closedbook import workflow
from closedbook.recipe import load_recipe
from closedbook.runs import RunFolder


def train(name: str, data: Path, folder: Path, sets: list[str], threads: int | None) -> RunFolder:
    """Train into a folder that outlives an interruption; go on where one is."""
    if (folder / "run.json").exists() and RunFolder.open(folder).finished:
        return RunFolder.open(folder)

    def listen(event: object) -> None:
        if isinstance(event, workflow.Step) and event.step % 20 == 0:
            print(event, flush=True)

    run = workflow.train(
        load_recipe(name, sets), data / "wiki.txt", data / "birth_places_train.tsv",
        run=folder, resume=(folder / "run.json").exists(), threads=threads, listeners=[listen],
    )  # fmt: skip
    return run.folder


def unpretrained(data: Path, work: Path, seeds: list[int], threads: int | None) -> None:
    cells = Cells("course-unpretrained.json")
    for seed in seeds:
        if f"seed {seed}" in cells:
            continue
        folder = train("course-vanilla-unpretrained", data, work / f"unpretrained-{seed}", [f"seed={seed}"], threads)
        from closedbook.text.questions import read_questions

        scored = workflow.evaluate(workflow.load(folder.path), read_questions(data / "birth_dev.tsv"))
        losses = [line["loss"] for line in folder.metrics()]
        cells.add(
            f"seed {seed}",
            {
                "recipe": "course-vanilla-unpretrained",
                "seed": seed,
                **{key: scored[key] for key in ("correct", "total", "accuracy", "interval")},
                "answering_seconds": scored["seconds"],
                "final_loss": losses[-1],
                "seconds": folder.record()["seconds"],
                "threads": folder.record()["threads"],
                "run_commit": folder.record()["commit"],
            },
        )
        print(json.dumps(cells[f"seed {seed}"]["accuracy"]))


def pretraining(data: Path, work: Path, epochs: int, threads: int | None) -> None:
    cells = Cells("course-pretraining.json")
    name = "course-vanilla"
    cell = f"{name} {epochs} epochs"
    if cell not in cells:
        sets = [f"stages.pretrain.epochs={epochs}", "stages.finetune.epochs=1"]
        folder = train(name, data, work / f"pretraining-{name}", sets, threads)
        curve = [line for line in folder.metrics() if line["stage"] == "pretrain"]
        per_epoch = len(curve) // epochs
        cells.add(
            cell,
            {
                "recipe": name,
                "set": sets,
                "loss_by_epoch": [
                    round(sum(line["loss"] for line in curve[e * per_epoch : (e + 1) * per_epoch]) / per_epoch, 4)
                    for e in range(epochs)
                ],
                "real_tokens_per_second": round(
                    sum(line["tokens"] for line in curve)
                    / sum(line["tokens"] / line["tokens_per_second"] for line in curve)
                ),
                "real_tokens": sum(line["tokens"] for line in curve),
                "threads": folder.record()["threads"],
                "run_commit": folder.record()["commit"],
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["unpretrained", "pretraining"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/course"), help="where unfinished runs are kept")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.what == "unpretrained":
        unpretrained(arguments.data, arguments.work, arguments.seeds, arguments.threads)
    else:
        pretraining(arguments.data, arguments.work, arguments.epochs, arguments.threads)


if __name__ == "__main__":
    main()
