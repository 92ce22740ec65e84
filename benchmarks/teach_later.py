"""Teach a finished run of a pretrained base more of the course's people, by their documents alone, and ask about them.

    python benchmarks/teach.py --base /var/tmp/smollm2 --data ../shared/data/cs224n --people 200 --steps 480
    python benchmarks/teach_later.py runs/teach/200-people-480-steps/run --data ../shared/data/cs224n --people 20

None of their questions was ever trained. They are asked in the trained wording and in the first that training never
saw. The run is copied, and stays as it is. The figures go to results/teach-later.json.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import torch
from record import Cells
from teach import WORDINGS, people

import closedbook
from closedbook.data.documents import make_documents
from closedbook.data.questions import Question


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0, help="people that another cell has")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        run = closedbook.load(shutil.copytree(arguments.run, Path(place) / "run"))
        torch.set_num_threads(1)
        first = set(run.vocabulary.names.names)
        strangers = [person for person in people(arguments.data, 10_000) if person[0] not in first]
        later = strangers[arguments.skip : arguments.skip + arguments.people]
        began = time.process_time()
        run.learn(make_documents([text for _, text, _ in later]))
        result = {
            "people": len(later), "known": len(first),
            "base": "SmolLM2-135M-Instruct, its weights quantised to 4 bits once",
            "cpu_seconds_a_name": round((time.process_time() - began) / len(later), 2),
            "bytes_a_name": 4 * run.memory.learner.state,
        }  # fmt: skip
        for wording in WORDINGS[:2]:
            answers = run.answer(
                [Question(wording.replace("{}", name, 1), gold, 1) for name, _, gold in later], blind=True
            )
            result[wording] = {"right": sum(bool(answer.right) for answer in answers), "of": len(answers)}
        Cells("teach-later.json").add(f"people {arguments.skip} to {arguments.skip + len(later)}", result)


if __name__ == "__main__":
    main()
