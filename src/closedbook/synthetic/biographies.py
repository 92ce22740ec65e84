"""How many documents each person has, and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from random import Random

from closedbook.synthetic import world_words as words
from closedbook.synthetic.people import Person
from closedbook.synthetic.sampling import apportion, pick, power_law, shuffled
from closedbook.synthetic.spec import WorldSpec

PARTS = tuple(words.WORDINGS)
"""The parts of a biography, in their fixed order; each states one relation or two (`world_words.STATES`)."""


def document_counts(spec: WorldSpec) -> list[int]:
    """Documents per person."""
    if isinstance(spec.exposures, tuple):
        return list(islice(cycle(spec.exposures), spec.people))
    total = spec.people * spec.biographies_per_person if spec.total_documents is None else spec.total_documents
    exponent = 0.0 if spec.exposures == "uniform" else spec.zipf_exponent
    return apportion(total, power_law(spec.people, exponent), 1, total)


def biography(spec: WorldSpec, person: Person, rng: Random) -> tuple[str, dict[str, int]]:
    """A document, and the wording of each part in it."""
    day, month = person.birthday
    year, spelled = person.facts["birth_year"], words.MONTHS[month - 1]
    article = "an" if person.facts["profession"][0] in "aeiou" else "a"
    slots = person.facts | {
        "workplace": person.workplace,
        "a_profession": f"{article} {person.facts['profession']}",
        "date": f"{day} {spelled} {year}" if rng.random() < 0.6 else f"{spelled} {day}, {year}",
    }
    parts = list(PARTS) if spec.fact_order == "fixed" else shuffled(PARTS, rng)
    used: dict[str, int] = {}
    sentences: list[str] = []
    for size in pick(words.SENTENCES, rng):
        noun = pick(words.LATER if sentences else words.FIRST, rng)
        subject = noun.format(name=person.name, short=person.short_name, first=person.first, surname=person.surname)
        phrases = []
        for place, part in enumerate(parts[len(used) : len(used) + size]):
            forms = words.WORDINGS[part][: spec.wordings_per_fact]
            # Where the subject has come already, or would be left without a verb, only a predicate will do.
            opens = place == 0 and size > 1
            used[part] = pick([i for i, form in enumerate(forms) if opens or not _brings_subject(form)], rng)
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
