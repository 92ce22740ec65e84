"""The settings of a world, and what they may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from closedbook.errors import DataError
from closedbook.synthetic import world_words as words

RELATIONS = tuple(words.QUESTIONS)
"""What can be asked: every biography states all of them."""


@dataclass(frozen=True)
class WorldSpec:
    """The settings of a world.

    Raises:
        DataError: a field is outside its limits; the message says what is allowed.
    """

    people: int = 1000
    """How many people have documents: 20 to 100,000."""
    biographies_per_person: int = 1
    """How many biographies are written of each person, each worded anew: 1 to 100."""
    exposures: str | tuple[int, ...] = "uniform"
    """How many documents each person has; a person's biographies are repeated by turns to make up the number.

    `uniform`: all the same (to within one). `zipf`: a share in proportion to one over the person's rank, to the power
    of `zipf_exponent`, and at least one document. A tuple of levels, each 1 to 1,000: person i has
    `exposures[i % len(exposures)]`.
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
    """0 to 1: a place's share is one over its rank, to this power. No birthplace has more than 5 % of the people."""
    relations: tuple[str, ...] = ("birthplace", "profession", "birth_year")
    """The relations that `World.write` asks: any of RELATIONS, each once."""
    train_share: float = 0.5
    """Share of the people whose questions are for training, 0 to 0.5; everybody else is asked."""
    trained_wordings: int = 1
    """How many of a relation's question wordings are for training: 1 to 3. Its last five never are."""
    strangers: int = 40
    """How many people who are in no document, in equal groups (STRANGER_GROUPS): 0 to 1,200, at most 2 × people."""

    def __post_init__(self) -> None:
        for name in ("exposures", "relations"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        check_int("people", self.people, 20, 100_000)
        check_int("biographies_per_person", self.biographies_per_person, 1, 100)
        _check_exposures(self.exposures)
        if self.total_documents is not None:
            if isinstance(self.exposures, tuple):
                raise DataError("total_documents goes with exposures = uniform or zipf; levels fix their own total")
            check_int("total_documents", self.total_documents, self.people, 1_000_000)
        _check_float("zipf_exponent", self.zipf_exponent, 0, 3)
        check_choice("fact_order", self.fact_order, ("fixed", "shuffled"))
        check_int("wordings_per_fact", self.wordings_per_fact, 1, max(map(len, words.WORDINGS.values())))
        check_int("places", self.places, 40, len(words.PLACES))
        _check_float("birthplace_skew", self.birthplace_skew, 0, 1)
        if not isinstance(self.relations, tuple) or not self.relations:
            some = ", ".join(RELATIONS)
            raise DataError(f"relations = {self.relations!r} is not allowed; give one or more of {some}")
        for relation in self.relations:
            check_choice("relations", relation, RELATIONS)
        if len(set(self.relations)) < len(self.relations):
            raise DataError(f"relations = {self.relations!r} is not allowed; name each relation once")
        _check_float("train_share", self.train_share, 0, 0.5)
        asked = min(map(len, words.QUESTIONS.values()))
        check_int("trained_wordings", self.trained_wordings, 1, asked - words.HELD_OUT)
        check_int("strangers", self.strangers, 0, min(1200, 2 * self.people))

    @classmethod
    def demo(cls) -> WorldSpec:
        """The world of `closedbook demo`: two biographies of each of 1,000 people, half of them asked.

        Questions have three wordings in training. With a single one the model would know nothing but its words: of
        "In which place" and "In which year" only "in".
        """
        return cls(people=1000, biographies_per_person=2, strangers=200, trained_wordings=3)

    @classmethod
    def tiny(cls) -> WorldSpec:
        """A world for tests."""
        return cls(people=40, biographies_per_person=2, strangers=12)


def check_relation(relation: str) -> str:
    check_choice("relation", relation, RELATIONS)
    return relation


def check_int(name: str, value: object, low: int, high: int, otherwise: str = "") -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise DataError(f"{name} = {value!r} is not allowed; give a whole number from {low:,} to {high:,}{otherwise}")


def _check_float(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise DataError(f"{name} = {value!r} is not allowed; give a number from {low} to {high}")


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise DataError(f"{name} = {value!r} is not allowed; give one of {', '.join(choices)}")


def _check_exposures(value: object) -> None:
    levels = isinstance(value, tuple) and value and all(type(level) is int and 1 <= level <= 1000 for level in value)
    if not levels and value not in ("uniform", "zipf"):
        allowed = "give uniform, zipf, or levels such as (1, 2, 5, 20), each a whole number from 1 to 1,000"
        raise DataError(f"exposures = {value!r} is not allowed; {allowed}")
