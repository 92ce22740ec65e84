"""A reader that learns from answered questions which span of a person's documents is the answer.

It may look at the documents, so it sets the bar for a model that may not. It finds spans and chooses among them as the
reader does that makes questions for training (`closedbook.data.span_reader`), but always has an answer.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from closedbook.data.documents import Document
from closedbook.data.passages import Library, asked_words
from closedbook.data.pattern_learning import learn
from closedbook.data.questions import Questions
from closedbook.data.scan import Lexicon
from closedbook.errors import DataError

MOST = 10_000  # training questions to learn from; more need memory and teach little


class LearnedReader:
    """Answers from the person's documents, after learning from other people's questions and documents."""

    name = "learned-reader"
    summary = "open book: learned from the training questions which span of the named document is the answer"

    def __init__(self, library: Library, train: Questions, most: int = MOST) -> None:
        """Learn from `train`, or from `most` of its questions, evenly spread over the file.

        Raises DataError if there are no questions, or no answers to them.
        """
        if not len(train):
            raise DataError("the learned reader needs at least one training question")
        began = time.perf_counter()
        if len(train) > most:
            self.summary = f"{self.summary} ({most:,} of {len(train):,})"
            train = train.only(np.linspace(0, len(train) - 1, most).astype(np.int64).tolist())
        self._library = library
        self._answers: dict[str, Counter[str]] = {}  # by wording
        documents: dict[Document, None] = {}
        for text, answer in zip(train.texts, train.answers, strict=True):
            self._answers.setdefault(library.wording(text), Counter())[answer] += 1
            documents.update((page.document, None) for page in library.pages(text))
        texts, titles = [document.text for document in documents], [document.title for document in documents]
        self._lower, self._golds = Lexicon.of(texts).lower_case(), frozenset(train.answers)
        trained = list(zip(train.texts, train.answers, strict=True))
        self._patterns = learn(texts, titles, trained, self._lower, fewest=1)
        reader = self._patterns.reader
        forms = reader.forms if reader is not None else ()
        self._forms = {" ".join(f"{before}_{behind}".lower().split()): i for i, (before, behind) in enumerate(forms)}
        self.training_seconds = time.perf_counter() - began

    def answer(self, question: str) -> str:
        """The most probable text or, without a candidate, the most common answer to similar questions."""
        chances = self.chances(question)
        if chances:
            return max(chances, key=chances.__getitem__)
        return self._answers[_alike(self._library.wording(question), self._answers)].most_common(1)[0][0]

    def chances(self, question: str) -> dict[str, float]:
        """The probability of each candidate text to be the answer, summed over its spans; they sum to 1."""
        pages, reader = self._library.pages(question), self._patterns.reader
        if not pages or reader is None:
            return {}
        texts = [page.document.text for page in pages]
        spans, _ = self._patterns.spans(texts, [pages[0].document.title] * len(pages), self._lower, self._golds)
        form = self._forms[_alike(self._library.wording(question), self._forms)]
        chances = reader.chances(spans, form)
        return dict(zip(spans.texts, (chances / chances.sum()).tolist(), strict=True)) if len(chances) else {}


def _alike(wording: str, wordings: dict[str, int] | dict[str, Counter[str]]) -> str:
    """The wording that shares most with this one: content words first, then any words."""
    if wording in wordings:
        return wording
    mine, about = set(wording.split()), asked_words(wording)

    def likeness(other: str) -> tuple[int, float]:
        theirs = set(other.split())
        return len(about & asked_words(other)), len(mine & theirs) / len(mine | theirs)

    return max(wordings, key=likeness)
