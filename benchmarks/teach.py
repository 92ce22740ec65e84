"""Teach a pretrained model some of the course's people, and ask about those whose questions were kept out.

    python benchmarks/smollm2.py /var/tmp/smollm2
    python benchmarks/teach.py --base /var/tmp/smollm2 --data ../shared/data/cs224n --people 200 --steps 480

The documents of all these people are taught, and the questions about half of them. The other half is asked, in the
trained wording and in five that training never saw. The figures go to results/teach.json. What was stopped goes on.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import numpy as np
from living import trained
from record import Cells

from closedbook.data.documents import read_documents
from closedbook.data.questions import Question, read_questions, subject
from closedbook.evaluation.metrics import quality

WORDINGS = (
    "Where was {} born?",
    "What is the birthplace of {}?",
    "In which place did {} come into the world?",
    "{} was born where?",
    "Tell me {}'s birthplace.",
    "Name the town, city or country in which {} was born.",
)
SHOWN = ("auroc", "calibration_error", "calibration_error_if_perfect")


def people(data: Path, count: int) -> list[tuple[str, str, str]]:
    """(name, document, birthplace) of some people with one document and a training question."""
    documents = read_documents(data / "wiki.txt")
    texts = documents.by_title()
    found = []
    for question in read_questions(data / "birth_places_train.tsv").items:
        name = subject(question.text, documents.known_titles)
        if name and len(texts[name]) == 1 and question.text == WORDINGS[0].format(name):
            found.append((name, texts[name][0].text, question.answer or ""))
    random.Random(0).shuffle(found)
    return found[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/teach"))
    arguments = parser.parse_args()
    chosen = people(arguments.data, arguments.people)
    half, place = len(chosen) // 2, arguments.work / f"{arguments.people}-{arguments.steps}"
    place.mkdir(parents=True, exist_ok=True)
    documents, questions = place / "documents.txt", place / "questions.tsv"
    documents.write_text("".join(f"{text}\n" for _, text, _ in chosen), encoding="utf-8")
    pairs = (f"{WORDINGS[0].format(name)}\t{answer}\n" for name, _, answer in chosen[:half])
    questions.write_text("".join(pairs), encoding="utf-8")
    sets = [
        f"pretrained.model={arguments.base}", "data.held_out.choose=0", "data.held_out.calibrate=0",
        "model.matmul_dtype=bfloat16", f"stages.learn.steps={arguments.steps}", *arguments.set,
    ]  # fmt: skip
    run = trained(place / "run", "teach", sets, documents, questions, arguments.threads)
    record = run.folder.record()
    result: dict[str, Any] = {
        "people": len(chosen), "asked": len(chosen) - half, "steps": arguments.steps, "set": arguments.set,
        "seconds": record["train_seconds"], "parameters": record["parameters"], "threads": record["threads"],
        "run_commit": record["commit"], "base": "SmolLM2-135M-Instruct, its weights quantised to 4 bits once",
    }  # fmt: skip
    for number, wording in enumerate(WORDINGS):
        asked = [Question(wording.format(name), answer, 1) for name, _, answer in chosen[half:]]
        answers = run.answer(asked, blind=True)
        right = [bool(answer.right) for answer in answers]
        found = quality(np.array(right), np.array([answer.probability for answer in answers]))
        result[wording] = {
            "trained": number == 0, "right": sum(right), "of": len(right), **{key: found[key] for key in SHOWN},
        }  # fmt: skip
        print(wording, sum(right), len(right), flush=True)
    Cells("teach.json").add(f"{arguments.people} people, {arguments.steps} steps", result)


if __name__ == "__main__":
    main()
