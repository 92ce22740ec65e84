"""The whole of a training: prepare, train, index the evidence, calibrate, evaluate."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from closedbook.config.loading import load_recipe
from closedbook.config.schema import Recipe
from closedbook.data.questions import Question, read_questions
from closedbook.errors import DataError, RunError
from closedbook.evaluation.evaluation_run import evaluate
from closedbook.evaluation.periodic_validator import PeriodicValidator
from closedbook.inference.answer import Answer
from closedbook.inference.calibrate import calibrate, wordings_of
from closedbook.inference.run import Run, load
from closedbook.runs.folder import RunFolder, check_free, default_folder
from closedbook.runs.store import to_json
from closedbook.training.checkpoint import already_finished, load_state, state_paths
from closedbook.training.distributed import DistributedContext
from closedbook.training.events import Message, Plan, Step, ValidationEvent
from closedbook.training.plan import plan_training
from closedbook.training.run_record import check_inputs, check_recipe, start_record
from closedbook.training.setup import (
    StartingWeights,
    TrainingSetup,
    indexed_on_disk,
    prepare_training,
    set_threads,
    settle_matmul_dtype,
)
from closedbook.training.trainer import fit
from closedbook.verdicts.calibration import Calibration
from closedbook.verdicts.evidence_writer import build_index
from closedbook.verdicts.exposure_counts import Counts
from closedbook.verdicts.verdict import PRECISION

Event = Plan | Step | Message | ValidationEvent
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
    with contextlib.ExitStack() as held:
        distributed = held.enter_context(DistributedContext.start(device))

        def emit(event: Event) -> None:
            for callback in callbacks if distributed.first else ():
                callback(event)

        name = recipe.name
        path = Path(run) if run is not None else distributed.broadcast_from_rank0(lambda: default_folder(name))
        setup, state = None, None
        with distributed.sync_errors():
            existing = RunFolder.open(path) if resume else None
            recipe = settle_matmul_dtype(recipe, existing, distributed)
            if existing is not None and existing.finished:
                raise RunError(already_finished(existing))
            if distributed.first:
                if existing is None:
                    check_free(path)
                else:
                    held.enter_context(existing.lock())
                    state = load_state(existing)
            set_threads(threads, existing, distributed)
            inputs = (recipe, documents, questions, dev, index, lambda text: emit(Message(text)), distributed, start)
            if distributed.first or not indexed_on_disk(documents, index):
                setup = prepare_training(*inputs)
        with distributed.sync_errors():
            if setup is None:  # rank 0 has made the index of a large corpus
                setup = prepare_training(*inputs)
            recipe = setup.recipe
            if existing is not None:
                check_recipe(existing, recipe)
                check_inputs(existing, setup, start)
        folder = existing or RunFolder(path)
        with distributed.sync_errors():
            if not distributed.first:  # whose own load has put aside what was damaged
                state = load_state(existing) if existing else None
            else:
                emit(plan_training(setup, path))
                if existing is None:
                    vocabulary = to_json(setup.corpus.vocabulary.to_json(), indent=2)
                    files = {"recipe.toml": recipe.to_toml(), "vocabulary.json": vocabulary}
                    RunFolder.create(path, start_record(setup, dev, command, start, index), files)
                    held.enter_context(folder.lock())
                elif state is None:
                    emit(Message("no state was saved before; beginning with the first step"))
                if existing and (before := folder.record().get("processes", 1)) != distributed.processes:
                    now = "1 process" if distributed.processes == 1 else f"{distributed.processes} processes"
                    emit(Message(f"the examples go on in the same order, now in {now} in place of {before}"))
                    folder.update(processes=distributed.processes, threads=torch.get_num_threads())
        seconds: dict[str, Any] = {"prepare": time.perf_counter() - began}
        trained = Run(folder, recipe, setup.corpus.vocabulary, setup.model)
        # Another Run for the questions asked on the way: not all that a finished one looks up is there yet.
        validation_questions = _chosen(questions, setup) if callbacks and distributed.first else []
        validator = PeriodicValidator(Run(folder, recipe, trained.vocabulary, setup.model), validation_questions)

        def on_event(event: Step | Message) -> None:
            emit(event)
            if isinstance(event, Step) and (answers := validator.ask(event.stage, event.step)):
                emit(answers)

        seconds["train"] = fit(setup.model, recipe.stages, setup.trainer, folder, state, on_event, distributed)
        setup.model.eval()
        with distributed.sync_errors():
            if distributed.first:
                finish(trained, setup, dev, seconds, emit)
    return trained


def ask(
    run: Run | str | Path, question: str, *, blind: bool = False, precision: float = PRECISION, signals: str = "pass"
) -> Answer:
    """The answer of a run, or of the run in a folder, to one question; the keywords are those of `Run.answer`.

    For more than one question open the run once: `closedbook.load(folder).ask(question)`. Raises RunError for a folder
    that is no finished run, DataError for an empty question.
    """
    opened = run if isinstance(run, Run) else load(run)
    return opened.ask(question, blind=blind, precision=precision, signals=signals)


def probe(
    model: str | Path,
    questions: str | Path | None = None,
    *,
    text: str | Path | None = None,
    documents: str | Path | None = None,
    calibration: str | Path | None = None,
    examples: str | Path | None = None,
    prompts: int = 10,
    shots: int = 4,
    precision: float = PRECISION,
    device: str = "cpu",
) -> dict[str, Any]:
    """What a pretrained model knows; of a run that was taught on one, what it knew before and knows now.

    `model` is a base's folder, a GGUF file or its name on the hub, or the folder of a taught run. `questions`, a file
    with answers, asks for facts: each is highly, maybe or weakly known, or unknown. `text` is a file whose perplexity
    is taken.
    Returns what `closedbook probe --json` prints. Raises DataError, RecipeError or RunError for what cannot be used;
    a run with a network of its own is asked by `evaluate`.
    """
    from closedbook.evaluation import probing
    from closedbook.evaluation.knowledge import Asking

    inputs = probing.read_inputs(questions, examples, calibration, text)
    asking = Asking(prompts, shots)
    return probing.probe(model, inputs, asking, documents=documents, precision=precision, device=device)[0]


def finish(
    run: Run,
    setup: TrainingSetup,
    dev: str | Path | None = None,
    seconds: Mapping[str, float] | None = None,
    callback: Callback = lambda event: None,
) -> None:
    """Index, calibrate and evaluate a trained run, and close its record; `seconds` has what was spent before."""
    folder, spent = run.folder, dict(seconds or {})

    @contextlib.contextmanager
    def timed(part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent[part] = time.perf_counter() - began

    if setup.recipe.data.documents == "titled" and setup.recipe.data.evidence:
        with timed("index"):
            done = folder.record().get("steps_done", {})
            counts = Counts.of(setup.corpus, setup.samplers, [done.get(stage.name) for stage in setup.recipe.stages])
            build_index(folder.path / "evidence.sqlite", setup.documents, counts)
    if setup.questions is not None and setup.recipe.data.documents == "titled":
        with timed("calibrate"):
            run.wordings = wordings_of(setup.questions, setup.documents)
            try:
                if not setup.calibrate:
                    raise DataError("data.held_out.calibrate keeps out no questions to calibrate by")
                calibration = calibrate(run, setup.calibrate.items, setup.documents)
            except DataError as error:
                calibration = Calibration({}, 0, 0, 0, run.wordings, str(error))
                if setup.recipe.data.held_out.get("calibrate"):
                    callback(Message(f"probabilities are the network's own: {error}"))
            folder.write_json("calibration.json", calibration.to_json())
            run.calibration, run.wordings = calibration, None  # what was measured with until now was not saved
    if dev is not None:
        with timed("evaluate"):
            folder.write_json("evaluation.json", evaluate(run, read_questions(dev, need_answers=True)))
    spent = {name: round(value, 3) for name, value in spent.items()}
    folder.finish(train_seconds=round(sum(spent.values()), 3), seconds=spent)
    for state_file in state_paths(folder):
        state_file.unlink(missing_ok=True)


def _chosen(questions: str | Path | None, setup: TrainingSetup) -> Sequence[Question]:
    """The training file's questions that are kept out to choose recipes by."""
    positions = setup.split.get("choose", [])
    return read_questions(questions).only(positions).items if questions is not None and positions else ()


__all__ = [
    "Callback", "Event", "Message", "Plan", "Step", "ValidationEvent", "ask", "evaluate", "finish", "load", "probe",
    "train",
]  # fmt: skip
