"""What plants and policies share: people, and texts that are spun from templates with choices in brackets."""

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
