"""What every reader knows about English question words: which of them ask for the same.

A model that learned its language from a few hundred documents cannot know that *classified* asks for a kind. A small
part of such knowledge is written down in question_words.txt, which names no corpus's subject. Words of one stem are
recognised by their letters, which works in any language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from closedbook.data.question_kinds import ENGLISH, languages

SHORTEST = 4  # letters that words of one stem have in common at least
ONE_STEM, ONE_STEM_ASCII = 0.6, 0.65  # `likeness` from which two words count as of one stem
LISTED = 0.7  # the same for a word that stands in no list and one that does
JOIN = "_"
OPPOSITE = "!"  # what a list begins with that asks for the opposite of the one before it


@cache
def _lists() -> list[list[str]]:
    text = (files("closedbook.data") / "question_words.txt").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


@cache
def _lines() -> Mapping[str, Mapping[int, float]]:
    """The numbers of the lists that each word stands in, with strength 1; two words are joined by JOIN."""
    lines: dict[str, dict[int, float]] = defaultdict(dict)
    for number, listed in enumerate(_lists()):
        for word in set(listed) - {OPPOSITE}:
            lines[word][number] = 1.0
    return lines


@cache
def _opposites() -> Mapping[int, int]:
    """For each list that has one, the number of the list that asks for the opposite."""
    second = [number for number, listed in enumerate(_lists()) if listed[:1] == [OPPOSITE]]
    return {**{number - 1: number for number in second}, **{number: number - 1 for number in second}}


def opposed(word: str, wording: Iterable[str]) -> bool:
    """Whether a word asks for the opposite of what some word of a wording asks for, and for nothing that they do."""
    own_lists, their_lists = concepts(word).keys(), {line for neighbour in wording for line in concepts(neighbour)}
    return own_lists.isdisjoint(their_lists) and any(_opposites().get(line) in their_lists for line in own_lists)


@cache
def _by_start() -> Mapping[str, Sequence[str]]:
    starts: dict[str, list[str]] = defaultdict(list)
    for word in _lines():
        if word not in languages()[ENGLISH].empty:
            starts[word[:SHORTEST]].append(word)
    return starts


@lru_cache(maxsize=50_000)
def concepts(word: str) -> Mapping[int, float]:
    """The lists of words asking for the same that a word belongs to, and how surely: a listed word's stem less so."""
    if word in _lines() or word in languages()[ENGLISH].empty:
        return _lines().get(word, {})
    listed = max(
        _by_start().get(word[:SHORTEST], ()), key=lambda candidate: (likeness(word, candidate), candidate), default=""
    )
    sure = likeness(word, listed)
    return dict.fromkeys(_lines()[listed], 0.9) if sure >= LISTED else {}


def joined(words: Sequence[str]) -> list[str]:
    """The pairs of neighbouring words that are listed as pairs, such as "how_long"; "what_for" around a question."""
    pairs = [f"{first}{JOIN}{second}" for first, second in pairwise(words)]
    if len(words) > 1 and words[0] == "what" and words[-1] == "for":
        pairs.append(f"what{JOIN}for")
    return [pair for pair in pairs if pair in _lines()]


def one_stem(first: str, second: str) -> bool:
    """Whether two words share so much of their beginning (or, in other scripts than ours, of their end)."""
    if first.isascii() and second.isascii():
        return likeness(first, second) >= ONE_STEM_ASCII
    return max(likeness(first, second), likeness(first[::-1], second[::-1])) >= ONE_STEM


def likeness(word: str, other_word: str) -> float:
    """The length of two words' common beginning, as a share of their mean length; 0 if it is below SHORTEST."""
    common = 0
    for a, b in zip(word, other_word, strict=False):
        if a != b:
            break
        common += 1
    return 2 * common / (len(word) + len(other_word)) if common >= SHORTEST else 0.0
