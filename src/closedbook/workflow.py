"""The public `train`: read, plan, train, score; and everything it tells its listeners on the way."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from closedbook.answers.run import Run, load
from closedbook.answers.score import score
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.model.gpt import GPT
from closedbook.objectives import Corpus
from closedbook.objectives.mixture import Mixture
from closedbook.recipe import Recipe, load_recipe
from closedbook.runs import RunFolder, check_free, default_folder, source_commit
from closedbook.text.documents import Documents, read_documents, read_text
from closedbook.text.questions import Questions, read_questions, split_by_name
from closedbook.text.vocabulary import make_vocabulary
from closedbook.training.checkpoint import load_tensors, load_weights, save_tensors, split_names
from closedbook.training.loop import Leg, Step, backward

SAVE_EVERY = 60.0  # seconds between checkpoints; they do not change what is computed


@dataclass(frozen=True)
class Plan:
    """What a training will do, before it does it."""

    recipe: str
    run: str
    parameters: int
    memory_parameters: int
    documents: int
    questions: int
    steps: int
    tokens: int  # real inputs, estimated from a sample of batches
    estimated_seconds: float
    threads: int


@dataclass(frozen=True)
class Note:
    """A line for the user that is neither plan nor progress."""

    text: str


Event = Plan | Step | Note
Listener = Callable[[Event], None]


@dataclass
class Job:
    """A recipe met with its data: inputs read and checked, the network built, nothing trained or written yet."""

    recipe: Recipe
    documents: Documents
    questions: Questions | None  # those trained on
    split: dict[str, list[int]]  # all given questions' positions, by part
    corpus: Corpus
    model: GPT
    mixtures: list[Mixture]
    dev: Questions | None

    @property
    def steps(self) -> int:
        return sum(mixture.steps for mixture in self.mixtures)

    def leg(self, number: int) -> Leg:
        stage = self.recipe.stages[number]
        return Leg(stage, self.mixtures[number], self.model, len(self.documents))

    def estimate(self) -> tuple[int, float]:
        """(real input tokens, seconds of training): a few batches of each stage, timed, times its steps."""
        tokens, seconds = 0.0, 0.0
        for mixture in self.mixtures:
            spots = sorted({0, mixture.steps // 2, mixture.steps - 1})
            times = []
            for spot in spots:
                began = time.perf_counter()
                examples = mixture.batch(spot)
                backward(self.model, examples, mixture.stage)
                times.append(time.perf_counter() - began)
                tokens += len(examples.inputs.values) * mixture.steps / len(spots)
            seconds += min(times) * mixture.steps
        self.model.zero_grad(set_to_none=True)
        return round(tokens), round(seconds, 1)


def prepare(
    recipe: Recipe, documents: str | Path, questions: str | Path | None = None, dev: str | Path | None = None
) -> Job:
    """Read and check every input and build the network. Raises DataError or RecipeError for what cannot be used."""
    corpus_documents = (read_documents if recipe.data.documents == "titled" else read_text)(documents)
    given = read_questions(questions, need_answers=True) if questions is not None else None
    if given is None and recipe.needs_questions:
        raise DataError(f"the recipe {recipe.name} trains on questions; give a file of them with --questions")
    dev_questions = read_questions(dev) if dev is not None else None
    trained, split = None, {}
    if given is not None:
        split = split_by_name(given, set(corpus_documents.titles), recipe.data.kept_out)
        if not split["train"]:
            raise DataError(f"{questions}: data.kept_out leaves no question to train on; give more, or keep out fewer")
        trained = given.only(split["train"])
        if recipe.data.ascii_questions:
            trained = trained.ascii()
    lines = [item.text for item in corpus_documents.items]
    texts, answers = (trained.texts, trained.answers) if trained is not None else ([], [])
    vocabulary = make_vocabulary(recipe.vocabulary.kind, lines, recipe.vocabulary.size, texts, answers)
    corpus = Corpus(corpus_documents, trained, vocabulary, recipe.model.block)
    mixtures = [Mixture(stage, corpus, recipe.seed, number) for number, stage in enumerate(recipe.stages)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = GPT(recipe.model, vocabulary.size, vocabulary.outputs, vocabulary.named)
    job = Job(recipe, corpus_documents, trained, split, corpus, model, mixtures, dev_questions)
    for number in range(len(recipe.stages)):
        job.leg(number)  # an optimiser or schedule that cannot be made is found here, before anything is written
    return job


def plan(job: Job, run: str | Path = "") -> Plan:
    """What training this job will take; times a few batches."""
    counts = job.model.count_parameters()
    tokens, seconds = job.estimate()
    return Plan(
        recipe=job.recipe.name,
        run=str(run),
        parameters=counts["total"],
        memory_parameters=counts["memory"],
        documents=len(job.documents),
        questions=len(job.questions) if job.questions else 0,
        steps=job.steps,
        tokens=tokens,
        estimated_seconds=seconds,
        threads=torch.get_num_threads(),
    )


def train(
    recipe: Recipe | str | Path,
    documents: str | Path,
    questions: str | Path | None = None,
    *,
    dev: str | Path | None = None,
    run: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    listeners: Sequence[Listener] = (),
    command: str = "",
) -> Run:
    """Train a recipe on documents and questions and return the finished run.

    `dev` is answered after the last step only, and its score written to evaluation.json. Ctrl-C saves the state
    and raises KeyboardInterrupt; `resume` goes on from there, bit for bit on a CPU. Raises DataError, RecipeError
    or RunError for inputs that cannot be used, before anything is written.
    """
    began = time.perf_counter()
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    path = Path(run) if run is not None else default_folder(recipe.name)
    existing = RunFolder.open(path) if resume else None
    if existing is None:
        check_free(path)
    set_threads(threads, existing)
    job = prepare(recipe, documents, questions, dev)
    tell(plan(job, path))
    folder = existing or RunFolder.create(path, _record(job, command))
    with folder.lock():
        if existing is None:
            folder.write_text("recipe.toml", recipe.to_toml())
            folder.write_json("vocabulary.json", job.corpus.vocabulary.to_json())
        else:
            _check_same(existing, job)
        prepared = time.perf_counter()
        _train(job, folder, tell)
        trained = time.perf_counter()
        seconds: dict[str, Any] = {"prepare": prepared - began, "train": trained - prepared}
        finished = Run(folder, recipe, job.corpus.vocabulary, job.model.eval())
        if job.dev is not None:
            folder.write_json("evaluation.json", evaluate(finished, job.dev))
            seconds["evaluate"] = time.perf_counter() - trained
        seconds = {name: round(value, 3) for name, value in seconds.items()}
        folder.update(status="finished", train_seconds=round(time.perf_counter() - began, 3), seconds=seconds)
    return finished


def evaluate(run: Run, questions: Questions, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Answer a file of questions and score it: the object that `evaluate --json` prints and evaluation.json holds."""
    began = time.perf_counter()
    answers = run.answer(questions.items, progress)
    seconds = time.perf_counter() - began
    scored = score([answer.answer for answer in answers], questions)
    return {
        **scored.to_json(),
        "seconds": round(seconds, 3),
        "run": str(run.path),
        "questions": questions.source,
        "questions_sha256": questions.sha256,
        "answers": [answer.to_json() for answer in answers],
    }


