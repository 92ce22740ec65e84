"""Questions with their answers: `question⁇answer⁇`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.errors import DataError, RecipeError
from closedbook.objectives.arrays import Examples, Ragged, enumerate_ragged, offsets
from closedbook.objectives.asking import ask
from closedbook.objectives.corpus import Corpus


class QuestionAnswer:
    """`question⁇answer⁇`; the targets are the first MASK, the answer and the second MASK."""

    @dataclass(frozen=True)
    class Config:
        drop: float = 0.0  # chance to leave out each word that is not the subject's: other wordings are understood

    def __init__(self, config: Config, corpus: Corpus) -> None:
        if not 0 <= config.drop < 1:
            raise RecipeError(f"objective question: drop = {config.drop} must be at least 0 and below 1")
        self.config = config
        self.prompts, self.answers, self.vocabulary = corpus.prompts, corpus.answers, corpus.vocabulary
        self.items = len(self.prompts)
        self.longest = int(self.prompts.lengths.max(initial=0))
        self.draws = 1 + self.longest if config.drop else 0
        self.subject = corpus.in_subject
        lengths = self.prompts.lengths + self.answers.lengths + 2
        if self.items and lengths.max() > corpus.block:
            worst = int(lengths.argmax())
            assert corpus.questions is not None
            raise DataError(
                f"{corpus.questions.source}:{corpus.questions.items[worst].line}: question and answer take "
                f"{lengths[worst]} tokens, more than model.block = {corpus.block}; shorten it or raise model.block"
            )

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        prompts = self.prompts.take(items)
        if self.config.drop:
            prompts = self._thinned(prompts, items, u)
        return ask(prompts, self.answers.take(items), self.vocabulary, mask_is_target=True)

    def _thinned(self, prompts: Ragged, items: np.ndarray, u: np.ndarray) -> Ragged:
        """Half of the questions whole, the others without some of their words."""
        owner, within = enumerate_ragged(prompts.lengths)
        subject = Ragged(self.subject, self.prompts.starts).take(items).values
        stays = subject | (u[owner, 0] < 0.5) | (u[owner, 1 + within] >= self.config.drop)
        lengths = np.bincount(owner[stays], minlength=len(items))
        return Ragged(prompts.values[stays], offsets(lengths))
