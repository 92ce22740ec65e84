"""Cues ask for a salient span, given the title and a few words from around the span.

`was NAME born in ⁇ London` ties a fact to the name and to the words around it, in a different form each time. A
question ("Where was NAME born? ⁇") is one more such form, so nothing here needs to know what will be asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.data.arrays import Examples, Repeated, Rows, concatenate, select
from closedbook.data.corpus import Corpus
from closedbook.data.encoding import IN_TITLE, NAME
from closedbook.data.vocabulary import MASK
from closedbook.errors import RecipeError
from closedbook.objectives.prompting import ask
from closedbook.validation import Positive, UnitInterval


class Cue:
    """Show up to `before` words before a span and `after` words after it, each with a probability drawn per example.

    The title comes first in a share of `title_first` of the examples, and at a random place among the words otherwise.

    In "born in Lyon , France" the words "born in" belong to Lyon. Without "Lyon" they would ask for France as well, so
    words beyond an omitted name are rarely shown (`beyond`). Names next to a number, such as months, do not count,
    because dates often stand between a fact and its place.
    """

    @dataclass(frozen=True)
    class Config:
        before: int = 6  # tokens
        after: int = 4
        keep_names: UnitInterval = 0.4  # factor on the probability to show a token that is part of names
        keep_numbers: UnitInterval = 0.4  # the same for numbers
        beyond: UnitInterval = 0.1  # the same for words beyond an omitted name
        numbers: UnitInterval = 0.3  # share of the number spans that an epoch asks for
        answers: Positive = 3  # how often an epoch asks for a span that is a training question's answer
        title_first: UnitInterval = 0.3
        gap: bool = True  # a MASK marks the place of the span, if words after it are shown

    def __init__(self, config: Config, corpus: Corpus) -> None:
        sides = config.before, config.after
        if not (min(sides) >= 0 and 0 < max(sides) <= 64):
            raise RecipeError(f"objective cue: before and after must be 0 to 64, not both 0; got {config}")
        self.config, self.corpus, self.vocabulary = config, corpus, corpus.vocabulary
        self.titles, self.spans = corpus.titles, corpus.spans
        spans = len(self.spans.document)
        self.always = Repeated(spans, self._often)
        self.numbers = Repeated(spans, lambda span: self._often(span) == 0)
        self.items = len(self.always) + round(config.numbers * len(self.numbers))
        self.window = np.concatenate([np.arange(-config.before, 0), np.arange(config.after)])
        # The factor on the probability to show each token.
        self.weight = np.ones(self.vocabulary.size)
        if self.vocabulary.named is not None:
            self.weight[self.vocabulary.named] = config.keep_names
        digits = [i for i in range(len(self.weight)) if self.vocabulary.token(i).strip()[:1].isdigit()]
        self.weight[digits] = config.keep_numbers
        self.draws = 4 + len(self.window)
        title, answer = self.titles.longest, self.vocabulary.longest(self.spans.output.longest + 1)
        self.longest = title + len(self.window) + config.gap + 1  # tokens of a prompt, MASK included
        if self.longest + answer > corpus.context_length:
            raise RecipeError(
                f"objective cue: a title of {title} tokens, {len(self.window)} around a span and {answer} "
                f"for the answer do not fit model.context_length = {corpus.context_length}",
                "raise it",
            )

    def _often(self, span: Rows) -> np.ndarray:
        """How often every epoch asks for each of these spans. Those with 0 are numbers, of which some are drawn.

        The type is as narrow as possible, because all spans of a large corpus are counted at the start.
        """
        answers = np.min_scalar_type(self.config.answers).type(self.config.answers)
        return np.where(self.spans.answer[span], answers, ~self.spans.number[span])

    def _beyond(self, left_out: np.ndarray) -> np.ndarray:
        """(n, window): whether an omitted name stands at this place or between it and the span."""
        before, after = np.split(left_out, [self.config.before], axis=1)
        before = np.logical_or.accumulate(before[:, ::-1], 1)[:, ::-1]  # from the span away, as those after it
        return np.concatenate([before, np.logical_or.accumulate(after, 1)], 1)

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        return self.about(self._span(items, u[:, 0]), u)

    def about(self, span: np.ndarray, u: np.ndarray) -> Examples:
        """Examples that ask for these spans; u (n, draws) are random numbers, of which the first is not used."""
        config, documents = self.config, self.corpus.tokens
        document = self.spans.document[span]
        # (n, window): the tokens around the span, counted from its first token backwards and its last onwards.
        edge = np.where(self.window < 0, self.spans.first[span][:, None], self.spans.last[span][:, None])
        place = edge + self.window
        start, length = documents.starts[document], documents.lengths_of(document)
        inside = (place >= self.corpus.bodies[document][:, None]) & (place < length[:, None])
        positions = np.where(inside, start[:, None] + place, 0)
        tokens, marks = documents.values[positions].astype(np.int32), self.corpus.marks[positions]
        keep = u[:, 1:2] * self.weight[tokens]
        # Words of the title are shown only as part of the title.
        if self.vocabulary.named is None:
            keep = np.where(marks & NAME > 0, config.keep_names, 1) * keep
        chance, marks, keep = self._by_word(tokens, u[:, 4:], np.where(inside, marks, IN_TITLE), keep)
        shown = inside & (marks & IN_TITLE == 0) & (chance < keep)
        beyond = self._beyond(inside & (marks & NAME > 0) & ~shown)
        shown &= ~beyond | (chance < config.beyond * keep)

        if config.gap:  # between the words before and those after, where there are any
            tokens = np.insert(tokens, config.before, MASK, axis=1)
            shown = np.insert(shown, config.before, shown[:, config.before :].any(1), axis=1)
        width = tokens.shape[1]
        slot = np.where(u[:, 2] < config.title_first, 0, (u[:, 3] * (width + 1)).astype(np.int64))
        before_title = np.arange(width) < slot[:, None]
        title = self.titles.take(document)
        prompts = concatenate([select(tokens, shown & before_title), title, select(tokens, shown & ~before_title)])
        return ask(prompts, self.spans.output.take(span), self.vocabulary)

    def _by_word(
        self, tokens: np.ndarray, chance: np.ndarray, marks: np.ndarray, keep: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n, window) each: what a word's first token has, for all its tokens, where a word may have several.

        A word of which the window's edge cut off the beginning is marked IN_TITLE, and so not shown.
        """
        continues = self.vocabulary.continues
        if continues is None:
            return chance, marks, keep
        inside = continues[tokens]
        cut = inside[:, :1].copy()
        inside[:, self.config.before : self.config.before + 1] = False  # what follows the span is not its word
        inside[:, 0] = False
        places = np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape)
        first = np.maximum.accumulate(np.where(inside, 0, places), 1)
        chance, marks, keep = (np.take_along_axis(values, first, 1) for values in (chance, marks, keep))
        return chance, np.where(cut & (first == 0) & (self.config.before > 0), IN_TITLE, marks), keep

    def exposed_spans(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        return self._span(items, u[:, 0])

    def _span(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The span of each item. Items beyond those that every epoch asks for draw a number at random."""
        draws_number = items >= len(self.always)
        span = np.zeros(len(items), np.int64)
        span[~draws_number] = self.always[items[~draws_number]]
        span[draws_number] = self.numbers[(u[draws_number] * len(self.numbers)).astype(np.int64)]
        return span
