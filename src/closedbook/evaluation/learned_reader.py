"""A reader that learns from answered questions which span of a person's documents is the answer.

It may look at the documents, so it sets the bar for a model that may not. It is a conditional logit (McFadden 1974):
each candidate span has a score, the sum of its features' weights, and its probability is the softmax among the
candidates of the same question. Nothing in it depends on what is asked; its features are the words around a span, the
question's words near it, and how often its text was the answer to other questions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from closedbook.data.passages import Library
from closedbook.data.questions import Question, Questions
from closedbook.errors import DataError
from closedbook.evaluation.reader_features import Features
from closedbook.evaluation.score import Score, tally

PENALTIES = (10.0, 3.0, 1.0)
"""The weights of ½|w|² against the summed loss of all questions that cross-validation chooses from, descending."""

FOLDS = 4
STEPS = 50  # gradient steps over all questions; by then the loss no longer falls
RATE = 0.1
MOST = 10_000  # training questions to learn from; more need memory and teach little
RARE = 2  # features of fewer candidates are left out


class LearnedReader:
    """Answers from the person's documents, after learning from other people's questions and documents."""

    name = "learned-reader"
    summary = "open book: learned from the training questions which span of the named document is the answer"

    def __init__(self, library: Library, train: Questions, most: int = MOST) -> None:
        """Learn from `train`: some 10 s on one core for 2,000 questions and short documents.

        If there are more than `most` questions, that many are taken, evenly spread over the file.

        The penalty is chosen by cross-validation over people: nobody is in two folds. `cross_validated` is its score
        there. Raises DataError if there are no questions, or no answers to them.
        """
        if not len(train):
            raise DataError("the learned reader needs at least one training question")
        began = time.perf_counter()
        if len(train) > most:
            self.summary = f"{self.summary} ({most:,} of {len(train):,})"
            train = train.only(np.linspace(0, len(train) - 1, most).astype(np.int64).tolist())
        self._library = library
        self._features = Features(library, train)
        names, counts, texts = zip(*map(self._encode, train.items), strict=True)
        self._ids, features, lengths = _numbered(np.concatenate(names), np.concatenate(counts))
        right = [text == gold for own, gold in zip(texts, train.answers, strict=True) for text in own]
        candidates = np.array([len(own) for own in texts], np.int64)
        problem = _Problem(features, lengths, candidates, np.array(right, bool), size=len(self._ids) + 1)
        del names, features, lengths
        folds = np.array([_fold(library.person(question.text) or question.text) for question in train.items])
        scores = _cross_validate(problem, folds, texts, train.answers)
        self.penalty = max(PENALTIES, key=lambda penalty: (scores[penalty].correct, penalty))
        self.cross_validated = scores[self.penalty]
        everybody = problem.learnable(np.ones(len(train), bool))
        self._weights = next(weights for penalty, weights in _path(everybody) if penalty == self.penalty)
        self.training_seconds = time.perf_counter() - began

    def _encode(self, question: Question) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """(features of all candidates, one after another; how many each has; their texts).

        Features are hashed, because the names of all would fill the memory.
        """
        candidates = self._features.candidates(question)
        rows = self._features.features(question, candidates)
        names = np.array([hash(name) for row in rows for name in row], np.int64)
        return names, np.array([len(row) for row in rows], np.int64), [item.span.text for item in candidates]

    def answer(self, question: str) -> str:
        """The most probable text or, without a candidate, the most common answer to similar questions."""
        chances = self.chances(question)
        return max(chances, key=chances.__getitem__) if chances else self._features.usual(question)

    def chances(self, question: str) -> dict[str, float]:
        """The probability of each candidate text to be the answer, summed over its spans; they sum to 1."""
        unanswered = Question(question, None, 0)
        spans = self._features.candidates(unanswered)
        rows = self._features.features(unanswered, spans)
        ids = [[0, *(self._ids[key] for key in map(hash, row) if key in self._ids)] for row in rows]  # all have 0
        scores = np.array([self._weights[own].sum() for own in ids])
        return _by_text([candidate.span.text for candidate in spans], scores)


def _numbered(names: np.ndarray, lengths: np.ndarray) -> tuple[dict[int, int], np.ndarray, np.ndarray]:
    """Number the features that are not rare, from 1, in the order of their first occurrence.

    Returns the number of each feature's hash, the candidates' features by number, each candidate's starting with 0, and
    how many features each candidate has.
    """
    values, first, inverse, count = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    often = np.flatnonzero(count >= RARE)
    often = often[np.argsort(first[often])]
    number = np.zeros(len(values), np.int32)
    number[often] = np.arange(1, len(often) + 1)
    numbers = number[inverse.ravel()]
    owner = np.repeat(np.arange(len(lengths)), lengths)[numbers > 0]
    numbers = numbers[numbers > 0]
    features = np.zeros(len(numbers) + len(lengths), np.int32)
    features[np.arange(len(numbers)) + owner + 1] = numbers
    ids = dict(zip(values[often].tolist(), range(1, len(often) + 1), strict=True))
    return ids, features, 1 + np.bincount(owner, minlength=len(lengths))


@dataclass(frozen=True)
class _Problem:
    """Questions with their candidates, and candidates with the ids of their features, all in flat arrays."""

    features: np.ndarray  # ids, those of one candidate together
    lengths: np.ndarray  # features of each candidate
    candidates: np.ndarray  # candidates of each question
    right: np.ndarray  # whether a candidate has the gold answer's text
    size: int  # how many different features there are

    def learnable(self, keep: np.ndarray) -> _Problem:
        """The questions in `keep` that have the gold answer among their candidates."""
        question = np.repeat(np.arange(len(self.candidates)), self.candidates)
        keep = keep & (np.bincount(question, weights=self.right, minlength=len(keep)) > 0)
        rows = keep[question]
        features = self.features[np.repeat(rows, self.lengths)]
        return _Problem(features, self.lengths[rows], self.candidates[keep], self.right[rows], self.size)

    def scores(self, weights: np.ndarray) -> np.ndarray:
        """One per candidate: the sum of its features' weights."""
        return np.add.reduceat(weights[self.features], np.cumsum(self.lengths) - self.lengths)


