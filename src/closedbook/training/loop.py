"""The training loop: batches in, gradients, an optimiser step, an event for whoever listens."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from closedbook.errors import RecipeError
from closedbook.model.dropout import drawing_from
from closedbook.model.gpt import GPT
from closedbook.objectives.arrays import Examples
from closedbook.objectives.mixture import Mixture
from closedbook.recipe import Stage
from closedbook.threads import dealt_out, side_by_side, workers
from closedbook.training.engine import ALONE, Engine
from closedbook.training.optimiser import Optimiser
from closedbook.training.schedule import Horizon, Schedule
from closedbook.training.slices import deal, pieces


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
        if stage.clip and model.memory is not None:
            raise RecipeError(f"stages.{stage.name}.clip: the memory's sparse gradients are not clipped; set clip = 0")
        self.stage, self.mixture, self.model, self.engine = stage, mixture, model, engine
        self.optimiser: Optimiser = stage.optimiser.make("optimiser", model)
        horizon = Horizon(mixture.steps, self._examples_before, model.recipe.block, documents)
        self.schedule: Schedule = stage.schedule.make("schedule", horizon)
        # A mixer of the user's own may keep something between calls, or draw from torch's generator: one thread's.
        parts = {type(module).__module__.partition(".")[0] for module in model.modules()}
        self.shared = parts <= {"closedbook", "torch"}
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
        return dealt_out(self.engine.workers(len(examples.inputs.values)) if self.shared else 1)

    def _examples_before(self, step: int) -> int:
        if self.stage.order == "file":
            items = self.mixture.objectives[0].items
            epoch, position = divmod(step, -(-items // self.stage.batch))
            return epoch * items + position * self.stage.batch
        return int(self.mixture.counts[step].sum())


def backward(model: GPT, examples: Examples, stage: Stage, engine: Engine = ALONE) -> float:
    """Accumulate the gradient of the mean loss over all targets of a batch, slice by slice; returns that loss.

    Of several processes, or workers (see `threads`), each has its rows of every slice; all processes end with the
    gradient of the whole batch.
    """
    targets = max(1, examples.targets)
    writing = torch.tensor([share.writes for share in stage.objectives])
    batch = pieces(examples, engine.slice_cost(workers()))
    # Drawn for the whole slice, whoever has which rows of it: so the loss is the same for any number of processes.
    candidates = [model.draw(torch.from_numpy(piece.asked_for), stage.negatives) for piece in batch]
    if engine.rank:  # dropout, though, is each process's own
        torch.manual_seed((torch.initial_seed() + engine.rank) % 2**64)

    def work(rank: int, backward: Callable[[Tensor], None]) -> list[Tensor]:
        """The losses of the rows of one process or worker, each given to `backward`."""
        losses = []
        for number, piece in deal(batch, rank, engine.processes * workers(), stage.at_once):
            writes = None if writing.all() else writing[piece.kinds.long()].to(engine.device)
            here = piece.to(engine.device)
            with engine.precision(model.recipe.products):
                loss = model.loss(here.tokens, here.at, here.target, writes, candidates[number]) / targets
            backward(loss)
            losses.append(loss.detach())
        return losses

    losses = work(engine.rank, Tensor.backward) if workers() == 1 else _side_by_side(model, work)
    loss_here = sum(torch.stack(losses).tolist()) if losses else 0.0  # read at the end: a GPU is not waited for before
    # Of a sampled loss the head has gradients for the candidates alone.
    sampled = [torch.cat([one.own, one.drawn]) for one in candidates if one is not None]
    touched = {}
    if sampled and len(sampled) == len(candidates):
        touched[model.head.weight] = torch.cat(sampled).unique().to(engine.device)
    return engine.add_up(model, loss_here, touched)


def _side_by_side(model: GPT, work: Callable[[int, Callable[[Tensor], None]], list[Tensor]]) -> list[Tensor]:
    """The losses of `work` of all workers; the model gets the sum of their gradients, in the workers' order."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def one(worker: int) -> tuple[list[Tensor], list[Tensor | None]]:
        sums: list[Tensor | None] = [None] * len(parameters)

        def backward(loss: Tensor) -> None:
            sums[:] = map(_sum, sums, torch.autograd.grad(loss, parameters, allow_unused=True))

        with drawing_from((torch.initial_seed() + worker) % 2**64):
            return work(worker, backward), sums

    losses, gradients = zip(*side_by_side(one, range(workers())), strict=True)
    for parameter, *parts in zip(parameters, *gradients, strict=True):
        parameter.grad = functools.reduce(_sum, parts)
    return list(itertools.chain.from_iterable(losses))


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    return one if other is None else other if one is None else one + other
