"""Reads many texts word by word, in arrays, and finds the spans worth asking for: capitalised runs and numbers.

Nothing here knows what a document is about. A span stands out if a text capitalises it without need, or if it is a
number; REALM (Guu et al. 2020) masks such spans for the same reason.

All occurrences of a word have everything in common except their place. So that is worked out once for each word, and
looked up in arrays afterwards. The tests compare the results with a plain definition for one text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from closedbook.data.arrays import offsets
from closedbook.data.spans import SENTENCE_END, WORD, is_number, normal, uncapitalised

# Words cover all of a text but its spaces, so the lengths of words and the places of spaces give the words' places.
IS_SPACE = np.array([chr(point).isspace() for point in range(0x3002)])  # the last one stands for all above: no spaces

T = TypeVar("T")
PIECE_SIZE = 1 << 20  # characters that are read at once, to bound the memory needed

CAPITALISED, LOWER, DIGIT, STOP = 1, 2, 4, 8  # what a word is, as bits


class Lexicon(dict[str, int]):
    """Numbers words in the order of their first occurrence; `flags`, `forms` and `lengths` have an entry for each."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._flags: list[int] = []
        self._forms: list[int] = []
        self.form_ids: dict[str, int] = {}
        self._arrays = np.zeros((3, 0), np.int64)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Lexicon:
        """The words of these texts."""
        lexicon = cls()
        for piece in pieces(texts):
            lexicon.numbers("\n".join(piece))
        return lexicon

    def numbers(self, text: str) -> np.ndarray:
        """(words,) int64: the number of each of a text's words. A word that is new here gets the next one."""
        words = WORD.findall(text)
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))

    def __missing__(self, word: str) -> int:
        first = word[0]
        flags = (
            CAPITALISED * first.isupper()
            | LOWER * first.islower()
            | DIGIT * is_number(word)
            | STOP * (word in SENTENCE_END)
        )
        form = self.form_ids.setdefault(normal(word), len(self.form_ids))
        self[word] = number = len(self.words)
        self.words.append(word)
        self._flags.append(flags)
        self._forms.append(form)
        return number

    def _tables(self) -> np.ndarray:
        if self._arrays.shape[1] < len(self.words):
            self._arrays = np.array([self._flags, self._forms, list(map(len, self.words))], np.int64)
        return self._arrays

    @property
    def flags(self) -> np.ndarray:
        return self._tables()[0]

    @property
    def forms(self) -> np.ndarray:
        """The number of each word's normal form."""
        return self._tables()[1]

    @property
    def lengths(self) -> np.ndarray:
        return self._tables()[2]

    def lower_case(self) -> set[str]:
        """The normal forms that occurred in lower case."""
        names = list(self.form_ids)
        return {names[form] for form in set(self.forms[self.flags & LOWER > 0].tolist())}


