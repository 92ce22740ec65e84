"""What learning a name later comes to, for whatever network: cues about its documents in, some vectors out.

What is learned of a name is a pure function of the network and of the name's documents: random numbers come from a hash
of the documents, and nothing that is computed depends on which other names are learned beside it. So neither order nor
company matters, and to forget a name is to delete what was fitted for it.
"""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from closedbook.data.arrays import Examples, Ragged, offsets
from closedbook.data.corpus import Corpus, InMemory, derive_questions
from closedbook.data.documents import Document, Documents
from closedbook.data.encoding import Salience
from closedbook.data.names import NameIndex
from closedbook.data.span_reader import Derived
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError, RecipeError
from closedbook.objectives.cue import Cue
from closedbook.objectives.prompting import ask

FILE = "learned.safetensors"
NAMES = 32  # names whose documents are read at once
MOST_CUES = 4096  # about one name; what its phrases take grows with their square


@dataclass(frozen=True)
class LearnedName:
    """What was learned of a name: its vectors, and the answers that its documents hold."""

    title: str
    sha256: str  # of its documents
    phrases: tuple[str, ...] = ()
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # (vectors, state)
    exposures: Mapping[str, int] = field(default_factory=dict)  # cues that asked for each answer


class Learner(ABC):
    """Fits names for a network that stays as it is. It goes to other processes by pickle."""

    def __init__(self, model: Any, vocabulary: Any, cue: Cue.Config) -> None:
        """`model` and `vocabulary` are those of the first training, whatever was learned since."""
        self.model, self.vocabulary, self.cue = model, vocabulary, cue
        self.asked: Mapping[str, Sequence[Derived]] = {}  # questions that are answered already, by title; see `told`

    def told(self, asked: Mapping[str, Sequence[Derived]]) -> Self:
        """The learner with questions, by title, whose answers it need not look for."""
        learner = copy.copy(self)
        learner.asked = asked
        return learner

    @property
    @abstractmethod
    def state(self) -> int:
        """The width of a name's vectors."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """About how long a name takes on one core."""

    def fit(self, documents: Mapping[str, Sequence[str]]) -> Iterator[LearnedName]:
        """What the network learns of each name from its documents (title → texts), one after another."""
        names = list(documents)
        for start in range(0, len(names), NAMES):
            yield from self.fit_some({name: sorted(documents[name]) for name in names[start : start + NAMES]})

    @abstractmethod
    def fit_some(self, documents: Mapping[str, Sequence[str]]) -> Iterator[LearnedName]:
        """`fit` of a few names."""

    @abstractmethod
    def attach(self, model: Any, names: NameIndex, learned: Sequence[LearnedName]) -> Vocabulary:
        """Make a network know what was learned; `names` are all by number, the learned ones last and in their order.

        `model` is the learner's, or as it was at a checkpoint. Returns the vocabulary that goes with it.
        """


def documents_hash(title: str, texts: Sequence[str]) -> str:
    """SHA-256 of a name's documents, in whatever order they come."""
    return hashlib.sha256("\0".join([title, *sorted(texts)]).encode()).hexdigest()


def end_to_end(names: Iterable[LearnedName], state: int) -> np.ndarray:
    """(all vectors, state): those of one name after another's, which is no copy where they come so from a file."""
    parts = [name.vectors.reshape(-1, state) for name in names if name.vectors.size]
    if not parts:
        return np.zeros((0, state), np.float32)
    whole, ends = parts[0].base, np.cumsum([len(part) for part in parts])
    if whole is not None and whole.shape == (ends[-1], state) and all(part.base is whole for part in parts):
        first, size = parts[0].ctypes.data, state * parts[0].itemsize
        if all(part.ctypes.data == first + size * start for part, start in zip(parts, [0, *ends], strict=False)):
            return whole
    return np.concatenate(parts)


@dataclass(frozen=True)
class Cues:
    """Cues and questions about some names, name after name: those of name i are `starts[i]` up to `starts[i + 1]`."""

    examples: Examples
    starts: np.ndarray  # (names + 1,)
    answers: Sequence[str]  # what each example asks for; nothing where the documents do not tell
    weight: np.ndarray  # (examples,) how often
    hashes: list[str]  # of the names' documents
    longest: int  # tokens of a prompt


