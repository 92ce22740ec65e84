"""The built-in world: biographies of people we invented, of whom everything is known.

`make_world(spec, seed)` writes a corpus in the form of the course's wiki.txt, questions about its people, and
strangers whom no document names. What every document states, how often and in which wording is part of the world,
so a study can hold what a model says against what it was shown.

The dials are the fields of `WorldSpec`. Each kind of choice draws from a random stream of its own, so turning one
dial leaves the rest alone: the same people have the same facts whatever their exposures or the order of the facts.
The setting follows the synthetic biographies of Allen-Zhu and Li, Physics of Language Models 3.1 (2023).
"""

from __future__ import annotations

import json
import os
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, cycle, islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

from closedbook.data.files import create_beside
from closedbook.errors import DataError
from closedbook.synthetic import world_words as words

RELATIONS = tuple(words.QUESTIONS)
"""What can be asked: every biography states all of them."""

PARTS = tuple(words.WORDINGS)
"""The parts of a biography, in their fixed order; each states one relation or two (`world_words.STATES`)."""

SPLITS = ("train", "test", "strangers")

STRANGER_GROUPS = ("recombined", "new first name", "new surname", "both new")
"""How a stranger's name differs from the names in the documents; in the first, each half belongs to somebody."""

T = TypeVar("T")


