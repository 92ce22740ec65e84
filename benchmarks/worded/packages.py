"""Software packages: lower-case titles, licences, versions, clauses of what they do, sizes."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import person, worded

rng = random.Random("package names")
A = "quor glim fen tas vex mul zor pli kran hob snar wim dro yel bax cind jor nub thra osk".split()
B = "bit tar wick olo ddle ync ette ump azz orn ipa eck".split()
stems = [a + b for a, b in itertools.product(A, B)]
rng.shuffle(stems)
titles = []
for i, stem in enumerate(stems[:160]):
    if i % 6 == 0:
        stem += "-" + rng.choice("core kit io lite tools wire next".split())
    elif i % 6 == 1:
        stem += rng.choice("2 3 4 9 64 360".split())
    elif i % 12 == 2:
        stem = rng.choice("py go lib js".split()) + "-" + stem
    titles.append(stem)

LICENCES = """MIT License|Apache-2.0|BSD 3-Clause|GPL-3.0-or-later|LGPL-2.1|MPL-2.0|ISC License|Unlicense|EUPL-1.2|Zlib License|
AGPL-3.0-only|Boost Software License 1.0|CC0-1.0|BSD-2-Clause|Artistic License 2.0""".replace("\n", "").split("|")
LANGS = "Rust|Python|Go|C|C++|TypeScript|OCaml|Zig|Haskell|Elixir|Kotlin|Lua|Nim|Ruby|Swift|Julia|Scala|Perl|Fortran|Erlang".split(
    "|"
)
VERBS = """parses|validates|compresses|renders|sorts|encrypts|converts|caches|streams|merges|indexes|compares|schedules|formats""".split(
    "|"
)
THINGS = """tide tables|invoice scans|bus timetables|sensor logs|chess openings|vector maps|audio fingerprints|recipe files|
calendar feeds|crossword grids|weather bulletins|font outlines|genome fragments|ballot papers|subtitle tracks|mailbox archives|
knitting patterns|seismic traces|barcode images|network captures""".replace("\n", "").split("|")
HOW = """into plain arrays|without touching the disk|on several machines at once|for very small devices|in a single pass|
from the command line|with almost no memory|for use in spreadsheets|inside a web browser|as they arrive|against a written schema|
behind a simple interface""".replace("\n", "").split("|")
HANDLES_A = "tin moss night paper salt grey odd loud brass fern".split()
HANDLES_B = "roof otter kettle wren pixel goblin lantern badger comet heron".split()
SPONSORS_A = (
    "Fennick Ashgrove Norbury Tillman Corvid Halcyon Peregrine Marlowe Stonebridge Aldine Kestrel Vantage".split()
)
SPONSORS_B = "Labs|Foundation|Systems|Institute|& Sons|Data Trust|Robotics|University".split("|")


def facts(rng: random.Random) -> dict[str, str]:
    handle = (
        rng.choice(["@", ""])
        + rng.choice(HANDLES_A)
        + rng.choice(["", "_", "-"])
        + rng.choice(HANDLES_B)
        + rng.choice(["", "", "7", "42", "88"])
    )
    return {
        "licence": rng.choice(LICENCES),
        "version": ".".join(str(rng.randint(0, high)) for high in rng.choice([(9, 30, 15), (9, 30, 15), (24, 12)])),
        "who": handle if rng.random() < 0.4 else person(rng),
        "does": f"{rng.choice(VERBS)} {rng.choice(THINGS)} {rng.choice(HOW)}",
        "lang": rng.choice(LANGS),
        "year": str(rng.randint(1996, 2023)),
        "size": rng.choice(
            [
                f"{rng.randint(1, 90)}.{rng.randint(1, 9)} MB",
                f"{rng.randint(1, 90)}.{rng.randint(1, 9)} MB",
                f"{rng.randint(40, 990)} KB",
            ]
        ),
        "sponsor": f"{rng.choice(SPONSORS_A)} {rng.choice(SPONSORS_B)}",
        "downloads": f"{rng.randint(1100, 989000):,}",
        "tests": str(rng.randint(120, 2400)),
        "stars": f"{rng.randint(15, 99)}00",
    }


groups = [
    [
        "{name} is a library that {does}. It is written in {lang} and has been around since {year}, when the first release was published. Day-to-day maintenance is in the hands of {who}, while {sponsor} pays the bills.",
        "If you need something that {does}, have a look at {name}. The project, maintained by {who}, saw its first release in {year}. Its {lang} code base comes with {tests} tests, and development is funded by {sponsor}.",
        "Back in {year} the first release of {name} appeared on a mailing list. Today {who} is the maintainer and {sponsor} acts as sponsor. What it does is quickly told: it {does}. All of the code is {lang}, apart from a few build scripts.",
    ],
    [
        "Release notes: the latest version of {name} is {version}. An installation takes up {size}. The software may be used on these terms: {licence}. It is downloaded about {downloads} times a month.",
        "Licence: {licence}. Current release: {version}. With {size} on disk after installing, {name} is neither the smallest nor the biggest choice in its field; its {downloads} monthly downloads suggest that people don't mind.",
        "With roughly {downloads} downloads per month and {stars} stars, {name} has a loyal following. The authors chose {licence} as its licence. Users should upgrade to version {version}, the newest one, which needs {size} of disk space once installed.",
    ],
]
relations = {
    "licence": [
        "What licence does {name} have?",
        "Under which license is {name} released?",
        "What are the legal terms for using {name}?",
        "how is {name} licensed",
        "Is {name} MIT, GPL or something else?",
    ],
    "version": [
        "What is the latest version of {name}?",
        "Which version of {name} is current?",
        "What's the newest release number of {name}?",
        "which {name} should I upgrade to",
        "What version number do I get if I install {name} today?",
    ],
    "who": [
        "Who maintains {name}?",
        "Who is the maintainer of {name}?",
        "Who looks after {name}?",
        "Whom do I contact with patches for {name}?",
        "who's in charge of the code of {name} these days",
    ],
    "does": [
        "What does {name} do?",
        "What is {name} for?",
        "What's the purpose of {name}?",
        "why would I want to use {name}",
        "Which job can {name} take off my hands?",
    ],
    "lang": [
        "Which language is {name} written in?",
        "What programming language does {name} use?",
        "In what language was {name} implemented?",
        "what is {name} coded in",
        "Which language must I know to hack on {name}?",
    ],
    "year": [
        "In which year was {name} first released?",
        "When did {name} first come out?",
        "What year did {name} make its debut?",
        "since when has {name} existed",
        "How far back does the initial release of {name} date?",
    ],
    "size": [
        "How big is {name} when installed?",
        "What is the install size of {name}?",
        "How much disk space does {name} need?",
        "how many megabytes or kilobytes does {name} eat up on my drive",
        "How heavy is {name} once it's on the machine?",
    ],
}
unasked = {
    "sponsor": ["Who sponsors {name}?", "Where does the money for {name} come from?"],
    "downloads": ["How many monthly downloads does {name} have?", "How often is {name} downloaded per month?"],
}


def packages() -> Made:
    return worded("packages", titles, facts, groups, relations, unasked)
