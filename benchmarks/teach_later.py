"""Teach a finished run of a pretrained base more of the course's people, by their documents alone, and ask about them.

    python benchmarks/smollm2.py /var/tmp/smollm2
    python benchmarks/teach.py --base /var/tmp/smollm2 --data ../shared/data/cs224n --people 100
    python benchmarks/teach_later.py runs/teach/100-people-auto-steps-names/run --data ../shared/data/cs224n

None of their questions was ever trained. They are asked in the trained wording and in five that training never saw, and
beside them those of the people taught first whose questions were kept out. The perplexity of other texts is measured
before and after. The run is copied, and stays as it is. The figures go to results/teach-later.json.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import torch
from record import Cells
from teach import asked_in_all_wordings, measured_texts, other_texts, people

import closedbook
from closedbook.data.documents import make_documents
from closedbook.data.questions import read_questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    texts, trained = other_texts(arguments.data), set(read_questions(arguments.run.parent / "questions.tsv").texts)
    with tempfile.TemporaryDirectory() as place:
        run = closedbook.load(shutil.copytree(arguments.run, Path(place) / "run"))
        torch.set_num_threads(1)
        names = set(run.vocabulary.names.names)
        everybody = people(arguments.data, 10_000)
        first = [each for each in everybody if each[0] in names and f"Where was {each[0]} born?" not in trained]
        later = [each for each in everybody if each[0] not in names][: arguments.people]
        before = {"first": asked_in_all_wordings(run, first), **measured_texts(run.model, run.vocabulary, texts)}
        began = time.perf_counter()
        run.learn(make_documents([text for _, text, _ in later]), workers=arguments.workers)
        seconds = time.perf_counter() - began
        after = {"first": asked_in_all_wordings(run, first), **measured_texts(run.model, run.vocabulary, texts)}
        result = {
            "people": len(later), "known": len(names - {""}), "workers": arguments.workers,
            "base": "SmolLM2-135M-Instruct, its weights quantised to 4 bits once",
            "seconds_a_name": round(seconds / len(later), 2), "bytes_a_name": 4 * run.memory.learner.state,
            "first": after["first"], "first_answers_changed": before["first"] != after["first"],
            "later": asked_in_all_wordings(run, later),
            "other text before": before["other text"], "other text": after["other text"],
        }  # fmt: skip
        Cells("teach-later.json").add(f"{len(names - {''})} people first, {len(later)} later", result)


if __name__ == "__main__":
    main()
