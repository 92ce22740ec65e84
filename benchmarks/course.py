"""The course's recipe, run for real: results/course-unpretrained.json, course-pretraining.json and course-full.json.

    python benchmarks/course.py unpretrained --data ../shared/data/cs224n
    python benchmarks/course.py pretraining  --data ../shared/data/cs224n --epochs 20
    python benchmarks/course.py full         --data ../shared/data/cs224n --recipe course-vanilla --minutes 60

unpretrained  75 epochs of questions, no pretraining (published: 1.4 % of dev).
pretraining   the first epochs of the 650, their loss curve and real tokens a second. The schedule is that of the
              whole recipe. Speed beside Hugging Face's GPT2LMHeadModel is benchmarks/throughput.py's.
full          all 650 epochs, finetuned and evaluated, in pieces of so many minutes: each piece goes on where the last
              ended and writes down what was reached and what it would still take.
All can be stopped and go on where they were.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from record import Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.runs.folder import RunFolder


def train(
    name: str, data: Path, folder: Path, sets: list[str], threads: int | None, *callbacks: pipeline.Callback
) -> RunFolder:
    """Train into a folder that outlives an interruption; go on where one is."""
    if (folder / "run.json").exists() and RunFolder.open(folder).finished:
        return RunFolder.open(folder)

    def listen(event: object) -> None:
        if isinstance(event, pipeline.Step) and event.step % 20 == 0:
            print(event, flush=True)

    run = pipeline.train(
        load_recipe(name, sets), data / "wiki.txt", data / "birth_places_train.tsv",
        run=folder, resume=(folder / "run.json").exists(), threads=threads, callbacks=[listen, *callbacks],
    )  # fmt: skip
    return run.folder


def unpretrained(data: Path, work: Path, seeds: list[int], threads: int | None) -> None:
    cells = Cells("course-unpretrained.json")
    for seed in seeds:
        if f"seed {seed}" in cells:
            continue
        folder = train("course-vanilla-unpretrained", data, work / f"unpretrained-{seed}", [f"seed={seed}"], threads)
        from closedbook.data.questions import read_questions

        scored = pipeline.evaluate(pipeline.load(folder.path), read_questions(data / "birth_dev.tsv"))
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
        folder = train(name, data, work / f"pretraining-{name}-{epochs}", sets, threads)
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


def full(name: str, data: Path, work: Path, minutes: float, threads: int | None, sets: list[str]) -> None:
    """One piece; the last one ends with the score on dev. What was reached is written every ten minutes."""
    folder = work / ("full-" + "-".join([name, *sets]))
    cells = Cells("course-full.json")
    began = written = time.monotonic()

    def listen(event: object) -> None:
        nonlocal written
        if not isinstance(event, pipeline.Step):
            return
        if event.step % 20 == 0:
            with (folder / "resident.jsonl").open("a") as file:
                print(json.dumps({"stage": event.stage, "step": event.step, "bytes": resident()}), file=file)
        if time.monotonic() - written > 600:
            written = time.monotonic()
            cells.add(" ".join([name, *sets]), reached(name, sets, folder))
        if time.monotonic() - began > 60 * minutes:
            raise KeyboardInterrupt  # the step is done, and is saved

    try:
        train(name, data, folder, sets, threads, listen)
    except KeyboardInterrupt:
        print("the piece is over; the same command goes on")
    if not (folder / "run.json").exists():
        return
    cell = reached(name, sets, folder)
    if cell["finished"]:
        from closedbook.data.questions import read_questions

        scored = pipeline.evaluate(pipeline.load(folder), read_questions(data / "birth_dev.tsv"))
        cell |= {key: scored[key] for key in ("correct", "total", "accuracy", "interval")}
    cells.add(" ".join([name, *sets]), cell)
    print(json.dumps(cell))


def reached(name: str, sets: list[str], folder: Path) -> dict[str, object]:
    """What a run has come to so far: its losses, times and memory, and the time that is left at this pace."""
    run, recipe = RunFolder.open(folder), load_recipe(name, sets)
    lines = run.metrics()
    examples = {"pretrain": run.record()["documents"]["count"], "finetune": len(run.record()["split"]["train"])}
    spent = sum(line["tokens"] / max(line["tokens_per_second"], 1) for line in lines)
    done, wanted, stages = 0, 0, {}
    for stage in recipe.stages:
        curve = [line for line in lines if line["stage"] == stage.name]
        an_epoch = -(-examples[stage.name] // stage.batch)
        steps = curve[-1]["step"] if curve else 0
        # A batch of questions is short work; what is left of finetuning counts as if it were not.
        done, wanted = done + steps, wanted + stage.epochs * an_epoch
        stages[stage.name] = {
            "epochs": stage.epochs,
            "epochs_done": round(steps / an_epoch, 2),
            "loss_by_tenth_of_what_was_done": [
                round(statistics.mean(line["loss"] for line in part), 4) for part in tenths(curve)
            ],
            "curve": [[line["step"], line["loss"], line["multiplier"]] for line in thinned(curve)],
        }
    log = folder / "resident.jsonl"
    memory = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return {
        "recipe": name,
        "set": sets,
        "matmul_dtype": run.recipe().model.matmul_dtype,
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "resident_megabytes_at_step": [[line["step"], round(line["bytes"] / 1e6)] for line in thinned(memory)],
        "finished": run.finished,
        "stages": stages,
        "training_seconds": round(spent),
        "seconds_still_to_go": round(spent / done * (wanted - done)) if done else None,
        "threads": run.record()["threads"],
        "run_commit": run.record()["commit"],
    }


def resident() -> int:
    """Bytes of this process that are in memory now, where the system shows it as Linux does; else the most so far."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def thinned(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """About 150 of them."""
    return lines[:: max(1, len(lines) // 150)]


def tenths(curve: list[dict[str, float]]) -> list[list[dict[str, float]]]:
    edges = [len(curve) * i // 10 for i in range(11)]
    return [curve[a:b] for a, b in pairwise(edges) if b > a]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["unpretrained", "pretraining", "full"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs/course"), help="where unfinished runs are kept")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--recipe", default="course-vanilla", help="of full")
    parser.add_argument("--minutes", type=float, default=60, help="of one piece of full")
    parser.add_argument("--set", nargs="*", default=[], dest="sets", metavar="KEY=VALUE", help="of full")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.what == "unpretrained":
        unpretrained(arguments.data, arguments.work, arguments.seeds, arguments.threads)
    elif arguments.what == "full":
        full(arguments.recipe, arguments.data, arguments.work, arguments.minutes, arguments.threads, arguments.sets)
    else:
        pretraining(arguments.data, arguments.work, arguments.epochs, arguments.threads)


if __name__ == "__main__":
    main()
