"""The people of a world: their names and facts, and the names of strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from random import Random
from typing import NamedTuple

from closedbook.synthetic import world_words as words
from closedbook.synthetic.sampling import apportion, pick, power_law, repeated, shuffled, weighted_draws
from closedbook.synthetic.spec import WorldSpec

PLAIN = 20_000
"""Worlds of more people have double-barrelled surnames, too."""

STRANGER_GROUPS = ("recombined", "new first name", "new surname", "both new")
"""How a stranger's name differs from the names in the documents; in the first, each half belongs to somebody."""


@dataclass(frozen=True)
class Person:
    """A person of the world, and the truth about them."""

    name: str  # the title of their documents; no two people share one, nor the pair of first name and surname
    first: str
    middle: str  # a name, initials or nothing; one initial may stand before the first name, "J. Hector Vogel"
    surname: str
    pronoun: str
    facts: dict[str, str]  # the true answer for each relation
    birthday: tuple[int, int]  # day and month
    school_place: str
    workplace: str
    trained: bool  # whether their questions are for training; of all others, for testing
    documents: tuple[int, ...]  # which of the world's documents are theirs, counted from 0
    wordings: dict[str, tuple[int, ...]]  # by part, of each of `documents`: an index into `world_words.WORDINGS[part]`

    @property
    def other_places(self) -> tuple[str, str, str]:
        """The places besides the birthplace that each of their documents names; all four differ."""
        return (self.school_place, self.workplace, self.facts["residence"])

    @property
    def short_name(self) -> str:
        """The name without middle name and initials; it, too, is nobody else's."""
        return f"{self.first} {self.surname}"

    def exposures(self, relation: str) -> int:
        """How many documents state this person's answer."""
        return len(self.wordings[part_of(relation)])

    def distinct_wordings(self, relation: str) -> int:
        """In how many different wordings the documents state this person's answer."""
        return len(set(self.wordings[part_of(relation)]))


@dataclass(frozen=True)
class Stranger:
    """Somebody who is in no document."""

    name: str
    group: str  # one of STRANGER_GROUPS


class Name(NamedTuple):
    first: str
    middle: str
    surname: str
    pronoun: str
    full: str


def make_names(spec: WorldSpec, rng: Random, strange: Random) -> tuple[list[Name], tuple[Stranger, ...]]:
    """Unique (first name, surname) pairs from shared lists, and strangers' names, whose pairs nobody has."""
    pronouns = dict.fromkeys(words.SHE + words.NEW_SHE, "she") | dict.fromkeys(words.HE + words.NEW_HE, "he")
    half = max(8, spec.people // 12)
    middles = {"she": shuffled(words.SHE, rng)[:half], "he": shuffled(words.HE, rng)[:half]}
    firsts = middles["she"] + middles["he"]
    surnames = shuffled(words.SURNAMES, rng)[: max(24, spec.people // 4)]
    if spec.people > PLAIN:  # there are not enough: some people have two surnames
        beside = list(pairwise(surnames))
        surnames += [f"{first}-{second}" for pair in beside for first, second in (pair, pair[::-1])]
    pairs = shuffled([(first, surname) for first in firsts for surname in surnames], rng)[: spec.people]
    taken = set(pairs)

    def name(first: str, surname: str, rng: Random) -> Name:
        style, initial, initials = rng.random(), pick(words.INITIALS, rng), pick(words.INITIALS, rng)
        middle = pick(middles[pronouns[first]], rng)
        if 0.75 <= style < 0.9 and (middle, surname) in taken:
            style = 0  # or "Anna Nora Vogel" would hold the name of another, "Nora Vogel"
        if style < 0.45:
            middle, full = "", f"{first} {surname}"
        elif style < 0.75:
            middle, full = f"{initial}.", f"{first} {initial}. {surname}"
        elif style < 0.9:
            full = f"{first} {middle} {surname}"
            taken.add((middle, surname))
        elif style < 0.95:
            middle, full = f"{initial}. {initials}.", f"{first} {initial}. {initials}. {surname}"
        else:
            middle, full = f"{initial}.", f"{initial}. {first} {surname}"
        return Name(first, middle, surname, pronouns[first], full)

    people = [name(first, surname, rng) for first, surname in pairs]

    known_firsts = list(dict.fromkeys(first for first, _ in pairs))
    known_surnames = list(dict.fromkeys(surname for _, surname in pairs))
    new_firsts = words.NEW_SHE + words.NEW_HE
    halves = {
        "recombined": (known_firsts, known_surnames),
        "new first name": (new_firsts, known_surnames),
        "new surname": (known_firsts, words.NEW_SURNAMES),
        "both new": (new_firsts, words.NEW_SURNAMES),
    }
    strangers = []
    for group in islice(cycle(STRANGER_GROUPS), spec.strangers):
        pair = pairs[0]
        while pair in taken:
            pair = (pick(halves[group][0], strange), pick(halves[group][1], strange))
        taken.add(pair)
        strangers.append(Stranger(name(*pair, strange).full, group))
    return people, tuple(strangers)


def make_people(spec: WorldSpec, names: Sequence[Name], rng: Random) -> list[Person]:
    """People with their facts, without documents yet."""
    places = words.PLACES[: spec.places]
    ranked = shuffled(places, rng)
    weights = power_law(spec.places, spec.birthplace_skew)
    count = spec.people
    birthplaces = repeated(ranked, apportion(count, weights, 0, count // 20), rng)
    professions = repeated(words.PROFESSIONS, apportion(count, [1] * len(words.PROFESSIONS), 0, count), rng)
    employers = repeated(words.EMPLOYERS, apportion(count, [1] * len(words.EMPLOYERS), 0, count), rng)
    draws = weighted_draws(ranked, weights, rng)

    people = []
    for name, birthplace, profession, employer in zip(names, birthplaces, professions, employers, strict=True):
        own_places = [birthplace]
        while len(own_places) < 4:
            place = next(draws)
            if place not in own_places:
                own_places.append(place)
        _, school_place, workplace, residence = own_places
        facts = {
            "birthplace": birthplace,
            "birth_year": pick(words.YEARS, rng),
            "profession": profession,
            "school": pick(words.SCHOOLS, rng).format(place=school_place),
            "employer": employer,
            "residence": residence,
        }
        birthday = (1 + int(28 * rng.random()), 1 + int(12 * rng.random()))
        fields = (name.full, name.first, name.middle, name.surname, name.pronoun, facts, birthday)
        people.append(Person(*fields, school_place, workplace, trained=False, documents=(), wordings={}))
    return people


def part_of(relation: str) -> str:
    return next(part for part, stated in words.STATES.items() if relation in stated)
