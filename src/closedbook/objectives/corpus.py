"""The corpus as objectives see it: documents and questions encoded once, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from closedbook.errors import DataError
from closedbook.objectives.arrays import Ragged
from closedbook.text.documents import Documents
from closedbook.text.questions import Questions, subject
from closedbook.text.salience import as_words, body_spans, lower_case_words, span_text, words
from closedbook.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Spans:
    """The salient spans of all documents' bodies, in document order; those made of the title's words are left out."""

    document: np.ndarray  # (n,) which document
    first: np.ndarray  # (n,) its first token within the document
    last: np.ndarray  # (n,) the token after its last
    number: np.ndarray  # (n,) bool: a number, not a capitalised run
    answer: np.ndarray  # (n,) bool: its text is the answer of a training question
    output: Ragged  # the output tokens that say it


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
    def bodies(self) -> np.ndarray:
        """(n,) the first token of each document that comes after its title and the full stop."""
        starts = zip(range(len(self.documents)), self.documents.items, strict=True)
        return np.array([np.searchsorted(self.characters[i], len(item.title) + 1) for i, item in starts])

    @cached_property
    def in_title(self) -> np.ndarray:
        """Beside `tokens`: whether the token is one of the document's title."""
        pairs = zip(range(len(self.documents)), (self.titles[i] for i in range(len(self.titles))), strict=True)
        return np.concatenate([np.isin(self.tokens[i], title) for i, title in pairs])

    @cached_property
    def spans(self) -> Spans:
        """What stands out in the documents' bodies."""
        split = [words(item.text) for item in self.documents.items]
        lower = lower_case_words(split)
        golds = set(self.questions.answers) if self.questions is not None else set()
        known = as_words(golds)
        rows, output = [], []
        for number, (item, text) in enumerate(zip(self.documents.items, split, strict=True)):
            for i, j in body_spans(item.title, text, lower, known):
                span = text[i:j]
                said = span_text(item.text, span)
                ends = [span[0].start, span[-1].start + len(span[-1].text)]
                first, last = np.searchsorted(self.characters[number], ends)
                if last == first or self.characters[number][first] > ends[0]:  # it starts within the token before
                    first -= 1
                rows.append((number, first, last, said[0].isdigit(), said in golds))
                output.append(self.vocabulary.encode_answer(said))
        document, first, last, digit, answer = np.array(rows, dtype=np.int64).reshape(-1, 5).T
        return Spans(document, first, last, digit.astype(bool), answer.astype(bool), Ragged.of(output))

    @cached_property
    def prompts(self) -> Ragged:
        """The tokens of each training question."""
        questions = self._questions
        return Ragged.of([self._encode(item.text, questions.source, item.line)[0] for item in questions.items])

    @cached_property
    def in_subject(self) -> np.ndarray:
        """Beside `prompts`: whether the token is part of the title that the question names; all are where none is."""
        titles = set(self.documents.titles)
        marks = [np.zeros(0, bool)]
        for item in self._questions.items:
            name = subject(item.text, titles) or item.text
            starts = self.vocabulary.encode(item.text)[1]
            first = max(0, item.text.find(name))
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
        return self.vocabulary.encode(text)

    def _check(self, text: str, source: str, line: int) -> None:
        lacking = [] if self.vocabulary.answers_in_one else self.vocabulary.unknown(text)
        if lacking:
            raise DataError(
                f"{source}:{line}: the vocabulary lacks {lacking[0]!r} (U+{ord(lacking[0]):04X}), "
                "because no document holds it; remove the character or add it to a document"
            )
