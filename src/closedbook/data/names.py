"""The names that a network has a memory of: which number each has, and which of them stands in a text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from closedbook.data.questions import Titles, subject


class Mention(NamedTuple):
    """A stored name in a text: characters `start` up to `stop`, and the name's number."""

    start: int
    stop: int
    number: int


class NameIndex:
    """Names by number. A text's name is found as a question's title is: the longest match, whatever its case.

    A number is a row of `closedbook.model.name_memory.NameMemory`. An empty name is a row that was forgotten.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names) if name}
        self._titles = Titles(self._numbers)

    @classmethod
    def of(cls, titles: Iterable[str]) -> NameIndex:
        """The names of documents with these titles. Documents of one title share a name."""
        return cls(dict.fromkeys(title for title in titles if title))

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    @property
    def stored(self) -> int:
        """How many names there are; `len` counts the rows, those that were forgotten among them."""
        return len(self._numbers)

    def number(self, name: str) -> int:
        """The number of a name. Raises KeyError for one that is not stored."""
        return self._numbers[name]

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """(n,) int32: the number of each name; -1 for one that is not stored."""
        return np.fromiter((self._numbers.get(name, -1) for name in names), np.int32, len(names))

    def blank(self, number: int) -> None:
        """Take out a name; its number stays, and is nobody's."""
        name, self.names[number] = self.names[number], ""
        if self._numbers.get(name) == number:
            del self._numbers[name]
            self._titles = Titles(self._numbers)

    def find(self, text: str) -> Mention | None:
        """The first place of the longest stored name in a text; None where it holds none."""
        name = subject(text, self._titles) if self._titles else None
        if name is None or (place := _place(name, text)) is None:
            return None
        return Mention(*place, self._numbers[name])


def _place(name: str, text: str) -> tuple[int, int] | None:
    """Where a name stands in a text: as whole words before anything else, and as it is written before other cases."""
    at = text.find(name)
    if at >= 0 and not re.search(r"\w", text[max(at - 1, 0) : at] + text[at + len(name) :][:1]):
        return at, at + len(name)  # as nearly every name stands
    composed, name = _composed(text), _composed(name)
    folded = composed.casefold()
    for whole, (spelled, searched) in product((True, False), ((name, composed), (name.casefold(), folded))):
        pattern = r"(?:['’]s)?\s+".join(map(re.escape, spelled.split()))
        if match := re.search(rf"(?<!\w){pattern}(?!\w)" if whole else pattern, searched):
            start, stop = match.span()
            if searched is folded:
                start, stop = (_before(composed, at, str.casefold) for at in (start, stop))
            return _before(text, start, _composed), _before(text, stop, _composed)
    return None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _before(text: str, length: int, changed: Callable[[str], str]) -> int:
    """How many characters of a text become the first `length` ones of the text that it is changed to."""
    if changed(text) == text:
        return length
    return bisect_right(range(len(text) + 1), length, key=lambda i: len(changed(text[:i]))) - 1


def is_short_for(name: str, title: str) -> bool:
    """Whether a name is a title without some of its later initials: "ada berg" for "ada m. berg"."""
    rest = iter(title.split())
    words = [word.strip(".") for word in name.split()]
    left_out = []
    for word in words:
        for other in rest:
            if other.strip(".") == word:
                break
            left_out.append(other.strip("."))
        else:
            return False
    left_out += [other.strip(".") for other in rest]
    return bool(left_out) and all(len(word) == 1 for word in left_out)


def edit_distance(a: str, b: str) -> int:
    """The number of letters to insert, drop or change (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[len(b)]
