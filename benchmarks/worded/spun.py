"""What plants, policies, medicines and games share: people, and texts spun from templates with choices in brackets."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from any_corpus_made import Made

from worded.common import listed, with_questions

FIRST = listed("""Marta|Jonas|Aisha|Colm|Ingrid|Pavel|Noor|Edwin|Lucia|Tobias|Farah|Henrik|Odile|Samir|Greta|Ruben|Yara
Callum|Bettina|Kwame|Rosalind|Dmitri|Leonie|Anselm|Priya|Gideon|Maeve|Stellan|Zofia|Hector|Imani|Lars|Nadia|Percy
Solveig|Tariq|Una|Viktor|Wanda|Xavier|Agnes|Bruno|Cecily|Dario|Elspeth|Fergus|Hanne|Isidor|Jolanta|Kerstin""")
LAST = listed("""Lindqvist|Okafor|Brandauer|Pell|Hargreave|Novotny|Castellane|Thorne|Ibsworth|Marchetti|Quayle|Rasmund
Dellacourt|Fenwick|Osterholt|Tamblyn|Vance|Wyckham|Zielonka|Abernathy|Bellweather|Corrigan|Drummond|Eklund|Farrow
Gansevoort|Haldane|Ivory|Jessop|Kirwan|Lovelace|Mbeki|Nightingale|Orlov|Pemberton|Ravenscroft|Sallow|Trevanion|Ullman
Verhoeven|Winterbourne|Yardley|Ashdown|Birchall|Crane|Dunmore|Eastlake|Foxley|Grieve|Holloway""")


def spin(text: str, rng: random.Random) -> str:
    while match := re.search(r"\[([^\[\]]*)\]", text):
        text = text[: match.start()] + rng.choice(match[1].split("|")) + text[match.end() :]
    return text


def spun(
    rng: random.Random,
    titles: list[str],
    templates: str,
    facts: Callable[[str, Iterator[str]], dict[str, str]],
    relations: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """One document a title, of four to eight sentences, in which each answer stands once; drawn until it is so.

    A template states all that is asked for and some of what is not.
    """
    people = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(people)
    people_left = iter(people)
    plans = [template.replace("\n", " ") for template in templates.strip().split("\n\n")]
    order: list[str] = []
    while len(order) < len(titles):
        rng.shuffle(part := plans[:])
        order += part
    documents, facts_of = [], {}
    for title, plan in zip(titles, order[: len(titles)], strict=True):
        stated = [key for key in (*relations, *unasked) if f"{{{key}}}" in plan]
        while True:
            values = facts(title, people_left)
            text = f"{title}. {spin(plan, rng).format(name=title, **values)}"
            sentences = len(re.findall(r"[.!?](?= [A-Z0-9]|$)", text)) - 1
            if 4 <= sentences <= 8 and all(text.count(values[key]) == 1 for key in stated):
                break
        documents.append((title, text))
        facts_of[title] = {key: values[key] for key in stated}
    mixed = titles[:]
    rng.shuffle(mixed)
    half = len(mixed) // 2
    out = with_questions(documents, mixed[:half], mixed[half:], facts_of, relations, unasked)
    for questions in (out.train, out.test, out.other, out.unasked):
        rng.shuffle(questions)
    return out


def several(
    rng: random.Random,
    titles: list[str],
    templates: str,
    facts: Callable[[str, Iterator[str]], dict[str, str]],
    asides: Callable[[dict[str, str], Iterator[str]], dict[str, str]],
    relations: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """Two to four documents a title, each of another template, that together state all that is asked for.

    The facts are the same in all of them, the asides (which nobody asks for) are drawn for each. No answer stands twice
    in a document.
    """
    people = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(people)
    people_left = iter(people)
    plans = [template.replace("\n", " ") for template in templates.strip().split("\n\n")]
    states = {plan: [key for key in (*relations, *unasked) if f"{{{key}}}" in plan] for plan in plans}
    documents, facts_of = [], {}

    def once(answer: str, text: str) -> bool:
        return len(re.findall(rf"(?<!\w){re.escape(answer)}(?!\w)", text)) == 1

    for title in titles:
        while True:
            chosen = rng.sample(plans, rng.randint(2, 4))
            stated = {key for plan in chosen for key in states[plan]}
            if not stated.issuperset(relations):
                continue
            values = facts(title, people_left)
            texts = [spin(plan, rng).format(name=title, **values, **asides(values, people_left)) for plan in chosen]
            if all(once(values[key], text) for plan, text in zip(chosen, texts, strict=True) for key in states[plan]):
                break
        documents += [(title, text) for text in texts]
        facts_of[title] = {key: values[key] for key in (*relations, *unasked) if key in stated}
    mixed = titles[:]
    rng.shuffle(mixed)
    half = len(mixed) // 2
    out = with_questions(documents, mixed[:half], mixed[half:], facts_of, relations, unasked)
    for part in (out.documents, out.train, out.test, out.other, out.unasked):
        rng.shuffle(part)
    return out