def _fit(problem: _Problem, penalty: float, weights: np.ndarray | None = None) -> np.ndarray:
    """The weights that minimise Σ −log p(gold) + ½ penalty |w|², starting from `weights`.

    Full-batch gradient descent with Adam (Kingma and Ba 2015), its rate falling linearly to 0. If several candidates
    have the gold text, any of them is right: p(gold) is their sum.
    """
    steps = STEPS if weights is None else STEPS // 2
    weights = np.zeros(problem.size) if weights is None else weights.copy()
    questions = len(problem.candidates)
    if not questions:
        return weights
    of = np.repeat(np.arange(questions), problem.candidates)
    starts = np.cumsum(problem.candidates) - problem.candidates
    import torch  # only here: the other readers need none

    shared = torch.from_numpy(weights).requires_grad_()
    adam = torch.optim.Adam([shared], RATE, betas=(0.9, 0.95))
    for step in range(1, steps + 1):
        scores = problem.scores(weights)
        scores -= np.maximum.reduceat(scores, starts)[of]
        chance = np.exp(scores) / np.bincount(of, np.exp(scores))[of]
        within = np.where(problem.right, chance, 0)
        within /= np.bincount(of, within)[of]  # each right candidate's part of p(gold)
        pull = np.repeat(chance - within, problem.lengths)
        gradient = np.bincount(problem.features, pull, problem.size) + penalty * weights
        shared.grad = torch.from_numpy(gradient / questions)
        adam.param_groups[0]["lr"] = RATE * (1 - step / (steps + 1))
        adam.step()  # and so `weights`, which are the same numbers
    return weights


def _path(problem: _Problem) -> Iterator[tuple[float, np.ndarray]]:
    """Each penalty with its weights; every search starts where the last one ended."""
    weights = None
    for penalty in PENALTIES:
        weights = _fit(problem, penalty, weights)
        yield penalty, weights


def _cross_validate(
    problem: _Problem, folds: np.ndarray, texts: Sequence[Sequence[str]], golds: Sequence[str]
) -> dict[float, Score]:
    """For each penalty, the score of questions answered with weights that were fitted without their fold.

    `texts` are those of each question's candidates.
    """
    ends = np.cumsum(problem.candidates)
    right: dict[float, list[bool]] = {penalty: [] for penalty in PENALTIES}
    for fold in np.unique(folds):
        rest = problem.learnable(folds != fold)
        for penalty, weights in _path(rest):
            scores = problem.scores(weights)
            for i in np.flatnonzero(folds == fold).tolist():
                chances = _by_text(texts[i], scores[ends[i] - problem.candidates[i] : ends[i]])
                right[penalty].append(bool(chances) and max(chances, key=chances.__getitem__) == golds[i])
    return {penalty: tally(outcomes) for penalty, outcomes in right.items()}


def _by_text(texts: Sequence[str], scores: np.ndarray) -> dict[str, float]:
    """Softmax of the scores, summed over candidates with the same text."""
    chances: dict[str, float] = {}
    if len(texts):
        share = np.exp(scores - scores.max())
        for text, chance in zip(texts, share / share.sum(), strict=True):
            chances[text] = chances.get(text, 0.0) + float(chance)
    return chances


def _fold(person: str) -> int:
    return sha256(person.encode()).digest()[0] % FOLDS