@dataclass(frozen=True)
class Scan:
    """The words of some texts, one after another."""

    lexicon: Lexicon
    joined: str  # the texts, a newline between them
    edges: np.ndarray  # (texts + 1,) the character of `joined` at which each starts
    word: np.ndarray  # (n,) which word
    start: np.ndarray  # (n,) its first character in `joined`
    text: np.ndarray  # (n,) the text it stands in

    @classmethod
    def of(cls, texts: Sequence[str], lexicon: Lexicon) -> Scan:
        joined = "\n".join(texts)
        edges, word = edges_of(texts), lexicon.numbers(joined)
        points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        written = np.flatnonzero(~IS_SPACE[np.minimum(points, len(IS_SPACE) - 1)])
        length = lexicon.lengths[word]
        start = written[np.cumsum(length) - length]
        return cls(lexicon, joined, edges, word, start, np.searchsorted(edges, start, "right") - 1)

    @property
    def stop(self) -> np.ndarray:
        """(n,) the character after each word."""
        return self.start + self.lexicon.lengths[self.word]

    @cached_property
    def opens(self) -> np.ndarray:
        """(n,) bool: whether each word is the first of a text or of a sentence."""
        opens = np.ones(len(self.word), bool)
        opens[1:] = (self.text[1:] != self.text[:-1]) | (self.lexicon.flags[self.word[:-1]] & STOP > 0)
        return opens

    def written(self, first: int, last: int) -> Iterator[tuple[str, ...]]:
        """The words of a span; if they open a sentence, also without the capital that this may have given them."""
        spelled = tuple(self.lexicon.words[i] for i in self.word[first:last].tolist())
        yield spelled
        if self.opens[first] and spelled[0][0].isupper():
            yield (uncapitalised(spelled[0]), *spelled[1:])

    def of_title(self, titles: Sequence[int]) -> np.ndarray:
        """(n,) bool: whether each word's form is also in its text's title. `titles` are the titles' lengths."""
        form = self.lexicon.forms[self.word]
        in_title = self.start < (self.edges[:-1] + np.asarray(titles, np.int64))[self.text]
        return paired(self.text, form, self.text[in_title], form[in_title])

    def spans(
        self, titles: Sequence[int], lower: Collection[str], known_answers: Collection[tuple[str, ...]] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """The salient spans after the titles, in order: (first word, word after the last).

        `titles` are the lengths of the texts' titles in characters, `lower` the normal forms that occur in lower case,
        and `known_answers` are answers, each as the tuple of its words, that count as salient too.
        """
        lexicon, n = self.lexicon, len(self.word)
        if not n:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        flags, form = lexicon.flags[self.word], lexicon.forms[self.word]
        lower_form = np.fromiter((name in lower for name in lexicon.form_ids), bool, len(lexicon.form_ids))
        opens_text = np.concatenate([[True], self.text[1:] != self.text[:-1]])
        capital = flags & CAPITALISED > 0
        # A run of capitalised words is a span, without its first word if only grammar capitalises that.
        by_grammar = capital & self.opens & lower_form[form]
        run_starts = capital & (opens_text | ~np.concatenate([[False], capital[:-1]]))
        run_ends = capital & np.concatenate([opens_text[1:] | ~capital[1:], [True]])
        first, last = np.flatnonzero(run_starts), np.flatnonzero(run_ends) + 1
        first = first + by_grammar[first]
        first, last = first[first < last], last[first < last]
        digits = np.flatnonzero((flags & DIGIT > 0) & ~capital)
        first, last = np.concatenate([first, digits]), np.concatenate([last, digits + 1])
        order = np.argsort(first)
        first, last = first[order], last[order]
        title_end = self.edges[:-1] + np.asarray(titles, np.int64)
        in_body = self.start > title_end[self.text]
        beyond_title = offsets(~self.of_title(titles))
        says = in_body[first] & (beyond_title[last] > beyond_title[first])
        first, last = first[says], last[says]
        if known_answers:
            more = self._spelling(known_answers, first, last, in_body)
            first, last = (np.concatenate([a, np.array(b, np.int64)]) for a, b in zip((first, last), more, strict=True))
            order = np.argsort(first)
            first, last = first[order], last[order]
        return first, last

    def begins(self, words: Collection[str]) -> np.ndarray:
        """(n,) bool: whether each word is one of these, or would be without the capital of a sentence's first word."""
        exact, lowered = np.zeros((2, len(self.lexicon.words)), bool)
        for i in self._distinct:
            exact[i] = self.lexicon.words[i] in words
            lowered[i] = exact[i] or uncapitalised(self.lexicon.words[i]) in words
        return np.where(self.opens, lowered[self.word], exact[self.word])

    @cached_property
    def _distinct(self) -> list[int]:
        return np.unique(self.word).tolist()

    def _spelling(
        self, known_answers: Collection[tuple[str, ...]], first: np.ndarray, last: np.ndarray, in_body: np.ndarray
    ) -> tuple[list[int], list[int]]:
        """Known answers in the bodies that overlap no span yet, from left to right, the longest first."""
        longest = max(map(len, known_answers))
        begin = self.begins({text[0] for text in known_answers if text})
        taken = np.zeros(len(self.word) + 1, np.int64)
        np.add.at(taken, first, 1)
        np.add.at(taken, last, -1)
        free = np.cumsum(taken)[:-1] == 0
        spans: tuple[list[int], list[int]] = ([], [])
        free_until = 0
        for i in np.flatnonzero(begin & free & in_body).tolist():
            if i < free_until:
                continue
            stop = min(i + longest, len(self.word))
            room = i + 1
            while room < stop and free[room] and self.text[room] == self.text[i]:
                room += 1
            spelled = list(self.written(i, room))
            for j in range(room, i, -1):
                if any(words[: j - i] in known_answers for words in spelled):
                    spans[0].append(i)
                    spans[1].append(j)
                    free_until = j
                    break
        return spans


def edges_of(texts: Sequence[str]) -> np.ndarray:
    """(texts + 1,) int64: the character at which each text starts if they are joined, a newline between them."""
    return offsets(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)


def paired(owner: np.ndarray, value: np.ndarray, owners: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether each (owner, value) is among the pairs (owners, values); all are integers from 0."""
    owner, value, owners, values = (a.astype(np.int64) for a in (owner, value, owners, values))
    size = 1 << 22
    table = np.zeros(size, bool)
    table[(owners * 40_503 + values * 2_654_435_761) % size] = True  # may be wrong about yes, never about no
    maybe = np.flatnonzero(table[(owner * 40_503 + value * 2_654_435_761) % size])
    most = int(max(value.max(initial=0), values.max(initial=0))) + 1
    result = np.zeros(len(owner), bool)
    result[maybe] = np.isin(owner[maybe] * most + value[maybe], owners * most + values)
    return result


def pieces(
    items: Iterable[T], size: int = PIECE_SIZE, length: Callable[[Any], int] = lambda text: len(text) + 1
) -> Iterator[list[T]]:
    """The items, by default texts, in lists of about `size` characters."""
    piece: list[T] = []
    room = size
    for item in items:
        piece.append(item)
        room -= length(item)
        if room <= 0:
            yield piece
            piece, room = [], size
    if piece:
        yield piece