def set_threads(asked: int | None, existing: RunFolder | None = None) -> int:
    """Choose the thread count once: a run's own when it goes on, otherwise as asked or one per core."""
    stored = existing.record().get("threads") if existing else None
    if stored and asked and asked != stored:
        raise RunError(
            f"{existing.path if existing else ''} was trained with {stored} threads; sums in another order "
            f"give other weights: leave --threads out, or start a new run"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = stored or asked or min(cores, 8)
    if chosen < 1:
        raise RecipeError(f"--threads {chosen} must be at least 1")
    torch.set_num_threads(chosen)
    return int(chosen)


def _train(job: Job, folder: RunFolder, tell: Listener) -> None:
    """Run what is left of every stage, saving as it goes, and write the finished weights."""
    state_path = folder.path / "training.safetensors"
    stage, done, optimiser_state = 0, 0, {}
    if state_path.is_file():
        tensors, record = load_tensors(state_path)
        load_weights(job.model, split_names(tensors, "model/"), state_path)
        stage, done, optimiser_state = record["stage"], record["done"], split_names(tensors, "optimiser/")
        tell(Note(f"going on from step {done} of stage {job.recipe.stages[stage].name}"))
    elif (folder.path / "model.safetensors").is_file():
        raise RunError(f"{folder.path} is finished already; evaluate it, or train anew with another --run")
    metrics = _Metrics(folder, [item.name for item in job.recipe.stages], stage, done)
    for number in range(stage, len(job.mixtures)):
        leg = job.leg(number)
        if number == stage and done:
            leg.done = done
            leg.optimiser.load(optimiser_state)
        saved = time.monotonic()

        def save(leg: Leg = leg, number: int = number) -> None:
            tensors = {f"model/{name}": value for name, value in job.model.state_dict().items()}
            tensors |= {f"optimiser/{name}": value for name, value in leg.optimiser.tensors().items()}
            metrics.flush()
            save_tensors(state_path, tensors, {"stage": number, "done": leg.done})

        def listen(step: Step, save: Callable[[], None] = save) -> None:
            nonlocal saved
            metrics(step)
            tell(step)
            if time.monotonic() - saved > SAVE_EVERY:
                save()
                saved = time.monotonic()

        try:
            leg.run(listen)
        except KeyboardInterrupt:
            save()
            raise
        save()
    save_tensors(folder.path / "model.safetensors", job.model.state_dict(), {"format": 1})
    state_path.unlink()


class _Metrics:
    """metrics.jsonl: about a thousand lines a stage, each the mean over the steps since the last."""

    def __init__(self, folder: RunFolder, stages: Sequence[str], stage: int, done: int) -> None:
        self.path = folder.path / "metrics.jsonl"
        # Lines that a crash left behind the last checkpoint will be written again.
        kept = [line for line in folder.metrics() if (stages.index(line["stage"]), line["step"]) <= (stage, done)]
        folder.write_text("metrics.jsonl", "".join(_line(line) for line in kept))
        self.pending: list[Step] = []
        self.lines: list[str] = []

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
                        "rate": round(step.rate, 5),
                        "tokens": tokens,
                        "tokens_per_second": round(tokens / max(seconds, 1e-9)),
                    }
                )
            )
            self.pending = []
        if len(self.lines) >= 50 or step.step == step.steps:
            self.flush()

    def flush(self) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.writelines(self.lines)
        self.lines = []


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry) + "\n"


