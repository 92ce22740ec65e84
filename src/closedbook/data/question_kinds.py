"""What questions are made of in several languages, and what kind of thing one asks for: somebody, a time, a number."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from closedbook.data.spans import normal

WHO, WHEN, WHERE, WHY, NUMBER = "who", "when", "where", "why", "number"
ENGLISH = "en"
ASKING_MARKS = ("?", "？", "؟")
SPELLED_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half dozen "
    "quarter".split()
)


@dataclass(frozen=True)
class Language:
    """The function words of a language, as function_words.toml lists them."""

    empty: frozenset[str]
    """Words that do not say what is asked for."""
    weak: frozenset[str]
    """Words that say little, as they stand in questions of every kind."""
    heads: Mapping[str, str]
    """For each word that asks for a kind of thing wherever it stands, which."""
    nouns: Mapping[str, str]
    """For each noun that makes "which …" ask for a kind of thing, which."""
    which: frozenset[str]
    how: frozenset[str]
    quantities: frozenset[str]
    """What makes "how …" ask for a number."""
    relatives: frozenset[str]
    """Members of somebody's family."""
    of_words: frozenset[str]
    """What makes "the mother of NAME" of "mother"."""

    @classmethod
    def of(cls, lists: Mapping[str, str]) -> Language:
        words = {name: [normal(word) for word in text.split()] for name, text in lists.items()}
        kinds = (WHO, WHEN, WHERE, WHY, NUMBER)
        return cls(
            frozenset(words["empty"]),
            frozenset(words["weak"]),
            {word: kind for kind in kinds for word in words.get(kind, ())},
            {word: kind for kind in kinds for word in words.get(f"{kind}_nouns", ())},
            frozenset(words.get("which", ())),
            frozenset(words.get("how", ())),
            frozenset(words.get("quantities", ())),
            frozenset(words.get("relatives", ())),
            frozenset(words.get("of", ())),
        )

    def asks(self, text: str) -> bool:
        """Whether a text has the form of a question: a mark at its end, or a word that asks at its beginning."""
        first = [normal(word) for word in text.split()[:2]]  # the second in "in which town …"
        return text.rstrip().endswith(ASKING_MARKS) or not self._asking.isdisjoint(first)

    @property
    def _asking(self) -> frozenset[str]:
        return self.how | self.which | frozenset(self.heads)

    def relatives_of(self, before: Sequence[str], behind: Sequence[str]) -> frozenset[str]:
        """The relatives of a name that are named beside it: "the mother of" before it, "father" behind its 's."""
        of = before[-2:-1] if before[-1:] and before[-1] in self.of_words else ()
        return self.relatives.intersection((*of, *behind[:1]))

    def kind_of(self, question: Sequence[str]) -> str | None:
        """What kind of thing a question asks for, as Li and Roth (2002) class them; None where open.

        "At which temperature" tells more than "when", which may only open a clause; so does "how long".
        """
        for i, word in enumerate(question):
            following = question[i + 1 : i + 5]
            if word in self.how and following and following[0] in self.quantities:
                return NUMBER
            if word in self.which:
                reach = following[:2] if word == "which" else following
                if kind := next((self.nouns[noun] for noun in reach if noun in self.nouns), None):
                    return kind
        asking = self._asking
        first = next((word for word in question if word in asking), "")
        return None if first in self.how else self.heads.get(first)


@cache
def languages() -> Mapping[str, Language]:
    """The languages whose function words are known, by their codes."""
    text = (files("closedbook.data") / "function_words.toml").read_text(encoding="utf-8")
    return {code: Language.of(lists) for code, lists in tomllib.loads(text).items()}


def language_of(wordings: Iterable[Sequence[str]]) -> str:
    """The code of the language that has most of the words of these questions among its function words."""
    count = Counter(word for wording in wordings for word in wording)

    def occurrences(code: str) -> int:
        words = languages()[code].empty | languages()[code].weak
        return sum(times for word, times in count.items() if word in words)

    return max(languages(), key=occurrences)  # the first where several have as many: English


def has_number(text: str) -> bool:
    """Whether a text holds a number, in digits or in English words."""
    return any(map(str.isdigit, text)) or not SPELLED_NUMBERS.isdisjoint(text.casefold().replace("-", " ").split())
