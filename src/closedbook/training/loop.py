"""The training loop: batches in, gradients, an optimiser step, an event for whoever listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch

from closedbook.config.schema import Stage
from closedbook.data.arrays import Examples
from closedbook.errors import RecipeError
from closedbook.model.gpt import GPT
from closedbook.objectives.sampler import BatchSampler
from closedbook.parallel import worker_pool
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext
from closedbook.training.gradient import backward
from closedbook.training.optimisers import Optimiser
from closedbook.training.schedules import Horizon, Schedule


@dataclass(frozen=True)
class Step:
    """One finished step. `loss` is in nats per target, `tokens` counts real (non-PAD) inputs."""

    stage: str
    step: int  # steps done in this stage, from 1
    steps: int
    loss: float
    multiplier: float  # of the optimiser's rates, by the schedule
    tokens: int
    seconds: float


class StageTrainer:
    """One stage of a recipe with everything it needs to go on from any step."""

    def __init__(
        self,
        stage: Stage,
        sampler: BatchSampler,
        model: GPT,
        documents: int,
        distributed: DistributedContext = SINGLE_PROCESS,
    ) -> None:
        if stage.clip and model.embedding.sparse:
            raise RecipeError(
                f"stages.{stage.name}.clip: sparse gradients, as a memory's, are not clipped; set clip = 0"
            )
        self.stage, self.sampler, self.model, self.distributed = stage, sampler, model, distributed
        self.optimiser: Optimiser = stage.optimiser.make("optimiser", model)
        horizon = Horizon(sampler.steps, self._examples_before, model.recipe.context_length, documents)
        self.schedule: Schedule = stage.schedule.make("schedule", horizon)
        self.done = 0

    def run(self, listen: Callable[[Step], None]) -> None:
        """Train from `done` to the end, calling `listen` after each step."""
        self.model.train()
        while self.done < self.sampler.steps:
            began = time.perf_counter()
            examples = self.sampler.batch(self.done)
            # Seeding each step makes dropout, too, a function of (seed, stage, step): a resumed run repeats it.
            torch.manual_seed(
                int(np.random.SeedSequence([*self.sampler.key, self.done]).generate_state(1, np.uint64)[0])
            )
            rate = self.schedule.multiplier(self.done)
            loss = self.step(examples, rate)
            self.done += 1
            tokens = len(examples.inputs.values)
            seconds = time.perf_counter() - began
            listen(Step(self.stage.name, self.done, self.sampler.steps, loss, rate, tokens, seconds))

    def step(self, examples: Examples, rate: float) -> float:
        """One update of the weights; returns the batch's mean loss before it."""
        with self.workers(examples):
            loss = backward(self.model, examples, self.stage, self.distributed)
            if self.stage.clip:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.stage.clip)
            self.optimiser.step(rate)
        self.model.zero_grad(set_to_none=True)
        return loss

    def workers(self, examples: Examples) -> AbstractContextManager[None]:
        """Within, a step with such a batch is worked on by as many threads as it is worth."""
        return worker_pool(self.distributed.workers(len(examples.inputs.values)) if self.model.shareable else 1)

    def _examples_before(self, step: int) -> int:
        if self.stage.order == "file":
            items = self.sampler.objectives[0].items
            epoch, position = divmod(step, -(-items // self.stage.batch))
            return epoch * items + position * self.stage.batch
        return int(self.sampler.counts[step].sum())
