"""Training in a run folder: what is saved when, and how it goes on after Ctrl-C, a crash or a kill."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from closedbook.config.schema import Stage
from closedbook.errors import DivergedError, RunError
from closedbook.model.gpt import GPT
from closedbook.runs.folder import RunFolder, json_lines
from closedbook.runs.weights import load_tensors, load_weights, save_tensors, split_names
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext, on_cpu
from closedbook.training.early_stopping import EarlyStopping, Enough, ValidationResult, ValidationSet
from closedbook.training.loop import StageTrainer, Step

SAVE_EVERY = 60.0  # seconds between checkpoints; they do not change what is computed
FLUSH_EVERY = 2.0  # seconds between writes to metrics.jsonl, for those who watch

State = tuple[dict[str, Tensor], dict[str, Any]]  # weights and optimiser; stage, steps done, looks, seconds


@dataclass(frozen=True)
class Message:
    """A line for the user that is neither plan nor progress."""

    text: str


def state_path(folder: RunFolder) -> Path:
    """Where everything is that it takes to go on."""
    return folder.path / "training.safetensors"


def state_paths(folder: RunFolder) -> tuple[Path, Path, Path]:
    """Where states are: the newest, the one before it, and one that was damaged when it was last looked at."""
    return tuple(folder.path / f"training{which}.safetensors" for which in ("", ".previous", ".damaged"))  # type: ignore[return-value]


def load_state(folder: RunFolder) -> State | None:
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
        warnings.warn(f"{str(error).split(';')[0]}; going on from the state saved before it", stacklevel=2)
        return state


def _load_own(path: Path, run: str | None) -> State:
    """A state that this run saved. Raises RunError where it is damaged or another run's."""
    tensors, record = load_tensors(path)
    if record.get("run") != run:
        raise RunError(f"{path} is of another run; bring it back from a copy, or train anew")
    return tensors, record


def already_finished(folder: RunFolder) -> str:
    return f"{folder.path} is finished already; ask or evaluate it, or train anew with another --run"


def train_stages(
    model: GPT,
    stages: Sequence[Stage],
    make_trainer: Callable[[int], StageTrainer],
    folder: RunFolder,
    state: State | None,
    tell: Callable[[Any], None],
    validation_set: ValidationSet | None = None,
    distributed: DistributedContext = SINGLE_PROCESS,
) -> float:
    """Run what is left of every stage, saving as it goes, and write the finished weights.

    `make_leg` gives the leg of a stage by its number; `tell` hears each Step, and a Note where a run goes on or a
    stage is stopped; `exam` is what a stage with a stop rule is judged by. Returns the seconds it took, those before
    an interruption included. Raises DivergedError where the training diverges. Several processes go through this step
    by step together; the first one writes, and what stops one stops all after the same step.
    """
    began = time.monotonic()
    stage, done, spent, optimiser_state = 0, 0, 0.0, {}
    looks: list[ValidationResult] = []
    if state is not None:
        tensors, record = state
        load_weights(model, split_names(tensors, "model/"), state_path(folder))
        stage, done, spent = record["stage"], record["done"], record["spent"]
        optimiser_state = split_names(tensors, "optimiser/")
        looks = [ValidationResult(**look) for look in record.get("looks", [])]
        tell(Message(f"going on from step {done} of stage {stages[stage].name}"))
    known = state[1].get("metrics") if state is not None else None
    metrics = Metrics(folder, [item.name for item in stages], stage, done, known) if distributed.first else None
    newest, previous, _ = state_paths(folder)
    run = folder.id
    saved = time.monotonic()
    whole = False  # whether all weights are those after the same step: only then may they be saved

    def save(trainer: StageTrainer, number: int, early_stopping: EarlyStopping | None) -> None:
        nonlocal saved
        if metrics is None:
            return
        tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
        tensors |= {f"optimiser/{name}": value for name, value in trainer.optimiser.tensors().items()}
        metrics.flush()
        now = time.monotonic()
        record: dict[str, Any] = {"stage": number, "done": trainer.done, "spent": spent + now - began}
        record |= {"run": run, "metrics": metrics.known()}
        if early_stopping is not None:
            record["looks"] = early_stopping.to_json()
        save_tensors(newest, on_cpu(tensors), record, keep=previous)
        saved = now

    def keep(stage: Stage, number: int, step: Step) -> None:
        """Leave the weights in the run folder after steps that are spread evenly over the stage's second half."""
        if distributed.first and step.step in {
            step.steps * (stage.keep + i) // (2 * stage.keep) for i in range(stage.keep)
        }:
            path = folder.path / f"checkpoint-{number}-{step.step}.safetensors"
            save_tensors(path, on_cpu(model.state_dict()), {"format": 1})

    with interrupts_held(again=distributed.processes > 1) as raise_held:
        for number in range(stage, len(stages)):
            trainer = make_trainer(number)
            goes_on = number == stage and done > 0
            if goes_on:
                trainer.done = done
                trainer.optimiser.load(optimiser_state)
            rule = stages[number].stop
            early_stopping = (
                EarlyStopping(rule, trainer.sampler.steps, validation_set, looks if goes_on else ())
                if rule and validation_set
                else None
            )

            def hear(
                step: Step,
                trainer: StageTrainer = trainer,
                number: int = number,
                early_stopping: EarlyStopping | None = early_stopping,
            ) -> None:
                nonlocal whole
                if not math.isfinite(step.loss):
                    raise DivergedError(
                        f"the loss is {step.loss} at step {step.step} of stage {step.stage}: the training diverged",
                        f"start anew with a lower rate, such as --set stages.{step.stage}.optimiser.rate=1e-3",
                    )
                if early_stopping is not None:
                    early_stopping.watch(model, step.step, distributed)
                whole = True
                if metrics is not None:
                    metrics(step)
                keep(stages[number], number, step)
                tell(step)
                raise_held()
                if time.monotonic() - saved > SAVE_EVERY:
                    save(trainer, number, early_stopping)

            def listen(
                step: Step, hear: Callable[[Step], None] = hear, early_stopping: EarlyStopping | None = early_stopping
            ) -> None:
                nonlocal whole
                with distributed.sync_errors():
                    hear(step)
                whole = False
                if early_stopping is not None and early_stopping.enough and step.step < step.steps:
                    raise Enough

            try:
                if early_stopping is None or not early_stopping.enough:
                    trainer.run(listen)
            except Enough:
                tell(
                    Message(
                        f"stage {stages[number].name} stopped after {trainer.done:,} of {trainer.sampler.steps:,} steps"
                    )
                )
            except BaseException:
                if whole:
                    save(trainer, number, early_stopping)
                raise
            save(trainer, number, early_stopping)
            if early_stopping is not None and distributed.first:
                others = folder.record().get("looks", {})
                folder.update(looks={**others, stages[number].name: early_stopping.to_json()})
                others = folder.record().get("steps_done", {})
                folder.update(steps_done={**others, stages[number].name: trainer.done})
        if distributed.first:
            save_tensors(folder.path / "model.safetensors", on_cpu(model.state_dict()), {"format": 1})
        with distributed.sync_errors():
            raise_held()
    return spent + time.monotonic() - began


