"""Turns documents into arrays: their tokens, their titles, and the spans that stand out in them.

A corpus in memory and an index on disk use the same two functions, so an objective need not know where its arrays
come from. All positions count within the documents that are passed.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from closedbook.data.arrays import Ragged, enumerate_ragged, offsets
from closedbook.data.documents import Document
from closedbook.data.patterns import Patterns
from closedbook.data.scan import Scan, edges_of, paired
from closedbook.data.spans import as_words, is_number
from closedbook.data.vocabulary import Vocabulary
from closedbook.errors import DataError

IN_TITLE, NAME, INSIDE, FIRST = 1, 2, 4, 8  # what a token is, as bits: see `mark`


@dataclass(frozen=True)
class Encoded:
    """The tokens of some documents."""

    tokens: Ragged  # int32
    characters: np.ndarray  # beside the tokens' values: the character of its document at which each starts
    titles: Ragged
    bodies: np.ndarray  # (documents,) the first token after the title and the full stop


@dataclass(frozen=True)
class SpanTable:
    """The salient spans of documents' bodies, in document order, without those made of the title's words only."""

    document: np.ndarray  # (n,) which document
    first: np.ndarray  # (n,) its first token within the document
    last: np.ndarray  # (n,) the token after its last
    number: np.ndarray  # (n,) bool: a number, not a capitalised run
    answer: np.ndarray  # (n,) bool: an answer of a training question, or it stands or looks as these do
    nested: np.ndarray  # (n,) bool: it stands inside another; these come after a document's others
    output: Ragged  # the output tokens that say it
    starts: np.ndarray  # (documents + 1,) the first span of each document

    @classmethod
    def join(cls, parts: Sequence[SpanTable]) -> SpanTable:
        """The spans of all parts' documents, which are numbered on from part to part."""
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("first", "last", "number", "answer", "nested")
        }
        before = offsets(np.array([len(part.starts) - 1 for part in parts]))
        document = np.concatenate([part.document + n for part, n in zip(parts, before, strict=False)])
        starts = offsets(np.concatenate([np.diff(part.starts) for part in parts]))
        return cls(document=document, output=Ragged.join([part.output for part in parts]), starts=starts, **columns)

    def of(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(which of the given documents, which span) for every span of each of them."""
        first, last = self.starts[documents], self.starts[documents + 1]
        owner, within = enumerate_ragged(last - first)
        return owner, first[owner] + within


@dataclass(frozen=True)
class Salience:
    """What decides which spans stand out."""

    lower: Collection[str]  # normal forms that stand in lower case
    golds: Collection[str]  # the answers of the training questions
    unread: bool = False  # whether spans count of which the vocabulary knows no word

    @cached_property
    def gold_words(self) -> Collection[tuple[str, ...]]:
        """The answers, each as the tuple of its words."""
        return as_words(self.golds)


def encode(documents: Sequence[Document], vocabulary: Vocabulary, source: str, scan: Scan | None = None) -> Encoded:
    """The tokens of documents. Pass `scan`, their words, if these were read already.

    Raises DataError for a text with a character that the vocabulary lacks.
    """
    texts = [item.text for item in documents]
    check(vocabulary, texts, (item.line for item in documents), source)
    tokens, characters = vocabulary.encode_all(texts, scan)
    titles, _ = vocabulary.encode_all([item.title for item in documents])
    edges = edges_of(texts)
    body_starts = edges[:-1] + np.array([len(item.title) + 1 for item in documents], np.int64)
    place = np.repeat(edges[:-1], tokens.lengths) + characters
    bodies = np.minimum(np.searchsorted(place, body_starts) - tokens.starts[:-1], tokens.lengths)
    return Encoded(tokens, characters, titles, bodies)


def check(vocabulary: Vocabulary, texts: Iterable[str], lines: Iterable[int], source: str) -> None:
    """Raise DataError for a character that the vocabulary lacks; `lines` are where the texts stand in `source`.

    A vocabulary of words leaves out what it lacks, and is not asked.
    """
    if vocabulary.answers_in_one:
        return
    for text, line in zip(texts, lines, strict=True):
        if lacking := vocabulary.unknown(text):
            raise DataError(
                f"{source}:{line}: the vocabulary lacks {lacking[0]!r} (U+{ord(lacking[0]):04X}), "
                "because no document holds it; remove the character or add it to a document"
            )


def mark(
    documents: Sequence[Document], encoded: Encoded, vocabulary: Vocabulary, salience: Salience, scan: Scan
) -> tuple[np.ndarray, SpanTable]:
    """(marks, spans) of encoded documents; `scan` are their words, and the marks, uint8, lie beside their tokens.

    A token is marked IN_TITLE if its document's title has it too, INSIDE if it belongs to a span, FIRST if it begins
    one, and NAME if its span is no number and not next to one.

    If an answer is a single token, spans that the vocabulary cannot say, or of which it knows no word, are left out:
    they could never be asked for. There are none of these if the vocabulary was made from these very documents.
    """
    patterns = vocabulary.patterns or Patterns()
    spans = patterns.find(scan, [len(item.title) for item in documents], salience.lower, salience.gold_words)
    begin, end, learned, nested = spans.first, spans.last, spans.learned, spans.nested
    document, a, b = scan.text[begin], scan.start[begin], scan.stop[end - 1]
    tokens = encoded.tokens
    place = np.repeat(scan.edges[:-1], tokens.lengths) + encoded.characters
    first, last = np.searchsorted(place, a), np.searchsorted(place, b)
    span_texts = spans.texts
    output = vocabulary.encode_answers(span_texts)
    if vocabulary.answers_in_one:
        keep = (output.lengths > 0) & ((last > first) | salience.unread)
        output = output.take(np.flatnonzero(keep))
        document, first, last, learned, nested = (
            of_spans[keep] for of_spans in (document, first, last, learned, nested)
        )
        span_texts = list(itertools.compress(span_texts, keep.tolist()))
    elif len(place):  # a token may include the space before the span
        first = first - ((last == first) | (place[np.minimum(first, len(place) - 1)] > a))
    number = np.fromiter(map(is_number, span_texts), bool, len(span_texts))
    answer = learned | np.fromiter((text in salience.golds for text in span_texts), bool, len(span_texts))

    n = len(tokens.values)
    (owner, _), (title_owner, _) = enumerate_ragged(tokens.lengths), enumerate_ragged(encoded.titles.lengths)
    marks = IN_TITLE * paired(owner, tokens.values, title_owner, encoded.titles.values).astype(np.uint8)
    outer = ~nested
    numbers = _inside(n, first[number & outer], last[number & outer])
    beside = numbers[first - 1] | numbers[last]
    name = ~number & outer
    names = _inside(n, first[name], last[name]) & ~_inside(n, first[beside], last[beside])
    marks |= NAME * names[:n].astype(np.uint8) | INSIDE * _inside(n, first[outer], last[outer])[:n].astype(np.uint8)
    marks[first[outer & (last > first)]] |= FIRST
    begin = tokens.starts[document]
    starts = offsets(np.bincount(document, minlength=len(documents)))
    return marks, SpanTable(document, first - begin, last - begin, number, answer, nested, output, starts)


def _inside(n: int, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(n + 1,) bool: whether each token is in one of these ranges. The last entry is False."""
    inside = np.zeros(n + 1, bool)
    owner, within = enumerate_ragged(last - first)
    inside[first[owner] + within] = True
    return inside
