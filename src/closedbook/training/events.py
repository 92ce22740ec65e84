"""What a training tells its callbacks: its plan, every step, messages, answers to questions that are kept out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedbook.inference.answer import Answer


@dataclass(frozen=True)
class Plan:
    """What a training will do, before it does it."""

    recipe: str
    run: str
    parameters: int
    memory_parameters: int
    documents: int
    titles: int  # fewer than documents where one person has several, or several people bear one name
    questions: int
    unnamed: int  # questions that no stored name stands in, with a memory of names: their words alone are read
    steps: int
    tokens: int  # real inputs, estimated from a sample of batches
    estimated_seconds: float  # here, by timing
    threads: int  # of each process
    processes: int = 1
    device: str = "cpu"
    matmul_dtype: str = "float32"
    chosen: tuple[str, ...] = ()  # what the recipe left to the data, and why it is what it is


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


@dataclass(frozen=True)
class Learned:
    """Titles that are learned after the training, from their documents: how many, and of how many."""

    titles: int
    of: int


@dataclass(frozen=True)
class Message:
    """A line for the user that is neither plan nor progress."""

    text: str


@dataclass(frozen=True)
class ValidationEvent:
    """What the model answered after so many steps of a stage, in the questions' order."""

    stage: str
    step: int
    answers: tuple[Answer, ...]
