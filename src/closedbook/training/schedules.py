"""Schedules: the learning rate's multiplier at each step, a pure function of where the run stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from closedbook.errors import RecipeError
from closedbook.validation import Positive, UnitInterval


@dataclass(frozen=True)
class Horizon:
    """What a schedule may know of its stage."""

    steps: int
    examples_before: Callable[[int], int]  # of a step, within the stage
    context_length: int
    documents: int


class Schedule(Protocol):
    def multiplier(self, step: int) -> float:
        """The rate of this step (0-based) as a fraction of the optimiser's rates."""
        ...


class Course:
    """The course's cosine, kept to the letter.

    The rate is set after each step from the positions seen so far, PAD included, so the first step runs at the
    full rate. The cosine's argument is not clamped: past `final` the rate rises again, which students see as a
    plateau. `final` is `passes` · documents · block, of the pretraining corpus also when finetuning.
    """

    @dataclass(frozen=True)
    class Config:
        warmup: int = 512 * 20  # positions
        passes: Positive = 200
        floor: UnitInterval = 0.1

    def __init__(self, config: Config, horizon: Horizon) -> None:
        self.config, self.horizon = config, horizon
        self.final = config.passes * horizon.documents * horizon.context_length

    def multiplier(self, step: int) -> float:
        if step == 0:
            return 1.0
        seen = self.horizon.examples_before(step) * (self.horizon.context_length - 1)
        warmup = self.config.warmup
        if seen < warmup:
            return seen / warmup
        progress = (seen - warmup) / max(1, self.final - warmup)
        return max(self.config.floor, 0.5 * (1 + math.cos(math.pi * progress)))


class Trapezoid:
    """A linear rise over the first `warmup` of the steps, the full rate, a linear fall over the last `decay`."""

    @dataclass(frozen=True)
    class Config:
        warmup: UnitInterval = 0.01  # fraction of the steps
        decay: UnitInterval = 0.5
        floor: UnitInterval = 0.0

    def __init__(self, config: Config, horizon: Horizon) -> None:
        if config.warmup + config.decay > 1:
            raise RecipeError(f"schedule trapezoid: warmup + decay must lie between 0 and 1, got {config}")
        self.config, self.steps = config, horizon.steps

    def multiplier(self, step: int) -> float:
        done = (step + 1) / self.steps
        left = 1 - step / self.steps
        rise = min(1.0, done / self.config.warmup) if self.config.warmup else 1.0
        fall = min(1.0, left / self.config.decay) if self.config.decay else 1.0
        return max(self.config.floor, rise * fall)
