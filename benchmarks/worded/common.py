"""What the corpora with many wordings share: people, dates, and how questions are made of facts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from any_corpus_made import Made

FIRST = """Ilse Maren Tobias Oskar Wilhelmina Jonas Petra Anselm Greta Rufus Beatrix Casimir Odile Magnus Sunniva Edmund
Lucan Tamsin Henrike Ravi Noor Ayumi Declan Fenella Horatio Ingrid Yusuf Clementine Bartholomew Zofia Emeka Leonie""".split()
LAST = """Harrowgate Quillan Oduya Brandsma Ferrick Tolliver Askew Pendry Lindqvist Mbeki Carrow Dunstable Okafor Vantongeren
Whitlock Sorensen Garrity Malachuk Thackeray Ibarra Novotny Penhallow Rasmussen Estrada Blackmore Szabo Winterbourne Kettering
Delacroix Yamada Hollis Abernathy""".split()
PARTS = [
    "van der Meulen",
    "de Castellane",
    "von Ostrau",
    "van den Bosch",
    "di Lorenzo",
    "O'Farrell",
    "al-Rashidi",
    "du Pre",
    "ter Horst",
    "MacInnes",
    "da Cunha",
    "St. Clair",
]
MONTHS = "January February March April May June July August September October November December".split()


def person(rng: random.Random) -> str:
    kind = rng.random()
    last = rng.choice(PARTS) if kind < 0.25 else rng.choice(LAST)
    if rng.random() < 0.2:
        return f"{rng.choice('ABCDEFGHJKLMPRSTW')}. {rng.choice('ABCDEFGHJKLMPRSTW')}. {last}"
    if rng.random() < 0.15:
        return f"{rng.choice(FIRST)} {rng.choice('ABCDEFGHJKLMPRSTW')}. {last}"
    return f"{rng.choice(FIRST)} {last}"


def date(rng: random.Random, low: int, high: int) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {rng.randint(low, high)}"


def listed(text: str) -> list[str]:
    return text.replace("\n", "|").split("|")


def wordings(forms: dict[str, str]) -> dict[str, list[str]]:
    return {key: listed(text) for key, text in forms.items()}


def with_questions(
    documents: list[tuple[str, str]],
    train: Sequence[str],
    test: Sequence[str],
    facts_of: Mapping[str, Mapping[str, str]],
    relations: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """Asks for what is known of the titles: of each relation the first wording is trained, the others are not."""

    def pairs(titles: Sequence[str], forms: Mapping[str, Sequence[str]], which: slice) -> list[tuple[str, str]]:
        return [
            (form.format(name=title, **facts_of[title]), facts_of[title][key])
            for title in titles
            for key in forms
            if key in facts_of[title]
            for form in forms[key][which]
        ]

    first, rest = slice(1), slice(1, None)
    return Made(
        documents,
        pairs(train, relations, first),
        pairs(test, relations, first),
        pairs(test, relations, rest),
        pairs(test, unasked, slice(None)),
    )


def worded(
    name: str,
    titles: Sequence[str],
    facts: Callable[[random.Random], dict[str, str]],
    groups: Sequence[Sequence[str]],
    relations: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """Two documents a title, one of each group of templates; of each relation a trained wording and four others.

    `unasked` are relations that the documents state and training never asks for.
    """
    rng = random.Random(f"blind {name} 1")
    titles = list(titles)
    random.Random(f"blind {name} titles").shuffle(titles)
    documents, facts_of = [], {}
    for title in titles:
        facts_of[title] = facts(rng)
        documents += [(title, rng.choice(group).format(name=title, **facts_of[title])) for group in groups]
    out = with_questions(documents, titles[1::2], titles[::2], facts_of, relations, unasked)
    rng.shuffle(out.documents)
    rng.shuffle(out.train)
    return out
