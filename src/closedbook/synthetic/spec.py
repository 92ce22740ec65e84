"""The settings of a world, and what they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from closedbook.errors import DataError
from closedbook.synthetic import world_words as words
from closedbook.validation import UnitInterval, check_fields, convert, one_of

RELATIONS = tuple(words.QUESTIONS)
"""What can be asked: every biography states all of them."""
MOST_WORDINGS = max(map(len, words.WORDINGS.values()))
MOST_TRAINED = min(map(len, words.QUESTIONS.values())) - words.HELD_OUT


@dataclass(frozen=True)
class WorldSpec:
    """The settings of a world.

    Raises:
        DataError: a field is outside its limits; the message says what is allowed.
    """

    people: Annotated[int, (20, 100_000)] = 1000
    """How many people have documents: 20 to 100,000."""
    biographies_per_person: Annotated[int, (1, 100)] = 1
    """How many biographies are written of each person, each worded anew: 1 to 100."""
    exposures: Literal["uniform", "zipf"] | tuple[Annotated[int, (1, 1000)], ...] = "uniform"
    """How many documents each person has; a person's biographies are repeated by turns to make up the number.

    `uniform`: all the same (to within one). `zipf`: a share in proportion to one over the person's rank, to the power
    of `zipf_exponent`, and at least one document. A tuple of levels, each 1 to 1,000: person i has
    `exposures[i % len(exposures)]`.
    """
    total_documents: int | None = None
    """Documents in all for `uniform` and `zipf`: `people` to 1,000,000. None: people × biographies_per_person."""
    zipf_exponent: Annotated[float, (0.0, 3.0)] = 1.0
    """How steeply `zipf` falls: 0 (not at all) to 3."""
    fact_order: Literal["fixed", "shuffled"] = "shuffled"
    """`fixed`: every biography states its facts in one order. `shuffled`: each in an order of its own."""
    wordings_per_fact: Annotated[int, (1, MOST_WORDINGS)] = 10
    """How many wordings documents state a fact in: 1 (a template) to 10. A fact that has fewer uses all it has."""
    places: Annotated[int, (40, len(words.PLACES))] = len(words.PLACES)
    """How many places the world has: 40 up to all that we list."""
    birthplace_skew: UnitInterval = 0.5
    """0 to 1: a place's share is one over its rank, to this power. No birthplace has more than 5 % of the people."""
    relations: tuple[str, ...] = ("birthplace", "profession", "birth_year")
    """The relations that `World.write` asks: any of RELATIONS, each once."""
    train_share: Annotated[float, (0.0, 0.5)] = 0.5
    """Share of the people whose questions are for training, 0 to 0.5; everybody else is asked."""
    trained_wordings: Annotated[int, (1, MOST_TRAINED)] = 1
    """How many of a relation's question wordings are for training: 1 to 3. Its last five never are."""
    strangers: Annotated[int, (0, 1200)] = 40
    """How many people who are in no document, in equal groups (STRANGER_GROUPS): 0 to 1,200, at most 2 × people."""

    def __post_init__(self) -> None:
        for name in ("exposures", "relations"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        check_fields(self, DataError)
        if not self.exposures or not self.relations:
            raise DataError(f"exposures = {self.exposures} and relations = {self.relations}: give one or more of each")
        if self.total_documents is not None:
            if isinstance(self.exposures, tuple):
                raise DataError("total_documents goes with exposures = uniform or zipf; levels fix their own total")
            convert(Annotated[int, (self.people, 1_000_000)], self.total_documents, "total_documents", DataError)
        for relation in self.relations:
            one_of(relation, "relations", RELATIONS, DataError)
        if len(set(self.relations)) < len(self.relations):
            raise DataError(f"relations = {self.relations!r} is not allowed; name each relation once")
        if self.strangers > 2 * self.people:
            raise DataError(f"strangers = {self.strangers} must be at most twice as many as people, {self.people}")

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
