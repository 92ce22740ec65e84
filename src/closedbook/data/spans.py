"""Words, and which of them are worth asking for: capitalised runs and numbers, in any titled text.

Nothing here knows what a document is about. What stands out is what a text capitalises although it need not, and
its numbers; REALM (Guu et al. 2020) masks such spans for the same reason. Here it is defined, on one text; `scan.py`
does the same to whole corpora in bulk, and the tests hold it to this.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

CAPITAL = "[A-ZÀ-ÖØ-ÞĆČĐŁŚŠŻŽΑ-ΩА-Я]"
# Scripts that are written without spaces: Han, Hiragana, Thai, Lao, Tibetan, Burmese, Khmer. Every character is a word.
UNSPACED = (
    "\u3005-\u3007\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e7f\u0e80-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3"
)


def _combining() -> str:
    """Accents and vowel signs that are characters of their own, as the inside of a regular expression's class."""
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
NUMBER = rf"(?:(?<![^\s(\[{{=~≈<>])[-−+](?=\d))?+\d++(?:[.,:]\d++)*+(?:[eE][-+]?\d++)?+(?![^\W{UNSPACED}]|[-'’]\w)"
# Initials with their stop, numbers, words with inner apostrophes and hyphens, the possessive, degrees, single marks.
WORD = re.compile(
    rf"(?:{CAPITAL}\.)+|{NUMBER}|[{UNSPACED}]{MARKED}*|{LETTERS}(?:['’\-](?!s\b){LETTERS})*|['’]s\b|°[CFK]\b|[^\w\s]"
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

    @property
    def capitalised(self) -> bool:
        return self.text[0].isupper()


def words(text: str) -> list[Word]:
    """The words and marks of a text, in order."""
    return [Word(match.group(), match.start()) for match in WORD.finditer(text)]


def normal(word: str) -> str:
    """The form under which a word is looked up: case, the stop of an initial and how an accent is written are one."""
    return unicodedata.normalize("NFC", word.casefold()).strip(".") or word


def lower_case_words(texts: Iterable[Sequence[Word]]) -> Counter[str]:
    """How often each normal form stands in lower case."""
    return Counter(normal(word.text) for text in texts for word in text if word.text[0].islower())


def salient_spans(text: Sequence[Word], lower: Counter[str]) -> list[tuple[int, int]]:
    """(first, after last) word of each capitalised run and each number.

    A word that starts a sentence and stands in lower case elsewhere (`lower`) is capitalised by grammar only.
    """
    spans = []
    i = 0
    while i < len(text):
        word = text[i]
        starts_sentence = i == 0 or text[i - 1].text in SENTENCE_END
        if word.capitalised and not (starts_sentence and lower[normal(word.text)]):
            j = i + 1
            while j < len(text) and text[j].capitalised:
                j += 1
            spans.append((i, j))
            i = j
        else:
            if is_number(word.text):
                spans.append((i, i + 1))
            i += 1
    return spans


def span_text(text: str, span: Sequence[Word]) -> str:
    """The characters from the first word of a span to the end of its last."""
    return text[span[0].start : span[-1].start + len(span[-1].text)]


def body_spans(
    title: str, text: Sequence[Word], lower: Counter[str], known_answers: Collection[tuple[str, ...]] = ()
) -> list[tuple[int, int]]:
    """The salient spans after the title that say more than the title's own words, in order.

    Words that spell a known answer (`known`, each as its words) count as salient too, whatever their case.
    """
    in_title = {normal(word.text) for word in text if word.start < len(title)}
    spans = [
        (i, j)
        for i, j in salient_spans(text, lower)
        if text[i].start > len(title) and not all(normal(word.text) in in_title for word in text[i:j])
    ]
    longest = max(map(len, known_answers), default=0)
    taken = {i for first, last in spans for i in range(first, last)}
    for i, word in enumerate(text):
        for j in range(min(len(text), i + longest), i, -1):
            if word.start <= len(title) or taken & set(range(i, j)):
                continue
            if tuple(other.text for other in text[i:j]) in known_answers:
                spans.append((i, j))
                taken |= set(range(i, j))
    return sorted(spans)


def as_words(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Each text as the tuple of its words."""
    return {tuple(word.text for word in words(text)) for text in texts}
