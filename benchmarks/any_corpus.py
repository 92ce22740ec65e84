"""Train a recipe on a corpus as a user would; ask it in wordings trained in and others, by kind of answer.

    python benchmarks/any_corpus.py lakes chinese hindi arabic --threads 1          # invented corpora
    python benchmarks/any_corpus.py elements=FOLDER --train train-three.tsv         # a folder of your own
    python benchmarks/any_corpus.py faq=FOLDER --recipe teach --set pretrained.model=/var/tmp/smollm2 --runs /var/tmp

A folder holds documents.txt or documents.jsonl, train.tsv, test.tsv, and if there are any other.tsv (in wordings that
training never saw) and unasked.tsv (relations that it never asked for). These two are read by words alone, and with the
sentence encoder where it is installed. With --save the figures are kept in results/any-corpus.json. With --runs the
runs are kept in a folder: what was stopped goes on, and what is finished is only asked.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from any_corpus_made import MADE
from living import trained as train_or_load
from record import Cells
from worded import WORDED

from closedbook import pipeline
from closedbook.data.documents import read_documents
from closedbook.data.questions import read_questions, subject
from closedbook.model.sentence_encoder import installed_encoder

CORPORA = MADE | WORDED
PARTS = ("test", "other", "unasked", "other, encoder", "unasked, encoder")


def kinds(answers: list[dict[str, Any]], titles: Any) -> dict[str, list[int]]:
    """[right, asked] of each form of question, the title taken out."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for answer in answers:
        text = answer["question"]
        name = subject(text, titles) or ""
        at = text.casefold().find(name.casefold())
        form = text[:at] + "…" + text[at + len(name) :]
        counts[form][0] += answer["right"]
        counts[form][1] += 1
    return dict(counts)


def run(
    folder: Path, train: str, recipe: str, sets: list[str], threads: int | None, show: int, runs: Path | None
) -> dict[str, Any]:
    documents = next(path for path in (folder / "documents.txt", folder / "documents.jsonl") if path.is_file())
    with contextlib.ExitStack() as held:
        place = runs or Path(held.enter_context(tempfile.TemporaryDirectory()))
        trained = train_or_load(place / "run", recipe, sets, documents, folder / train, threads)
        titles = read_documents(documents).known_titles
        record = trained.folder.record()
        seconds = round(sum(record["seconds"].values()), 1)
        result: dict[str, Any] = {"train": train, "recipe": recipe, "set": sets, "seconds": seconds}
        result |= {
            "steps": [stage.steps for stage in trained.recipe.stages],
            "parameters": record["parameters"],
            "threads": record["threads"],
        }
        for part in PARTS:
            name, _, read = part.partition(", ")
            if not (folder / f"{name}.tsv").is_file() or (not (encoder := installed_encoder()) and read):
                continue
            assert trained.calibration is not None
            if (wordings := trained.calibration.wordings) is not None:
                wordings = replace(wordings, encoder=encoder if read else None)
                trained.calibration = replace(trained.calibration, wordings=wordings)
            scored = pipeline.evaluate(trained, read_questions(folder / f"{name}.tsv"))
            result[part] = {key: scored[key] for key in ("correct", "total", "accuracy")}
            result[part]["kinds"] = kinds(scored["answers"], titles)
            remembered = [answer for answer in scored["answers"] if answer["verdict"] == "remembered"]
            result[part]["remembered"] = [sum(answer["right"] for answer in remembered), len(remembered)]
            wrong = [answer for answer in scored["answers"] if not answer["right"]]
            for answer in wrong[:show]:
                print(f"   {answer['question']} | {answer['gold']} | {answer['answer']} {answer['probability']:.2f}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", help=f"{', '.join(CORPORA)}, or NAME=FOLDER")
    parser.add_argument("--train", default="train.tsv")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--show", type=int, default=0, help="wrong answers to print")
    parser.add_argument("--runs", type=Path, help="where to keep the runs; nowhere if left out")
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    cells = Cells("any-corpus.json")
    for corpus in arguments.corpora:
        name, _, folder = corpus.partition("=")
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(folder) if folder else CORPORA[name]().write(Path(scratch))
            runs = (
                arguments.runs and arguments.runs / f"{name}-{arguments.train.removesuffix('.tsv')}-{arguments.recipe}"
            )
            result = run(
                place, arguments.train, arguments.recipe, arguments.set, arguments.threads, arguments.show, runs
            )
        print(name, result["seconds"], "s", result["steps"])
        for part in PARTS:
            if part in result:
                told = json.dumps(result[part]["kinds"], ensure_ascii=False)
                print(f"  {part}: {result[part]['accuracy']:.1%}", told, "remembered", result[part]["remembered"])
        if arguments.save:
            recipe = f", {arguments.recipe}" if arguments.recipe != "fast" else ""
            cells.add(f"{name} {arguments.train}{recipe}", result)


if __name__ == "__main__":
    main()
