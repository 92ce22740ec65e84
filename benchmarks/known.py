"""What a pretrained model knows untaught, and still knows after it was taught: results/known.json.

    python benchmarks/known.py --base /var/tmp/smollm2 --data ../shared/data/cs224n
    python benchmarks/known.py --run runs/teach/200-people-10-minutes-documents/run --prompts 3

200 widely known facts (benchmarks/widely_known.jsonl: capitals, chemical symbols, authors, continents) and the first
200 of the course's dev people are asked of a base; of a run only the former, before and after.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from record import Cells

from closedbook.data.questions import Questions, read_questions
from closedbook.evaluation.knowledge import ProbeSettings
from closedbook.evaluation.probing import Inputs, probe

WIDELY_KNOWN = Path(__file__).parent / "widely_known.jsonl"
PEOPLE = 200


def measured(place: Path, questions: Questions, prompts: int, dtype: str | None) -> dict[str, Any]:
    began = time.process_time()
    result, *_ = probe(place, Inputs(questions), ProbeSettings(prompts=prompts), dtype=dtype)
    scores = {name: result[name] for name in ("before", "after", "compared") if name in result}
    print(scores, flush=True)
    return {**scores, "dtype": dtype or "the run's", "cpu_seconds": round(time.process_time() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--base", type=Path)
    group.add_argument("--run", type=Path)
    parser.add_argument("--data", type=Path, help="the course's folder")
    parser.add_argument("--prompts", type=int, default=10)
    parser.add_argument("--dtype", default="bfloat16", help="that a base computes in")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cells, wide = Cells("known.json"), read_questions(WIDELY_KNOWN)
    if arguments.run is not None:
        cell = f"widely known, {arguments.run.parent.name}"
        return cells.add(cell, measured(arguments.run, wide, arguments.prompts, None))
    todo = {"widely known, untouched": wide}
    if arguments.data is not None:
        todo["dev people, untouched"] = read_questions(arguments.data / "birth_dev.tsv").only(range(PEOPLE))
    for cell, questions in todo.items():
        if cell not in cells:
            cells.add(cell, measured(arguments.base, questions, arguments.prompts, arguments.dtype))


if __name__ == "__main__":
    main()
