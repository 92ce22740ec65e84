"""The corpus as objectives see it: documents and questions encoded once, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from closedbook.errors import DataError
from closedbook.objectives.arrays import Ragged
from closedbook.text.documents import Documents
from closedbook.text.questions import Questions
from closedbook.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Corpus:
    """Documents, training questions and the vocabulary that encodes them; `block` is the longest example."""

    documents: Documents
    questions: Questions | None
    vocabulary: Vocabulary
    block: int

    @cached_property
    def tokens(self) -> Ragged:
        """The tokens of each document."""
        return self._encoded[0]

    @cached_property
    def characters(self) -> Ragged:
        """Beside `tokens`: the character of the document at which each token starts."""
        return self._encoded[1]

    @cached_property
    def _encoded(self) -> tuple[Ragged, Ragged]:
        pairs = [self._encode(item.text, self.documents.source, item.line) for item in self.documents.items]
        return Ragged.of([ids for ids, _ in pairs]), Ragged.of([starts for _, starts in pairs], np.int64)

    @cached_property
    def titles(self) -> Ragged:
        """The tokens of each document's title."""
        return Ragged.of([self.vocabulary.encode(item.title)[0] for item in self.documents.items])

    @cached_property
    def prompts(self) -> Ragged:
        """The tokens of each training question."""
        questions = self._questions
        return Ragged.of([self._encode(item.text, questions.source, item.line)[0] for item in questions.items])

    @cached_property
    def answers(self) -> Ragged:
        """The tokens of each training question's answer."""
        questions = self._questions
        pairs = zip(questions.answers, questions.items, strict=True)
        return Ragged.of([self._encode(answer, questions.source, item.line)[0] for answer, item in pairs])

    @property
    def _questions(self) -> Questions:
        if self.questions is None:
            raise DataError("this recipe trains on questions; give a file of them with --questions")
        return self.questions

    def _encode(self, text: str, source: str, line: int) -> tuple[np.ndarray, np.ndarray]:
        lacking = self.vocabulary.unknown(text)
        if lacking:
            raise DataError(
                f"{source}:{line}: the vocabulary lacks {lacking[0]!r} (U+{ord(lacking[0]):04X}), "
                "because no document holds it; remove the character or add it to a document"
            )
        return self.vocabulary.encode(text)
