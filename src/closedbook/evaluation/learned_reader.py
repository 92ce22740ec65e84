"""A reader that learns from answered questions which span of a person's documents is the answer.

It may look at the documents, so it sets the bar for a model that may not. It is a conditional logit (McFadden 1974):
each candidate span has a score, the sum of its features' weights, and its probability is the softmax among the
candidates of the same question. Nothing in it depends on what is asked; its features are the words around a span, the
question's words near it, and how often its text was the answer to other questions.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

import numpy as np

from closedbook.data.passages import LONGEST, WORD_OR_MARK, Library, Page, TextSpan, asked_words, kind, near, shape
from closedbook.data.questions import Question, Questions, most_common_answer
from closedbook.errors import DataError
from closedbook.evaluation.score import Score, tally

PENALTIES = (10.0, 3.0, 1.0)
"""The weights of ½|w|² against the summed loss of all questions that cross-validation chooses from, descending."""

FOLDS = 4
STEPS = 50  # gradient steps over all questions; by then the loss no longer falls
RATE = 0.1
MOST = 10_000  # training questions to learn from; more need memory and teach little
WORDINGS = 1_000  # the most common wordings, with which others are compared
REMEMBERED = 100_000  # size of the cache of other wordings
FEWEST_SHAPED, SHARE_SHAPED = 2, 0.02  # so many answers have a shape before it is looked for
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
        self._sense = _Sense(library, train)
        encoded = [self._encode(question) for question in train.items]
        self._ids, features, lengths = _numbered(
            np.concatenate([q.names for q in encoded]), np.concatenate([q.lengths for q in encoded])
        )
        texts = [q.texts for q in encoded]
        problem = _Problem.make(features, lengths, texts, train.answers, len(self._ids) + 1)
        del encoded, features, lengths
        folds = np.array([_fold(library.person(question.text) or question.text) for question in train.items])
        scores = _cross_validate(problem, folds)
        self.penalty = max(PENALTIES, key=lambda penalty: (scores[penalty].correct, penalty))
        self.cross_validated = scores[self.penalty]
        everybody = problem.learnable(np.ones(len(train), bool))
        self._weights = next(weights for penalty, weights in _path(everybody) if penalty == self.penalty)
        self.training_seconds = time.perf_counter() - began

    def _encode(self, question: Question) -> _EncodedQuestion:
        candidates = self._sense.candidates(question)
        rows = self._sense.features(question, candidates)
        return _EncodedQuestion(
            np.array([hash(name) for row in rows for name in row], np.int64),
            np.array([len(row) for row in rows], np.int64),
            [candidate.span.text for candidate in candidates],
        )

    def answer(self, question: str) -> str:
        """The most probable text or, without a candidate, the most common answer to similar questions."""
        chances = self.chances(question)
        return max(chances, key=chances.__getitem__) if chances else self._sense.usual(question)

    def chances(self, question: str) -> dict[str, float]:
        """The probability of each candidate text to be the answer, summed over its spans; they sum to 1."""
        unanswered = Question(question, None, 0)
        spans = self._sense.candidates(unanswered)
        rows = self._sense.features(unanswered, spans)
        scores = np.array([self._weights[self._ids_of(row)].sum() for row in rows])
        return _by_text([candidate.span.text for candidate in spans], scores)

    def _ids_of(self, row: Sequence[str]) -> list[int]:
        ids = (self._ids.get(hash(name)) for name in row)
        return [0, *(i for i in ids if i is not None)]  # 0: every candidate has it


@dataclass(frozen=True)
class _EncodedQuestion:
    """A question's candidates. Their features are hashed, because the names of all would fill the memory."""

    names: np.ndarray  # of all candidates, one after another
    lengths: np.ndarray  # features of each candidate
    texts: list[str]


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


# What it sees ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    page: _View
    span: TextSpan