def _record(job: Job, command: str) -> dict[str, Any]:
    """What run.json says of a run when it starts."""
    return {
        "recipe": job.recipe.name,
        "command": command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "commit": source_commit(),
        "threads": torch.get_num_threads(),
        "documents": {"path": job.documents.source, "sha256": job.documents.sha256, "count": len(job.documents)},
        "questions": {"path": job.questions.source, "sha256": job.questions.sha256} if job.questions else None,
        "split": job.split,
        "parameters": job.model.count_parameters(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def _check_same(folder: RunFolder, job: Job) -> None:
    """Raise RunError unless the run was started with this recipe and these inputs."""
    record = folder.record()
    if load_recipe(folder.path / "recipe.toml") != _plain(job.recipe):
        raise RunError(f"{folder.path} was started with another recipe; give the same --set options, or a new --run")
    for name, now in (("documents", job.documents), ("questions", job.questions)):
        then = record.get(name)
        if (then or {}).get("sha256") != (now.sha256 if now else None):
            raise RunError(f"{folder.path} was started with other {name}; give the same file, or a new --run")


def _plain(recipe: Recipe) -> Recipe:
    """The recipe as it reads back from its file."""
    import tomllib

    from closedbook.recipe import decode

    return decode(Recipe, tomllib.loads(recipe.to_toml()), "")


__all__ = ["Event", "Job", "Listener", "Note", "Plan", "evaluate", "load", "plan", "prepare", "train"]
