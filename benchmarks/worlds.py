"""The built-in world at several sizes, at one setting: results/worlds.json.

    python benchmarks/worlds.py 1000 10000 50000 --threads 2 --runs /var/tmp/worlds

Each world is written, and `fast` trained on it with nothing but its two files. Asked are 3,000 questions about people
whose questions were not trained, in the trained wordings and in others, and strangers, judged by the model alone. The
time is the training's; what is learned afterwards, index and calibration are included. What was stopped goes on, and a
size that is there is not run again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from living import trained
from record import Cells

from closedbook import pipeline
from closedbook.data.questions import Questions, read_questions
from closedbook.evaluation.metrics import auroc
from closedbook.synthetic.world import WorldSpec, make_world

ASKED = 3_000
FILES = ("model.safetensors", "learned.safetensors", "evidence.sqlite", "vocabulary.json")


def measure(people: int, folder: Path, threads: int | None) -> dict[str, Any]:
    place = folder / f"world-{people}"
    if not (place / "documents.txt").exists():
        make_world(WorldSpec(people=people, strangers=400), seed=31).write(place)
    run = trained(folder / f"run-{people}", "fast", [], place / "documents.txt", place / "questions-train.tsv", threads)
    record = run.folder.record()
    result: dict[str, Any] = {
        "people": people,
        "steps": [stage.steps for stage in run.recipe.stages],
        "seconds": record["seconds"],
        "threads": record["threads"],
        "parameters": record["parameters"],
        "titles": {"trained": run.first_vocabulary.names.stored, "learned": len(run.learned.names)},
        "bytes": {path.name: path.stat().st_size for path in run.path.iterdir() if path.name in FILES},
        "run_commit": record["commit"],
    }
    questions = {}
    for name in ("questions-test", "unseen-wordings"):
        questions[name] = some(read_questions(place / f"{name}.tsv"))
        scored = pipeline.evaluate(run, questions[name])
        remembered = [answer for answer in scored["answers"] if answer["verdict"] == "remembered"]
        result[name] = {key: scored[key] for key in ("correct", "total", "accuracy", "interval")}
        result[name]["remembered"] = [sum(answer["right"] for answer in remembered), len(remembered)]
    strangers = read_questions(place / "strangers.tsv").items
    answers = run.answer([*questions["questions-test"].items[: len(strangers)], *strangers], blind=True)
    read = np.arange(len(answers)) < len(answers) - len(strangers)
    result["met_auroc_blind"] = auroc(read, np.array([answer.met for answer in answers], float))
    return result


def some(questions: Questions) -> Questions:
    """ASKED questions, evenly spread."""
    return questions.only(np.unique(np.linspace(0, len(questions) - 1, ASKED).astype(np.int64)).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=int, nargs="+")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--runs", type=Path, default=Path("runs/worlds"), help="where worlds and runs are kept")
    arguments = parser.parse_args()
    cells = Cells("worlds.json")
    for people in arguments.people:
        if str(people) not in cells:
            cells.add(str(people), measure(people, arguments.runs, arguments.threads))
        cell = cells[str(people)]
        print(people, cell["steps"], sum(cell["seconds"].values()), cell["questions-test"], cell["unseen-wordings"])


if __name__ == "__main__":
    main()