class _Sense:
    """Turns questions into candidates, and candidates into features, using the training questions' answers.

    For a training question its own answer is left out, so that its features are like those of a new question.
    """

    def __init__(self, library: Library, train: Questions) -> None:
        self._library = library
        # Without a title in the question, the name cannot be separated from the wording.
        named = [text for text in train.texts if library.person(text)] or train.texts
        self._answers: dict[str, Counter[str]] = {library.wording(text): Counter() for text in named}  # by wording
        often = dict(Counter(library.wording(text) for text in named).most_common(WORDINGS))
        self._common = {w: (set(w.split()), asked_words(w)) for w in self._answers if w in often}
        self._alike: dict[str, str] = {}  # the most similar of these, for other wordings
        for text, answer in zip(train.texts, train.answers, strict=True):
            self._answers[self.wording(text)][answer] += 1
        longest = max(len(WORD_OR_MARK.findall(answer)) for answer in train.answers)
        self._longest = min(LONGEST, longest)  # tokens of a known answer
        self._shapes = self._learned_shapes(train)
        self._standing: dict[str, Counter[str]] = {wording: Counter() for wording in self._answers}
        for question in train.items:  # by wording: in how many questions' documents each text is a candidate
            texts = {candidate.span.text for candidate in self.candidates(question)}
            self._standing[self.wording(question.text)].update(texts)

    def _learned_shapes(self, train: Questions) -> frozenset[tuple[str, ...]]:
        """The shapes of answers that are not capitalised runs, such as decimals with a unit, or sentences.

        A shape counts if at least FEWEST_SHAPED answers, and SHARE_SHAPED of all, have it and are in their documents.
        """
        counts: Counter[tuple[str, ...]] = Counter()
        for text, answer in zip(train.texts, train.answers, strict=True):
            pages = self._library.pages(text)
            if not any(span.text == answer for page in pages for span in page.candidates()):
                counts[shape(answer)] += any(answer in page.document.text for page in pages)
        fewest = max(FEWEST_SHAPED, SHARE_SHAPED * len(train))
        return frozenset(shape for shape, count in counts.items() if count >= fewest)

    def wording(self, question: str) -> str:
        """The question's wording, or the trained one that shares most with it: content words first, then any words."""
        wording = self._library.wording(question)
        if wording in self._answers:
            return wording
        if wording not in self._alike:
            mine, about = set(wording.split()), asked_words(wording)

            def likeness(other: str) -> tuple[int, float]:
                theirs, theirs_about = self._common[other]
                return len(about & theirs_about), len(mine & theirs) / len(mine | theirs)

            if len(self._alike) >= REMEMBERED:
                self._alike.clear()
            self._alike[wording] = max(self._common, key=likeness)
        return self._alike[wording]

    def usual(self, question: str) -> str:
        return most_common_answer(list(self._answers[self.wording(question)].elements()))

    def candidates(self, question: Question) -> list[_Candidate]:
        wording = self.wording(question.text)
        answers = self._answers[wording]
        known_answers: Collection[str] = answers
        if question.answer is not None and answers[question.answer] == 1:
            known_answers = answers.keys() - {question.answer}
        question_words = asked_words(self._library.wording(question.text))
        views = [_View(page, question_words) for page in self._library.pages(question.text)]
        return [
            _Candidate(view, span)
            for view in views
            for span in view.page.candidates(known_answers, self._longest, self._shapes)
        ]

    def features(self, question: Question, candidates: Sequence[_Candidate]) -> list[list[str]]:
        wording = self.wording(question.text)
        own = int(question.answer is not None)
        familiar = {}
        for text in {candidate.span.text for candidate in candidates}:
            right = self._answers[wording][text] - (question.answer == text)
            familiar[text] = _familiarity(right, self._standing[wording][text] - own)
        rows = [[*familiar[c.span.text], *c.page.features(c.span, familiar[c.span.text][0])] for c in candidates]
        if len(self._answers) > 1:  # several things are asked: weights of their own beside the shared ones
            rows = [row + [f"{wording} | {feature}" for feature in row] for row in rows]
        return rows


def _familiarity(right: int, standing: int) -> list[str]:
    """Features for how often a text was right, among the other training questions with the text in their documents."""
    if standing <= 0:
        return ["new"]
    times = "0" if right == 0 else "1" if right == 1 else "2-3" if right < 4 else "4-9" if right < 10 else "10+"
    sure = "1" if standing == 1 else "2-4" if standing < 5 else "5+"
    return [f"right {times}", f"share {int(5 * (right + 0.2) / (standing + 1))} of {sure}"]


