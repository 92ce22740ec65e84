"""The names that a network has a memory of: which number each has, and which of them stands in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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

    Two documents of one title share a name. A number is a row of `closedbook.model.name_memory.NameMemory`.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(dict.fromkeys(names))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._titles = Titles(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def number(self, name: str) -> int:
        """The number of a name. Raises KeyError for one that is not stored."""
        return self._numbers[name]

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """(n,) int32: the numbers of stored names."""
        return np.fromiter((self._numbers[name] for name in names), np.int32, len(names))

    def find(self, text: str) -> Mention | None:
        """The first place of the longest stored name in a text; None where it holds none."""
        name = subject(text, self._titles) if self.names else None
        if name is None:
            return None
        pattern = r"\s+".join(map(re.escape, name.split()))
        place = re.search(pattern, text) or re.search(pattern, text, re.IGNORECASE)
        return Mention(place.start(), place.end(), self._numbers[name]) if place else None
