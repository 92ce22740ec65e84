"""Train a recipe and score it on the training questions kept out to choose by. Dev and test are never read.

    python benchmarks/held_out.py fast --documents wiki.txt --questions birth_places_train.tsv --set seed=1

With --cell NAME the figures are kept in results/kept-out.json under that name; a cell that is there is not run again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from record import Cells

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.questions import read_questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cell", help="keep the figures in results/kept-out.json under this name")
    parser.add_argument("--errors", type=Path, help="write the wrong answers here")
    arguments = parser.parse_args()
    cells = Cells("kept-out.json")
    if arguments.cell and arguments.cell in cells:
        return print(f"{arguments.cell} is in {cells.path} already")
    recipe = load_recipe(arguments.recipe, arguments.set)
    spoke = time.monotonic()

    def listen(event: object) -> None:
        nonlocal spoke
        if isinstance(event, pipeline.Plan):
            print(event, flush=True)
        elif isinstance(event, pipeline.Step) and time.monotonic() - spoke > 20:
            spoke = time.monotonic()
            print(event, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        run = pipeline.train(
            recipe, arguments.documents, arguments.questions,
            run=Path(folder) / "run", threads=arguments.threads, callbacks=[listen],
        )  # fmt: skip
        record = run.folder.record()
        questions = read_questions(arguments.questions)
        kept = questions.only(record["split"]["choose"])
        train = questions.only(record["split"]["train"][:400])
        result = {"recipe": recipe.name, "set": arguments.set, "seconds": record["seconds"]}
        result |= {key: record[key] for key in ("parameters", "threads")}
        for name, part in (("kept_out", kept), ("trained", train)):
            scored = pipeline.evaluate(run, part)
            result[name] = {key: scored[key] for key in ("correct", "total", "accuracy", "interval")}
            if name == "kept_out" and arguments.errors:
                wrong = [answer for answer in scored["answers"] if not answer["right"]]
                arguments.errors.write_text("\n".join(map(json.dumps, wrong)), encoding="utf-8")
    print(json.dumps(result))
    if arguments.cell:
        cells.add(arguments.cell, result)


if __name__ == "__main__":
    main()
