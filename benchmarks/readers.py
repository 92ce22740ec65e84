"""Score every baseline on the course's dev questions and write results/readers.json.

    python benchmarks/readers.py [--data FOLDER] [--seed N] [--output FILE]

Nothing is chosen here: the dev answers are only counted. The learned reader's score on training people it was not
trained on comes from five folds over people, each with a cross-validation of its own inside.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import closedbook
from closedbook.data.documents import Documents, read_documents
from closedbook.data.passages import Library
from closedbook.data.questions import Questions, read_questions, split_by_name
from closedbook.evaluation.baselines import RuleReader, ceiling, run_baselines
from closedbook.evaluation.learned_reader import LearnedReader
from closedbook.evaluation.score import exact_match, tally
from closedbook.runs.provenance import source_commit
from closedbook.runs.store import write_atomically

ROOT = Path(__file__).parents[1]
FILES = {"documents": "wiki.txt", "train": "birth_places_train.tsv", "questions": "birth_dev.tsv"}


def held_out(documents: Documents, train: Questions, folds: int = 5) -> dict[str, Any]:
    """Every training person answered by a reader that was trained on the other folds' people."""
    library = Library(documents)
    split = split_by_name(train, set(documents.titles), {str(i): 1 / folds for i in range(1, folds)})
    right = []
    for kept in split.values():
        reader = LearnedReader(library, train.only(sorted(set(range(len(train))) - set(kept))))
        right += [exact_match(reader.answer(q.text), q.answer or "") for q in train.only(kept).items]
        print(f"{len(right)} of {len(train)} training people answered, {sum(right)} right", file=sys.stderr)
    rule = RuleReader(library)
    return {
        "rule-reader": tally(exact_match(rule.answer(q.text), q.answer or "") for q in train.items).to_json(),
        "learned-reader": {**tally(right).to_json(), "folds": folds},
        "ceiling": ceiling(library, train).score.to_json(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = ROOT / "../shared/data/cs224n"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CLOSEDBOOK_CS224N") or beside))
    parser.add_argument("--seed", type=int, default=0, help="for the random place (default: 0)")
    parser.add_argument("--output", type=Path, default=ROOT / "results/readers.json")
    arguments = parser.parse_args()
    documents = read_documents(arguments.data / FILES["documents"])
    train = read_questions(arguments.data / FILES["train"], need_answers=True)
    dev = read_questions(arguments.data / FILES["questions"], need_answers=True)
    began = time.perf_counter()
    results = run_baselines(dev, documents=documents, train=train, answer="London", seed=arguments.seed)
    record = {
        "what": "baselines on the course's dev questions, exact match",
        "command": "python benchmarks/readers.py",
        "seed": arguments.seed,
        "commit": source_commit(),
        "versions": {
            "closedbook": closedbook.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "sha256": {
            "wiki.txt": documents.sha256,
            "birth_places_train.tsv": train.sha256,
            "birth_dev.tsv": dev.sha256,
        },
        "dev": [result.to_json() for result in results],
        "training_people": held_out(documents, train),
        "wall_seconds": round(time.perf_counter() - began, 1),
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.output, (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())
    print(f"written to {arguments.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