def make_cues(
    reader: Any,
    config: Cue.Config,
    context_length: int,
    documents: Mapping[str, Sequence[str]],
    count: Callable[[int], int],
    questions_weigh: int,
    asked: Mapping[str, Sequence[Derived]],
) -> Cues:
    """Cues about names: of one with n spans, `count(n)` or MOST_CUES, each span as often as the objective says.

    Behind a name's cues follows what training asks of others (`closedbook.data.span_reader`). Each question weighs as
    much as `questions_weigh` cues, and has an example for each answer that the documents may give, and one for none.
    Those in `asked`, by title, have their answers.
    `reader` is a vocabulary that has these names; what a span is, it learned in the first training. Raises DataError
    for a name with more spans than that, or a title that does not fit the network.
    """
    names: NameIndex = reader.names
    texts = [(name, text) for name in documents for text in documents[name]]
    items = tuple(Document(text, name, line) for line, (name, text) in enumerate(texts, 1))
    source = Documents(items, "", "the documents")
    salience = Salience(reader.lower, reader.golds, unread=True)
    arrays = InMemory(source, None, reader, salience)
    try:
        cue = Cue(config, Corpus(source, None, reader, context_length, arrays))
    except RecipeError as error:  # of a run that is trained, no option can be changed
        raise DataError(error.what, "shorten the title, or train a run with more") from None
    spans = cue.spans
    owner = names.numbers([items[i].title for i in spans.document])
    weight = np.where(spans.answer, float(config.answers), np.where(spans.number, config.numbers, 1.0))
    hashes = [documents_hash(name, documents[name]) for name in documents]
    chosen, numbers = [], []
    for name, sha256 in zip(documents, hashes, strict=True):
        rng = np.random.default_rng(int(sha256[:32], 16))
        own = np.flatnonzero(owner == names.number(name))
        if len(own) > MOST_CUES:
            raise DataError(
                f"the documents of {name!r:.80} hold {len(own):,} phrases to learn, and a name learns {MOST_CUES:,} at "
                "most; part them among several titles"
            )
        chosen.append(_spread(own, weight[own], min(count(len(own)), MOST_CUES), rng))
        numbers.append(rng.random((len(chosen[-1]), cue.draws)))
    cued_spans = np.concatenate(chosen)
    cues = cue.about(cued_spans, np.concatenate(numbers))
    questions = [question for name in documents for question in asked.get(name, ())]
    given = {question.text for question in questions}
    questions += derive_questions(source, reader, context_length, given, sure=0.0)
    # Each answer is asked for as often as it is probable, and an empty one as often as the documents may not tell.
    pairs = [(question, answer) for question in questions for answer in (*question.answers, "")]
    chances = [x for question in questions for x in (*question.chances, max(0.0, 1 - sum(question.chances)))]
    prompts = [reader.encode_question(question.text)[0] for question, _ in pairs]
    outputs = [reader.encode_answer(answer) for _, answer in pairs]
    examples = Examples.join([cues, ask(Ragged.of(prompts), Ragged.of(outputs), reader, mask_is_target=True)])
    targets = [*(reader.answer(spans.output[i]) for i in cued_spans.tolist()), *(answer for _, answer in pairs)]
    of_cues = np.repeat(np.arange(len(documents)), list(map(len, chosen)))
    owner = np.concatenate([of_cues, names.numbers([question.title for question, _ in pairs])])
    order = np.argsort(owner, kind="stable")
    weight = np.concatenate([np.ones(len(cued_spans)), questions_weigh * np.array(chances, float)])
    return Cues(
        examples.take(order),
        offsets(np.bincount(owner, minlength=len(documents))),
        [targets[i] for i in order.tolist()],
        weight[order],
        hashes,
        max(cue.longest, 1 + max(map(len, prompts), default=0)),
    )


def _spread(spans: np.ndarray, weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The spans to ask for, each as often as its weight says (systematic sampling)."""
    if not len(spans):
        return np.zeros(0, np.int64)
    edges = np.cumsum(weight) / weight.sum()
    places = (np.arange(count) + rng.random(count)) / count
    return spans[np.minimum(np.searchsorted(edges, places), len(spans) - 1)]
