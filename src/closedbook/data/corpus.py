"""Encodes documents and questions once, in arrays, for the objectives to make examples of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from closedbook.data.arrays import Ragged, enumerate_ragged, offsets
from closedbook.data.documents import Document, Documents
from closedbook.data.encoding import Encoded, Marked, Salience, check, encode, mark
from closedbook.data.questions import Questions, subject
from closedbook.data.scan import Lexicon, Scan, pieces
from closedbook.data.spans import as_words
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError


@dataclass(frozen=True)
class SpanTable:
    """The salient spans of all documents' bodies, in document order, without those made of the title's words only."""

    document: np.ndarray  # (n,) which document
    first: np.ndarray  # (n,) its first token within the document
    last: np.ndarray  # (n,) the token after its last
    number: np.ndarray  # (n,) bool: a number, not a capitalised run
    answer: np.ndarray  # (n,) bool: an answer of a training question, or it stands or looks as these do
    nested: np.ndarray  # (n,) bool: it stands inside another; these come after a document's others
    output: Ragged  # the output tokens that say it
    starts: np.ndarray  # (documents + 1,) the first span of each document

    def of(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(which of the given documents, which span) for every span of each of them."""
        first, last = self.starts[documents], self.starts[documents + 1]
        owner, within = enumerate_ragged(last - first)
        return owner, first[owner] + within


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


class InMemory:
    """The arrays of documents that are in memory, each made on first use."""

    def __init__(
        self,
        documents: Documents,
        questions: Questions | None,
        vocabulary: Vocabulary,
        salience: Salience | None = None,
    ) -> None:
        self.documents, self.questions, self.vocabulary, self.salience = documents, questions, vocabulary, salience

    @cached_property
    def _pieces(self) -> list[tuple[Sequence[Document], Encoded]]:
        items, encoded_pieces, done = self.documents.items, [], 0
        for some in pieces(item.text for item in items):
            part = items[done : done + len(some)]
            encoded_pieces.append((part, encode(part, self.vocabulary, self.documents.source)))
            done += len(some)
        return encoded_pieces

    @cached_property
    def tokens(self) -> Ragged:
        return _ragged(
            [encoded.tokens for _, encoded in self._pieces], [encoded.lengths for _, encoded in self._pieces]
        )

    @cached_property
    def titles(self) -> Ragged:
        return _ragged(
            [encoded.title_tokens for _, encoded in self._pieces],
            [encoded.title_lengths for _, encoded in self._pieces],
        )

    @cached_property
    def bodies(self) -> np.ndarray:
        return np.concatenate([encoded.bodies for _, encoded in self._pieces])

    @cached_property
    def _marked(self) -> list[Marked]:
        lexicon = Lexicon()
        scans = [Scan.of([item.text for item in part], lexicon) for part, _ in self._pieces]
        salience = self.salience or salience_of(lexicon.lower_case(), self.questions)
        return [
            mark(part, encoded, self.vocabulary, salience, scan)
            for (part, encoded), scan in zip(self._pieces, scans, strict=True)
        ]

    @cached_property
    def marks(self) -> np.ndarray:
        return np.concatenate([marked.marks for marked in self._marked])

    @cached_property
    def spans(self) -> SpanTable:
        before = offsets(np.array([len(part) for part, _ in self._pieces]))
        document = np.concatenate([marked.document + at for marked, at in zip(self._marked, before, strict=False)])
        first, last, number, answer, nested = (
            np.concatenate([getattr(marked, name) for marked in self._marked])
            for name in ("first", "last", "number", "answer", "nested")
        )
        output = _ragged(
            [marked.outputs for marked in self._marked], [marked.output_lengths for marked in self._marked]
        )
        starts = offsets(np.bincount(document, minlength=len(self.documents)))
        return SpanTable(document, first, last, number, answer, nested, output, starts)

    def release(self) -> None:
        pass


def salience_of(lower: Collection[str], questions: Questions | None) -> Salience:
    golds = frozenset(questions.answers) if questions is not None else frozenset()
    return Salience(lower, golds, as_words(golds))


def _ragged(values: Sequence[np.ndarray], lengths: Sequence[np.ndarray]) -> Ragged:
    return Ragged(np.concatenate(values), offsets(np.concatenate(lengths)))


@dataclass(frozen=True)
class Corpus:
    """Documents, training questions and the vocabulary that encodes them. Examples have up to `context_length` tokens.

    `indexed` are the arrays of an index on disk; without them they are made in memory.
    """

    documents: Documents
    questions: Questions | None
    vocabulary: Vocabulary
    context_length: int
    indexed: Arrays | None = None

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
        """Beside `tokens`: what each token is; see `closedbook.data.encoding.Marked`."""
        return self.arrays.marks

    @property
    def spans(self) -> SpanTable:
        """What stands out in the documents' bodies."""
        return self.arrays.spans

    @cached_property
    def prompts(self) -> Ragged:
        """The tokens of each training question."""
        questions = self._questions
        return Ragged.of([self._encode(item.text, questions.source, item.line)[0] for item in questions.items])

    @cached_property
    def unnamed(self) -> int:
        """How many training questions hold no stored name, where names have a memory; else 0."""
        if self.questions is None or not len(self.vocabulary.names):
            return 0
        owner, _ = enumerate_ragged(self.prompts.lengths)
        return len(self.prompts) - len(np.unique(owner[self.prompts.values >= self.vocabulary.size]))

    @cached_property
    def in_subject(self) -> np.ndarray:
        """Beside `prompts`: whether each token is part of the title in the question; true for all if there is none."""
        titles = self.documents.known_titles
        marks = [np.zeros(0, bool)]
        for item in self._questions.items:
            ids, starts = self.vocabulary.encode_question(item.text)
            if (stored := ids >= self.vocabulary.size).any():
                marks.append(stored)
                continue
            name = subject(item.text, titles) or item.text
            name = name if name in item.text else item.text  # the question may space or accent it differently
            first = item.text.find(name)
            ends = np.append(starts[1:], len(item.text))  # a byte pair may start with the space before a word
            marks.append((ends > first) & (starts < first + len(name)))
        return np.concatenate(marks)

    @cached_property
    def answers(self) -> Ragged:
        """The output tokens of each training question's answer."""
        questions = self._questions
        for answer, item in zip(questions.answers, questions.items, strict=True):
            self._check(answer, questions.source, item.line)
        return Ragged.of([self.vocabulary.encode_answer(answer) for answer in questions.answers])

    @property
    def _questions(self) -> Questions:
        if self.questions is None:
            raise DataError("this recipe trains on questions; give a file of them with --questions")
        return self.questions

    def _encode(self, text: str, source: str, line: int) -> tuple[np.ndarray, np.ndarray]:
        self._check(text, source, line)
        return self.vocabulary.encode_question(text)

    def _check(self, text: str, source: str, line: int) -> None:
        if not self.vocabulary.answers_in_one:
            check(self.vocabulary, text, source, line)
