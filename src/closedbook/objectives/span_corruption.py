"""Span corruption (Raffel et al. 2020) as in the course: one span is cut out of a text and asked for at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.data.arrays import Examples, Ragged, enumerate_ragged, offsets
from closedbook.data.corpus import Corpus
from closedbook.data.vocabulary import MASK
from closedbook.errors import RecipeError


class SpanCorruption:
    """`prefix ⁇ suffix ⁇ span`; every token except the first is a target.

    The document is cut to a length T, uniform in [shortest, longest · context_length]. The span's length is uniform in
    [⌊low · T⌋, ⌊high · T⌋], a quarter of T on average, and its place is uniform.
    """

    @dataclass(frozen=True)
    class Config:
        shortest: int = 4  # tokens
        longest: float = 7 / 8  # of the context length
        low: float = 1 / 8  # of T
        high: float = 3 / 8

    draws = 3

    def __init__(self, config: Config, corpus: Corpus) -> None:
        if corpus.vocabulary.answers_in_one:
            raise RecipeError('objective span: vocabulary.kind = "words" says phrases; choose another kind')
        limit = int(config.longest * corpus.context_length)
        if not 0 < config.shortest <= limit <= corpus.context_length - 2 or not 0 <= config.low <= config.high < 1:
            raise RecipeError(
                f"objective span: needs 0 < shortest <= longest · context_length <= context_length - 2 and "
                f"0 <= low <= high < 1, got {config} with context_length {corpus.context_length}"
            )
        self.config, self.limit = config, limit
        self.documents, self.corpus = corpus.tokens, corpus
        self.items = len(self.documents)

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        length, start, span = self._cut(items, u)
        owner, j = enumerate_ragged(length + 2)
        t, s, k = length[owner], start[owner], span[owner]
        # Position j of an example shows, in turn: the prefix, MASK, the suffix, MASK, the span.
        source = np.where(j < s, j, np.where(j <= t - k, j - 1 + k, j - (t - k + 2) + s))
        mask = (j == s) | (j == t - k + 1)
        values = self.documents.values[self.documents.starts[items][owner] + np.where(mask, 0, source)]
        tokens = Ragged(np.where(mask, MASK, values).astype(np.int32), offsets(length + 2))
        return Examples.next_token(tokens)

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Every token is a target, so all spans count, if the whole title is in the prefix."""
        length, start, _ = self._cut(items, u)
        owner, span = self.corpus.spans.of(items)
        after_title = start[owner] >= self.corpus.bodies[items][owner]
        return span[after_title & (self.corpus.spans.last[span] <= length[owner])]

    def _cut(self, items: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each example: the length the document is cut to, where the span starts, how long it is."""
        config = self.config
        available = self.documents.lengths_of(items)
        longest = np.minimum(available, self.limit)
        shortest = np.minimum(available, config.shortest)
        length = _uniform(u[:, 0], shortest, longest)
        span = _uniform(u[:, 1], (length * config.low).astype(np.int64), (length * config.high).astype(np.int64))
        return length, _uniform(u[:, 2], np.zeros_like(span), length - span), span


def _uniform(u: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Integers uniform in [low, high], both included."""
    return low + (u * (high - low + 1)).astype(np.int64)
