"""Labels read off the course's documents by rule: what benchmarks/beyond.py asks besides birthplaces.

The rules, how they were checked, and what they get wrong stand in docs/relations.md. A rule answers only where the
document leaves little doubt, and None elsewhere. It sees one document and no question, so that it labels people of
the training, dev and test questions alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from closedbook.data.documents import Document, Documents
from closedbook.data.passages import Library
from closedbook.evaluation.baselines import RuleReader

YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20[01]\d)(?!\d)")
BORN = re.compile(r"\b(?:[Bb]orn\b|b\.)")
WORD = r"[^\W\d_a-z][\w.'’-]*|\d+(?:st|nd|rd|th)?|(?:in|on|at|near|of|the)\b"
BEHIND = re.compile(rf"(?:(?!{YEAR.pattern})(?:{WORD}|[ ,]))*({YEAR.pattern})")
BRACKET = re.compile(r"\W*[\w .,'’-]{0,60}\(([^()]*)\)")
DOUBT = re.compile(r"\b(?:c|ca|circa|about|around|or|bapti[sz]ed|christened|probably|possibly)\b|[?/]", re.IGNORECASE)

DEMONYMS = frozenset(
    """Afghan Albanian Algerian American Argentine Armenian Australian Austrian Azerbaijani Bangladeshi Belarusian
    Belgian Bolivian Bosnian Brazilian British Bulgarian Cameroonian Canadian Chilean Chinese Colombian Croatian Cuban
    Cypriot Czech Danish Dutch Egyptian English Estonian Ethiopian Filipino Finnish French Georgian German Ghanaian
    Greek Hungarian Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Jamaican Japanese Kenyan Korean
    Latvian Lebanese Lithuanian Macedonian Malaysian Maltese Mexican Moldovan Moroccan Nigerian Norwegian Pakistani
    Palestinian Peruvian Polish Portuguese Romanian Russian Scottish Serbian Singaporean Slovak Slovenian Spanish
    Swedish Swiss Syrian Taiwanese Thai Tunisian Turkish Ugandan Ukrainian Uruguayan Venezuelan Vietnamese
    Welsh""".split()
)


@dataclass(frozen=True)
class Relation:
    """Something to ask about a person: the question, and the rule that reads the answer off a document."""

    name: str
    question: str
    label: Callable[[Document], str | None]


def birth_year(document: Document) -> str | None:
    """The year right behind the document's only "born", or the first of two in the bracket behind the name.

    Between "born" and the year only names, numbers, commas and the words of dates and places may stand; the years in
    the bracket must make a life. None where the two disagree, or where words of doubt stand beside the year.
    """
    body = document.text[len(document.title) :]
    born = list(BORN.finditer(body))
    rows = []
    year = BEHIND.match(body, born[0].end()) if len(born) == 1 else None
    if year and not DOUBT.search(body[year.start() : year.end() + len(" or ")]):
        rows.append(year[1])
    bracket = BRACKET.match(body)
    if bracket and not DOUBT.search(bracket[1]):
        years = YEAR.findall(bracket[1])
        if len(years) == 2 and 8 <= int(years[1]) - int(years[0]) <= 110:
            rows.append(years[0])
    return rows[0] if len(set(rows)) == 1 else None


def nationality(document: Document) -> str | None:
    """X of "… is/was a(n) X noun", where X is a demonym, the document's only one, and no part of a longer name."""
    body = document.text[len(document.title) :]
    if len({word for word in re.findall(r"\w+", body) if word in DEMONYMS}) != 1:
        return None
    match = re.search(r"\b(?:is|was) an? (?:[a-z]+ ){0,2}([A-Z][a-z]+) (?=[a-z])", body)
    return match[1] if match and match[1] in DEMONYMS else None


class Birthplace:
    """The rule reader's place, where the person's only document says hardly anything between "born" and it.

    Between the two only names, numbers, marks and in, on, at, near may stand, and right before the place in, at or a
    number ("born 3 May 1950 in Oslo", "born at Leeds", "born 1919 Cleveland").
    """

    def __init__(self, documents: Documents) -> None:
        self._library = Library(documents)
        self._reader = RuleReader(self._library)

    def label(self, question: str) -> str | None:
        pages = self._library.pages(question)
        answer = self._reader.answer(question)
        if len(pages) != 1:
            return None
        page = pages[0]
        born = next((i for i, token in enumerate(page.tokens) if token in ("born", "Born")), len(page.tokens))
        start = next((span.start for span in page.names if span.text == answer and span.start > born), None)
        if start is None:
            return None
        between = page.tokens[born + 1 : start]
        plain = all(not token[0].islower() or token in ("in", "on", "at", "near") for token in between)
        led_in = bool(between) and (between[-1] in ("in", "at") or between[-1][0].isdigit())
        return answer if plain and led_in else None


RELATIONS = (
    Relation("birth year", "In which year was {name} born?", birth_year),
    Relation("nationality", "Which nationality does {name} have?", nationality),
)
