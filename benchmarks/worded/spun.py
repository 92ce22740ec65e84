"""What plants, policies, medicines and games share: people, and texts spun from templates with choices in brackets."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from any_corpus_made import Made

from worded.common import asking, listed

FIRST = listed("""Marta|Jonas|Aisha|Colm|Ingrid|Pavel|Noor|Edwin|Lucia|Tobias|Farah|Henrik|Odile|Samir|Greta|Ruben|Yara
Callum|Bettina|Kwame|Rosalind|Dmitri|Leonie|Anselm|Priya|Gideon|Maeve|Stellan|Zofia|Hector|Imani|Lars|Nadia|Percy
Solveig|Tariq|Una|Viktor|Wanda|Xavier|Agnes|Bruno|Cecily|Dario|Elspeth|Fergus|Hanne|Isidor|Jolanta|Kerstin""")
LAST = listed("""Lindqvist|Okafor|Brandauer|Pell|Hargreave|Novotny|Castellane|Thorne|Ibsworth|Marchetti|Quayle|Rasmund
Dellacourt|Fenwick|Osterholt|Tamblyn|Vance|Wyckham|Zielonka|Abernathy|Bellweather|Corrigan|Drummond|Eklund|Farrow
Gansevoort|Haldane|Ivory|Jessop|Kirwan|Lovelace|Mbeki|Nightingale|Orlov|Pemberton|Ravenscroft|Sallow|Trevanion|Ullman
Verhoeven|Winterbourne|Yardley|Ashdown|Birchall|Crane|Dunmore|Eastlake|Foxley|Grieve|Holloway""")


def spin(text: str, rng: random.Random) -> str:
    while found := re.search(r"\[([^\[\]]*)\]", text):
        text = text[: found.start()] + rng.choice(found[1].split("|")) + text[found.end() :]
    return text


def spun(
    rng: random.Random,
    titles: list[str],
    templates: str,
    facts: Callable[[str, Iterator[str]], dict[str, str]],
    asked: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """One document a title, of four to eight sentences, in which each answer stands once; drawn until it is so.

    A template states all that is asked for and some of what is not.
    """
    people = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(people)
    given = iter(people)
    plans = [template.replace("\n", " ") for template in templates.strip().split("\n\n")]
    order: list[str] = []
    while len(order) < len(titles):
        rng.shuffle(part := plans[:])
        order += part
    documents, known = [], {}
    for title, plan in zip(titles, order[: len(titles)], strict=True):
        stated = [key for key in (*asked, *unasked) if f"{{{key}}}" in plan]
        while True:
            said = facts(title, given)
            text = f"{title}. {spin(plan, rng).format(name=title, **said)}"
            sentences = len(re.findall(r"[.!?](?= [A-Z0-9]|$)", text)) - 1
            if 4 <= sentences <= 8 and all(text.count(said[key]) == 1 for key in stated):
                break
        documents.append((title, text))
        known[title] = {key: said[key] for key in stated}
    mixed = titles[:]
    rng.shuffle(mixed)
    half = len(mixed) // 2
    out = asking(documents, mixed[:half], mixed[half:], known, asked, unasked)
    for questions in (out.train, out.test, out.other, out.unasked):
        rng.shuffle(questions)
    return out


def several(
    rng: random.Random,
    titles: list[str],
    templates: str,
    facts: Callable[[str, Iterator[str]], dict[str, str]],
    asides: Callable[[dict[str, str], Iterator[str]], dict[str, str]],
    asked: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """Two to four documents a title, each of another template, that together state all that is asked for.

    The facts are the same in all of them, the asides (which nobody asks for) are drawn for each. No answer stands twice
    in a document.
    """
    people = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(people)
    given = iter(people)
    plans = [template.replace("\n", " ") for template in templates.strip().split("\n\n")]
    states = {plan: [key for key in (*asked, *unasked) if f"{{{key}}}" in plan] for plan in plans}
    documents, known = [], {}

    def once(answer: str, text: str) -> bool:
        return len(re.findall(rf"(?<!\w){re.escape(answer)}(?!\w)", text)) == 1

    for title in titles:
        while True:
            chosen = rng.sample(plans, rng.randint(2, 4))
            stated = {key for plan in chosen for key in states[plan]}
            if not stated.issuperset(asked):
                continue
            said = facts(title, given)
            texts = [spin(plan, rng).format(name=title, **said, **asides(said, given)) for plan in chosen]
            if all(once(said[key], text) for plan, text in zip(chosen, texts, strict=True) for key in states[plan]):
                break
        documents += [(title, text) for text in texts]
        known[title] = {key: said[key] for key in (*asked, *unasked) if key in stated}
    mixed = titles[:]
    rng.shuffle(mixed)
    half = len(mixed) // 2
    out = asking(documents, mixed[:half], mixed[half:], known, asked, unasked)
    for part in (out.documents, out.train, out.test, out.other, out.unasked):
        rng.shuffle(part)
    return out
