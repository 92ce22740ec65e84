"""Whether memory grows: results/memory.json.

    python benchmarks/memory.py --data ../shared/data/cs224n --steps 300 --questions 300
    python benchmarks/memory.py --recipes --serve 10000

train  what is resident (MB) before the first step and, after a tenth of the steps, at ten even distances to the last,
       of the named recipes' first stages on the real corpus; and the most that ever was.
ask    the same while questions are answered one at a time, as the server does. The weights are untrained: every answer
       runs to its full length.
serve  what is resident of `closedbook serve` while so many questions come, one after the other: of a run of words with
       a memory, calibrators and evidence, about people it knows, strangers, and whole pages of text.
Each cell is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from hostile_processes import serving
from hostile_tries import Setting, make_tiny, resident
from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.data.documents import read_documents
from closedbook.data.vocabulary import MASK
from closedbook.model import generate
from closedbook.training.setup import prepare_training, set_threads


def status(field: str) -> int:
    """VmRSS (resident now) or VmHWM (the most that ever was), in MB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) // 1024


def measure(recipe: str, sets: list[str], data: Path, steps: int, questions: int) -> dict[str, Any]:
    """Train so many steps, or answer so many questions, and note what is resident."""
    stage = load_recipe(recipe).stages[0]
    longer = [] if stage.epochs else [f"stages.{stage.name}.steps={steps or questions}"]
    setup = prepare_training(load_recipe(recipe, [*sets, *longer]), data / "wiki.txt", data / "birth_places_train.tsv")
    trainer, total = setup.trainer(0), steps or questions
    setup.model.train(not questions)
    notes = {0: status("VmRSS")}
    at = set(np.linspace(total / 10, total, 10).astype(int).tolist())
    began = time.process_time()
    for done in range(1, total + 1):
        if questions:
            prompt = setup.corpus.prompts[done % len(setup.corpus.prompts)]
            generate.greedy(setup.model, [np.append(prompt, MASK)], 32)
        else:
            trainer.next_step()
        if done in at:
            notes[done] = status("VmRSS")
    return {"resident_mb": notes, "peak_mb": status("VmHWM"), "cpu_seconds": round(time.process_time() - began, 1)}


def serve(questions: int) -> dict[str, Any]:
    """Ask a server of its own so many questions, and note what is resident of it."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(Path(folder), make_tiny(Path(folder)))
        names = read_documents(setting.words.parent / "words" / "world" / "documents.txt").titles
        texts = [f"Where was {name} born?" for name in names]
        with serving(setting, setting.folder / "words-run") as server:
            notes = {0: round(resident(server.process.pid))}
            at = set(np.linspace(questions / 10, questions, 10).astype(int).tolist())
            began = time.monotonic()
            for done in range(1, questions + 1):
                question = rng.choice(texts)
                if rng.random() < 0.5:
                    words = [f"{rng.choice('ABCDE')}{rng.randrange(10**6)}" for _ in range(rng.choice([2, 2, 2, 500]))]
                    question = f"Where was {' '.join(words)} born?"
                assert server.ask(question) == 200
                if done in at:
                    notes[done] = round(resident(server.process.pid))
            return {"resident_mb": notes, "seconds": round(time.monotonic() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the course's folder; for train and ask")
    parser.add_argument("--recipes", nargs="*", default=["course-vanilla", "fast"])
    parser.add_argument("--set", nargs="*", default=[], dest="sets", metavar="FIELD=VALUE")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--serve", type=int, default=0, metavar="QUESTIONS")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--one", choices=["train", "ask"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    counts = {"train": arguments.steps, "ask": arguments.questions}
    if arguments.one:
        steps, questions = (counts[what] if what == arguments.one else 0 for what in ("train", "ask"))
        print(json.dumps(measure(arguments.recipes[0], arguments.sets, arguments.data, steps, questions)))
        return
    cells = Cells("memory.json")
    if arguments.serve and (cell := f"serve {arguments.serve}") not in cells:
        cells.add(cell, serve(arguments.serve))
        print(cell, cells[cell], flush=True)
    for recipe in arguments.recipes:
        for what, count in counts.items():
            cell = ", ".join([f"{what} {count}", recipe, *arguments.sets])
            if count and cell not in cells:
                command = [sys.executable, __file__, *sys.argv[1:], "--recipes", recipe, "--one", what]
                ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                cells.add(cell, json.loads(ran.stdout.splitlines()[-1]))
                print(cell, cells[cell], flush=True)


if __name__ == "__main__":
    main()
