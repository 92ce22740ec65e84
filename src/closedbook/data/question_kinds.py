"""What kind of thing an English question asks for: somebody, a time, a place, a reason, a number."""

from __future__ import annotations

from collections.abc import Sequence

WHO, WHEN, WHERE, WHY, NUMBER = "who", "when", "where", "why", "number"
# Nouns and adverbs that make "which …", "what …" and "how …" ask for a kind of thing.
NOUNS = dict.fromkeys("person people man woman".split(), WHO)
NOUNS |= dict.fromkeys("date day year month decade century".split(), WHEN)
NOUNS |= dict.fromkeys("place city town country region village district birthplace".split(), WHERE)
QUANTITIES = frozenset(
    "many much long large big far tall high deep wide heavy old fast hot expensive often dense quickly soon".split()
)
SPELLED_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half dozen "
    "quarter".split()
)
HEADS = {"who": WHO, "whom": WHO, "whose": WHO, "when": WHEN, "where": WHERE, "why": WHY}


def kind_of(question: Sequence[str]) -> str | None:
    """What kind of thing a question asks for, as Li and Roth (2002) class them; None where its words leave it open."""
    for i, word in enumerate(question):
        following = question[i + 1 : i + 5]
        if word in HEADS:
            return HEADS[word]
        if word == "how":
            return NUMBER if following and following[0] in QUANTITIES else None
        if word in ("what", "which"):
            reach = following[:2] if word == "which" else following
            return next((NOUNS[other] for other in reach if other in NOUNS), None)
    return None


def has_number(text: str) -> bool:
    """Whether a text holds a number, in digits or in English words."""
    return any(map(str.isdigit, text)) or not SPELLED_NUMBERS.isdisjoint(text.casefold().replace("-", " ").split())
