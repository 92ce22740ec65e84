"""What cheeses and satellites share: names of people and towns, and texts whose sentences have two wordings each."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from any_corpus_made import Made

from worded.common import MONTHS, listed, with_questions

FIRST = listed("""Ada|Alaric|Anselm|Aurelie|Bettina|Benedek|Bruna|Caspar|Cecily|Clovis|Corin|Dagny|Delphine|Dorian|Edda
Elias|Emeric|Esme|Fabian|Fenna|Florian|Gerda|Gideon|Greta|Harald|Hedwig|Hester|Ignace|Imke|Ingrid|Isolde|Ivo|Jarek
Jocasta|Jonas|Josefa|Katya|Konrad|Lambert|Leonie|Linus|Lorenz|Ludmila|Mabel|Malin|Marek|Marit|Matthias|Milena|Nadia
Nestor|Nils|Odile|Olaf|Oriana|Oswin|Petra|Quirin|Radka|Ramona|Roderick|Rosalind|Rufus|Sabine|Selma|Sigrid|Silvan|Tamsin
Teodor|Thora|Tobias|Ulrika|Urban|Valeria|Viggo|Wanda|Wilfred|Xenia|Yannick|Yvette|Zelda|Zoltan""")
SUR_A = listed("""Abern|Ansty|Arkel|Balth|Barrow|Benth|Borland|Brack|Cald|Carmin|Corv|Crell|Dall|Darv|Dross|Eck|Elst
Fairl|Fench|Galb|Garl|Grunw|Hask|Held|Hollis|Ingr|Jarv|Kell|Kran|Lant|Leverm|Lind|Lorm|Mach|Marl|Mend|Mord|Nor|Oln|Orm
Pasch|Pelt|Pren|Quarr|Rath|Rend|Rosk|Sand|Sarn|Strell|Talb|Thorn|Trask|Ulm|Varn|Vess|Vol|Wach|Warr|Whit|Yelv|Zand""")
SUR_B = listed("""eau|ell|er|ett|iani|ich|ick|ing|ini|ison|ka|man|mark|mond|olt|ova|ow|ridge|sen|ski|sson|ton|ury|wald
worth""")
TOWN_A = listed("""Alder|Birken|Brom|Cald|Cors|Dun|Eller|Fern|Glas|Hallen|Hazel|Hol|Ister|Kel|Lang|Lom|Mar|Nether|Oster
Over|Pen|Raven|Rush|Sel|Skel|Stan|Tarn|Thrush|Ulver|Wen|Wester|Yar""")
TOWN_B = listed("""bach|beck|borg|by|combe|dal|fell|ford|garth|ham|holm|holt|mere|mouth|rode|stead|stow|thorpe|wick
wold""")
TOWN_C = listed("""Saint-Ovin|Montrellac|Villasorda|Puerto Amaro|Castelverino|Unterau|Vila Trigueira|Sainte-Ermeline
Kirkesund|Zelenica|Rocamarta|Monte Ceresa|Perlovice|Hautefage-sur-Lure|Torrequebrada|Lago Sereno""")


class Names:
    """Names that are not in the titles; a person's is given once, and a surname once in a document."""

    def __init__(self, rng: random.Random, titles: Sequence[str]):
        self.rng, self.titles = rng, [title.lower() for title in titles]
        self.drawn: set[str] = set()
        self.surnames: set[str] = set()

    def joined(self, first: list[str], last: list[str]) -> str:
        while re.search(r"(.)\1\1", name := self.rng.choice(first) + self.rng.choice(last)):
            pass
        return name

    def surname(self) -> str:
        return self.joined(SUR_A, SUR_B)

    def __call__(self) -> str:
        while True:
            if (last := self.surname()) in self.surnames:
                continue
            name = f"{self.rng.choice(FIRST)} {last}"
            if self.rng.random() < 0.12:
                name = f"{name.split()[0]} {self.rng.choice(['van', 'de', 'von', 'di'])} {last}"
            if name in self.drawn or any(t in name.lower() or last.lower() in t for t in self.titles):
                continue
            self.drawn.add(name)
            self.surnames.add(last)
            return name

    def town(self, outside: str = "") -> str:
        while True:
            name = self.rng.choice(TOWN_C) if self.rng.random() < 0.25 else self.joined(TOWN_A, TOWN_B)
            if name not in outside and not any(name.lower() in t or t in name.lower() for t in self.titles):
                return name

    def once(self, make: Callable[[], str]) -> str:
        while (value := make()) in self.drawn:
            pass
        self.drawn.add(value)
        return value


def an(text: str) -> str:
    return ("an " if text[0].lower() in "aeiou" else "a ") + text


def cap(text: str) -> str:
    return text[0].upper() + text[1:]


def day(rng: random.Random, year: int) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {year}"


def from_sentences(
    rng: random.Random,
    titles: list[str],
    templates: str,
    facts: Callable[[str, Names], tuple[dict[str, str], list[str]]],
    relations: Mapping[str, Sequence[str]],
    unasked: Mapping[str, Sequence[str]],
) -> Made:
    """One document a title. `facts` gives what is known of it and two asides, for where a template says D or D?."""
    names = Names(rng, titles)
    plans = [template.split("\n") for template in templates.strip().split("\n\n")]
    kinds = [number % len(plans) for number in range(len(titles))]
    rng.shuffle(kinds)
    documents, facts_of = [], {}
    for title, kind in zip(titles, kinds, strict=True):
        names.surnames.clear()
        values, asides = facts(title, names)
        capitals = {key.capitalize(): cap(value) for key, value in values.items()}
        sentences = []
        for sentence in plans[kind]:
            if sentence == "D" or (sentence == "D?" and rng.random() < 0.5):
                sentences.append(asides.pop())
            elif sentence != "D?":
                ways = sentence.split("|")
                way = rng.choice(ways) if len(ways) > 1 else sentence
                sentences.append(way.format(name=title, **values, **capitals))
        text = f"{title}. {' '.join(sentences)}"
        documents.append((title, text))
        facts_of[title] = {key: value if value in text else cap(value) for key, value in values.items()}
    rng.shuffle(documents)
    mixed = titles[:]
    rng.shuffle(mixed)
    half = len(mixed) // 2
    return with_questions(documents, mixed[:half], mixed[half:], facts_of, relations, unasked)
