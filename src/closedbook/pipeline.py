"""The public `train`: read, plan, train, index, calibrate, score; and everything it tells its listeners on the way."""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import math
import os
import platform
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from closedbook.config.schema import Recipe, decode, encode, load_recipe
from closedbook.data.arrays import Examples
from closedbook.data.document_files import in_lines
from closedbook.data.documents import Documents, read_documents, read_text
from closedbook.data.questions import Question, Questions, read_questions, split_by_name, subject, without
from closedbook.data.token_index import is_large, open_index
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.evaluation.confidence_report import confidence_report
from closedbook.evaluation.periodic_validator import PeriodicValidator, ValidationEvent
from closedbook.evaluation.score import score
from closedbook.inference.run import Run, load
from closedbook.model.custom_mixers import FILES
from closedbook.model.gpt import GPT
from closedbook.model.linear import fastest
from closedbook.objectives import Corpus
from closedbook.objectives.sampler import BatchSampler
from closedbook.runs.folder import RunFolder, check_free, default_folder, source_commit, to_json
from closedbook.training.bucketing import to_batches
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext
from closedbook.training.early_stopping import ValidationSet
from closedbook.training.gradient import backward
from closedbook.training.loop import StageTrainer, Step
from closedbook.training.session import Message, already_finished, load_state, state_paths, train_stages
from closedbook.verdicts.asked import Wordings
from closedbook.verdicts.calibration import FEWEST, Calibration, invent
from closedbook.verdicts.evidence_store import Counts, build_index
from closedbook.verdicts.signals import SETS
from closedbook.verdicts.survey import survey
from closedbook.verdicts.verdict import PRECISION

TIMED = 1024  # real inputs that the plan times, twice, for each stage
GPU_RATE = 5e12  # float32 operations a second that small products get out of a middling GPU
GPU_STEP = 0.02  # seconds of a step there that its products do not take
MOST_THREADS = 1024


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
    steps: int
    tokens: int  # real inputs, estimated from a sample of batches
    estimated_seconds: float  # here, by timing
    gpu_seconds: float  # by arithmetic: see GPU_RATE
    threads: int  # of each process
    processes: int = 1
    device: str = "cpu"
    matmul_dtype: str = "float32"  # what matrices are multiplied in


@dataclass(frozen=True)
class Start:
    """Weights to begin from in place of random ones: where they are from, and what puts them into the network."""

    source: str
    sha256: str
    put: Callable[[GPT], None]


Event = Plan | Step | Message | ValidationEvent
Listener = Callable[[Event], None]


