"""Learns names later, from their documents alone, while the network stays as it is.

The first training teaches the network to tell from a few words what is asked for. For a name learned later it reads
cues about the name's documents, as in training, with the memory's readers in place of the name. A linear classifier on
its final states learns which of the documents' phrases each cue asks for. The classifier's vectors are outputs of the
name's own (`OwnOutputs`).

What is learned of a name is a pure function of the network and of the name's documents: random numbers come from a hash
of the documents, states of one example do not depend on the others (rows of a product do not, from `FEWEST_ROWS` on),
and each name's vectors are the minimum of a convex function of its own. So neither order nor company matters, and to
forget a name is to delete what was fitted for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from closedbook.data.arrays import NONE, Examples, enumerate_ragged
from closedbook.data.corpus import Corpus, InMemory
from closedbook.data.documents import Document, Documents
from closedbook.data.encoding import Salience
from closedbook.data.names import NameIndex
from closedbook.data.spans import as_words
from closedbook.data.vocabulary import PAD
from closedbook.data.word_vocabulary import Words
from closedbook.model.gpt import GPT
from closedbook.model.name_memory import READERS
from closedbook.objectives.cue import Cue

NAMES = 32  # names whose documents are read at once
EXAMPLES = 96  # cues about a name, at least
EXPOSURES = 12  # cues about each span of its documents, at least
HINT = 0.5  # share of the head's vectors that a name's begin with: they know what kind of thing a phrase is
RIDGE = 0.004  # weight of the vectors' squared distance from there, in units of the states' mean square
SHARPNESS = 2.0  # what that distance is multiplied by: the penalty makes shares more even than answers are right
STEPS = 80  # of accelerated gradient descent
FEWEST_ROWS = 64  # examples that go through the network at once: a multiple of this
MOST_ROWS = 1024
LENGTHS = (5, 7, 9)  # an example is padded to the first of these that is long enough, else to the longest


@dataclass(frozen=True)
class LearnedName:
    """What was learned of a name: the answers that its documents hold, each with an output vector."""

    title: str
    sha256: str  # of its documents
    phrases: tuple[str, ...] = ()
    outputs: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # (phrases, state)
    exposures: Mapping[str, int] = field(default_factory=dict)  # cues that asked for each answer


def documents_hash(title: str, texts: Sequence[str]) -> str:
    """SHA-256 of a name's documents, in whatever order they come."""
    return hashlib.sha256("\0".join([title, *sorted(texts)]).encode()).hexdigest()


def fit_names(
    model: GPT, vocabulary: Words, config: Cue.Config, documents: Mapping[str, Sequence[str]]
) -> Iterator[LearnedName]:
    """What the network learns of each name from its documents (title → texts), one after another."""
    names = list(documents)
    for start in range(0, len(names), NAMES):
        chosen = {name: sorted(documents[name]) for name in names[start : start + NAMES]}
        yield from _fit(model, vocabulary, config, chosen)


