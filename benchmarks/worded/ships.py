"""Ships: builders, dates, lengths with decimals, ports, cargoes, and a whole sentence of what became of them."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import date, person, worded

rng = random.Random("ship names")
A = """Corinth Arden Thornwick Selkie Marisol Galloway Tamar Peregrine Halcyon Ormonde Vesper Lorne Caspian Juniper Meridian Astoria
Cormorant Dunmore Iolanthe Kittiwake Levant Navarre Orlando Pandora Rosalind Sabrina Trevanion Ursula Wyvern Zephyr""".split()
FORMS = """MV {} Star|SS {}|Belle of {}|Lady {}|{} Castle|MS {} Pride|{} Trader|Queen of {}|Spirit of {}|{} Light|RMS {} Empress|
The {} Lass|{} Maru|Saint {}""".replace("\n", "").split("|")
combos = [(a, f) for a, f in itertools.product(A, FORMS)]
rng.shuffle(combos)
titles = []
for a, f in combos:
    title = f.format(a)
    if len(titles) < 200 and not any(title in t or t in title for t in titles):
        titles.append(title)

BUILD_A = "Harker|Brodie|Lindholm|Van Aalst|Pascoe|Tregarth|Kvist|Marchetti|Dalgleish|Rowntree|Osterman|Yarwood".split(
    "|"
)
BUILD_B = "& Sons|Shipbuilding Company|Yard|Brothers|Ironworks|& Co.|Dry Docks|Shipwrights".split("|")
PORTS = """Port Ellery|Gravenhaven|Saltcombe|Nordvik|Ashmouth|Castellmar|Whitby Sound|Oosterdam|Kilbrannan|Porto Velo|Trondholm|
Marazel|Skerry Point|Dunwich Roads|Levanto Nuova|Blackwater Quay|Hallingfjord|Santa Brigida""".replace("\n", "").split(
    "|"
)
GOODS = """coal|raw wool|tinned sardines|railway sleepers|cane sugar|china clay|bananas|slate|copper ore|pianos|timber|grain|tea|
bicycles|cement|jute|whale oil|coffee|rubber|salted herring|phosphate|wine in barrels|machine parts|marble blocks""".replace(
    "\n", ""
).split("|")
SANDS = "Harrow Sands|Goblin Reef|Cape Tolland|Seven Sisters rocks|Mull of Carrick|Pelican Bank|Hook of Vane|Iron Shoals".split(
    "|"
)


def fate(rng: random.Random) -> str:
    year = rng.randint(1948, 1985)
    return rng.choice(
        [
            "She was wrecked on the {s} in thick fog in {y}.",
            "In {y} she caught fire off the {s} and burned to the waterline.",
            "She was sold for scrap in {y} and broken up at {p}.",
            "A collision with a dredger near {p} sent her to the bottom in {y}.",
            "She vanished without trace between {p} and the {s} in {y}.",
            "Since {y} she has been a floating museum in {p}.",
            "She was scuttled in {y} to form a breakwater at {p}.",
            "A gale drove her ashore at the {s} in {y} and nobody came to tow her off.",
        ]
    ).format(s=rng.choice(SANDS), p=rng.choice(PORTS), y=year)


def facts(rng: random.Random) -> dict[str, str]:
    a, b = rng.sample(GOODS, 2)
    year = rng.randint(1889, 1946)
    length = rng.randint(38, 214)
    return {
        "builder": f"{rng.choice(BUILD_A)} {rng.choice(BUILD_B)}",
        "launch": date(rng, year, year),
        "length": f"{length}.{rng.randint(1, 9)} metres",
        "port": rng.choice(PORTS),
        "captain": person(rng),
        "cargo": rng.choice([a, f"{a} and {b}", f"{a} and {b}"]),
        "fate": fate(rng),
        "sign": "".join(rng.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(4)),
        "crew": str(rng.randint(11, 97)),
        "beam": f"{round(length / rng.uniform(5.5, 8))}.{rng.randint(1, 9)} metres",
        "keel": str(year - rng.randint(1, 2)),
        "speed": str(rng.randint(8, 21)),
    }


groups = [
    [
        "{name} was built by {builder}. Her keel was laid in {keel} and she was launched on {launch}. From bow to stern she measured {length}, with a beam of {beam}, and her radio call sign was {sign}.",
        "On {launch}, in front of a small crowd, {name} slid down the ways. The builder, {builder}, had started work on her in {keel}. She was {length} long and {beam} wide. At sea she answered to the call sign {sign} and made {speed} knots.",
        "Call sign {sign}; length {length}; beam {beam}; speed {speed} knots: these are the dry facts about {name}. The order for the vessel went to {builder}, and after many delays the launch took place on {launch}.",
    ],
    [
        "For most of her career {name} sailed out of {port}, her home port. She carried {cargo} and had a crew of {crew}, commanded by Captain {captain}. {fate}",
        "Registered in {port}, where she also spent her winters, {name} was loaded with {cargo} on nearly every voyage. {captain} was her captain, and {crew} people worked on board as crew. Her end is well documented. {fate}",
        "{fate} Until then {name} had called {port} home. Under the command of {captain}, a crew of {crew} took her back and forth across the ocean with {cargo} in the holds.",
    ],
]
relations = {
    "builder": [
        "Who built {name}?",
        "Which shipyard constructed {name}?",
        "What is the name of the firm that made {name}?",
        "where was {name} made, I mean at which yard",
        "Whose handiwork was the ship {name}?",
    ],
    "launch": [
        "When was {name} launched?",
        "What is the launch date of {name}?",
        "On which day did {name} first go into the water?",
        "what day did {name} leave the slipway",
        "When did {name} first float?",
    ],
    "length": [
        "How long is {name}?",
        "What is the length of {name}?",
        "How many metres does {name} measure from end to end?",
        "what size of berth would {name} need lengthwise",
        "How far is it from bow to stern on {name}?",
    ],
    "port": [
        "What is the home port of {name}?",
        "Where was {name} based?",
        "Which harbour did {name} belong to?",
        "in what port was {name} registered",
        "From which town did {name} usually set sail?",
    ],
    "captain": [
        "Who was the captain of {name}?",
        "Who commanded {name}?",
        "Who was in command aboard {name}?",
        "what was the skipper of {name} called",
        "Who gave the orders on the bridge of {name}?",
    ],
    "cargo": [
        "What cargo did {name} carry?",
        "What did {name} transport?",
        "Which goods were shipped on {name}?",
        "what was in the hold of {name}",
        "With what was {name} laden?",
    ],
    "fate": [
        "What happened to {name}?",
        "What was the fate of {name}?",
        "How did {name} end up?",
        "what became of {name} in the end",
        "Tell me how the story of {name} finished.",
    ],
}
unasked = {
    "sign": ["What was the call sign of {name}?", "Which letters identified {name} on the radio?"],
    "crew": ["How many crew members did {name} have?", "How many people worked on board {name}?"],
}


def ships() -> Made:
    return worded("ships", titles, facts, groups, relations, unasked)