@contextlib.contextmanager
def interrupts_held(again: bool = False) -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back, so that no step is left half done; a second one is held only with `again`.

    Yields a function that raises KeyboardInterrupt if one is held back. Where another handler is set, or this is not
    the main thread, nothing is changed. Under torchrun, Ctrl-C comes twice: from the terminal and from torchrun.
    """
    held = False

    def hold(*_: Any) -> None:
        nonlocal held
        if held and not again:
            raise KeyboardInterrupt
        held = True

    def raise_held() -> None:
        if held:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield raise_held
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield raise_held
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Metrics:
    """metrics.jsonl: about a thousand lines a stage, each the mean over the steps since the last.

    `known` says how many bytes of it were written when the state was saved, and their hash. Raises RunError where they
    are others; what was written after them will be written again.
    """

    def __init__(
        self, folder: RunFolder, stages: Sequence[str], stage: int, done: int, known: dict[str, Any] | None = None
    ) -> None:
        self.path = folder.path / "metrics.jsonl"
        content = self.path.read_bytes() if self.path.is_file() else b""
        if known is not None and content:
            content = content[: known["bytes"]]
            if hashlib.sha256(content).hexdigest() != known["sha256"]:
                raise RunError(
                    f"{self.path} is damaged (it is not what was saved); bring it back from a copy, or remove it and "
                    "go on without its lines"
                )
        places = [(stages.index(line["stage"]), line["step"], line) for line in json_lines(content) if "step" in line]
        kept = "".join(_line(line) for *place, line in places if tuple(place) <= (stage, done))
        folder.write_text("metrics.jsonl", kept)
        self.digest = hashlib.sha256(kept.encode())
        self.size = len(kept.encode())
        self.pending: list[Step] = []
        self.lines: list[str] = []
        self.flushed = time.monotonic()

    def __call__(self, step: Step) -> None:
        self.pending.append(step)
        if step.step % max(1, step.steps // 1000) == 0 or step.step == step.steps:
            tokens, seconds = (sum(getattr(s, name) for s in self.pending) for name in ("tokens", "seconds"))
            self.lines.append(
                _line(
                    {
                        "stage": step.stage,
                        "step": step.step,
                        "loss": round(float(np.mean([s.loss for s in self.pending])), 5),
                        "multiplier": round(step.multiplier, 5),
                        "tokens": tokens,
                        "tokens_per_second": round(tokens / max(seconds, 1e-9)),
                    }
                )
            )
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

    def known(self) -> dict[str, Any]:
        """How much is written, and its hash."""
        return {"bytes": self.size, "sha256": self.digest.hexdigest()}


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry) + "\n"
