"""A recipe met with its data: every input read and checked, the network built, nothing trained or written yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from closedbook.config.schema import Recipe
from closedbook.data.corpus import Corpus, derive_questions
from closedbook.data.document_files import in_lines
from closedbook.data.documents import Documents, read_documents, read_text
from closedbook.data.names import NameIndex
from closedbook.data.questions import Questions, read_questions, split_by_name, subject
from closedbook.data.span_reader import Derived
from closedbook.data.token_index import is_large, open_index
from closedbook.data.vocabulary_builder import make_vocabulary
from closedbook.errors import DataError, RecipeError, RunError
from closedbook.model.factory import new_network
from closedbook.model.linear import fastest
from closedbook.model.network import Network
from closedbook.objectives import sizing, text
from closedbook.objectives.sampler import BatchSampler
from closedbook.parallel import keep_freed_memory
from closedbook.runs.folder import RunFolder
from closedbook.training.distributed import SINGLE_PROCESS, DistributedContext
from closedbook.training.early_stopping import ValidationSet
from closedbook.training.trainer import StageTrainer

MOST_THREADS = 1024


@dataclass(frozen=True)
class StartingWeights:
    """Weights to begin from in place of random ones: where they are from, and what puts them into the network."""

    source: str
    sha256: str
    put: Callable[[Network], None]


@dataclass(frozen=True)
class TrainingSetup:
    """What `prepare_training` gives: all that a training needs but a folder to write to."""

    recipe: Recipe
    documents: Documents  # all; the network is trained on those of the corpus
    questions: Questions | None  # those trained on
    split: dict[str, list[int]]  # all given questions' positions, by part
    choose: Questions | None  # those kept out to choose recipes by
    calibrate: Questions | None  # those kept out to calibrate by
    corpus: Corpus
    model: Network
    samplers: list[BatchSampler]  # one for each stage
    validation_set: ValidationSet | None = None  # what a stop rule goes by
    distributed: DistributedContext = SINGLE_PROCESS
    chosen: tuple[str, ...] = ()  # what the recipe left to the data, and why it is what it is
    start: StartingWeights | None = None  # what it begins from, in place of random weights
    index: str | Path | None = None  # the folder that indexes of corpora are kept in, if one was named
    later: Documents | None = None  # what is learned after the training
    asked_later: Sequence[Derived] = ()  # the training questions about that

    @property
    def steps(self) -> int:
        return sum(sampler.steps for sampler in self.samplers)

    def trainer(
        self, number: int, model: Network | None = None, distributed: DistributedContext | None = None
    ) -> StageTrainer:
        """The trainer of a stage, by its number; of another model or in another context, if given."""
        return StageTrainer(
            self.recipe.stages[number], self.samplers[number], model or self.model, len(self.corpus.documents),
            distributed or self.distributed, self.validation_set,
        )  # fmt: skip


def prepare_training(
    recipe: Recipe,
    documents: str | Path,
    questions: str | Path | None = None,
    dev: str | Path | None = None,
    index: str | Path | None = None,
    progress: Callable[[str], None] = lambda text: None,
    distributed: DistributedContext = SINGLE_PROCESS,
    start: StartingWeights | None = None,
) -> TrainingSetup:
    """Read and check every input and build the network. Raises DataError or RecipeError for what cannot be used.

    `dev` is only looked at, so that a file that cannot be used is found now; what it holds is forgotten again. A large
    corpus is indexed on disk first, or its index opened; `index` is the folder that indexes are kept in, and with it
    a small one is indexed too. `progress` gets a line about that now and then. `start` gives the weights to begin from;
    random ones if left out.
    """
    if recipe.seed >= 2**63:
        raise RecipeError(f"seed = {recipe.seed} is too large; below 2**63")
    titled = recipe.data.documents == "titled"
    if index is not None and not titled:
        raise RecipeError(
            f"--index: the recipe {recipe.name} reads one stream of text, which is not indexed; leave it out"
        )
    recipe = settle_matmul_dtype(recipe)
    recipe, tokenizer, notes = settle_base(text.settle(recipe))
    if index is not None and not in_lines(documents):
        raise DataError(f"--index: {documents} is no file of lines, and is read into memory; leave --index out")
    on_disk = titled and indexed_on_disk(documents, index) and tokenizer is None
    all_questions = read_questions(questions, need_answers=True) if questions is not None else None
    recipe, chosen = sizing.held_out(recipe, len(all_questions) if all_questions is not None else 0)
    if all_questions is None and recipe.needs_questions:
        raise DataError(f"the recipe {recipe.name} trains on questions; give a file of them with --questions")
    if dev is not None:
        read_questions(dev, need_answers=True)

    def split_questions(titles: Collection[str]) -> dict[str, list[int]]:
        if all_questions is None:
            return {}
        split = split_by_name(all_questions, titles, recipe.data.held_out)
        if not split["train"]:
            raise DataError(f"{questions}: data.held_out leaves no question to train on; give more, or keep out fewer")
        return split

    def trained_on(split: dict[str, list[int]]) -> Questions | None:
        if all_questions is None:
            return None
        chosen = all_questions.only(split["train"])
        return chosen.ascii() if recipe.data.ascii_questions else chosen

    kind, size, phrases = recipe.vocabulary.kind, recipe.vocabulary.size, recipe.vocabulary.phrases
    indexed = None
    if on_disk:
        about = {"held_out": dict(recipe.data.held_out), "ascii": recipe.data.ascii_questions}
        indexed = open_index(
            documents, kind, size, all_questions, lambda titles: trained_on(split_questions(titles)),
            root=Path(index) if index is not None else None, about=about, progress=progress, phrases=phrases,
        )  # fmt: skip
        corpus_documents: Documents = indexed.documents
    else:
        corpus_documents = (read_documents if titled else read_text)(documents)
    all_documents, later = corpus_documents, None
    split = split_questions(all_documents.known_titles)
    trained = trained_on(split)
    if indexed is None and titled:
        recipe, corpus_documents, later = sizing.trained_titles(recipe, all_documents, all_questions)
    elif recipe.data.trained_titles > 0:
        raise RecipeError(
            f"data.trained_titles = {recipe.data.trained_titles}: all titles of a corpus that is indexed are trained; "
            "leave it out"
        )
    else:
        recipe = sizing.train_all(recipe)

    asked_later: list[Derived] = []
    if later is not None and trained is not None:
        trained, asked_later = apart(trained, all_documents, later)
        count, others = len(all_documents.known_titles), len(later.known_titles)
        told = f", with what {len(asked_later):,} training questions say of them" if asked_later else ""
        parts = f"the network is trained on {count - others:,} of {count:,} titles"
        notes.append(f"{parts}, and learns the others afterwards{told}")
    if indexed is not None:
        vocabulary = indexed.vocabulary
    else:
        lines = [item.text for item in corpus_documents.items]
        texts, answers = (trained.texts, trained.answers) if trained is not None else ([], [])
        vocabulary = make_vocabulary(kind, lines, size, texts, answers, corpus_documents.titles, phrases, tokenizer)
    if titled and recipe.model.memory is not None and recipe.model.memory.names:
        vocabulary = vocabulary.with_names(NameIndex.of(corpus_documents.titles))
    context_length = recipe.model.context_length
    derived: list[Derived] = []
    if not recipe.data.derive_questions:
        vocabulary = vocabulary.without_reader()
    elif trained is not None:
        derived = derive_questions(corpus_documents, vocabulary, context_length, trained.texts)
        if derived:
            notes.append(
                f"{len(derived):,} questions about other titles, answered from their documents to train on, too"
            )
    corpus = Corpus(corpus_documents, trained, vocabulary, context_length, indexed, derived)
    recipe, settled = sizing.settle(recipe, corpus)
    samplers = [BatchSampler(stage, corpus, recipe.seed, number) for number, stage in enumerate(recipe.stages)]
    with torch.random.fork_rng(devices=[]), too_little_memory("model.width or model.layers"):
        torch.manual_seed(recipe.seed)
        model = new_network(recipe, vocabulary, begin=True)
    if start is not None:
        start.put(model)
    validation_set = None
    if all_questions is not None and any(stage.stop for stage in recipe.stages):
        if not split["stop"]:
            raise DataError(f"{questions}: data.held_out.stop keeps no question out to stop by; raise it")
        (kept_out, _), length = apart(all_questions.only(split["stop"]), all_documents, later), recipe.answer.length
        validation_set = ValidationSet(kept_out, vocabulary, length, recipe.model.context_length)
    choose, calibrate = (
        all_questions.only(split.get(part, [])) if all_questions is not None else None
        for part in ("choose", "calibrate")
    )
    if choose is not None:  # it is asked while the network is trained
        choose, _ = apart(choose, all_documents, later)
    setup = TrainingSetup(
        recipe, all_documents, trained, split, choose, calibrate, corpus, model.to(distributed.device), samplers,
        validation_set, distributed, (*notes, *chosen, *settled), start, index, later, asked_later,
    )  # fmt: skip
    for number, stage in enumerate(recipe.stages):
        try:
            setup.trainer(number)  # an optimiser or schedule that cannot be made is found before anything is written
        except ValueError as error:  # as torch's optimisers raise it
            raise RecipeError(f"stages.{stage.name}: {error}") from None
    return setup


def indexed_on_disk(documents: str | Path, index: str | Path | None) -> bool:
    """Whether a corpus is indexed on disk: because it is large, or because that was asked for."""
    return in_lines(documents) and (index is not None or is_large(documents))


def apart(questions: Questions, documents: Documents, later: Documents | None) -> tuple[Questions, list[Derived]]:
    """The questions without those about titles that are learned afterwards, and these with their answers."""
    if later is None:
        return questions, []
    names = [subject(item.text, documents.known_titles) for item in questions.items]
    kept = [i for i, name in enumerate(names) if name not in later.known_titles]
    about = [
        Derived(name, item.text, item.accepted[:1], (1.0,))
        for name, item in zip(names, questions.items, strict=True)
        if name is not None and name in later.known_titles
    ]
    return questions.only(kept), about


@contextlib.contextmanager
def too_little_memory(smaller: str) -> Iterator[None]:
    """Turn torch's words for too little memory into a RecipeError that says what to make smaller."""
    try:
        yield
    except (RuntimeError, TypeError) as error:  # a size beyond 2**63 is a TypeError
        if "allocate" not in str(error) and "verflow" not in str(error):
            raise
        raise RecipeError(f"the network does not fit into this machine's memory; give a smaller {smaller}") from None


