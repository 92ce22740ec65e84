"""Splits a text into words and punctuation marks, in any script, and tells which of them are numbers.

Which words are worth asking for is decided in bulk, in `closedbook.data.scan`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

CAPITAL = "[A-ZÀ-ÖØ-ÞĆČĐŁŚŠŻŽΑ-ΩА-Я]"
# Scripts without spaces: Han, Hiragana, Thai, Lao, Tibetan, Burmese, Khmer. Every character counts as a word.
UNSPACED = (
    "\u3005-\u3007\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e7f\u0e80-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3"
)


ONE_UNSPACED = re.compile(f"[{UNSPACED}]")


def _combining() -> str:
    """Combining accents and vowel signs, as the inside of a regular expression's character class."""
    points = [i for i in range(0x300, 0x11A00) if unicodedata.category(chr(i)) in ("Mn", "Mc")] + [0x200C, 0x200D]
    parts: list[list[int]] = []
    for point in points:
        if parts and parts[-1][1] == point - 1:
            parts[-1][1] = point
        else:
            parts.append([point, point])
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in parts)


COMBINING = _combining()
MARKED = f"[{COMBINING}]"
LETTERS = rf"[^\W{UNSPACED}]+(?:{MARKED}+[^\W{UNSPACED}]*)*"
# A number with its sign, separators and exponent ("-71", "1,538", "0.009", "8.2e-05", "12:30"); not "5kg" or "1990-95".
# Its separators are bounded: of a list without spaces that ends in a letter, each member would read all the rest.
NUMBER = (
    rf"(?:(?<![^\s(\[{{=~≈<>])[-−+](?=\d))?+\d++(?:[.,:]\d++){{0,20}}+(?:[eE][-+]?\d++)?+(?![^\W{UNSPACED}]|[-'’]\w)"
)
# Abbreviations inside names, whose stop belongs to the name ("St. Louis", "Mt. Kenya") and ends no sentence.
IN_NAMES = r"\b(?:[Ss]te?|[Mm]t|[Ff]t)\.(?=[^\S\n]+\w)"
CODE = r"(?:(?<=\d)\.\d+)*"  # what goes on behind a word that ends in a digit: EUPL-1.2, v3.1.4
# Initials with their stop, numbers, words with inner apostrophes and hyphens, the possessive, degrees, single marks.
WORD = re.compile(
    rf"(?:{CAPITAL}\.)+|{IN_NAMES}|{NUMBER}|[{UNSPACED}]{MARKED}*|{LETTERS}(?:['’\-](?!s\b){LETTERS})*{CODE}"
    r"|['’]s\b|°[CFK]\b|[^\w\s]"
)
SENTENCE_END = frozenset(".!?。！？।۔؟")
SIGNS = frozenset("-−+")


def is_number(word: str) -> bool:
    """Whether a word is a number, its sign included."""
    return word[0].isdigit() or (word[0] in SIGNS and len(word) > 1 and word[1].isdigit())


class Word(NamedTuple):
    """A word or a mark, and the character at which it starts."""

    text: str
    start: int


def words(text: str) -> list[Word]:
    """The words and marks of a text, in order."""
    return [Word(match.group(), match.start()) for match in WORD.finditer(text)]


def normal(word: str) -> str:
    """The form under which a word is looked up: without case, an initial's stop, and ways to encode an accent."""
    return unicodedata.normalize("NFC", word.casefold()).strip(".") or word


def uncapitalised(word: str) -> str:
    """The word with its first letter in lower case."""
    return word[:1].lower() + word[1:]


def as_words(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Each text as the tuple of its words."""
    return {tuple(word.text for word in words(text)) for text in texts}