@dataclass(frozen=True)
class WorldSpec:
    """The dials of a world.

    Raises:
        DataError: a field is outside its limits; the message says what is allowed.
    """

    people: int = 1000
    """How many people have documents: 20 to 20,000."""

    biographies_per_person: int = 1
    """How many biographies are written of each person, each worded anew: 1 to 100."""

    exposures: str | tuple[int, ...] = "uniform"
    """How many documents each person has; a person's biographies are repeated by turns to make up the number.

    `uniform`: all the same (to within one). `zipf`: the person of rank r has a share ∝ r^-zipf_exponent, and at
    least one document. A tuple of levels, each 1 to 1,000: person i has `exposures[i % len(exposures)]`.
    """

    total_documents: int | None = None
    """Documents in all for `uniform` and `zipf`: `people` to 1,000,000. None: people × biographies_per_person."""

    zipf_exponent: float = 1.0
    """How steeply `zipf` falls: 0 (not at all) to 3."""

    fact_order: str = "shuffled"
    """`fixed`: every biography states its facts in one order. `shuffled`: each in an order of its own."""

    wordings_per_fact: int = 10
    """How many wordings documents state a fact in: 1 (a template) to 10. A fact that has fewer uses all it has."""

    places: int = len(words.PLACES)
    """How many places the world has: 40 up to all that we list."""

    birthplace_skew: float = 0.5
    """Share of the place of rank r ∝ r^-birthplace_skew, 0 to 1. No birthplace has more than 5 % of the people."""

    relations: tuple[str, ...] = ("birthplace", "profession", "birth_year")
    """The relations that `World.write` asks: any of RELATIONS, each once."""

    train_share: float = 0.5
    """Share of the people whose questions are for training, 0 to 0.5; everybody else is asked."""

    trained_wordings: int = 1
    """How many of a relation's question wordings are for training: 1 to 3. Its last five never are."""

    strangers: int = 40
    """How many people who stand in no document, in equal groups (STRANGER_GROUPS): 0 to 1,200, at most 2 × people."""

    def __post_init__(self) -> None:
        for name in ("exposures", "relations"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        _check_int("people", self.people, 20, 20_000)
        _check_int("biographies_per_person", self.biographies_per_person, 1, 100)
        _check_exposures(self.exposures)
        if self.total_documents is not None:
            if isinstance(self.exposures, tuple):
                raise DataError("total_documents goes with exposures = uniform or zipf; levels fix their own total")
            _check_int("total_documents", self.total_documents, self.people, 1_000_000)
        _check_float("zipf_exponent", self.zipf_exponent, 0, 3)
        _check_choice("fact_order", self.fact_order, ("fixed", "shuffled"))
        _check_int("wordings_per_fact", self.wordings_per_fact, 1, max(map(len, words.WORDINGS.values())))
        _check_int("places", self.places, 40, len(words.PLACES))
        _check_float("birthplace_skew", self.birthplace_skew, 0, 1)
        if not isinstance(self.relations, tuple) or not self.relations:
            raise DataError(f"relations = {self.relations!r} is not allowed; give one or more of {_listed(RELATIONS)}")
        for relation in self.relations:
            _check_choice("relations", relation, RELATIONS)
        if len(set(self.relations)) < len(self.relations):
            raise DataError(f"relations = {self.relations!r} is not allowed; name each relation once")
        _check_float("train_share", self.train_share, 0, 0.5)
        _check_int("trained_wordings", self.trained_wordings, 1, _fewest_questions() - words.HELD_OUT)
        _check_int("strangers", self.strangers, 0, min(1200, 2 * self.people))

    @classmethod
    def demo(cls) -> WorldSpec:
        """The world of `closedbook demo`: two biographies of each of 1,000 people, half of them asked.

        Questions are trained on in three wordings: where all were worded alike, nothing but the trained words would
        say what is asked, and of "In which place" and "In which year" only "in" would be known.
        """
        return cls(people=1000, biographies_per_person=2, strangers=200, trained_wordings=3)

    @classmethod
    def tiny(cls) -> WorldSpec:
        """A world for tests."""
        return cls(people=40, biographies_per_person=2, strangers=12)


@dataclass(frozen=True)
class Person:
    """A person of the world, and all that is true of them."""

    name: str
    """The title of their documents. No two people share a name, nor the pair of first name and surname."""
    first: str
    middle: str
    """A name, initials or nothing. Of initials, one may stand before the first name: "J. Hector Vogel"."""
    surname: str
    pronoun: str
    facts: dict[str, str]
    """The true answer for each relation."""
    birthday: tuple[int, int]
    """Day and month."""
    school_place: str
    workplace: str
    trained: bool
    """Whether their questions are for training; of all others, for testing."""
    documents: tuple[int, ...]
    """Which of the world's documents are theirs, counted from 0."""
    wordings: dict[str, tuple[int, ...]]
    """For each of PARTS, the wording in each of `documents`: an index into `world_words.WORDINGS[part]`."""

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
        return len(self.wordings[_part_of(relation)])

    def distinct_wordings(self, relation: str) -> int:
        """In how many different wordings the documents state this person's answer."""
        return len(set(self.wordings[_part_of(relation)]))


@dataclass(frozen=True)
class Stranger:
    """Somebody who stands in no document."""

    name: str
    group: str
    """One of STRANGER_GROUPS."""


class WorldQuestion(NamedTuple):
    """A question about somebody in the world; a stranger's has no answer."""

    text: str
    answer: str | None
    name: str
    relation: str
    wording: int
    """An index into `world_words.QUESTIONS[relation]`."""

    @property
    def line(self) -> str:
        """The question as a line of a question file."""
        return self.text if self.answer is None else f"{self.text}\t{self.answer}"


@dataclass(frozen=True)
class World:
    """A corpus, its people with the truth about them, and people it does not know. Made by `make_world`."""

    spec: WorldSpec
    seed: int
    documents: tuple[str, ...]
    people: tuple[Person, ...]
    strangers: tuple[Stranger, ...]

    @property
    def trained_wordings(self) -> range:
        """The question wordings for training, as indices into `world_words.QUESTIONS[relation]`."""
        return range(self.spec.trained_wordings)

    def unseen_wordings(self, relation: str) -> range:
        """The question wordings that are never trained on, whatever the spec."""
        count = len(words.QUESTIONS[_known_relation(relation)])
        return range(count - words.HELD_OUT, count)

    def candidates(self, relation: str) -> tuple[str, ...]:
        """Every answer that somebody in such a world could have: log2 of their number is a fact's size in bits."""
        return _candidates(self.spec, _known_relation(relation))

    def questions(
        self, relation: str = "birthplace", split: str = "test", wording: int | str = 0
    ) -> tuple[WorldQuestion, ...]:
        """One question about each person of a split.

        Args:
            relation: one of RELATIONS, asked by the spec or not.
            split: `train`, `test` or `strangers`; nobody is in two.
            wording: an index into `world_words.QUESTIONS[relation]`, 0 being the trained one, or `unseen`: the
                unseen wordings by turns.

        Raises:
            DataError: there is no such relation, split or wording.
        """
        forms = words.QUESTIONS[_known_relation(relation)]
        _check_choice("split", split, SPLITS)
        if wording != "unseen":
            _check_int("wording", wording, 0, len(forms) - 1, " or unseen")
        asked: list[tuple[str, str | None]]
        if split == "strangers":
            asked = [(stranger.name, None) for stranger in self.strangers]
        else:
            asked = [(p.name, p.facts[relation]) for p in self.people if p.trained == (split == "train")]
        turns = cycle(self.unseen_wordings(relation) if wording == "unseen" else [int(wording)])
        return tuple(
            WorldQuestion(forms[turn].format(name=name), answer, name, relation, turn)
            for (name, answer), turn in zip(asked, turns, strict=False)
        )

    def truth(self) -> dict[str, Any]:
        """Everything about the world but its documents' text, as JSON has it; `documents` there count from 0."""
        return {
            "format": 1,
            "seed": self.seed,
            "spec": asdict(self.spec),
            "wordings": words.WORDINGS,
            "questions": words.QUESTIONS,
            "candidates": {relation: len(self.candidates(relation)) for relation in RELATIONS},
            "people": [
                asdict(person)
                | {"other_places": person.other_places}
                | {"exposures": {relation: person.exposures(relation) for relation in RELATIONS}}
                for person in self.people
            ],
            "strangers": [asdict(stranger) for stranger in self.strangers],
        }

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the world's files into a folder, made if need be; each file is replaced whole or not at all.

        `documents.txt`; `questions-train.tsv` in the trained wordings; `questions-test.tsv` and `strangers.tsv`
        (without answers) in the first of them; `unseen-wordings.tsv`, the test questions in the unseen wordings by
        turns; `truth.json`.
        The question files take the spec's relations one after another.

        Raises:
            DataError: the folder cannot be made or written to.
        """
        folder = Path(folder)
        files: dict[str, Sequence[str]] = {
            "documents.txt": self.documents,
            "questions-train.tsv": self._lines("train", list(self.trained_wordings)),
            "questions-test.tsv": self._lines("test", [0]),
            "strangers.tsv": self._lines("strangers", [0]),
            "unseen-wordings.tsv": self._lines("test", ["unseen"]),
            "truth.json": [json.dumps(self.truth(), ensure_ascii=False)],
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, lines in files.items():
                _write_whole(folder / name, "".join(f"{line}\n" for line in lines))
        except OSError as error:
            raise DataError(f"{folder}: the world cannot be written there: {error.strerror}") from error
        return folder

    def _lines(self, split: str, wordings: Sequence[int | str]) -> list[str]:
        return [
            question.line
            for relation in self.spec.relations
            for wording in wordings
            for question in self.questions(relation, split, wording)
        ]


def make_world(spec: WorldSpec | None = None, seed: int = 0) -> World:
    """The world of a spec (by default the demo's) and a seed, which is the same on every platform.

    Raises:
        DataError: the seed is not a whole number.
    """
    spec = WorldSpec.demo() if spec is None else spec
    _check_int("seed", seed, 0, 2**63 - 1)

    def stream(*purpose: object) -> Random:
        # Seeded by text; of its methods only random() is promised to stay the same between versions of Python.
        return Random("/".join(map(str, ("world", seed, *purpose))))

    named, strangers = _names(spec, stream("names"), stream("strangers"))
    people = _facts(spec, named, stream("facts"))
    trained = _shuffled(range(spec.people), stream("split"))[: int(spec.people * spec.train_share)]
    texts: list[str] = []
    documents: list[list[int]] = []
    wordings: list[dict[str, tuple[int, ...]]] = []
    for number, (person, count) in enumerate(zip(people, _exposures(spec), strict=True)):
        written = [
            _biography(spec, person, stream("biography", number, biography))
            for biography in range(min(count, spec.biographies_per_person))
        ]
        repeated = list(islice(cycle(written), count))
        documents.append(list(range(len(texts), len(texts) + count)))
        texts += [text for text, _ in repeated]
        wordings.append({part: tuple(used[part] for _, used in repeated) for part in PARTS})

    order = _shuffled(range(len(texts)), stream("order"))
    place = {old: new for new, old in enumerate(order)}
    for number in set(trained):
        people[number] = replace(people[number], trained=True)
    return World(
        spec,
        seed,
        tuple(texts[old] for old in order),
        tuple(
            replace(person, documents=tuple(place[old] for old in olds), wordings=used)
            for person, olds, used in zip(people, documents, wordings, strict=True)
        ),
        strangers,
    )


# Who there is


class _Name(NamedTuple):
    first: str
    middle: str
    surname: str
    pronoun: str
    full: str


def _names(spec: WorldSpec, rng: Random, strange: Random) -> tuple[list[_Name], tuple[Stranger, ...]]:
    """Names from shared halves, no pair of halves twice; and strangers' names, their pairs nobody's."""
    pronouns = dict.fromkeys(words.SHE + words.NEW_SHE, "she") | dict.fromkeys(words.HE + words.NEW_HE, "he")
    half = max(8, spec.people // 12)
    middles = {"she": _shuffled(words.SHE, rng)[:half], "he": _shuffled(words.HE, rng)[:half]}
    firsts = middles["she"] + middles["he"]
    surnames = _shuffled(words.SURNAMES, rng)[: max(24, spec.people // 4)]
    pairs = _shuffled([(first, surname) for first in firsts for surname in surnames], rng)[: spec.people]
    taken = set(pairs)

    def name(first: str, surname: str, rng: Random) -> _Name:
        style, initial, initials = rng.random(), _pick(words.INITIALS, rng), _pick(words.INITIALS, rng)
        middle = _pick(middles[pronouns[first]], rng)
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
        return _Name(first, middle, surname, pronouns[first], full)

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
            pair = (_pick(halves[group][0], strange), _pick(halves[group][1], strange))
        taken.add(pair)
        strangers.append(Stranger(name(*pair, strange).full, group))
    return people, tuple(strangers)


def _facts(spec: WorldSpec, names: Sequence[_Name], rng: Random) -> list[Person]:
    """People with their facts; nothing is said of them yet."""
    places = words.PLACES[: spec.places]
    ranked = _shuffled(places, rng)
    weights = _law(spec.places, spec.birthplace_skew)
    people = spec.people
    birthplaces = _dealt(ranked, _apportion(people, weights, 0, people // 20), rng)
    professions = _dealt(words.PROFESSIONS, _apportion(people, [1] * len(words.PROFESSIONS), 0, people), rng)
    employers = _dealt(words.EMPLOYERS, _apportion(people, [1] * len(words.EMPLOYERS), 0, people), rng)
    drawn = _draws(ranked, weights, rng)

    made = []
    for name, birthplace, profession, employer in zip(names, birthplaces, professions, employers, strict=True):
        known = [birthplace]
        while len(known) < 4:
            place = next(drawn)
            if place not in known:
                known.append(place)
        _, school_place, workplace, residence = known
        facts = {
            "birthplace": birthplace,
            "birth_year": _pick(words.YEARS, rng),
            "profession": profession,
            "school": _pick(words.SCHOOLS, rng).format(place=school_place),
            "employer": employer,
            "residence": residence,
        }
        birthday = (1 + int(28 * rng.random()), 1 + int(12 * rng.random()))
        made.append(
            Person(
                name.full,
                name.first,
                name.middle,
                name.surname,
                name.pronoun,
                facts,
                birthday,
                school_place,
                workplace,
                trained=False,
                documents=(),
                wordings={},
            )
        )
    return made


def _candidates(spec: WorldSpec, relation: str) -> tuple[str, ...]:
    places = words.PLACES[: spec.places]
    return {
        "birthplace": places,
        "birth_year": words.YEARS,
        "profession": words.PROFESSIONS,
        "school": tuple(school.format(place=place) for place in places for school in words.SCHOOLS),
        "employer": words.EMPLOYERS,
        "residence": places,
    }[relation]


# What is written of them


def _exposures(spec: WorldSpec) -> list[int]:
    """Documents per person."""
    if isinstance(spec.exposures, tuple):
        return list(islice(cycle(spec.exposures), spec.people))
    total = spec.people * spec.biographies_per_person if spec.total_documents is None else spec.total_documents
    exponent = 0.0 if spec.exposures == "uniform" else spec.zipf_exponent
    return _apportion(total, _law(spec.people, exponent), 1, total)


def _biography(spec: WorldSpec, person: Person, rng: Random) -> tuple[str, dict[str, int]]:
    """A document, and the wording of each part in it."""
    day, month = person.birthday
    year, spelled = person.facts["birth_year"], words.MONTHS[month - 1]
    article = "an" if person.facts["profession"][0] in "aeiou" else "a"
    slots = person.facts | {
        "workplace": person.workplace,
        "a_profession": f"{article} {person.facts['profession']}",
        "date": f"{day} {spelled} {year}" if rng.random() < 0.6 else f"{spelled} {day}, {year}",
    }
    parts = list(PARTS) if spec.fact_order == "fixed" else _shuffled(PARTS, rng)
    used: dict[str, int] = {}
    sentences: list[str] = []
    for size in _pick(words.SENTENCES, rng):
        noun = _pick(words.LATER if sentences else words.FIRST, rng)
        subject = noun.format(name=person.name, short=person.short_name, first=person.first, surname=person.surname)
        phrases = []
        for place, part in enumerate(parts[len(used) : len(used) + size]):
            forms = words.WORDINGS[part][: spec.wordings_per_fact]
            # Where the subject has come already, or would be left without a verb, only a predicate will do.
            allowed = [
                number for number, form in enumerate(forms) if (place == 0 and size > 1) or not _brings_subject(form)
            ]
            used[part] = _pick(allowed, rng)
            phrases.append(forms[used[part]])
        pronoun = person.pronoun if sentences and rng.random() < 0.6 else subject
        if _brings_subject(phrases[0]):
            opening, *phrases = phrases
        else:
            opening = "{S}"
        text = f"{opening} {_conjoined(phrases)}".format(S=pronoun, N=subject, **slots)
        sentences.append(text[0].upper() + text[1:])
    return f"{person.name}. {'. '.join(sentences)} .", used


def _brings_subject(form: str) -> bool:
    return "{S}" in form or "{N}" in form


def _conjoined(phrases: Sequence[str]) -> str:
    *before, last = phrases
    return f"{', '.join(before)} and {last}" if before else last


# Chance, by random() alone


def _pick(items: Sequence[T], rng: Random) -> T:
    return items[int(rng.random() * len(items))]


def _shuffled(items: Sequence[T], rng: Random) -> list[T]:
    return sorted(items, key=lambda _: rng.random())


def _law(count: int, exponent: float) -> list[int]:
    """Weights ∝ rank^-exponent; whole numbers, so that no platform rounds a sum of them otherwise."""
    return [max(1, round(1_000_000 * rank**-exponent)) for rank in range(1, count + 1)]


def _apportion(total: int, weights: Sequence[int], least: int, most: int) -> list[int]:
    """Whole shares of a total by weight, each from `least` to `most`, the remainder going to the first ranks."""

    def shares(scale: int) -> list[int]:
        return [min(most, max(least, scale * weight // _SCALE)) for weight in weights]

    low, high = 0, _SCALE * most + 1  # shares(low) fit the total; every share of shares(high) is `most`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sum(shares(middle)) <= total else (low, middle)
    result = shares(low)
    while left := total - sum(result):
        for rank in islice((rank for rank, share in enumerate(result) if share < most), left):
            result[rank] += 1
    return result


_SCALE = 10**9


def _dealt(values: Sequence[T], counts: Sequence[int], rng: Random) -> list[T]:
    """Each value as often as its count says, in random order."""
    return _shuffled([value for value, count in zip(values, counts, strict=True) for _ in range(count)], rng)


def _draws(values: Sequence[T], weights: Sequence[int], rng: Random) -> Iterator[T]:
    """Values by weight, without end."""
    sums = list(accumulate(weights))
    while True:
        yield values[bisect(sums, int(rng.random() * sums[-1]))]


# What is allowed


def _part_of(relation: str) -> str:
    return next(part for part, stated in words.STATES.items() if _known_relation(relation) in stated)


def _known_relation(relation: str) -> str:
    _check_choice("relation", relation, RELATIONS)
    return relation


def _fewest_questions() -> int:
    return min(map(len, words.QUESTIONS.values()))


def _listed(choices: Sequence[str]) -> str:
    return ", ".join(choices)


def _check_int(name: str, value: object, low: int, high: int, otherwise: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise DataError(f"{name} = {value!r} is not allowed; give a whole number from {low} to {high}{otherwise}")


def _check_float(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise DataError(f"{name} = {value!r} is not allowed; give a number from {low} to {high}")


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise DataError(f"{name} = {value!r} is not allowed; give one of {_listed(choices)}")


def _check_exposures(value: object) -> None:
    allowed = "give uniform, zipf, or levels such as (1, 2, 5, 20), each a whole number from 1 to 1000"
    if isinstance(value, tuple):
        good = bool(value) and all(type(level) is int and 1 <= level <= 1000 for level in value)
    else:
        good = value in ("uniform", "zipf")
    if not good:
        raise DataError(f"exposures = {value!r} is not allowed; {allowed}")


def _write_whole(path: Path, text: str) -> None:
    """Replace a file by one with this text, at once."""
    made, temporary = create_beside(path)
    try:
        with made as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
