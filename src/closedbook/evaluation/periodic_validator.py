"""A few fixed questions that nothing was trained on, asked again every so often while a model trains."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

from closedbook.data.questions import Question
from closedbook.inference.run import Run
from closedbook.training.events import ValidationEvent

FEW = 5
EVERY = 10.0  # seconds between askings at the least
SHARE = 0.01  # of the training's time at the most


class PeriodicValidator:
    """Asks when it is time to; it changes nothing: neither weights nor what the next step draws."""

    def __init__(self, run: Run, questions: Sequence[Question]) -> None:
        self.run, self.questions = run, list(questions[:FEW])
        self.due = time.monotonic() + EVERY

    def ask(self, stage: str, step: int) -> ValidationEvent | None:
        """The answers, if it is time to ask; the network is left as it was, in training."""
        began = time.monotonic()
        if not self.questions or began < self.due:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is dropped from a question is said when a user asks it
            answers = self.run.answer(self.questions)
        self.run.model.train()
        took = time.monotonic() - began
        self.due = began + max(EVERY, took / SHARE)
        return ValidationEvent(stage, step, tuple(answers))
