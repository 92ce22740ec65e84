"""Whole-command accuracy and time of a recipe on dev, seed by seed: results/accuracy-RECIPE.json.

    python benchmarks/accuracy.py fast --data ../shared/data/cs224n --seeds 0 1 2 3 4

Each seed is `closedbook train` as a user types it, timed from start to exit, then `closedbook evaluate` on dev.
Dev is read after the recipe was settled, and nothing here chooses anything. Then the same people are asked in wordings
that training never had, and for what it never asked for; `--keep` has the runs to do that for seeds measured before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from record import Cells, origin, run_timed

from closedbook.data.questions import read_questions

WORDINGS = (
    "What is the birthplace of {}?", "In which city was {} born?", "What is {}'s place of birth?", "{} was born where?",
    "Tell me {}'s birthplace.", "Where does {} come from?",
)  # fmt: skip
NEVER_ASKED = ("When was {} born?", "Where did {} die?", "Where did {} study?", "What is {}'s nationality?")
COMMAND = [str(Path(sys.executable).with_name("closedbook"))]


def other_questions(run: str, dev: Path) -> dict[str, dict[str, int]]:
    """Of each other wording, and each relation that was never asked for: answers right, called remembered, and both."""
    import closedbook

    loaded = closedbook.load(run)
    questions = read_questions(dev).items
    names = [(question.text.removeprefix("Where was ").removesuffix(" born?"), question) for question in questions]
    counts = {}
    for form in (*WORDINGS, *NEVER_ASKED):
        answers = loaded.answer([replace(question, text=form.format(name)) for name, question in names])
        remembered = [answer for answer in answers if answer.verdict == "remembered"]
        counts[form] = {"right": sum(bool(answer.right) for answer in answers), "remembered": len(remembered),
                        "remembered and right": sum(bool(answer.right) for answer in remembered)}  # fmt: skip
        if form in NEVER_ASKED:
            del counts[form]["right"], counts[form]["remembered and right"]  # a birthplace is no answer to these
    return counts


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
            kept = arguments.keep and arguments.keep / f"{cells.path.stem}-{seed}"
            cell = cells[f"seed {seed}"]
            if kept and kept.is_dir() and "other_questions" not in cell:
                cell["other_questions"] = other_questions(str(kept), arguments.data / "birth_dev.tsv")
                cell["other_questions"]["origin"] = origin()
                cells.save()
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
            unseen = other_questions(run, arguments.data / "birth_dev.tsv")
        cells.add(
            f"seed {seed}",
            {
                "recipe": arguments.recipe,
                "set": arguments.set,
                "seed": seed,
                **{key: scored[key] for key in ("correct", "total", "accuracy", "interval")},
                "answering_seconds": scored["seconds"],
                "other_questions": unseen,
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
    accuracies = [row["accuracy"] for row in rows]
    cells.save(
        summary={
            "seeds": len(rows),
            "mean_accuracy": statistics.mean(accuracies),
            "spread": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
            "lowest": min(accuracies),
            "highest": max(accuracies),
            "mean_wall_seconds": statistics.mean(row["wall_seconds"] for row in rows),
            "peak_memory_mb": max(row["peak_memory_mb"] for row in rows),
        }
    )
    print(json.dumps(cells.data["summary"], indent=1))


if __name__ == "__main__":
    main()
