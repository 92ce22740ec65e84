"""Masked documents: the title, then the text with most salient spans masked and asked for, all in one example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.data.arrays import NONE, Examples, Ragged, concatenate, constant, enumerate_ragged, offsets
from closedbook.data.corpus import Corpus
from closedbook.data.encoding import FIRST, IN_TITLE, INSIDE
from closedbook.data.vocabulary import MASK
from closedbook.errors import RecipeError
from closedbook.validation import UnitInterval


class Masked:
    """`TITLE text with ⁇ for spans`: several facts of one document in one example.

    Each span is masked with a probability drawn per example from [`mask_at_least`, 1]. Other words are shown with one
    from [`keep_at_least`, 1], except those of the title. A vocabulary that answers in one token is asked at each ⁇. For
    one that spells its answers they follow the text, `TITLE text ⁇ answer ⁇ answer ⁇`, as many as there is room for.
    """

    @dataclass(frozen=True)
    class Config:
        mask_at_least: UnitInterval = 0.5
        keep_at_least: UnitInterval = 0.2

    def __init__(self, config: Config, corpus: Corpus) -> None:
        self.config, self.corpus = config, corpus
        self.items = len(corpus.documents)
        longest_title = corpus.titles.longest
        self.room = corpus.context_length - 1 - longest_title
        if self.room < 1:
            raise RecipeError(
                f"objective masked: a title of {longest_title} tokens leaves no room for a text in "
                f"model.context_length = {corpus.context_length}; raise it"
            )
        if not corpus.vocabulary.answers_in_one:
            self.room = max(1, self.room // 2)  # the answers take the other half
        self.draws = 2 + 2 * self.room

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        titles = self.corpus.titles.take(items)
        shown, gaps, masked_spans, owner = self._masked(items, u)
        if self.corpus.vocabulary.answers_in_one:
            labels = np.full(len(shown.values), NONE, np.int32)
            labels[gaps] = self._label(masked_spans)
            titled = concatenate([titles, shown])
            own, within = enumerate_ragged(titled.lengths)
            full = np.full(len(titled.values), NONE, np.int32)
            full[within >= titles.lengths[own]] = labels
            return Examples.of(titled, full)
        fit = self._fit(titles, shown, masked_spans, owner)
        answers = self.corpus.spans.output.take(masked_spans[fit])
        closed = concatenate([answers, constant(MASK, len(answers))])
        lengths = np.bincount(owner[fit], closed.lengths, len(items)).astype(np.int64)
        text = concatenate([titles, shown, constant(MASK, len(items))])
        tokens = concatenate([text, Ragged(closed.values, offsets(lengths))])
        own, within = enumerate_ragged(tokens.lengths)
        return Examples.next_token(tokens, within >= text.lengths[own])

    def _masked(self, items: np.ndarray, u: np.ndarray) -> tuple[Ragged, np.ndarray, np.ndarray, np.ndarray]:
        """(the text of each document with its masks, which tokens these are, the span behind each, and whose it is)."""
        config, tokens, spans = self.config, self.corpus.tokens, self.corpus.spans
        length = np.minimum(tokens.lengths_of(items), self.room)
        owner, j = enumerate_ragged(length)
        positions = tokens.starts[items][owner] + j
        marks = self.corpus.marks[positions]
        in_body = j >= self.corpus.bodies[items][owner]
        chance = config.mask_at_least + (1 - config.mask_at_least) * u[:, 0]
        keep_chance = config.keep_at_least + (1 - config.keep_at_least) * u[:, 1]
        in_span = in_body & (marks & INSIDE > 0)
        # The spans of a document are in order, so a token's span is the one that began last.
        begun = offsets(marks & FIRST > 0)
        before = begun[offsets(length)[:-1]]
        span = np.where(in_span, spans.starts[items][owner] + begun[1:] - before[owner] - 1, 0)
        # The number drawn for a span's first token decides for the whole span.
        first_place = np.where(in_span, spans.first[span] if len(spans.document) else 0, j)
        masked = in_span & (u[owner, 2 + np.clip(first_place, 0, self.room - 1)] < chance[owner])
        shown = u[owner, 2 + self.room + j] < keep_chance[owner]
        keep = in_body & np.where(masked, marks & FIRST > 0, shown & (marks & IN_TITLE == 0))
        inputs = np.where(masked, MASK, tokens.values[positions])[keep].astype(np.int32)
        lengths = np.bincount(owner[keep], minlength=len(items))
        return Ragged(inputs, offsets(lengths)), masked[keep], span[keep & masked], owner[keep & masked]

    def _fit(self, titles: Ragged, shown: Ragged, masked_spans: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Which of the masked spans' answers, from a text's first on, there is room for behind it."""
        ends = offsets(self.corpus.spans.output.lengths_of(masked_spans) + 1)
        before = ends[np.searchsorted(owner, owner)]  # where each text's own begin
        room = self.corpus.context_length - titles.lengths - shown.lengths - 1
        return np.asarray(ends[1:] - before <= room[owner])

    def _label(self, span: np.ndarray) -> np.ndarray:
        """The output token of each span; NONE if it is not a single token."""
        answers = self.corpus.spans.output.take(span)
        label = np.full(len(span), NONE, np.int32)
        in_one = answers.lengths == 1  # a spelled answer needs more than one position
        label[in_one] = answers.values[answers.starts[:-1][in_one]]
        return label

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        spans = self.corpus.spans
        if not self.corpus.vocabulary.answers_in_one:
            shown, _, masked_spans, owner = self._masked(items, u)
            return masked_spans[self._fit(self.corpus.titles.take(items), shown, masked_spans, owner)]
        owner, span = spans.of(items)
        first = spans.first[span]
        chance = self.config.mask_at_least + (1 - self.config.mask_at_least) * u[:, 0]
        shown = ~spans.nested[span] & (first >= self.corpus.bodies[items][owner]) & (first < self.room)
        shown &= self._label(span) != NONE
        return span[shown & (u[owner, 2 + np.minimum(first, self.room - 1)] < chance[owner])]
