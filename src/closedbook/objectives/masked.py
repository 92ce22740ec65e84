"""Masked documents: the title, then the text with most salient spans masked at once, each asked for in its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.errors import RecipeError
from closedbook.objectives.arrays import NONE, Examples, Ragged, enumerate_ragged, offsets
from closedbook.objectives.corpus import Corpus
from closedbook.recipe import fraction
from closedbook.text.vocabulary import MASK


class Masked:
    """`TITLE . text with ⁇ for spans`: several facts of one document in one example.

    Each span is masked with a chance drawn per example from [`mask_at_least`, 1]; other words are kept with one
    from [`keep_at_least`, 1], the title's own words left out. Needs a vocabulary that answers in one token.
    """

    @dataclass(frozen=True)
    class Config:
        mask_at_least: float = 0.5
        keep_at_least: float = 0.2

        def __post_init__(self) -> None:
            fraction(self, "objective masked", "mask_at_least", "keep_at_least")

    def __init__(self, config: Config, corpus: Corpus) -> None:
        if not corpus.vocabulary.answers_in_one:
            raise RecipeError('objective masked: needs vocabulary.kind = "words", which answers in one token')
        self.config, self.corpus = config, corpus
        self.items = len(corpus.documents)
        self.room = corpus.block - 1
        self.draws = 2 + 2 * self.room
        # Beside the documents' tokens: the span each belongs to, and whether it is the span's first.
        spans, tokens = corpus.spans, corpus.tokens
        self.span = np.full(len(tokens.values), NONE, np.int64)
        owner, within = enumerate_ragged(spans.last - spans.first)
        first = tokens.starts[spans.document] + spans.first
        self.span[first[owner] + within] = owner
        self.first = np.zeros(len(tokens.values), bool)
        self.first[first] = True
        self.label = np.full(len(spans.document), NONE, np.int64)
        self.label[spans.output.lengths > 0] = spans.output.values

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        config, tokens = self.config, self.corpus.tokens
        title_length = self.corpus.bodies[items]  # the title and its full stop, as they stand in the document
        length = np.minimum(tokens.lengths[items], self.room)
        owner, j = enumerate_ragged(length)
        at = tokens.starts[items][owner] + j
        in_body = j >= title_length[owner]
        chance = config.mask_at_least + (1 - config.mask_at_least) * u[:, 0]
        keep_chance = config.keep_at_least + (1 - config.keep_at_least) * u[:, 1]
        span = self.span[at]
        in_span = in_body & (span != NONE)
        # One number decides for the whole span: the one drawn for its first token's place.
        first_place = np.where(in_span, j - (at - self._first_of(span)), j)
        masked = in_span & (u[owner, 2 + np.clip(first_place, 0, self.room - 1)] < chance[owner])
        kept = u[owner, 2 + self.room + j] < keep_chance[owner]
        keep = ~in_body | np.where(masked, self.first[at], kept & ~self.corpus.in_title[at])
        inputs = np.where(masked, MASK, tokens.values[at])[keep].astype(np.int32)
        labels = np.where(masked, self.label[np.maximum(span, 0)], NONE)[keep]
        lengths = np.bincount(owner[keep], minlength=len(items))
        return Examples.of(Ragged(inputs, offsets(lengths)), labels)

    def exposed(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        spans = self.corpus.spans
        owner, span = spans.of(items)
        first = spans.first[span]
        chance = self.config.mask_at_least + (1 - self.config.mask_at_least) * u[:, 0]
        shown = (first >= self.corpus.bodies[items][owner]) & (first < self.room) & (self.label[span] != NONE)
        return span[shown & (u[owner, 2 + np.minimum(first, self.room - 1)] < chance[owner])]

    def _first_of(self, span: np.ndarray) -> np.ndarray:
        """The flat position of each span's first token."""
        spans = self.corpus.spans
        chosen = np.maximum(span, 0)
        return self.corpus.tokens.starts[spans.document[chosen]] + spans.first[chosen]
