"""The whole of a training: prepare, train, learn the other titles, index the evidence, calibrate, evaluate."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.documents import Documents
from closedbook.evaluation.evaluation_run import evaluate
from closedbook.evaluation.periodic_validator import PeriodicValidator
from closedbook.inference.calibrate import calibrate
from closedbook.inference.run import Run, load
from closedbook.objectives.sizing import LATER_SECONDS
from closedbook.runs.folder import default_folder
from closedbook.training.checkpoint import state_paths
from closedbook.training.distributed import DistributedContext
from closedbook.training.events import Learned, Message, Plan, Step, ValidationEvent
from closedbook.training.opening import open_training
from closedbook.training.run_record import start_record
from closedbook.training.setup import StartingWeights, TrainingSetup, indexed_on_disk, prepare_training
from closedbook.training.trainer import fit
from closedbook.verdicts.evidence_writer import NewDocuments, build_index
from closedbook.verdicts.exposure_counts import Counts, Fact

Event = Plan | Step | Learned | Message | ValidationEvent
Callback = Callable[[Event], None]


def train(
    recipe: Recipe | str | Path,
    documents: str | Path,
    questions: str | Path | None = None,
    *,
    dev: str | Path | None = None,
    run: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    device: str = "cpu",
    callbacks: Sequence[Callback] = (),
    command: str = "",
    start: StartingWeights | None = None,
    index: str | Path | None = None,
) -> Run:
    """Train a recipe on documents and questions and return the finished run.

    `start` gives the weights to begin from; random ones if left out. `index` is the folder that indexes of corpora are
    kept in, beside the corpus if left out; only large corpora are indexed unless it is given. `dev` is answered after
    the last step only, and its score written to evaluation.json. Ctrl-C, SIGTERM and SIGHUP save the state and raise
    KeyboardInterrupt; `resume` goes on from there, bit for bit on a CPU. In several processes (torchrun) all call this
    alike and train together; the first one writes and tells, and all return when the run is finished. Raises DataError,
    RecipeError or RunError for inputs that cannot be used, before anything is written.
    """
    began = time.perf_counter()
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    with DistributedContext.start(device) as distributed:

        def emit(event: Event) -> None:
            for callback in callbacks if distributed.first else ():
                callback(event)

        def prepare(recipe: Recipe) -> TrainingSetup:
            notes = lambda text: emit(Message(text))  # noqa: E731
            return prepare_training(recipe, documents, questions, dev, index, notes, distributed, start)

        name = recipe.name
        path = Path(run) if run is not None else distributed.broadcast_from_rank0(lambda: default_folder(name))
        with open_training(
            path, recipe, prepare, emit, lambda setup: start_record(setup, dev, command), distributed, resume=resume,
            threads=threads, by_turns=lambda: indexed_on_disk(documents, index),
        ) as (setup, folder, state):  # fmt: skip
            seconds: dict[str, Any] = {"prepare": time.perf_counter() - began}
            recipe, vocabulary = setup.recipe, setup.corpus.vocabulary
            # A Run of its own for the questions asked on the way: not all that a finished one looks up is there yet.
            held_out = setup.choose.items if setup.choose and callbacks and distributed.first else ()
            validator = PeriodicValidator(Run(folder, recipe, vocabulary, setup.model), held_out)

            def on_event(event: Step | Message) -> None:
                emit(event)
                if isinstance(event, Step) and (answers := validator.ask(event.stage, event.step)):
                    emit(answers)

            seconds["train"] = fit(setup.model, recipe.stages, setup.trainer, folder, state, on_event, distributed)
            trained = Run(folder, recipe, vocabulary, setup.model.eval())
            with distributed.sync_errors():
                if distributed.first:
                    finish(trained, setup, dev, seconds, emit)
            if setup.later and not distributed.first:
                trained.attach_learned()
    return trained


def finish(
    run: Run,
    setup: TrainingSetup,
    dev: str | Path | None = None,
    seconds: Mapping[str, float] | None = None,
    callback: Callback = lambda event: None,
) -> None:
    """Let a trained run learn what it was not trained on, index, calibrate and evaluate it, and close its record.

    `seconds` has what was spent before.
    """
    folder, spent = run.folder, dict(seconds or {})

    @contextlib.contextmanager
    def timed(part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent[part] = time.perf_counter() - began

    facts: list[Fact] = []
    if setup.later:
        with timed("learn"):
            facts = learn_later(run, setup, setup.later, callback)
    if setup.recipe.data.documents == "titled" and setup.recipe.data.evidence:
        with timed("index"):
            done = folder.record().get("steps_done", {})
            counts = Counts.of(setup.corpus, setup.samplers, [done.get(stage.name) for stage in setup.recipe.stages])
            counts = counts.and_later(facts, setup.asked_later)
            build_index(folder.path / "evidence.sqlite", setup.documents, counts)
    if setup.questions is not None and setup.recipe.data.documents == "titled":
        with timed("calibrate"):
            held_out = setup.calibrate.items if setup.calibrate else ()
            calibration = calibrate(run, setup.questions, held_out, setup.documents)
            if calibration.trouble and setup.recipe.data.held_out.get("calibrate"):
                callback(Message(f"probabilities are the network's own: {calibration.trouble}"))
            folder.write_json("calibration.json", calibration.to_json())
    if dev is not None:
        with timed("evaluate"):
            folder.write_json("evaluation.json", evaluate(run, dev))
    spent = {name: round(value, 3) for name, value in spent.items()}
    folder.finish(train_seconds=round(sum(spent.values()), 3), seconds=spent)
    for state_file in state_paths(folder):
        state_file.unlink(missing_ok=True)


def learn_later(run: Run, setup: TrainingSetup, documents: Documents, callback: Callback) -> list[Fact]:
    """Let a trained run learn the documents that it was not trained on; returns what was learned of each title."""
    texts = {title: [item.text for item in items] for title, items in documents.by_title().items()}
    workers = 1
    if run.model.device.type == "cpu":  # more processes where there is enough to do to start them for
        workers = min(torch.get_num_threads(), 1 + int(len(texts) * LATER_SECONDS / 10))
    run.learn_rest(documents, setup.asked_later, workers, lambda titles: callback(Learned(titles, len(texts))))
    learned = run.learned.names
    parameters, own = run.model.count_parameters(), sum(name.vectors.size for name in learned.values())
    run.folder.update(
        parameters={**parameters, "memory": parameters["memory"] + own, "total": parameters["total"] + own}
    )
    return [fact for title, own in texts.items() for fact in NewDocuments(own, learned[title].exposures).facts(title)]


__all__ = [
    "Callback",
    "Event",
    "Learned",
    "Message",
    "Plan",
    "Step",
    "ValidationEvent",
    "evaluate",
    "finish",
    "load",
    "train",
]
