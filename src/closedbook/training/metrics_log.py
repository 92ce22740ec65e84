"""metrics.jsonl: a training's curve, about a thousand lines a stage, each the mean over the steps since the last."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from closedbook.data.files import read_file
from closedbook.errors import RunError
from closedbook.runs.folder import RunFolder, metrics_lines
from closedbook.training.events import Step

if TYPE_CHECKING:
    from closedbook.training.checkpoint import TrainingState

FLUSH_EVERY = 2.0  # seconds between writes, for those who watch


class MetricsLog:
    """Appends to metrics.jsonl; going on from a state, it first drops the lines written after that state."""

    def __init__(self, folder: RunFolder, stages: Sequence[str], state: TrainingState | None = None) -> None:
        """Raises RunError where the file is not what was written when the state was saved."""
        self.path = folder.path / "metrics.jsonl"
        content = read_file(self.path) if self.path.is_file() else b""
        stage, done = (state.stage, state.done) if state else (0, 0)
        if state is not None and state.metrics is not None and content:
            content = content[: state.metrics["bytes"]]
            if hashlib.sha256(content).hexdigest() != state.metrics["sha256"]:
                raise RunError(
                    f"{self.path} is damaged (it is not what was saved); bring it back from a copy, or remove it and "
                    "go on without its lines"
                )
        lines = [line for line in metrics_lines(self.path, content) if "step" in line and line.get("stage") in stages]
        kept = [line for line in lines if (stages.index(line["stage"]), line["step"]) <= (stage, done)]
        text = "".join(map(_line, kept))
        folder.write_text("metrics.jsonl", text)
        self.digest, self.size = hashlib.sha256(text.encode()), len(text.encode())
        self.pending: list[Step] = []
        self.lines: list[str] = []
        self.flushed = time.monotonic()

    def add(self, step: Step) -> None:
        self.pending.append(step)
        if step.step % max(1, step.steps // 1000) == 0 or step.step == step.steps:
            tokens, seconds = (sum(getattr(s, name) for s in self.pending) for name in ("tokens", "seconds"))
            entry = {
                "stage": step.stage,
                "step": step.step,
                "loss": round(float(np.mean([s.loss for s in self.pending])), 5),
                "multiplier": round(step.multiplier, 5),
                "tokens": tokens,
                "tokens_per_second": round(tokens / max(seconds, 1e-9)),
            }
            self.lines.append(_line(entry))
            self.pending = []
        if time.monotonic() - self.flushed > FLUSH_EVERY or step.step == step.steps:
            self.flush()

    def flush(self) -> None:
        content = "".join(self.lines).encode()
        try:
            with open(self.path, "r+b") as file:
                file.truncate(self.size)  # a disk that was full may have taken a part of a line
                file.seek(self.size)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # a state that is saved counts on these lines
        except OSError as error:
            reason = f"{self.path} cannot be written ({error.strerror}); make room or check the folder"
            raise RunError(f"{reason}; the last saved state is kept") from None
        self.digest.update(content)
        self.size += len(content)
        self.lines, self.flushed = [], time.monotonic()

    def written(self) -> dict[str, Any]:
        """How many bytes are written, and their hash."""
        return {"bytes": self.size, "sha256": self.digest.hexdigest()}


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry) + "\n"