@dataclass
class TrainingSetup:
    """A recipe met with its data: inputs read and checked, the network built, nothing trained or written yet."""

    recipe: Recipe
    documents: Documents
    questions: Questions | None  # those trained on
    split: dict[str, list[int]]  # all given questions' positions, by part
    calibrate: Questions | None  # those kept out to calibrate by
    corpus: Corpus
    model: GPT
    samplers: list[BatchSampler]
    validation_set: ValidationSet | None = None  # what a stop rule goes by
    distributed: DistributedContext = SINGLE_PROCESS

    @property
    def steps(self) -> int:
        return sum(sampler.steps for sampler in self.samplers)

    def trainer(self, number: int, model: GPT | None = None) -> StageTrainer:
        stage = self.recipe.stages[number]
        return StageTrainer(stage, self.samplers[number], model or self.model, len(self.documents), self.distributed)

    def estimate(self) -> tuple[int, float, float]:
        """(real input tokens, seconds of training, operations), from a part of one batch of each stage, on a copy.

        Operations are the multiplications and additions of all matrix products; padding that slices leave is included.
        """
        tokens, seconds, operations = 0.0, 0.0, 0.0
        alone = self.distributed.alone()
        for number, sampler in enumerate(self.samplers):
            middle = sampler.steps // 2
            batches = [sampler.batch(spot) for spot in sorted({0, middle, sampler.steps - 1})]
            tokens += sum(len(batch.inputs.values) for batch in batches) * sampler.steps / len(batches)
            # With a very small batch a step may have no example at all.
            pad_to = max(batches[len(batches) // 2], *batches, key=lambda batch: len(batch.inputs) > 0)
            if not len(pad_to.inputs):
                continue
            trainer = self.trainer(number, copy.deepcopy(self.model))
            part = _around_the_median(pad_to, TIMED)
            trainer.distributed = alone
            trainer.step(pad_to.take(np.arange(1)), 0.0)  # the first call allocates
            alone.wait()
            began = time.perf_counter()
            sampler.batch(min(middle + sampler.stage.group, sampler.steps - 1))
            reading = (time.perf_counter() - began) / sampler.stage.group
            learning, stepping = math.inf, math.inf
            for _ in range(2):  # the quicker one: something else may have been in the way
                with trainer.workers(pad_to):
                    began = time.perf_counter()
                    backward(trainer.model, part, trainer.stage, alone)
                    alone.wait()
                    learned = time.perf_counter()
                    trainer.optimiser.step(0.0)
                    alone.wait()
                    learning, stepping = min(learning, learned - began), min(stepping, time.perf_counter() - learned)
            scale = _positions(pad_to) / max(1, _positions(part))
            # All processes read and step, each for itself; what they send each other is not counted.
            seconds += sampler.steps * (reading + learning * scale / self.distributed.processes + stepping)
            with _Operations() as counted:
                backward(trainer.model, part, trainer.stage, alone)
            operations += sampler.steps * counted.total * scale
        return round(tokens), round(seconds, 1), operations


class _Operations(TorchDispatchMode):
    """Counts the operations of matrix products in `total`, by torch's formulas.

    torch's own FlopCounterMode loads torch's compiler, as does every such mode that does not object: a second.
    """

    total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if (formula := flop_registry.get(func.overloadpacket)) is not None:
            self.total += formula(*args, **kwargs, out_val=out)
        return out


def _around_the_median(examples: Examples, tokens: int) -> Examples:
    """Examples of middling length, about `tokens` inputs in all, or all there are."""
    order = np.argsort(examples.inputs.lengths, kind="stable")
    summed = np.cumsum(examples.inputs.lengths[order])
    first, last = np.searchsorted(summed, (summed[-1] + np.array([-tokens, tokens])) / 2)
    return examples.take(order[first : last + 1])


def _positions(examples: Examples) -> int:
    """What the network sees of a batch: its slices' positions, the padding that is left included."""
    return sum(piece.tokens.numel() for piece in to_batches(examples))


def prepare(
    recipe: Recipe,
    documents: str | Path,
    questions: str | Path | None = None,
    dev: str | Path | None = None,
    index: str | Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> TrainingSetup:
    """Read and check every input and build the network. Raises DataError or RecipeError for what cannot be used.

    `dev` is only looked at, so that a file that cannot be used is found now; what it holds is forgotten again. A large
    corpus is indexed on disk first, or its index opened; `index` is the folder that indexes are kept in, and with it
    a small one is indexed too. `tell` hears how far that is.
    """
    if recipe.seed >= 2**63:
        raise RecipeError(f"seed = {recipe.seed} is too large; below 2**63")
    titled = recipe.data.documents == "titled"
    if index is not None and not titled:
        raise RecipeError(
            f"--index: the recipe {recipe.name} reads one stream of text, which is not indexed; leave it out"
        )
    recipe = _settled(recipe)
    for given_path in (documents, questions, dev):
        if given_path is not None and os.path.exists(given_path) and Path(given_path).is_fifo():
            raise DataError(f"{given_path} is a pipe, and is read more than once; write it to a file first")
    if index is not None and not in_lines(documents):
        raise DataError(f"--index: {documents} is no file of lines, and is read into memory; leave --index out")
    on_disk = titled and _on_disk(documents, index)
    given = read_questions(questions, need_answers=True) if questions is not None else None
    if given is None and recipe.needs_questions:
        raise DataError(f"the recipe {recipe.name} trains on questions; give a file of them with --questions")
    if dev is not None:
        read_questions(dev, need_answers=True)

    def parted(titles: Collection[str]) -> dict[str, list[int]]:
        split = split_by_name(given, titles, recipe.data.held_out) if given is not None else {}
        if given is not None and not split["train"]:
            raise DataError(f"{questions}: data.held_out leaves no question to train on; give more, or keep out fewer")
        return split

    def learned(split: dict[str, list[int]]) -> Questions | None:
        trained = given.only(split["train"]) if given is not None else None
        return trained.ascii() if trained is not None and recipe.data.ascii_questions else trained

    kind, size = recipe.vocabulary.kind, recipe.vocabulary.size
    indexed = None
    if on_disk:
        about = {"held_out": dict(recipe.data.held_out), "ascii": recipe.data.ascii_questions}
        indexed = open_index(
            documents, kind, size, given, lambda titles: learned(parted(titles)),
            root=Path(index) if index is not None else None, about=about, tell=tell,
        )  # fmt: skip
        corpus_documents: Documents = indexed.documents
    else:
        corpus_documents = (read_documents if titled else read_text)(documents)
    split = parted(corpus_documents.known_titles) if given is not None else {}
    trained = learned(split)
    kept = given.only(split.get("calibrate", [])) if given is not None else None
    if indexed is not None:
        vocabulary = indexed.vocabulary
    else:
        lines = [item.text for item in corpus_documents.items]
        texts, answers = (trained.texts, trained.answers) if trained is not None else ([], [])
        vocabulary = make_vocabulary(kind, lines, size, texts, answers, corpus_documents.titles)
    corpus = Corpus(corpus_documents, trained, vocabulary, recipe.model.context_length, indexed)
    samplers = [BatchSampler(stage, corpus, recipe.seed, number) for number, stage in enumerate(recipe.stages)]
    with torch.random.fork_rng(devices=[]), _memory("model.width, model.layers or model.memory.rows"):
        torch.manual_seed(recipe.seed)
        model = GPT(recipe.model, vocabulary.size, vocabulary.outputs, vocabulary.named)
    validation_set = None
    if given is not None and any(stage.stop for stage in recipe.stages):
        if not split["stop"]:
            raise DataError(f"{questions}: data.held_out.stop keeps no question out to stop by; raise it")
        validation_set = ValidationSet(
            given.only(split["stop"]), vocabulary, recipe.answer.length, recipe.model.context_length
        )
    job = TrainingSetup(recipe, corpus_documents, trained, split, kept, corpus, model, samplers, validation_set)
    for number, stage in enumerate(recipe.stages):
        try:
            job.trainer(
                number
            )  # an optimiser or schedule that cannot be made is found here, before anything is written
        except ValueError as error:  # as torch's optimisers raise it
            raise RecipeError(f"stages.{stage.name}: {error}") from None
    return job


def _on_disk(documents: str | Path, index: str | Path | None) -> bool:
    """Whether a corpus is indexed on disk: because it is large, or because that was asked for."""
    return in_lines(documents) and (index is not None or is_large(documents))


def answered(*paths: str | Path | None) -> list[Questions]:
    """The question files among these, read again, for a dry run to tell of. What it reads is not trained on."""
    return [read_questions(path, need_answers=True) for path in paths if path is not None]


@contextlib.contextmanager
def _memory(smaller: str) -> Iterator[None]:
    """Turn torch's words for too little memory into ours."""
    try:
        yield
    except (RuntimeError, TypeError) as error:  # a size beyond 2**63 is a TypeError
        if "allocate" not in str(error) and "verflow" not in str(error):
            raise
        raise RecipeError(f"the network does not fit into this machine's memory; give a smaller {smaller}") from None


def plan(job: TrainingSetup, run: str | Path = "") -> Plan:
    """What training this job will take; times a part of a batch."""
    counts = job.model.count_parameters()
    with _memory("batch or model"):
        tokens, seconds, operations = job.estimate()
    return Plan(
        recipe=job.recipe.name,
        run=str(run),
        parameters=counts["total"],
        memory_parameters=counts["memory"],
        documents=len(job.documents),
        titles=len(job.documents.known_titles),
        questions=len(job.questions) if job.questions else 0,
        steps=job.steps,
        tokens=tokens,
        estimated_seconds=seconds,
        gpu_seconds=round(job.steps * GPU_STEP + operations / GPU_RATE, 1),
        threads=torch.get_num_threads(),
        processes=job.distributed.processes,
        device=job.distributed.device.type,
        matmul_dtype=job.recipe.model.matmul_dtype,
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
    device: str = "cpu",
    listeners: Sequence[Listener] = (),
    command: str = "",
    start: Start | None = None,
    index: str | Path | None = None,
) -> Run:
    """Train a recipe on documents and questions and return the finished run.

    `start` gives the weights to begin from; random ones if left out. `index` is the folder that indexes of corpora are
    kept in, beside the corpus if left out; only large corpora are indexed unless it is given. `dev` is answered after
    the last step only, and its score written to evaluation.json. Ctrl-C saves the state and raises KeyboardInterrupt;
    `resume` goes on from there, bit for bit on a CPU. In several processes (torchrun) all call this alike and train
    together; the first one writes and tells, and all return when the run is finished. Raises DataError, RecipeError or
    RunError for inputs that cannot be used, before anything is written.
    """
    began = time.perf_counter()
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    with contextlib.ExitStack() as held:
        distributed = held.enter_context(DistributedContext.start(device))

        def tell(event: Event) -> None:
            for listener in listeners if distributed.first else ():
                listener(event)

        name = recipe.name
        path = Path(run) if run is not None else distributed.broadcast_from_rank0(lambda: default_folder(name))
        state = None
        with distributed.sync_errors():
            existing = RunFolder.open(path) if resume else None
            recipe = _settled(recipe, existing, distributed)
            if existing is not None:
                _check_recipe(existing, recipe)
            if distributed.first:
                if existing is None:
                    check_free(path)
                else:
                    held.enter_context(existing.lock())
                    state = load_state(existing)
            set_threads(threads, existing, distributed)
            job, hear = None, lambda text: tell(Message(text))
            if distributed.first or not _on_disk(documents, index):
                job = prepare(recipe, documents, questions, dev, index, hear)
        with distributed.sync_errors():
            if job is None:  # the first one has made the index of a large corpus
                job = prepare(recipe, documents, questions, dev, index, hear)
            if existing is not None:
                _check_inputs(existing, job, start)
            if start is not None:
                start.put(job.model)
            job.distributed = distributed
            job.model.to(distributed.device)
        folder = existing or RunFolder(path)
        with distributed.sync_errors():
            if not distributed.first:  # whose own load has put aside what was damaged
                state = load_state(existing) if existing else None
            else:
                tell(plan(job, path))
                if existing is None:
                    vocabulary = to_json(job.corpus.vocabulary.to_json(), indent=2)
                    files = {"recipe.toml": recipe.to_toml(), "vocabulary.json": vocabulary}
                    RunFolder.create(path, _record(job, dev, command, start, index), files)
                    held.enter_context(folder.lock())
                elif state is None:
                    tell(Message("no state was saved before; beginning with the first step"))
                if existing and (before := folder.record().get("processes", 1)) != distributed.processes:
                    now = "1 process" if distributed.processes == 1 else f"{distributed.processes} processes"
                    tell(Message(f"the examples go on in the same order, now in {now} in place of {before}"))
                    folder.update(processes=distributed.processes, threads=torch.get_num_threads())
        seconds: dict[str, Any] = {"prepare": time.perf_counter() - began}
        finished = Run(folder, recipe, job.corpus.vocabulary, job.model)
        asked_now = Run(folder, recipe, finished.vocabulary, job.model)  # of its own: not all that it looks up is there
        periodic_validator = PeriodicValidator(
            asked_now, _held_out(questions, job) if listeners and distributed.first else []
        )

        def watch(event: Event) -> None:
            tell(event)
            if isinstance(event, Step) and (asked := periodic_validator.ask(event.stage, event.step)):
                tell(asked)

        seconds["train"] = train_stages(
            job.model, recipe.stages, job.trainer, folder, state, watch, job.validation_set, distributed
        )
        job.model.eval()
        with distributed.sync_errors():
            if distributed.first:
                finish(finished, job, dev, seconds, tell)
    return finished


def finish(
    run: Run,
    job: TrainingSetup,
    dev: str | Path | None = None,
    seconds: Mapping[str, float] | None = None,
    tell: Listener = lambda event: None,
) -> None:
    """Index, calibrate and score a trained run, and close its record; `seconds` has what was spent before."""
    folder, spent = run.folder, dict(seconds or {})
    trained = time.perf_counter()
    if job.recipe.data.documents == "titled" and job.recipe.data.evidence:
        done = folder.record().get("steps_done", {})
        counts = Counts.of(job.corpus, job.samplers, [done.get(stage.name) for stage in job.recipe.stages])
        build_index(folder.path / "evidence.sqlite", job.documents, counts)
    spent["index"] = time.perf_counter() - trained
    if job.questions is not None and job.recipe.data.documents == "titled":
        trained = time.perf_counter()
        run.wordings = wordings_of(run, job.questions, job.documents)
        try:
            if not job.calibrate:
                raise DataError("data.held_out.calibrate keeps out no questions to calibrate by")
            calibration = calibrate(run, job.calibrate.items, job.documents)
        except DataError as error:
            calibration = Calibration({}, 0, 0, 0, run.wordings, str(error))
            tell(Message(f"probabilities are the model's own: {error}"))
        folder.write_json("calibration.json", calibration.to_json())
        run.calibration, run.wordings = calibration, None  # what was measured with until now was not saved
        spent["calibrate"] = time.perf_counter() - trained
    if dev is not None:
        trained = time.perf_counter()
        folder.write_json("evaluation.json", evaluate(run, read_questions(dev, need_answers=True)))
        spent["evaluate"] = time.perf_counter() - trained
    spent = {name: round(value, 3) for name, value in spent.items()}
    folder.finish(train_seconds=round(sum(spent.values()), 3), seconds=spent)
    for state_file in state_paths(folder):
        state_file.unlink(missing_ok=True)


def _held_out(questions: str | Path | None, job: TrainingSetup) -> Sequence[Question]:
    """The training file's questions that are kept out to choose by."""
    positions = job.split.get("choose", [])
    return read_questions(questions).only(positions).items if questions is not None and positions else ()


def wordings_of(run: Run, questions: Questions, documents: Documents) -> Wordings | None:
    """The wordings of the questions a run was trained on, and how like them a question has to be."""
    one = run.empty_pass()
    return Wordings.of(questions, documents.known_titles, one.states)


def calibrate(run: Run, questions: Sequence[Question], documents: Documents) -> Calibration:
    """Fit the calibrators of a run on questions it was not trained on, and on twice as many invented people.

    Raises DataError where there are too few questions about people with documents.
    """
    known = documents.known_titles
    names = [subject(question.text, known) for question in questions]
    met = np.array([name is not None for name in names], dtype=bool)
    if met.sum() < FEWEST:
        raise DataError(f"{met.sum()} questions are too few to calibrate by; keep out {FEWEST} or more of them")
    forms = [(item.text, name) for item, name in zip(questions, names, strict=True) if name is not None]
    invented = [x for x in invent(documents.some_titles(), 2 * len(forms), run.recipe.seed) if x not in known]
    strangers = [
        Question(without(text, name, stranger), None, 1)
        for stranger, (text, name) in zip(invented, itertools.cycle(forms), strict=False)
    ]
    if len(strangers) < FEWEST:
        raise DataError("the titles are too few to make other names of; give more documents")
    answers, _ = run.measure(questions)
    right = np.array([answer in item.accepted for answer, item in zip(answers, questions, strict=True)], dtype=bool)
    return Calibration.fit(
        {which: run.measure(questions, which)[1] for which in SETS},
        right,
        met,
        {which: run.measure(strangers, which)[1] for which in SETS},
        run.wordings,
    )


def evaluate(
    run: Run,
    questions: Questions,
    progress: Callable[[int], None] | None = None,
    *,
    blind: bool = False,
    precision: float = PRECISION,
    signals: str = "pass",
) -> dict[str, Any]:
    """Answer a file of questions and score it: the object that `evaluate --json` prints and evaluation.json holds."""
    began = time.perf_counter()
    answers = run.answer(questions.items, progress, blind=blind, precision=precision, signals=signals)
    seconds = time.perf_counter() - began
    scored = score([answer.answer for answer in answers], questions)
    return {
        **scored.to_json(),
        "confidence": confidence_report(run, answers, precision, signals),
        "seconds": round(seconds, 3),
        "run": str(run.path),
        "questions": questions.source,
        "questions_sha256": questions.sha256,
        "answers": [answer.to_json() for answer in answers],
    }


def set_threads(
    asked: int | None, existing: RunFolder | None = None, distributed: DistributedContext = SINGLE_PROCESS
) -> int:
    """Choose the thread count once: a run's own when it goes on, otherwise as asked, or one per core, at most 8.

    Processes of one machine share its cores; a run that goes on in another number of them chooses anew.
    """
    if existing and existing.record().get("processes", 1) != distributed.processes:
        existing = None
    stored = existing.record().get("threads") if existing else None
    if asked is not None and not 1 <= asked <= MOST_THREADS:
        raise RecipeError(
            f"--threads {asked} must be from 1 to {MOST_THREADS}; leave it out for one per core, at most 8"
        )
    if existing and (type(stored) is not int or not 1 <= stored <= MOST_THREADS):
        raise RunError(f"{existing.path / 'run.json'} is damaged (threads = {stored!r}); bring it back from a copy")
    if existing and asked and asked != stored:
        raise RunError(
            f"{existing.path} was trained with {stored} thread{'s' if stored != 1 else ''}, and sums in another order "
            f"give other weights; leave --threads out, or start a new run with another --run"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = stored or asked or max(1, min(cores // distributed.neighbours, 8))
    torch.set_num_threads(chosen)
    return int(chosen)


def _settled(
    recipe: Recipe, existing: RunFolder | None = None, distributed: DistributedContext = SINGLE_PROCESS
) -> Recipe:
    """The recipe with "fastest" products replaced by what is fastest here, or by what its run began with."""
    if recipe.model.matmul_dtype != "fastest":
        return recipe
    begun = existing.recipe().model.matmul_dtype if existing else None
    products = begun or distributed.broadcast_from_rank0(lambda: fastest(distributed.device))
    return replace(recipe, model=replace(recipe.model, matmul_dtype=products))


def _record(
    job: TrainingSetup, dev: str | Path | None, command: str, start: Start | None, index: str | Path | None
) -> dict[str, Any]:
    """What run.json says of a run when it starts."""
    return {
        "recipe": job.recipe.name,
        "command": command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "folder": os.getcwd(),  # where relative paths begin
        "commit": source_commit(),
        "threads": torch.get_num_threads(),
        "processes": job.distributed.processes,
        "device": job.distributed.device.type,
        "mixer": job.recipe.model.mixer.name,  # a user's own with the hash of its file
        "mixer_file": FILES.get(job.recipe.model.mixer.name),  # told to whoever goes on, and never executed by itself
        "documents": {
            "path": job.documents.source,
            "sha256": job.documents.sha256,
            "count": len(job.documents),
            "index": str(index) if index is not None else None,
        },
        "questions": {"path": job.questions.source, "sha256": job.questions.sha256} if job.questions else None,
        "dev": {"path": str(dev)} if dev is not None else None,
        "start": {"path": start.source, "sha256": start.sha256} if start else None,
        "split": job.split,
        "parameters": job.model.count_parameters(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def _check_recipe(folder: RunFolder, recipe: Recipe) -> None:
    """Raise RunError unless the run can go on with this recipe."""
    if folder.finished:
        raise RunError(already_finished(folder))
    if folder.recipe() != decode(Recipe, encode(recipe), ""):
        raise RunError(f"{folder.path} was started with another recipe; give the same --set options, or a new --run")


def _check_inputs(folder: RunFolder, job: TrainingSetup, start: Start | None) -> None:
    """Raise RunError unless the run was started with these inputs."""
    record = folder.record()
    inputs = (("documents", job.documents), ("questions", job.questions), ("start", start))
    for name, now in inputs:
        then = record.get(name) or {}
        if then.get("sha256") != (now.sha256 if now else None):
            before = f" ({then['path']})" if "path" in then else ""
            what = "weights" if name == "start" else name
            raise RunError(f"{folder.path} was started with other {what}{before}; give the same, or begin another run")
    begun = (record.get("versions") or {}).get("torch")
    if begun not in (None, torch.__version__):
        warnings.warn(
            f"begun with torch {begun}, going on with {torch.__version__}: last bits may differ", stacklevel=3
        )
    if folder.read_json("vocabulary.json") != json.loads(to_json(job.corpus.vocabulary.to_json())):
        raise RunError(f"{folder.path / 'vocabulary.json'} is damaged (not what the documents give); train anew")


__all__ = [
    "Asked",
    "Event",
    "Job",
    "Listener",
    "Note",
    "Plan",
    "Start",
    "answered",
    "evaluate",
    "load",
    "plan",
    "prepare",
    "survey",
    "train",
]
