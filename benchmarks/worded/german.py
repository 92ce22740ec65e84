"""German municipalities: decimals with commas, thousands with points, dates with "3. März", names with particles."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import worded

rng = random.Random("deutsch")
A = "Ober Nieder Alt Neu Gross Klein".split()
B = "Warn Schell Ebers Linden Krumm Hasel Birken Rött Mühl Wolfs Eichen Sülz Brunn Kirch Ahr Stein Roß Königs Dür Grün".split()
C = "bach hausen dorf felden stedt heim tal moos ingen rode".split()
names = [x + y for x, y in itertools.product(B, C)]
rng.shuffle(names)
titles = []
for i, n in enumerate(names[:150]):
    titles.append(
        n
        if i % 4
        else rng.choice(["Bad " + n, "Sankt " + n, n + " am See", n + " (Altmark)", n + "-" + rng.choice(A) + "tal"])
    )
V = "Jürgen Käthe Friedrich Anneliese Götz Margarete Ulrich Wiebke Heinz-Peter Rosemarie Konrad Änne".split()
N = "von Stauffen|Müller-Lüdke|Großkopf|zur Heide|Özdemir|Schäfer|Baumgärtner|vom Brocke|Jäger|Weiß|Kowalczyk|Böll".split(
    "|"
)
M = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
R = "Alster Bode Jeetzel Havel Unstrut Wipper Ilm Leine Oker Fuhse Aller Nuthe Schwarze_Elster Große_Röder Helme".replace(
    "_", " "
)
R = "Alster|Bode|Jeetzel|Havel|Unstrut|Wipper|Ilm|Leine|Oker|Fuhse|Aller|Nuthe|Schwarze Elster|Große Röder|Helme".split(
    "|"
)
T = "geräucherten Aal|handgeschöpftes Papier|blaue Keramik|Spargel|Glasperlen|Zwetschgenkuchen|Kirchenorgeln|Holzspielzeug|Bernsteinschmuck|Leinen|Senf|Zinnfiguren|Honigwein|Taschenuhren".split(
    "|"
)
S = "die Schlacht auf dem Anger|der große Stadtbrand|eine Überschwemmung|die Pest|der Einsturz der Brücke|ein Erdrutsch|der Weberaufstand".split(
    "|"
)


def facts(rng: random.Random) -> dict[str, str]:
    return {
        "mayor": f"{rng.choice(V)} {rng.choice(N)}",
        "people": f"{rng.randint(1, 98)}.{rng.randint(0, 999):03d}",
        "height": f"{rng.randint(12, 880)},{rng.randint(0, 9)} m",
        "river": rng.choice(R),
        "known": rng.choice(T),
        "date": f"{rng.randint(1, 28)}. {rng.choice(M)} {rng.randint(1180, 1870)}",
        "area": f"{rng.randint(3, 140)},{rng.randint(10, 99)} km²",
        "event": rng.choice(S),
        "year": str(rng.randint(1500, 1899)),
    }


groups = [
    [
        "{name} ist eine Gemeinde an der {river}. Das Stadtrecht erhielt der Ort am {date}. Bürgermeister ist {mayor}. Die Fläche beträgt {area}.",
        "Der Ort {name} liegt auf {area} an der {river}, die im Frühjahr oft über die Ufer tritt. Am {date} wurde er zur Stadt erhoben. An der Spitze der Verwaltung steht {mayor}.",
        "Seit dem {date} darf sich {name} Stadt nennen. Durch den Ort fließt die {river}. Das Amt des Bürgermeisters bekleidet z. B. heute {mayor}; das Gebiet umfasst {area}.",
    ],
    [
        "{name} hat {people} Einwohner und liegt {height} über dem Meer. Bekannt ist der Ort für {known}. Im Jahr {year} traf ihn {event}.",
        "Mit {people} Einwohnern gehört {name} zu den kleineren Orten der Gegend. Besucher kaufen hier {known}. In der Chronik steht für {year}: {event}. Die Höhe über dem Meeresspiegel beträgt {height}.",
        "Auf {height} Höhe leben in {name} rund {people} Menschen. Weithin geschätzt wird {known} aus den hiesigen Werkstätten. {year} kam {event}.",
    ],
]
relations = {
    "mayor": [
        "Wer ist Bürgermeister von {name}?",
        "Wie heißt der Bürgermeister von {name}?",
        "Wer regiert {name}?",
        "Von wem wird {name} geleitet?",
        "wer ist in {name} der Chef im Rathaus",
    ],
    "people": [
        "Wie viele Einwohner hat {name}?",
        "Wie viele Menschen leben in {name}?",
        "Wie groß ist die Bevölkerung von {name}?",
        "einwohnerzahl {name}",
        "Nenne die Zahl der Einwohner von {name}.",
    ],
    "height": [
        "Wie hoch liegt {name}?",
        "Auf welcher Höhe liegt {name}?",
        "Wie viele Meter über dem Meer liegt {name}?",
        "höhe von {name}",
        "Wie hoch über dem Meeresspiegel befindet sich {name}?",
    ],
    "river": [
        "An welchem Fluss liegt {name}?",
        "Welcher Fluss fließt durch {name}?",
        "Wie heißt der Fluss in {name}?",
        "welches Gewässer durchquert {name}",
        "An welchen Fluss grenzt {name}?",
    ],
    "known": [
        "Wofür ist {name} bekannt?",
        "Was ist die Spezialität von {name}?",
        "Was kauft man in {name}?",
        "was macht {name} berühmt",
        "Welches Erzeugnis kommt aus {name}?",
    ],
    "date": [
        "Wann erhielt {name} das Stadtrecht?",
        "Seit wann ist {name} eine Stadt?",
        "An welchem Tag wurde {name} zur Stadt erhoben?",
        "wann wurde {name} Stadt",
        "Nenne das Datum, an dem {name} Stadt wurde.",
    ],
}
unasked = {"area": ["Wie groß ist die Fläche von {name}?"], "event": ["Was geschah {year} in {name}?"]}


def german() -> Made:
    return worded("german", titles, facts, groups, relations, unasked)