def _fit(
    model: GPT, vocabulary: Words, config: Cue.Config, documents: Mapping[str, Sequence[str]]
) -> Iterator[LearnedName]:
    names = NameIndex(documents)
    pairs = [(name, text) for name in documents for text in documents[name]]
    items = tuple(Document(text, name, line) for line, (name, text) in enumerate(pairs, 1))
    source = Documents(items, "", "the documents")
    reader = vocabulary.reading(names, items)
    salience = Salience(vocabulary.lower, vocabulary.golds, as_words(vocabulary.golds), unread=True)
    arrays = InMemory(source, None, reader, salience)
    cue = Cue(config, Corpus(source, None, reader, model.recipe.context_length, arrays))
    spans = cue.spans
    owner = names.numbers([items[i].title for i in spans.document])
    weight = np.where(spans.answer, float(config.answers), np.where(spans.number, config.numbers, 1.0))
    hashes = [documents_hash(name, documents[name]) for name in documents]
    chosen, numbers = [], []
    for number, sha256 in enumerate(hashes):
        rng = np.random.default_rng(int(sha256[:32], 16))
        own = np.flatnonzero(owner == number)
        chosen.append(_spread(own, weight[own], rng))
        numbers.append(rng.random((len(chosen[-1]), cue.draws)))
    examples = cue.about(np.concatenate(chosen), np.concatenate(numbers))
    states = _states(model, examples, cue.longest)
    head = HINT * np.tile(model.head.weight.detach().numpy().astype(np.float64), READERS) / READERS
    usual = head.mean(0)
    targets = examples.labels[examples.labels != NONE] - reader.outputs
    start = 0
    for title, sha256, some in zip(documents, hashes, chosen, strict=True):
        part = slice(start, start + len(some))
        start += len(some)
        if not len(some):
            yield LearnedName(title, sha256)
            continue
        phrases = sorted({reader.learned[i] for i in targets[part].tolist()})
        place = {phrase: i for i, phrase in enumerate(phrases)}
        target = np.array([place[reader.learned[i]] for i in targets[part].tolist()])
        known = [vocabulary.phrase_id(phrase) for phrase in phrases]
        prior = np.stack([head[i] if i >= 0 else usual for i in known])
        vectors = minimise(states[part], target, prior)
        counts = Counter(phrases[i] for i in target.tolist())
        yield LearnedName(title, sha256, tuple(phrases), vectors, {phrase: counts[phrase] for phrase in phrases})


def _spread(spans: np.ndarray, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The spans to ask for, each as often as its weight says (systematic sampling)."""
    if not len(spans):
        return np.zeros(0, np.int64)
    count = max(EXAMPLES, EXPOSURES * len(spans))
    edges = np.cumsum(weight) / weight.sum()
    places = (np.arange(count) + rng.random(count)) / count
    return spans[np.minimum(np.searchsorted(edges, places), len(spans) - 1)]


def _states(model: GPT, examples: Examples, longest: int) -> np.ndarray:
    """(examples, state) float64: the final states at each example's MASK, as the readers see it.

    Examples of about one length share a pass.
    """
    model.eval()
    lengths = examples.inputs.lengths
    row, column = enumerate_ragged(lengths)
    tokens = np.full((len(examples), longest), PAD, np.int64)
    tokens[row, column] = examples.inputs.values
    padded_to = np.array([*LENGTHS, longest])[np.searchsorted(LENGTHS, lengths)]
    states = np.zeros((len(examples), READERS * model.recipe.width))
    for width in np.unique(padded_to).tolist():
        alike = np.flatnonzero(padded_to == width)
        for some in np.array_split(alike, -(-len(alike) // MOST_ROWS)):
            rows = np.full((-(-len(some) // FEWEST_ROWS) * FEWEST_ROWS, width), PAD, np.int64)
            rows[: len(some)] = tokens[some, :width]
            last = np.arange(len(rows)) * width
            last[: len(some)] += lengths[some] - 1
            states[some] = model.read(torch.from_numpy(rows), torch.from_numpy(last))[: len(some)].numpy()
    return states


def minimise(states: np.ndarray, target: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(count, state) float32: the vectors w that minimise the mean of log Σ exp(w·x) − w[target]·x, and a penalty.

    `states` x (n, state), `target` (n,) below `count`, `prior` (count, state); the penalty is RIDGE · mean |x|² ·
    |w − prior|². It is convex; Nesterov's accelerated gradient descent, so many steps always. What is given is as far
    from the prior as the minimum, times SHARPNESS.
    """
    count = len(prior)
    n, square = len(states), float((states**2).sum(1).mean())
    ridge = RIDGE * square
    rate = 1 / (square / 2 + 2 * ridge)  # 1 / the largest curvature
    momentum = (1 - (2 * ridge * rate) ** 0.5) / (1 + (2 * ridge * rate) ** 0.5)
    wanted = np.zeros((n, count))
    wanted[np.arange(n), target] = 1
    vectors = ahead = prior
    for _ in range(STEPS):
        scores = states @ ahead.T
        shares = np.exp(scores - scores.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        before = vectors
        vectors = ahead - rate * ((shares - wanted).T @ states / n + 2 * ridge * (ahead - prior))
        ahead = vectors + momentum * (vectors - before)
    return (prior + SHARPNESS * (vectors - prior)).astype(np.float32)