def settle_base(recipe: Recipe) -> tuple[Recipe, Any, list[str]]:
    """The recipe with its base looked up, the base's tokenizer, and what was found, in words.

    Raises RecipeError where the base cannot be used.
    """
    if recipe.pretrained is None:
        return recipe, None, []
    if recipe.pretrained.train == "nothing":
        raise RecipeError('pretrained.train = "nothing" leaves nothing to train; closedbook probe asks a base as it is')
    from closedbook.model import pretrained_base  # which needs an extra

    recipe, notes = pretrained_base.settle(recipe)
    assert recipe.pretrained is not None
    return recipe, pretrained_base.read_tokenizer(Path(recipe.pretrained.model)), notes


def settle_matmul_dtype(
    recipe: Recipe, existing: RunFolder | None = None, distributed: DistributedContext = SINGLE_PROCESS
) -> Recipe:
    """The recipe with "fastest" replaced by the dtype that is fastest here, or that its run began with."""
    if recipe.model.matmul_dtype != "fastest":
        return recipe
    begun = existing.recipe().model.matmul_dtype if existing else None
    dtype = begun or distributed.broadcast_from_rank0(lambda: fastest(distributed.device))
    return replace(recipe, model=replace(recipe.model, matmul_dtype=dtype))


def set_threads(
    requested: int | None, existing: RunFolder | None = None, distributed: DistributedContext = SINGLE_PROCESS
) -> int:
    """Choose the thread count once: a run's own when it goes on, otherwise as requested, or one per core, at most 8.

    Processes of one machine share its cores; a run that goes on in another number of them chooses anew.
    """
    if existing and existing.record().get("processes", 1) != distributed.processes:
        existing = None
    stored = existing.record().get("threads") if existing else None
    if requested is not None and not 1 <= requested <= MOST_THREADS:
        raise RecipeError(
            f"--threads {requested} must be from 1 to {MOST_THREADS}; leave it out for one per core, at most 8"
        )
    if existing and (type(stored) is not int or not 1 <= stored <= MOST_THREADS):
        raise RunError(f"{existing.path / 'run.json'} is damaged (threads = {stored!r}); bring it back from a copy")
    if existing and requested and requested != stored:
        raise RunError(
            f"{existing.path} was trained with {stored} thread{'s' if stored != 1 else ''}, and sums in another order "
            f"give other weights; leave --threads out, or start a new run with another --run"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = stored or requested or max(1, min(cores // distributed.neighbours, 8))
    torch.set_num_threads(chosen)
    keep_freed_memory()
    return int(chosen)