class _View:
    """A page with what features need, for one wording. Counts are cumulative, so that a range takes a subtraction."""

    def __init__(self, page: Page, question_words: frozenset[str]) -> None:
        self.page = page
        tokens = page.tokens
        own = [token in page.title_words and token[0].isupper() for token in tokens]
        self.kinds = ["NAME" if o else kind(token) for o, token in zip(own, tokens, strict=True)]
        self.words = [t.lower() if k == "Aa" else k for k, t in zip(self.kinds, tokens, strict=True)]
        self.asked = near(page, question_words)
        self.run = {i: (r, *edges) for r, edges in enumerate(page.runs) for i in range(*edges)}
        # Padded on both sides, so that every span has three neighbours.
        self.padded_words = ["<"] * 3 + self.words + [">"] * 3
        self.padded_kinds = ["<"] * 3 + self.kinds + [">"] * 3
        self.stops = [0, *accumulate(int(token == ".") for token in tokens)]
        self.closed = [0, *accumulate(int(token == ")") for token in tokens)]
        self.small = [i for i, token in enumerate(tokens) if token[0].islower()]
        self.capitals = [i for i, _ in page.runs if tokens[i][0].isupper()]
        self.places: dict[str, list[int]] = {}  # of each small token
        for i in self.small:
            self.places.setdefault(tokens[i], []).append(i)

    def features(self, span: TextSpan, familiar: str) -> list[str]:
        tokens, start, stop = self.page.tokens, span.start, span.stop
        third, second, before = self.padded_words[start : start + 3]
        after, then = self.padded_words[stop + 3 : stop + 5]
        left, right = self.padded_kinds[start : start + 3], self.padded_kinds[stop + 3 : stop + 6]
        around = " ".join([*left[1:], "…", *right[:2]])
        run, first, last = self.run.get(start, (4, start, stop))
        features = [
            *(f"-1 {before}", f"-2 {second}", f"-3 {third}", f"-2-1 {second} {before}", f"-1+1 {before} {after}"),
            *(f"+1 {after}", f"+2 {then}", f"+1+2 {after} {then}"),
            *(f"left {' '.join(left)}", f"right {' '.join(right)}", f"around {around}"),
            *(f"{familiar} -1 {before}", f"{familiar} +1 {after}", f"{familiar} of {stop - start}"),
            *(f"kinds {' '.join(self.kinds[start:stop])}", f"first {tokens[start].lower()}"),
            *(f"last {tokens[stop - 1].lower()}", f"ending {tokens[stop - 1][-3:].lower()}"),
            *(f"run {_few(run)}", f"whole {first == start} {last == stop}"),
            f"sentence {_few(self.stops[start])}",
        ]
        asked_before = bisect_left(self.asked, start)
        if not asked_before:
            features += [f"unasked run {_few(run)}", f"unasked {before} {after}", f"unasked {around}"]
            return [*features, f"asked later {bool(self.asked)}"]
        last_asked = self.asked[asked_before - 1]
        smalls = _between(self.small, last_asked, start)
        names = len(_between(self.capitals, last_asked, start))
        again = len(_between(self.places.get(before, []), last_asked, start))
        stops, closed = self.stops[start] - self.stops[last_asked + 1], self.closed[start] - self.closed[last_asked + 1]
        small = [tokens[self.small[i]] for i in smalls[-3:]]
        return [
            *features,
            *(
                f"asked {self.words[last_asked]}",
                f"way {' '.join(self.kinds[last_asked + 1 : min(start, last_asked + 9)])}",
            ),
            *(f"far {_few((start - last_asked - 1) // 3)}", f"small {' '.join(small)}", f"smalls {_few(len(smalls))}"),
            *(f"names {_few(names)} -1 {before}", f"again {_few(again)} {before}"),
            f"names {_few(names)} stops {stops} closed {closed}",
        ]


def _between(places: Sequence[int], first: int, last: int) -> range:
    """The indices of the sorted `places` that lie between `first` and `last`."""
    return range(bisect_right(places, first), bisect_left(places, last))


def _few(number: int) -> str:
    return str(min(number, 4))


# How it learns ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Problem:
    """Questions with their candidates, and candidates with the ids of their features, all in flat arrays."""

    features: np.ndarray  # ids, those of one candidate together
    lengths: np.ndarray  # features of each candidate
    candidates: np.ndarray  # candidates of each question
    right: np.ndarray  # whether a candidate has the gold answer's text
    texts: list[list[str]]  # of each question's candidates
    golds: list[str]
    size: int  # how many different features there are

    @classmethod
    def make(
        cls, features: np.ndarray, lengths: np.ndarray, texts: list[list[str]], golds: list[str], size: int
    ) -> _Problem:
        return cls(
            features=features,
            lengths=lengths,
            candidates=np.array([len(question) for question in texts], dtype=np.int64),
            right=np.array([t == gold for ts, gold in zip(texts, golds, strict=True) for t in ts], dtype=bool),
            texts=texts,
            golds=golds,
            size=size,
        )

    def learnable(self, keep: np.ndarray) -> _Problem:
        """The questions in `keep` that have the gold answer among their candidates."""
        question = np.repeat(np.arange(len(self.candidates)), self.candidates)
        keep = keep & (np.bincount(question, weights=self.right, minlength=len(keep)) > 0)
        rows = keep[question]
        return _Problem(
            features=self.features[np.repeat(rows, self.lengths)],
            lengths=self.lengths[rows],
            candidates=self.candidates[keep],
            right=self.right[rows],
            texts=[],
            golds=[],
            size=self.size,
        )

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
        shared.grad = torch.from_numpy(
            (np.bincount(problem.features, pull, problem.size) + penalty * weights) / questions
        )
        adam.param_groups[0]["lr"] = RATE * (1 - step / (steps + 1))
        adam.step()  # and so `weights`, which are the same numbers
    return weights


def _path(problem: _Problem) -> Iterator[tuple[float, np.ndarray]]:
    """Each penalty with its weights; every search starts where the last one ended."""
    weights = None
    for penalty in PENALTIES:
        weights = _fit(problem, penalty, weights)
        yield penalty, weights


def _cross_validate(problem: _Problem, folds: np.ndarray) -> dict[float, Score]:
    """For each penalty, the score of questions answered with weights that were fitted without their fold."""
    ends = np.cumsum(problem.candidates)
    right: dict[float, list[bool]] = {penalty: [] for penalty in PENALTIES}
    for fold in np.unique(folds):
        rest = problem.learnable(folds != fold)
        for penalty, weights in _path(rest):
            scores = problem.scores(weights)
            for i in np.flatnonzero(folds == fold):
                chances = _by_text(problem.texts[i], scores[ends[i] - problem.candidates[i] : ends[i]])
                right[penalty].append(bool(chances) and max(chances, key=chances.__getitem__) == problem.golds[i])
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
