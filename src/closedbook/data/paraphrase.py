"""Reads an unknown word of a question as a known one: one of the same stem, or one that asks for the same thing.

A model that learned its language from a few hundred documents cannot know that *classified* asks for a kind. So a small
part of what every reader knows about English question words is written down here; it names no subject matter. Words of
one stem are recognised by their letters, which works in any language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache

# Words that may replace each other in a question, the plainest first. A word may be in several lists.
ALIKE = """
who whom whose person people someone somebody name
when date day year since month
where place location located city town country site spot position situated
why reason cause because
procedure steps method process instructions
kind type sort class classified category group family belong species genre variety classification
long duration time lasts take takes need needs require required last wait
often frequency frequently times rate
many number count amount quantity total much
large big size area extent surface cover covers extensive spacious
tall high height elevation altitude rise
long length extend extends stretch
wide width breadth broad
deep depth
heavy weight weigh weighs mass
old age aged
fast speed quick rapid velocity
hot warm temperature degrees heat
melt melts melting liquid molten
boil boils boiling
dense density
cost costs price expensive charge fee pay worth value sum
born birth birthplace native
die died dead death deceased
job profession occupation work works living career trade employed
employer company firm employed works work
school studied educated education university attended college study graduated
live lives lived home residence resides reside settled dwell house
married wife husband spouse marry partner
child children son daughter kids offspring
father mother parents parent
nationality citizen citizenship nation
found founded established started begun began beginning origin start created formed opened founding
discovered discovery discoverer found finder discover credited identified
invented inventor invention devised invent
made make makes made maker manufacturer produced producer built builder build manufactured
wrote written writer author write
painted painter artist paint
directed director direct filmmaker
designed designer architect design
composed composer music
played player play plays
led leader leads head lead boss chief
charge responsible responsibility manager manages oversees contact ask handles owner
changed change altered updated revised modified revision amended update
released release published publication issued appeared launched
open opened opening inaugurated
close closed closing shut
end ended ends finished ending final
win won winner award awarded prize
speak speaks spoken language tongue
population inhabitants residents people populated
capital seat
belongs owned owner own property possess
called named name known title
mean means meaning stand stands signify denote sense
contain contains content consist consists ingredients made composed
use used uses purpose function serve
flow flows river drain drains
border borders neighbour neighbouring adjacent
colour color coloured hue shade
symbol sign abbreviation
side effect effects
treat treats treatment cure remedy
return returns returned yield yields
get obtain receive apply request
member part
"""  # fmt: skip

# English words that do not say what is asked for. They are left out of a wording that was never trained, because they
# would favour whichever trained question happens to have the same ones.
EMPTY = frozenset(
    "a an the of to in on at for by with from and or as is are was were be been being am do does did have has had will "
    "would can could shall should may might must i me my we us our you your it its this that these those there some "
    "any please tell give if so then than about into".split()
)
GENERAL = ("who", "when", "where", "why", "called")
"""The lists, by their first words, of words that may be in a question about anything."""
SHORTEST = 4  # letters that words of one stem have in common at least
ENOUGH = 0.6  # `likeness` from which two words count as of one stem


@cache
def alike() -> Mapping[str, tuple[str, ...]]:
    """For each word, the words that it may be read as, in the order of the lists."""
    alternatives: dict[str, dict[str, None]] = defaultdict(dict)
    for line in ALIKE.strip().splitlines():
        words = line.split()
        for word in words:
            alternatives[word].update(dict.fromkeys(other for other in words if other != word))
    return {word: tuple(words_alike) for word, words_alike in alternatives.items()}


@cache
def subjects() -> Mapping[str, frozenset[int]]:
    """For each word that says what a question is about, the numbers of its lists; without GENERAL ones."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(ALIKE.strip().splitlines()):
        if (words := line.split())[0] not in GENERAL:
            for word in words:
                numbers[word].add(number)
    anything = {word for line in ALIKE.splitlines() if line.startswith(GENERAL) for word in line.split()}
    return {word: frozenset(lists) for word, lists in numbers.items() if word not in anything}


def about(words: Iterable[str]) -> frozenset[int]:
    """What a question is about, as numbers of lists: of a word in several, those that other words are sure of."""
    lists = [subjects()[word] for word in words if word in subjects()]
    sure = frozenset[int]().union(*(numbers for numbers in lists if len(numbers) == 1))
    return sure.union(*(numbers & sure or numbers for numbers in lists))


def likeness(word: str, other_word: str) -> float:
    """The length of two words' common beginning, as a share of their mean length; 0 if it is below SHORTEST."""
    common = 0
    for a, b in zip(word, other_word, strict=False):
        if a != b:
            break
        common += 1
    return 2 * common / (len(word) + len(other_word)) if common >= SHORTEST else 0.0


def same_stem(word: str, candidates: Iterable[str]) -> str | None:
    """The most similar of the candidates, or None if none is similar enough."""
    best = max(candidates, key=lambda other: (likeness(word, other), other), default=None)
    return best if best is not None and likeness(word, best) >= ENOUGH else None


def read_as(
    word: str, question_words: Collection[str], document_words: Collection[str], by_start: Mapping[str, Iterable[str]]
) -> str | None:
    """The known word to read an unknown one as: one of the training questions if possible, else one of the documents.

    `by_start` lists the words of both by their first SHORTEST letters.
    """

    def stem_of(form: str, among: Collection[str]) -> str | None:
        return same_stem(form, (other for other in by_start.get(form[:SHORTEST], ()) if other in among))

    alternatives = alike().get(word, ())
    for familiar in (question_words, document_words):
        if (match := stem_of(word, familiar)) is not None:
            return match
        if (match := next((other for other in alternatives if other in familiar), None)) is not None:
            return match
        if (match := next(filter(None, (stem_of(other, familiar) for other in alternatives)), None)) is not None:
            return match
    return None
