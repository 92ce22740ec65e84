"""Asks a few fixed questions again and again while a model trains; nothing was trained on them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

from closedbook.data.questions import Question
from closedbook.inference.run import Run
from closedbook.training.events import ValidationEvent

FEW = 5
EVERY = 10.0  # at least so many seconds apart
SHARE = 0.01  # at most this share of the training's time


class PeriodicValidator:
    """Asks when it is time to. It changes neither the weights nor the random numbers of the next step."""

    def __init__(self, run: Run, questions: Sequence[Question]) -> None:
        self.run, self.questions = run, list(questions[:FEW])
        self.due = time.monotonic() + EVERY

    def ask(self, stage: str, step: int) -> ValidationEvent | None:
        """The answers, if it is time to ask. The network is left in training mode."""
        began = time.monotonic()
        if not self.questions or began < self.due:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about dropped words are for users who ask
            answers = self.run.answer(self.questions)
        self.run.model.train()
        took = time.monotonic() - began
        self.due = began + max(EVERY, took / SHARE)
        return ValidationEvent(stage, step, tuple(answers))
