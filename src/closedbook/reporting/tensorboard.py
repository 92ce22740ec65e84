"""A callback that writes TensorBoard's event files: loss, rate and speed by step, kept-out answers as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from closedbook.environment import require_packages
from closedbook.errors import RunError
from closedbook.evaluation.periodic_validator import ValidationEvent
from closedbook.training.events import Step


class TensorBoard:
    """Give it to `train` among the callbacks, and close it afterwards. Stages follow one another on one axis of steps.

    Raises RunError where tensorboard is not installed or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        require_packages("--tensorboard", "tensorboard", extra="tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        try:
            self.writer = SummaryWriter(str(folder), flush_secs=5)
        except OSError as error:
            raise RunError(
                f"{folder} cannot be written ({error.strerror}); give --tensorboard another folder"
            ) from None
        self.before, self.stage, self.last = 0, "", 0

    def __call__(self, event: Any) -> None:
        if isinstance(event, Step):
            if event.stage != self.stage:
                self.before, self.stage = self.before + self.last, event.stage
            self.last = event.step
            step = self.before + event.step
            self.writer.add_scalar(f"loss/{event.stage}", event.loss, step)
            self.writer.add_scalar("rate multiplier", event.multiplier, step)
            self.writer.add_scalar("tokens per second", event.tokens / max(event.seconds, 1e-9), step)
        elif isinstance(event, ValidationEvent):
            right = [answer.right for answer in event.answers]
            self.writer.add_scalar("kept out, right", sum(map(bool, right)) / len(right), self.before + event.step)
            lines = (f"- {answer.question} **{answer.answer}** ({answer.gold})" for answer in event.answers)
            self.writer.add_text("kept out", "\n".join(lines), self.before + event.step)

    def close(self) -> None:
        self.writer.close()
