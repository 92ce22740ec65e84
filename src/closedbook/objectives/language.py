"""Plain language modelling: predict every token from those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.data.arrays import Examples, Ragged, Repeated, Rows, enumerate_ragged, offsets
from closedbook.data.corpus import Corpus
from closedbook.errors import RecipeError


class Language:
    """Windows of up to `context_length` tokens; every token except the first is a target.

    A document that fits is one item, shown whole. A longer one counts as many items as it has contexts, and each shows
    a window at a random place.
    """

    @dataclass(frozen=True)
    class Config:
        pass

    draws = 1

    def __init__(self, config: Config, corpus: Corpus) -> None:
        if corpus.vocabulary.answers_in_one:
            raise RecipeError('objective language: vocabulary.kind = "words" says phrases; choose another kind')
        self.documents, self.context_length, self.corpus = corpus.tokens, corpus.context_length, corpus
        self.document = Repeated(len(self.documents), self._windows)
        self.items = len(self.document)

    def _windows(self, documents: Rows) -> np.ndarray:
        """How many items each document counts as."""
        lengths = self.documents.lengths_of(documents)
        return np.where(lengths < 2, 0, -(-lengths // self.context_length))  # a single token leaves nothing to predict

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        document, start, length = self._window(items, u)
        owner, j = enumerate_ragged(length)
        values = self.documents.values[(self.documents.starts[document] + start)[owner] + j]
        return Examples.next_token(Ragged(values.astype(np.int32), offsets(length)))

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Only a window at the document's beginning shows the title."""
        document, start, length = self._window(items, u)
        owner, span = self.corpus.spans.of(document)
        return span[(start[owner] == 0) & (self.corpus.spans.last[span] <= length[owner])]

    def _window(self, items: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each example: the document, where the window starts in it, and how long it is."""
        document = self.document[items]
        available = self.documents.lengths_of(document)
        length = np.minimum(available, self.context_length)
        return document, (u[:, 0] * (available - length + 1)).astype(np.int64), length
