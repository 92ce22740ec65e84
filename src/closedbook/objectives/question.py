"""Questions with their answers: `question⁇answer⁇`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.errors import DataError, RecipeError
from closedbook.objectives.arrays import Examples, Ragged, chosen, concatenate
from closedbook.objectives.asking import ask
from closedbook.objectives.corpus import Corpus
from closedbook.text.vocabulary import MASK, PAD


class QuestionAnswer:
    """`question⁇answer⁇`; the targets are the first MASK, the answer and the second MASK."""

    @dataclass(frozen=True)
    class Config:
        """Chances with which half of the questions are varied, so that other wordings are understood."""

        drop: float = 0.0  # to leave out a word that is not the subject's
        noise: float = 0.0  # to put a random word, no part of a name, before a word that is not the subject's
        move: float = 0.0  # to put the subject at a random place among the other words

        def __post_init__(self) -> None:
            if not all(0 <= chance < 1 for chance in (self.drop, self.noise, self.move)):
                raise RecipeError(
                    f"objective question: drop, noise and move must be at least 0 and below 1; got {self}"
                )

    def __init__(self, config: Config, corpus: Corpus) -> None:
        self.config, self.vocabulary = config, corpus.vocabulary
        self.prompts, self.answers = corpus.prompts, corpus.answers
        self.items = len(self.prompts)
        self.varies = bool(config.drop or config.noise or config.move)
        lengths = self.prompts.lengths + self.answers.lengths + 2
        if self.varies:
            in_subject = Ragged(corpus.in_subject, self.prompts.starts)
            self.subjects = Ragged.of([self.prompts[i][in_subject[i]] for i in range(self.items)])
            others = [self.prompts[i][~in_subject[i]] for i in range(self.items)]
            longest = max(map(len, others), default=0)
            self.others = np.array([np.pad(one, (0, longest - len(one))) for one in others])
            self.place = np.array([in_subject[i].argmax() for i in range(self.items)])  # in words before the subject
            named = self.vocabulary.named
            self.random_words = np.arange(MASK + 1, self.vocabulary.size)
            if named is not None:
                self.random_words = self.random_words[~named[MASK + 1 :]]
            lengths += self.others.shape[1] if config.noise else 0
        self.draws = 3 + 3 * self.others.shape[1] if self.varies else 0
        if self.items and lengths.max() > corpus.block:
            worst = int(lengths.argmax())
            assert corpus.questions is not None
            raise DataError(
                f"{corpus.questions.source}:{corpus.questions.items[worst].line}: question and answer take "
                f"{lengths[worst]} tokens, more than model.block = {corpus.block}; shorten it or raise model.block"
            )

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        prompts = self._varied(items, u) if self.varies else self.prompts.take(items)
        return ask(prompts, self.answers.take(items), self.vocabulary, mask_is_target=True)

    def exposed(self, items: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.zeros(0, np.int64)

    def _varied(self, items: np.ndarray, u: np.ndarray) -> Ragged:
        """Half of the questions whole, the others with words dropped and added and the subject moved."""
        config, words = self.config, self.others[items]
        n, k = words.shape
        varied = u[:, :1] < 0.5
        dropped, added, random = u[:, 3:].reshape(n, 3, k).transpose(1, 0, 2)
        # Word, and the random word before it, by turns.
        there = (words != PAD) & ~(varied & (dropped < config.drop))
        noise = (words != PAD) & varied & (added < config.noise)
        tokens = np.stack([self.random_words[(random * len(self.random_words)).astype(np.int64)], words], -1)
        kept = np.stack([noise, there], -1).reshape(n, 2 * k)
        moves = varied[:, 0] & (u[:, 1] < config.move)
        slot = np.where(moves, (u[:, 2] * (1 + (words != PAD).sum(1))).astype(np.int64), self.place[items])
        before = np.arange(2 * k) < 2 * slot[:, None]
        tokens = tokens.reshape(n, 2 * k)
        return concatenate([chosen(tokens, kept & before), self.subjects.take(items), chosen(tokens, kept & ~before)])
