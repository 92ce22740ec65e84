"""The training loop: batches in, gradients, an optimiser step, an event for whoever listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch

from closedbook.errors import RecipeError
from closedbook.model.gpt import GPT
from closedbook.objectives.arrays import Examples
from closedbook.objectives.mixture import Mixture
from closedbook.recipe import Stage
from closedbook.threads import dealt_out
from closedbook.training.engine import ALONE, Engine
from closedbook.training.gradient import backward
from closedbook.training.optimiser import Optimiser
from closedbook.training.schedule import Horizon, Schedule


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


class Leg:
    """One stage of a recipe with everything it needs to go on from any step."""

    def __init__(self, stage: Stage, mixture: Mixture, model: GPT, documents: int, engine: Engine = ALONE) -> None:
        if stage.clip and model.embedding.sparse:
            raise RecipeError(
                f"stages.{stage.name}.clip: sparse gradients, as a memory's, are not clipped; set clip = 0"
            )
        self.stage, self.mixture, self.model, self.engine = stage, mixture, model, engine
        self.optimiser: Optimiser = stage.optimiser.make("optimiser", model)
        horizon = Horizon(mixture.steps, self._examples_before, model.recipe.block, documents)
        self.schedule: Schedule = stage.schedule.make("schedule", horizon)
        self.done = 0

    def run(self, listen: Callable[[Step], None]) -> None:
        """Train from `done` to the end, calling `listen` after each step."""
        self.model.train()
        while self.done < self.mixture.steps:
            began = time.perf_counter()
            examples = self.mixture.batch(self.done)
            # Seeding each step makes dropout, too, a function of (seed, stage, step): a resumed run repeats it.
            torch.manual_seed(
                int(np.random.SeedSequence([*self.mixture.key, self.done]).generate_state(1, np.uint64)[0])
            )
            rate = self.schedule.multiplier(self.done)
            loss = self.step(examples, rate)
            self.done += 1
            tokens = len(examples.inputs.values)
            seconds = time.perf_counter() - began
            listen(Step(self.stage.name, self.done, self.mixture.steps, loss, rate, tokens, seconds))

    def step(self, examples: Examples, rate: float) -> float:
        """One update of the weights; returns the batch's mean loss before it."""
        with self.workers(examples):
            loss = backward(self.model, examples, self.stage, self.engine)
            if self.stage.clip:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.stage.clip)
            self.optimiser.step(rate)
        self.model.zero_grad(set_to_none=True)
        return loss

    def workers(self, examples: Examples) -> AbstractContextManager[None]:
        """Within, a step with such a batch is worked on by as many threads as it is worth."""
        return dealt_out(self.engine.workers(len(examples.inputs.values)) if self.model.shareable else 1)

    def _examples_before(self, step: int) -> int:
        if self.stage.order == "file":
            items = self.mixture.objectives[0].items
            epoch, position = divmod(step, -(-items // self.stage.batch))
            return epoch * items + position * self.stage.batch
        return int(self.mixture.counts[step].sum())
