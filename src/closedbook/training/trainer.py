"""The training loop, top to bottom: `fit` goes through the stages, step by step.

What a step is made of has files of its own: the gradient (`gradient.py`), batches without padding (`bucketing.py`),
several processes (`distributed.py`), optimisers and schedules, early stopping, and the state on disk (`checkpoint.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch

from closedbook.config.schema import Stage
from closedbook.data.arrays import Examples
from closedbook.errors import DivergedError, RecipeError, RunError
from closedbook.interrupts import defer_interrupts
from closedbook.model.network import Network
from closedbook.objectives.sampler import BatchSampler
from closedbook.parallel import worker_pool
from closedbook.runs.folder import RunFolder
from closedbook.training.checkpoint import Checkpointer, TrainingState
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext
from closedbook.training.early_stopping import EarlyStopping, ValidationSet
from closedbook.training.events import Message, Step
from closedbook.training.gradient import backward
from closedbook.training.metrics_log import MetricsLog
from closedbook.training.optimisers import Optimiser
from closedbook.training.schedules import Horizon, Schedule

Callback = Callable[[Step | Message], None]
LEAST_SHARED = 2**16
"""Numbers of a layer (positions × width) for each thread that shares its operations. With fewer, threads wait for each
other longer than they work: on a busy machine a step took many times as long."""


class StageTrainer:
    """One stage of a recipe: its batches, optimiser and schedule, and how many of its steps are done."""

    def __init__(
        self,
        stage: Stage,
        sampler: BatchSampler,
        model: Network,
        documents: int,
        distributed: DistributedContext = SINGLE_PROCESS,
        validation_set: ValidationSet | None = None,
    ) -> None:
        """Raises RecipeError or ValueError where the recipe's optimiser or schedule cannot be made."""
        if stage.clip and model.sparse:
            raise RecipeError(
                f"stages.{stage.name}.clip: sparse gradients, as a memory's, are not clipped; set clip = 0"
            )
        self.stage, self.sampler, self.model, self.distributed = stage, sampler, model, distributed
        self.optimiser: Optimiser = stage.optimiser.make("optimiser", model)
        horizon = Horizon(sampler.steps, sampler.examples_before, model.recipe.context_length, documents)
        self.schedule: Schedule = stage.schedule.make("schedule", horizon)
        self.early_stopping = EarlyStopping(stage.stop, sampler.steps, validation_set) if stage.stop else None
        self.done = 0

    def load(self, state: TrainingState) -> None:
        """Go on from where the stage was saved."""
        self.done = state.done
        self.optimiser.load(state.optimiser)
        if self.early_stopping is not None:
            self.early_stopping.results.extend(state.validation_results)

    @property
    def finished(self) -> bool:
        stopped = self.early_stopping is not None and self.early_stopping.should_stop
        return self.done >= self.sampler.steps or stopped

    def next_step(self) -> Step:
        """Train on the next batch."""
        began = time.perf_counter()
        examples = self.sampler.batch(self.done)  # a pure function of seed, stage and step
        # Seeding each step makes dropout a function of (seed, stage, step) too: a resumed run repeats it.
        torch.manual_seed(int(np.random.SeedSequence([*self.sampler.key, self.done]).generate_state(1, np.uint64)[0]))
        multiplier = self.schedule.multiplier(self.done)
        loss = self.update(examples, multiplier)
        self.done += 1
        tokens, seconds = len(examples.inputs.values), time.perf_counter() - began
        return Step(self.stage.name, self.done, self.sampler.steps, loss, multiplier, tokens, seconds)

    def update(self, examples: Examples, multiplier: float) -> float:
        """One update of the weights; returns the batch's mean loss before it, in nats per target."""
        with self.workers(examples):
            loss = backward(self.model, examples, self.stage, self.distributed)
            if self.stage.clip:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.stage.clip)
            self.optimiser.step(multiplier)
        self.model.zero_grad(set_to_none=True)
        return loss

    def workers(self, examples: Examples) -> AbstractContextManager[None]:
        """Within, a step with such a batch is shared by as many threads as it is worth."""
        if not self.model.shareable:
            return worker_pool(1)
        positions = len(examples.inputs.values)
        count = self.distributed.workers(positions)
        return worker_pool(count, most_each=max(1, positions * self.model.recipe.width // (count * LEAST_SHARED)))


def fit(
    model: Network,
    stages: Sequence[Stage],
    make_trainer: Callable[[int], StageTrainer],
    folder: RunFolder,
    state: TrainingState | None = None,
    callback: Callback = lambda event: None,
    distributed: DistributedContext = SINGLE_PROCESS,
) -> float:
    """Train what is left of every stage, saving on the way, and write the finished weights into the run folder.

    `make_trainer` gives a stage's trainer by its number; `state` is where an interrupted run left off; `callback` gets
    every Step, and a Message where a run goes on or a stage is stopped early. Returns seconds, those before an
    interruption included. Raises DivergedError where the loss is no number. Ctrl-C and SIGTERM save after the step
    they come in and raise. Of several processes, rank 0 writes; what ends one ends all after the same step.
    """
    if state is not None and state.stage >= len(stages):
        raise RunError(f"{state.path} is damaged (it has a stage {state.stage}); train anew")
    metrics = MetricsLog(folder, [stage.name for stage in stages], state) if distributed.first else None
    checkpoints = Checkpointer(folder, model, metrics, state)
    if state is not None:
        state.load_weights(model)
        callback(Message(f"going on from step {state.done} of stage {stages[state.stage].name}"))

    with defer_interrupts(repeated=distributed.processes > 1) as raise_interrupt:
        for number in range(state.stage if state else 0, len(stages)):
            trainer = make_trainer(number)
            if state is not None and number == state.stage:
                trainer.load(state)
            model.train()
            while not trainer.finished:
                step = trainer.next_step()
                if not math.isfinite(step.loss):
                    raise DivergedError(
                        f"the loss is {step.loss} at step {step.step} of stage {step.stage}: the training diverged",
                        f"start anew with a lower rate, such as --set stages.{step.stage}.optimiser.rate=1e-3",
                    )
                if trainer.early_stopping is not None:
                    trainer.early_stopping.validate(model, step.step, distributed)
                try:
                    with distributed.sync_errors():
                        if metrics is not None:
                            metrics.add(step)
                        checkpoints.keep_for_ensemble(trainer, number)
                        callback(step)
                        raise_interrupt()
                        checkpoints.save_if_due(trainer, number)
                except BaseException:  # all processes have made the same steps: what there is can be saved
                    checkpoints.save(trainer, number)
                    raise
            if trainer.done < trainer.sampler.steps:
                steps = f"{trainer.done:,} of {trainer.sampler.steps:,} steps"
                callback(Message(f"stage {trainer.stage.name} stopped after {steps}"))
            checkpoints.save(trainer, number)
            checkpoints.record_early_stopping(trainer)
        checkpoints.save_finished()
        with distributed.sync_errors():
            raise_interrupt()
    return checkpoints.seconds
