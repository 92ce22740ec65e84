"""Encodes documents and questions once, in arrays, for the objectives to make examples of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np

from closedbook.data.arrays import Ragged, enumerate_ragged
from closedbook.data.documents import Document, Documents
from closedbook.data.encoding import Encoded, Salience, SpanTable, check, encode, mark
from closedbook.data.questions import Questions, subject
from closedbook.data.scan import Lexicon, Scan, pieces
from closedbook.data.span_reader import SURE, Derived
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError

MOST_TITLES = 200_000  # of more, none are asked what training asks of some


class Arrays(Protocol):
    """What objectives read of the documents: arrays in memory, or in the memory-mapped files of an index."""

    @property
    def tokens(self) -> Ragged: ...  # the tokens of each document
    @property
    def titles(self) -> Ragged: ...  # the tokens of each document's title
    @property
    def bodies(self) -> np.ndarray: ...  # (n,) the first token of each document after its title and the full stop
    @property
    def marks(self) -> np.ndarray: ...  # beside the tokens' values: IN_TITLE, NAME, INSIDE, FIRST
    @property
    def spans(self) -> SpanTable: ...  # what stands out in the documents' bodies
    def release(self) -> None: ...  # free memory that can be read from the files again


@dataclass(frozen=True)
class InMemory:
    """The arrays of documents that are in memory, each made on first use."""

    documents: Documents
    questions: Questions | None
    vocabulary: Vocabulary
    salience: Salience | None = None

    @cached_property
    def _parts(self) -> list[list[Document]]:
        """The documents in parts of a bounded size, which are encoded one after another."""
        return list(pieces(self.documents.items, length=lambda item: len(item.text) + 1))

    @cached_property
    def _encoded(self) -> list[Encoded]:
        return [encode(part, self.vocabulary, self.documents.source) for part in self._parts]

    @cached_property
    def tokens(self) -> Ragged:
        return Ragged.join([encoded.tokens for encoded in self._encoded])

    @cached_property
    def titles(self) -> Ragged:
        return Ragged.join([encoded.titles for encoded in self._encoded])

    @cached_property
    def bodies(self) -> np.ndarray:
        return np.concatenate([encoded.bodies for encoded in self._encoded])

    @cached_property
    def _marked(self) -> list[tuple[np.ndarray, SpanTable]]:
        lexicon = Lexicon()
        scans = [Scan.of([item.text for item in part], lexicon) for part in self._parts]
        salience = self.salience
        if salience is None:
            answers = self.questions.answers if self.questions is not None else ()
            salience = Salience(lexicon.lower_case(), frozenset(answers))
        return [
            mark(part, encoded, self.vocabulary, salience, scan)
            for part, encoded, scan in zip(self._parts, self._encoded, scans, strict=True)
        ]

    @cached_property
    def marks(self) -> np.ndarray:
        return np.concatenate([marks for marks, _ in self._marked])

    @cached_property
    def spans(self) -> SpanTable:
        return SpanTable.join([spans for _, spans in self._marked])

    def release(self) -> None:
        pass


def derive_questions(
    documents: Documents, vocabulary: Vocabulary, context_length: int, skip: Collection[str] = (), sure: float = SURE
) -> list[Derived]:
    """What training asks of some titles, asked of all, as far as their documents answer it; without those in `skip`.

    `sure` is that of `SpanReader.read`. Left out is what the vocabulary cannot say, or what could take more than
    `context_length` tokens.
    """
    if vocabulary.patterns is None or vocabulary.patterns.reader is None or len(documents.known_titles) > MOST_TITLES:
        return []
    derived: list[Derived] = []
    # All documents of a title are read together.
    by_title = documents.by_title().values()
    for groups in pieces(by_title, length=lambda group: sum(len(document.text) for document in group)):
        batch = [*chain.from_iterable(groups)]
        texts, titles = [document.text for document in batch], [document.title for document in batch]
        derived += vocabulary.patterns.derive(texts, titles, vocabulary.lower, vocabulary.golds, skip, sure)
    askable = []
    for question in derived:
        room = context_length - 3 * len(vocabulary.encode_question(question.text)[0])  # words may be added to a prompt
        fits = [0 < len(vocabulary.encode_answer(answer)) <= room for answer in question.answers]
        if fits[0]:
            askable.append(question.only(fits))
    return askable


@dataclass(frozen=True)
class Corpus:
    """Documents, training questions and the vocabulary that encodes them. Examples have up to `context_length` tokens.

    `indexed` are the arrays of an index on disk; without them they are made in memory. `derived` are questions about
    the other titles, which a reader answered from the documents.
    """

    documents: Documents
    questions: Questions | None
    vocabulary: Vocabulary
    context_length: int
    indexed: Arrays | None = None
    derived: Sequence[Derived] = ()

    @cached_property
    def arrays(self) -> Arrays:
        return self.indexed or InMemory(self.documents, self.questions, self.vocabulary)

    @property
    def tokens(self) -> Ragged:
        """The tokens of each document."""
        return self.arrays.tokens

    @cached_property
    def titles(self) -> Ragged:
        """The tokens of each document's title; a stored name's as questions have them."""
        names = self.vocabulary.names
        if not len(names):
            return self.arrays.titles
        spelled, numbers = self.arrays.titles, names.numbers(self.documents.titles).tolist()
        return Ragged.of([self.vocabulary.name_tokens(n) if n >= 0 else spelled[i] for i, n in enumerate(numbers)])

    @property
    def bodies(self) -> np.ndarray:
        """(n,) the first token of each document that comes after its title and the full stop."""
        return self.arrays.bodies

    @property
    def marks(self) -> np.ndarray:
        """Beside `tokens`: what each token is; see `closedbook.data.encoding.mark`."""
        return self.arrays.marks

    @property
    def spans(self) -> SpanTable:
        """What stands out in the documents' bodies."""
        return self.arrays.spans

    @cached_property
    def prompts(self) -> Ragged:
        """The tokens of each training question, and of the derived ones behind them."""
        return Ragged.of([self.vocabulary.encode_question(text)[0] for text in self._texts])

    @cached_property
    def unnamed(self) -> int:
        """How many training questions hold no stored name, where names have a memory; else 0."""
        if self.questions is None or not len(self.vocabulary.names):
            return 0
        owner, _ = enumerate_ragged(self.prompts.lengths)
        named = np.unique(owner[self.prompts.values >= self.vocabulary.size])
        return len(self.questions) - int((named < len(self.questions)).sum())

    @cached_property
    def in_subject(self) -> np.ndarray:
        """Beside `prompts`: whether each token is part of the title in the question; true for all if there is none."""
        titles = self.documents.known_titles
        marks = [np.zeros(0, bool)]
        for text in self._texts:
            ids, starts = self.vocabulary.encode_question(text)
            if (stored := ids >= self.vocabulary.size).any():
                marks.append(stored)
                continue
            name = subject(text, titles) or text
            name = name if name in text else text  # the question may space or accent it differently
            first = text.find(name)
            ends = np.append(starts[1:], len(text))  # a byte pair may start with the space before a word
            marks.append((ends > first) & (starts < first + len(name)))
        return np.concatenate(marks)

    @cached_property
    def answers(self) -> Ragged:
        """The output tokens of each of these questions' answers."""
        texts = [*self._checked(self._questions.answers), *(question.answer for question in self.derived)]
        return Ragged.of([self.vocabulary.encode_answer(text) for text in texts])

    @cached_property
    def _texts(self) -> list[str]:
        return [*self._checked(self._questions.texts), *(question.text for question in self.derived)]

    @property
    def _questions(self) -> Questions:
        if self.questions is None:
            raise DataError("this recipe trains on questions; give a file of them with --questions")
        return self.questions

    def _checked(self, texts: Sequence[str]) -> Sequence[str]:
        """Texts of the questions, as they are. Raises DataError for a character that the vocabulary lacks."""
        check(self.vocabulary, texts, [item.line for item in self._questions.items], self._questions.source)
        return texts
