"""Two processes of one thread against one process of one thread → results/processes.json.

    python benchmarks/processes.py --data FOLDER          # the course's data

Both train on the same batches of the same recipe, started by torchrun alike. One and two take turns, and the median
over a turn's steps, then over the turns, is kept: what else runs on the machine then bears on both. A step is whole:
its batch, forward and backward, exchange, optimiser. The parts say where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from record import Cells

from closedbook.config.loading import load_recipe
from closedbook.training.distributed import DistributedContext
from closedbook.training.gradient import backward
from closedbook.training.setup import prepare_training

WARM = 3  # steps before the clock counts
STEPS = {"fast": 60, "course-vanilla": 6}


def timed(exchange: Any, at: list[float]) -> Any:
    """The exchange, which notes when it begins."""

    def noting(*arguments: Any) -> Any:
        at.append(time.perf_counter())
        return exchange(*arguments)

    return noting


def work(data: Path, names: list[str]) -> None:
    """One turn, in each of the processes: the first one prints what it measured."""
    torch.set_num_threads(1)
    with DistributedContext.start() as distributed:
        for name in names:
            setup = prepare_training(load_recipe(name), data / "wiki.txt", data / "birth_places_train.tsv")
            trainer = setup.trainer(0, distributed=distributed)
            trainer.model.train()
            rows = []
            first = trainer.sampler.steps // 2
            for step in range(first, first + WARM + STEPS[name]):
                torch.manual_seed(step)
                distributed.raise_in_all()
                times = [time.perf_counter()]
                examples = trainer.sampler.batch(step)
                times.append(time.perf_counter())
                learned = []
                noted = timed(DistributedContext.all_reduce_gradients, learned)
                with mock.patch.object(DistributedContext, "all_reduce_gradients", noted):
                    backward(trainer.model, examples, trainer.stage, distributed)
                times += learned
                times.append(time.perf_counter())
                if trainer.stage.clip:
                    torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), trainer.stage.clip)
                trainer.optimiser.step(0.5)
                trainer.model.zero_grad(set_to_none=True)
                times.append(time.perf_counter())
                if step >= first + WARM:
                    parts = [after - before for before, after in pairwise(times)]
                    rows.append([*parts, times[-1] - times[0], len(examples.inputs.values) / (times[-1] - times[0])])
            keys = ("batch_ms", "backward_ms", "exchange_ms", "optimiser_ms", "step_ms", "tokens_per_second")
            # Batches are made some at a time: their mean, not their median, is what a step has to bear.
            middle = [statistics.mean(column) if i == 0 else statistics.median(column)
                      for i, column in enumerate(zip(*rows, strict=True))]  # fmt: skip
            if distributed.first:
                row = {key: value * (1000 if "ms" in key else 1) for key, value in zip(keys, middle, strict=True)}
                print(json.dumps({"recipe": name, "processes": distributed.processes, **row}), flush=True)


def turn(processes: int, data: Path, names: list[str]) -> list[dict[str, Any]]:
    """Start so many processes and read what the first one says."""
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", f"{processes}", "--rdzv-backend", "c10d"]
    command = [*launcher, "--rdzv-endpoint", "localhost:0", "--", __file__, "--work", "--data", f"{data}", *names]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(STEPS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", action="store_true", help="be one of the processes")
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.data, arguments.names)
        return
    turns: list[list[dict[str, Any]]] = []
    load = [os.getloadavg()[0]]
    for _ in range(arguments.turns):
        turns.append([row for processes in (1, 2) for row in turn(processes, arguments.data, arguments.names)])
        load.append(os.getloadavg()[0])
    torch.set_num_threads(1)
    cells = Cells("processes.json")
    for name in arguments.names:
        of = {p: [row for rows in turns for row in rows if (row["recipe"], row["processes"]) == (name, p)]
              for p in (1, 2)}  # fmt: skip
        kept = {
            f"{p}": {
                key: round(statistics.median(row[key] for row in rows), 1) for key in rows[0] if key[0] not in "rp"
            }
            for p, rows in of.items()
        }
        ratios = [
            double["tokens_per_second"] / single["tokens_per_second"]
            for single, double in zip(of[1], of[2], strict=True)
        ]
        cells.add(
            name,
            {
                "processes": kept,
                "times_faster": round(statistics.median(ratios), 2),
                "times_faster_by_turn": [round(ratio, 2) for ratio in ratios],
                "steps_a_turn": STEPS[name],
                "turns": arguments.turns,
                "load_average_between_turns": [round(value, 1) for value in load],
            },
        )
        print(name, cells[name], flush=True)


if __name__ == "__main__":
    main()
