"""The state of a training on disk: what is saved when, and how it is found again after Ctrl-C, a crash or a kill."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from closedbook.errors import RunError
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import READERS_KEY
from closedbook.model.network import Network
from closedbook.runs.folder import RunFolder, typed
from closedbook.runs.records import StateRecord
from closedbook.runs.weights import load_tensors, load_weights, read_record, save_tensors, split_names
from closedbook.training.early_stopping import ValidationResult

if TYPE_CHECKING:
    from closedbook.training.metrics_log import MetricsLog
    from closedbook.training.trainer import StageTrainer

SAVE_EVERY = 60.0  # seconds between checkpoints; they do not change what is computed


def state_paths(folder: RunFolder) -> tuple[Path, Path, Path]:
    """The newest state, the one before it, and one that was damaged when it was last looked at."""
    return tuple(folder.path / f"training{which}.safetensors" for which in ("", ".previous", ".damaged"))  # type: ignore[return-value]


@dataclass(frozen=True)
class TrainingState:
    """A saved state: weights and optimiser, and where in the training they belong."""

    path: Path
    tensors: Mapping[str, Tensor]
    record: Mapping[str, Any]

    @property
    def stage(self) -> int:
        return int(self.record["stage"])

    @property
    def done(self) -> int:
        """Steps done in that stage."""
        return int(self.record["done"])

    @property
    def metrics(self) -> dict[str, Any] | None:
        """How much of metrics.jsonl was written then, and its hash; None in a state without metrics."""
        return self.record.get("metrics")

    def load_weights(self, model: Network) -> None:
        load_weights(model, split_names(self.tensors, "model/"), self.path)

    @property
    def optimiser(self) -> dict[str, Tensor]:
        return split_names(self.tensors, "optimiser/")

    @property
    def validation_results(self) -> list[ValidationResult]:
        return [ValidationResult(x["step"], x["right"], x["asked"]) for x in self.record.get("looks", [])]


def load_state(folder: RunFolder) -> TrainingState | None:
    """The last good state, or None where none was saved yet. Call it with the folder locked.

    Where the newest is damaged, it is put aside with a warning, and the one before it is taken. Raises RunError where
    none that was saved is good, or the run is finished.
    """
    newest, previous, damaged = state_paths(folder)
    if not newest.is_file() and not previous.is_file():
        if (folder.path / "model.safetensors").is_file():
            raise RunError(already_finished(folder))
        return None
    try:
        return _load_own(newest if newest.is_file() else previous, folder.id)
    except RunError as error:
        if not newest.is_file() or not previous.is_file():
            raise
        try:
            state = _load_own(previous, folder.id)
        except RunError:
            raise error from None
        try:
            os.replace(newest, damaged)  # else the next save would put it in the place of the good one
        except OSError as refused:
            raise RunError(f"{newest} is damaged and cannot be put aside ({refused.strerror})") from None
        warnings.warn(f"{error.what}; going on from the state saved before it", stacklevel=2)
        return state


def _load_own(path: Path, run: str | None) -> TrainingState:
    """A state that this run saved. Raises RunError where it is damaged or another run's."""
    tensors, record = load_tensors(path)
    if record.get("run") != run:
        raise RunError(f"{path} is of another run", "bring it back from a copy, or train anew")
    return TrainingState(path, tensors, typed(StateRecord, record, path))


def already_finished(folder: RunFolder) -> str:
    return f"{folder.path} is finished already; ask or evaluate it, or train anew with another --run"


def saved_so_far(folder: RunFolder) -> str | None:
    """Up to where a run is saved, in words; None where no state is."""
    for path in state_paths(folder)[:2]:
        with contextlib.suppress(RunError):
            record = typed(StateRecord, read_record(path), path)
            stages = [stage.name for stage in folder.recipe().stages]
            return f"step {record['done']:,} of stage {stages[min(record['stage'], len(stages) - 1)]}"
    return None


class Checkpointer:
    """Writes a training's state, the checkpoints that its recipe keeps, and the finished weights.

    Without `metrics`, as in every process but rank 0, it writes nothing.
    """

    def __init__(
        self, folder: RunFolder, model: Network, metrics: MetricsLog | None, state: TrainingState | None
    ) -> None:
        self.folder, self.model, self.metrics = folder, model, metrics
        self._spent_before = float(state.record["spent"]) if state else 0.0
        self._began = self._saved = time.monotonic()

    @property
    def seconds(self) -> float:
        """Of training so far, those before an interruption included."""
        return self._spent_before + time.monotonic() - self._began

    def save_if_due(self, trainer: StageTrainer, number: int) -> None:
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save(trainer, number)

    def save(self, trainer: StageTrainer, number: int) -> None:
        """Write the state; the one before it stays beside it."""
        if self.metrics is None:
            return
        tensors = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"optimiser/{name}": value for name, value in trainer.optimiser.tensors().items()}
        self.metrics.flush()
        record: dict[str, Any] = {"stage": number, "done": trainer.done, "spent": self.seconds}
        record |= {"run": self.folder.id, "metrics": self.metrics.written()}
        if trainer.early_stopping is not None:
            record["looks"] = trainer.early_stopping.to_json()
        newest, previous, _ = state_paths(self.folder)
        save_tensors(newest, tensors, record, keep=previous)
        self._saved = time.monotonic()

    def keep_for_ensemble(self, trainer: StageTrainer, number: int) -> None:
        """Leave the weights in the run folder after `keep` steps spread evenly over the stage's second half."""
        keep, steps = trainer.stage.keep, trainer.sampler.steps
        if self.metrics is not None and trainer.done in {steps * (keep + i) // (2 * keep) for i in range(keep)}:
            path = self.folder.path / f"checkpoint-{number}-{trainer.done}.safetensors"
            save_tensors(path, self._weights(), {"format": 1})

    def record_early_stopping(self, trainer: StageTrainer) -> None:
        """Note in run.json how the validation questions were answered, and how many steps the stage took."""
        if self.metrics is None or trainer.early_stopping is None:
            return
        name, record = trainer.stage.name, self.folder.record()
        self.folder.update(
            looks={**record.get("looks", {}), name: trainer.early_stopping.to_json()},
            steps_done={**record.get("steps_done", {}), name: trainer.done},
        )

    def save_finished(self) -> None:
        if self.metrics is not None:
            tensors = self._weights()
            if READERS_KEY in tensors:
                self.model.memory.take(tensors[READERS_KEY], None)
            save_tensors(self.folder.path / "model.safetensors", tensors, {"format": 1})

    def _weights(self) -> dict[str, Tensor]:
        """The network's, and the readers of its memory, which stay the same ones when a name is forgotten."""
        tensors = self.model.state_dict()
        if isinstance(self.model, GPT) and self.model.memory is not None:
            tensors[READERS_KEY] = self.model.memory.choose_readers()
        return tensors
