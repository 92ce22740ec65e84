"""Questions with their answers: `question⁇answer⁇`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedbook.errors import DataError
from closedbook.objectives.arrays import Examples
from closedbook.objectives.asking import ask
from closedbook.objectives.corpus import Corpus


class QuestionAnswer:
    """`question⁇answer⁇`; the targets are the first MASK, the answer and the second MASK."""

    @dataclass(frozen=True)
    class Config:
        pass

    draws = 0

    def __init__(self, config: Config, corpus: Corpus) -> None:
        self.prompts, self.answers, self.vocabulary = corpus.prompts, corpus.answers, corpus.vocabulary
        self.items = len(self.prompts)
        lengths = self.prompts.lengths + self.answers.lengths + 2
        if self.items and lengths.max() > corpus.block:
            worst = int(lengths.argmax())
            assert corpus.questions is not None
            raise DataError(
                f"{corpus.questions.source}:{corpus.questions.items[worst].line}: question and answer take "
                f"{lengths[worst]} tokens, more than model.block = {corpus.block}; shorten it or raise model.block"
            )

    def examples(self, items: np.ndarray, u: np.ndarray) -> Examples:
        return ask(self.prompts.take(items), self.answers.take(items), self.vocabulary, mask_is_target=True)
