"""What a training will do and how long it will take, before it does it."""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path

import numpy as np
import torch

from closedbook.data.arrays import Examples
from closedbook.objectives.sizing import LATER_SECONDS
from closedbook.training.bucketing import bucket
from closedbook.training.distributed import DistributedContext
from closedbook.training.events import Plan
from closedbook.training.gradient import backward
from closedbook.training.setup import TrainingSetup, too_little_memory

TIMED = 1024  # real inputs that the plan times, twice, for each stage


def plan_training(setup: TrainingSetup, run: str | Path = "") -> Plan:
    """What training this setup will take; times a part of a batch."""
    counts = setup.model.count_parameters()
    with too_little_memory("batch or model"):
        tokens, seconds = estimate(setup)
    later = len(setup.later.known_titles) if setup.later else 0
    return Plan(
        recipe=setup.recipe.name,
        run=str(run),
        parameters=counts["total"],
        memory_parameters=counts["memory"],
        documents=len(setup.documents),
        titles=len(setup.documents.known_titles),
        questions=len(setup.questions) if setup.questions else 0,
        unnamed=setup.corpus.unnamed,
        steps=setup.steps,
        tokens=tokens,
        estimated_seconds=round(seconds + later * LATER_SECONDS / torch.get_num_threads(), 1),
        threads=torch.get_num_threads(),
        processes=setup.distributed.processes,
        device=setup.distributed.device.type,
        matmul_dtype=setup.recipe.model.matmul_dtype,
        chosen=setup.chosen,
    )


def estimate(setup: TrainingSetup) -> tuple[int, float]:
    """(real input tokens, seconds of training), from a part of one batch of each stage, on a copy of the model."""
    tokens, seconds = 0.0, 0.0
    alone = DistributedContext(setup.distributed.device)
    setup.model.train()  # a pretrained base may be trained in another dtype than it answers in
    for number, sampler in enumerate(setup.samplers):
        middle = sampler.steps // 2
        batches = [sampler.batch(step) for step in sorted({0, middle, sampler.steps - 1})]
        tokens += sum(len(batch.inputs.values) for batch in batches) * sampler.steps / len(batches)
        # With a very small batch a step may have no example at all.
        batch = max(batches[len(batches) // 2], *batches, key=lambda batch: len(batch.inputs) > 0)
        if not len(batch.inputs):
            continue
        trainer = setup.trainer(number, copy.deepcopy(setup.model), alone)
        part = _around_the_median(batch, TIMED)
        trainer.update(batch.take(np.arange(1)), 0.0)  # the first call allocates
        alone.wait()
        began = time.perf_counter()
        sampler.batch(min(middle + sampler.stage.group, sampler.steps - 1))
        reading = (time.perf_counter() - began) / sampler.stage.group
        learning, stepping = math.inf, math.inf
        for _ in range(2):  # the quicker one: something else may have been in the way
            with trainer.workers(batch):
                began = time.perf_counter()
                backward(trainer.model, part, trainer.stage, alone)
                alone.wait()
                learned = time.perf_counter()
                trainer.optimiser.step(0.0)
                alone.wait()
                learning, stepping = min(learning, learned - began), min(stepping, time.perf_counter() - learned)
        scale = _positions(batch) / max(1, _positions(part))
        # All processes read and step, each for itself; what they send each other is not counted.
        seconds += sampler.steps * (reading + learning * scale / setup.distributed.processes + stepping)
    return round(tokens), round(seconds, 1)


def _around_the_median(examples: Examples, tokens: int) -> Examples:
    """Examples of middling length, about `tokens` inputs in all, or all there are."""
    order = np.argsort(examples.inputs.lengths, kind="stable")
    summed = np.cumsum(examples.inputs.lengths[order])
    first, last = np.searchsorted(summed, (summed[-1] + np.array([-tokens, tokens])) / 2)
    return examples.take(order[first : last + 1])


def _positions(examples: Examples) -> int:
    """What the network sees of a batch: its slices' positions, the padding that is left included."""
    return sum(len(piece) * int(piece.inputs.lengths.max()) for piece in bucket(examples))
